"""Runs of STaR: their iterations and controls, read from the disk.

    RUN/iterations/000/metrics.json   the base, measured: {"iteration", "held": {"accuracy", "by"}}
    RUN/iterations/003/metrics.json   "asked", "hinted", "kept", "trained", "drift", "seconds" as well
    RUN/controls/NAME/metrics.json    as much training without the loop

What a run that is under way has not written yet is not there.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.names import CONTROLS, ITERATIONS, METRICS


@dataclass
class Loop:
    """A run of STaR as far as it came."""

    name: str
    facts: dict[str, Any]  # synth-run.json
    iterations: list[dict[str, Any]] = field(default_factory=list)  # the first is the base
    controls: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_loop(folder: Path, name: str, facts: dict[str, Any], notes: list[str]) -> Loop | None:
    """The iterations of a run; None if it has none. What is half-written is named in `notes`.

    Raises FolderError for a metrics.json that cannot be read.
    """
    begun = [int(path.name) for path in (folder / ITERATIONS).glob("*") if path.is_dir() and path.name.isdecimal()]
    if not begun:
        return None
    loop = Loop(name, facts)
    for number in range(max(begun) + 1):
        figures = _figures(folder / ITERATIONS / f"{number:03}" / METRICS)
        if figures is None:
            notes.append(f"{name}: iteration {number} did not get to its end; it is left out")
            break
        loop.iterations.append(figures)
    for place in sorted((folder / CONTROLS).glob("*")):
        if (figures := _figures(place / METRICS)) is None:
            notes.append(f"{name}: the control {place.name} did not get to its end; it is left out")
        else:
            loop.controls[place.name] = figures
    return loop if loop.iterations else None


def _figures(path: Path) -> dict[str, Any] | None:
    return read_facts(path, "the figures of an iteration", "remove it, and resume the run", _measured)


def _measured(facts: Any) -> bool:
    """Whether there is an accuracy; what is beside it may be missing, and is then not shown."""
    held = facts.get("held") if isinstance(facts, dict) else None
    if not isinstance(held, dict) or not isinstance(held.get("by"), dict):
        return False
    parts = [facts.get(name) or {} for name in ("asked", "hinted", "kept", "drift", "trained", "seconds")]
    return is_interval(held.get("accuracy")) and all(isinstance(part, dict) for part in parts)


def is_interval(figure: Any) -> bool:
    return isinstance(figure, dict) and all(isinstance(figure.get(n), int | float) for n in ("value", "low", "high"))

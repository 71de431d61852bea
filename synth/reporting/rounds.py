"""Runs of rounds, those of `synth train mario`: the figures of each round, read from the disk.

    RUN/rounds/000/metrics.json    of the teacher's rows: {"round", "sampled"}
    RUN/rounds/001/metrics.json    {"round", "sampled": {"texts", "read", "rewards", "words", "different", "empty"},
                                   "pool", "bins", "paid", "audit", "trained", "held", "steering", "seconds"}

What is written in a round, under the best tokens, comes of the model of the round before; `steering` and `held` are of
the model that the round trains.
"""

from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.names import METRICS, ROUNDS
from synth.reporting.loops import Loop

PARTS = ("sampled", "pool", "bins", "trained", "held", "steering", "seconds")


def read_rounds(folder: Path, name: str, facts: dict[str, Any], notes: list[str]) -> Loop | None:
    """The rounds of a run, the first of them the teacher's rows; None if no round has begun, or none is done.

    Raises FolderError for figures that cannot be read.
    """
    begun = [int(path.name) for path in (folder / ROUNDS).glob("*") if path.is_dir() and path.name.isdecimal()]
    if not begun:
        return None
    found = []
    for number in range(max(begun) + 1):
        figures = _figures(folder / ROUNDS / f"{number:03}" / METRICS)
        if figures is None and number == 0:
            figures = {"round": 0, "sampled": {}}  # without the teacher's rows the rounds are still worth a look
        if figures is None:
            notes.append(f"{name}: round {number} did not get to its end; it is left out")
            break
        found.append(figures)
    return Loop(name, facts, found) if len(found) > 1 else None


def _figures(path: Path) -> dict[str, Any] | None:
    return read_facts(path, "the figures of a round", "remove it, and resume the run", _told)


def _told(facts: dict[str, Any]) -> bool:
    """Whether these are figures of a round; what is missing of them is not shown."""
    return isinstance(facts.get("round"), int) and all(isinstance(facts.get(part) or {}, dict) for part in PARTS)

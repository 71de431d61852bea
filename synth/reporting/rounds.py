"""Runs of rounds, those of `synth train mario`: the figures of each round, read from the disk.

    RUN/rounds/000/samples.jsonl    the teacher's rows: {"rationale", "scores": {reward: number}, ...}
    RUN/rounds/001/metrics.json     {"round", "sampled": {"texts", "read", "rewards", "words", "different", "empty"},
                                    "pool", "bins", "paid", "audit", "trained", "held", "steering", "seconds"}

What is written in a round, under the best tokens, comes of the model of the round before; `steering` and `held` are of
the model that the round trains.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import read_facts
from synth.data.names import METRICS, ROUNDS, SAMPLES
from synth.errors import FolderError
from synth.reporting.loops import Loop
from synth.statistics.intervals import interval

PARTS = ("sampled", "pool", "bins", "trained", "held", "steering", "seconds")


def read_rounds(folder: Path, name: str, facts: dict[str, Any], notes: list[str]) -> Loop | None:
    """The rounds of a run, the first of them the teacher's rows; None if no round has begun, or none is done.

    Raises FolderError for figures that cannot be read.
    """
    begun = [int(path.name) for path in (folder / ROUNDS).glob("*") if path.is_dir() and path.name.isdecimal()]
    if not begun:
        return None
    found = [_teacher(folder / ROUNDS / "000" / SAMPLES)]
    for number in range(1, max(begun) + 1):
        figures = _figures(folder / ROUNDS / f"{number:03}" / METRICS)
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


def _teacher(path: Path) -> dict[str, Any]:
    """What is told of texts, of the teacher's rows."""
    lines = list(_lines(path))
    said = [" ".join(line["rationale"].split()) for line in lines]
    names = dict.fromkeys(name for line in lines for name in line["scores"])
    sampled = {
        "texts": len(lines), "read": len(lines), "different": len(set(said)) / len(said) if said else None,
        "empty": sum(not text for text in said) / len(said) if said else None,
        "words": sum(len(text.split()) for text in said) / len(said) if said else None,
        "rewards": {name: interval([line["scores"].get(name) for line in lines]) for name in names},
    }  # fmt: skip
    return {"round": 0, "sampled": sampled}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file of texts; none if it is not there. Raises FolderError for one that cannot be read."""
    try:
        for number, text in enumerate(path.read_bytes().splitlines(), start=1):
            line = orjson.loads(text)
            if not (isinstance(line, dict) and isinstance(line.get("rationale"), str)):
                raise FolderError(f"{path}, line {number}: no text with its scores")
            yield {**line, "scores": line.get("scores") or {}}
    except FileNotFoundError:
        return
    except (OSError, orjson.JSONDecodeError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error

"""Goes through the splits of a folder once: frames of facts for the row expectations, sums for the others.

Work items come back from the workers in order. What has to be known of all rows before (which ids, which questions)
is decided here, by 64-bit prints in bounded memory, so that a leak is found wherever its twin stands.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synth.data.fingerprints import Prints, Seen
from synth.data.manifest import split_files
from synth.errors import FolderError
from synth.validating.facts import TOLD_APART, Facts, Spec, look
from synth.validating.near import Questions
from synth.validating.reading import Item, items
from synth.workers.local import Workers, ordered
from synth.workers.places import Where

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 131_072  # rows in one frame: Great Expectations takes its time for each, whatever its length
COUNTED = 50_000  # different answers that are counted at once
Progress = Callable[[str, int, int | None], None]


@dataclass
class Commonest:
    """Counts of the commonest answers in bounded memory.

    Lossy counting (Manku and Motwani 2002): if there are too many different answers the rare ones are dropped, and
    a count is then too low by at most `lost`.
    """

    counts: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def add(self, counts: Counter[str]) -> None:
        self.counts.update(counts)
        while len(self.counts) > COUNTED:
            self.lost += 1
            self.counts = Counter({answer: count - 1 for answer, count in self.counts.items() if count > 1})

    def share(self, rows: int) -> float:
        return max(self.counts.values(), default=0) / rows if rows else 0.0


@dataclass
class Split:
    """Sums over a split."""

    name: str
    rows: int = 0
    answers: Commonest = field(default_factory=Commonest)
    verdicts: Counter[tuple[str, str | None]] = field(default_factory=Counter)


class Scan:
    """One pass. `frames()` yields the frames of rows; the sums in `splits` are whole once it has come to its end.

    where: who works, and how much is in work at a time, as `workers_on` of synth/workers/places.py gives it.
    """

    def __init__(self, folder: Path, spec: Spec, where: Where, report: Progress) -> None:
        self.folder, self.spec, self.where, self.report = folder, spec, where, report
        self.splits = {name: Split(name) for name in spec.manifest["splits"]}
        self.seen = {name: Seen() for name in TOLD_APART}  # in any split so far
        self.here: dict[str, Seen] = {}  # in this split
        self.rows_of_file: Counter[Path] = Counter()
        self.questions = Questions()

    def frames(self) -> Iterator["pd.DataFrame"]:
        """Frames of about CHUNK rows.

        Raises FolderError for a file that is missing or no Parquet.
        """
        waiting: list[dict[str, Any]] = []
        held = 0
        try:
            with self.where as (executor, workers):
                for name, split in self.splits.items():
                    self.here = {"questions": Seen(), "normal": Seen()}
                    self.questions.begin()
                    for item, facts in self._looked_at(name, executor, workers):
                        waiting.append(self._columns(split, item, facts))
                        held += facts.rows
                        if held >= CHUNK:
                            yield _frame(waiting)
                            waiting, held = [], 0
                    self._close(self.here)
            if held:
                yield _frame(waiting)
        finally:
            self._close(self.here)
            self._close(self.seen)

    def _close(self, seen: Mapping[str, Seen]) -> None:
        for texts in seen.values():
            texts.close()

    def _looked_at(self, split: str, executor: Workers | None, workers: int) -> Iterator[tuple[Item, Facts]]:
        """Each work item of a split with what was found in it, in order."""
        sent: list[Item] = []

        def sending() -> Iterator[Item]:
            for path in split_files(self.folder, self.spec.manifest, split):
                if not path.is_file():
                    raise FolderError(f"{path} is missing, synth.json names it: build the folder again")
                for item in items(path):
                    sent.append(item)
                    yield item

        for facts in ordered(executor, partial(look, self.spec), sending(), workers):
            yield sent.pop(0), facts

    def _columns(self, split: Split, item: Item, facts: Facts) -> dict[str, Any]:
        """The columns of an item: those from the worker, and those that depend on the rows before."""
        ids = facts.columns["id"]
        for place, row_id in enumerate(ids):
            if not row_id:  # a row that has none is named by its place
                ids[place] = f"{item.path.name} row {self.rows_of_file[item.path] + place + 1}"
        self.rows_of_file[item.path] += facts.rows
        split.rows += facts.rows
        split.answers.add(facts.answers)
        split.verdicts.update(facts.verdicts)
        self.questions.add(facts.asked)
        self.report(split.name, split.rows, self.spec.manifest["splits"][split.name]["rows"])
        told = {name: _new(self.seen[name], prints) for name, prints in facts.prints.items()}
        here = {name: _new(seen, facts.prints[name]) for name, seen in self.here.items()}
        return {
            **facts.columns,
            "split": [split.name] * facts.rows,
            "new_id": told["ids"],
            "new_question": here["questions"],
            "leaked": _and_not(here["questions"], told["questions"]),
            "leaked_normal": _and_not(here["normal"], told["normal"]),
            "new_rationale": told["rationales"],
            "new_pair": told["pairs"],
        }


def _new(seen: Seen, prints: Prints) -> list[bool | None]:
    """Which texts no row before had; None if there is no text."""
    places = np.flatnonzero(prints)
    new: list[bool | None] = [None] * len(prints)
    for place, first in zip(places.tolist(), seen.take(prints[places]).tolist() if len(places) else (), strict=True):
        new[place] = first
    return new


def _and_not(new_here: list[bool | None], new: list[bool | None]) -> list[bool | None]:
    """New in this split and not new at all: another split has it."""
    return [None if here is None else here and not first for here, first in zip(new_here, new, strict=True)]


def _frame(waiting: list[dict[str, Any]]) -> "pd.DataFrame":
    """One frame of the columns of several items; text stays text, what is missing is null."""
    import pandas as pd

    columns = {name: [value for part in waiting for value in part[name]] for name in waiting[0]}
    return pd.DataFrame({name: _column(values) for name, values in columns.items()})


def _column(values: list[Any]) -> Any:
    """Truths and numbers as such, even if some are missing; anything else as it is."""
    import pandas as pd

    types = set(map(type, values))
    if types <= {bool, type(None)} and bool in types:
        return pd.array(values, dtype="boolean") if type(None) in types else np.array(values, dtype=bool)
    if types <= {int, float, type(None)} and types != {type(None)}:
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return pd.Series(values, dtype=object)

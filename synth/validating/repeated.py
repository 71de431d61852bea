"""Which rows have something that a row before them has: found in the sorted prints that every shard leaves in files.

    3.ids          the prints of the ids of shard 3, in order, as synth/data/repeats.py has them
    3.ids.all      the places of its rows whose id a row before has, in any split; no file if there are none
    3.ids.split    the same of rows before in its own split

The prints of texts that are not there (of a row that cannot be read, of no rationale) are 0, and are left out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from synth.data.fingerprints import Prints
from synth.data.repeats import NOWHERE, Offsets, as_bytes, in_order, kept_run, repeats
from synth.validating.reading import Item

ALL, SPLIT = "all", "split"
# Columns of the frame that depend on the rows before, and where it is looked whether they have the same.
TOLD = {
    "new_id": [("ids", ALL)],
    "new_question": [("questions", SPLIT)],
    "leaked": [("questions", SPLIT), ("questions", ALL)],  # new in its split, and not new at all: another split has it
    "leaked_normal": [("normal", SPLIT), ("normal", ALL)],
    "new_rationale": [("rationales", ALL)],
    "new_pair": [("pairs", ALL)],
}


@dataclass(frozen=True)
class Shard:
    """Some rows of a split that one worker reads: work items in a row."""

    number: int
    split: str
    items: tuple[Item, ...]

    @property
    def rows(self) -> int:
        return sum(item.rows for item in self.items)


@dataclass(frozen=True)
class Search:
    """Shards that are searched together for texts of one kind that occur again."""

    kind: str
    where: str  # ALL or SPLIT
    numbers: tuple[int, ...]


def searches(shards: Sequence[Shard], columns: Collection[str]) -> Iterator[Search]:
    """What has to be searched for these columns."""
    for kind, where in dict.fromkeys(pair for name, pairs in TOLD.items() if name in columns for pair in pairs):
        if where == ALL:
            yield Search(kind, where, tuple(shard.number for shard in shards))
        else:
            for _, of_split in groupby(shards, key=lambda shard: shard.split):
                yield Search(kind, where, tuple(shard.number for shard in of_split))


def kinds_of(columns: Collection[str]) -> list[str]:
    """The kinds of texts whose prints these columns need."""
    return list(dict.fromkeys(kind for name, pairs in TOLD.items() if name in columns for kind, _ in pairs))


def keep_prints(folder: Path, shard: Shard, kind: str, prints: Prints) -> None:
    """Leave the prints of a shard for the search. Raises OSError."""
    run = in_order(prints)
    first = int(np.searchsorted(run.prints[:], 1))
    there = replace(run, prints=run.prints[first:], offsets=run.offsets[first:])
    (folder / f"{shard.number}.{kind}").write_bytes(b"".join(as_bytes(there)))


def search(folder: Path, sought: Search) -> None:
    """Leave for each shard the places of rows whose text occurs in a row before. Raises OSError."""
    runs = [kept_run(folder / f"{number}.{sought.kind}") for number in sought.numbers]
    for number, places in zip(sought.numbers, repeats(runs), strict=True):
        if len(places):
            places.tofile(folder / f"{number}.{sought.kind}.{sought.where}")


def told(folder: Path, shard: Shard, column: str, there: Any) -> list[bool | None]:
    """One of the columns of TOLD for the rows of a shard; None for rows without such a text.

    there: a mask of those that have one.
    """
    first, *others = [_new(folder, shard, *pair) for pair in TOLD[column]]
    for elsewhere in others:
        first &= ~elsewhere
    return [new if has else None for new, has in zip(first.tolist(), there.tolist(), strict=True)]


def _new(folder: Path, shard: Shard, kind: str, where: str) -> Any:
    """Which rows of a shard have a text that no row before has, a mask."""
    path = folder / f"{shard.number}.{kind}.{where}"
    places: Offsets = np.fromfile(path, dtype=np.uint32) if path.exists() else NOWHERE
    new = np.ones(shard.rows, dtype=bool)
    new[places] = False
    return new

"""What is built, and what is counted on the way: the same for lines of JSON and for Parquet."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import orjson

from synth.building.chunks import Work
from synth.building.vanishing import Limits
from synth.data.builder import Builder
from synth.errors import SynthError
from synth.record import Rejected

PATIENCE = 200_000  # draws without a new question before a build gives up


@dataclass(frozen=True)
class Job:
    """One dataset that is to be built."""

    name: str
    builder: Builder[Any]
    config: Any
    seed: int
    format: str
    meta: Mapping[str, type]
    splits: Mapping[str, int | None]  # split: rows that are wanted; None: all of the source
    may_repeat: bool  # whether questions may
    chunk: int  # rows in one work item of a dataset that is drawn
    workers: int
    rows_travel: bool  # whether workers may give rows to this process: not from one machine to another

    def work(self, split: str) -> Work:
        return Work(self.name, self.config, split, self.seed, self.format, self.meta)


class Drawn:
    """How far a split that is drawn is: every row is drawn once, and then as many more as are likely to be needed."""

    def __init__(self, split: str, wanted: int) -> None:
        self._split, self._wanted = split, wanted
        self._drawn = self._last_new = self._rows = 0
        self._new = 1.0  # of the last draws, the share that asked a new question

    def further(self, rows: int) -> tuple[int, int]:
        """The indexes to draw next, from where to where, if there are so many rows."""
        missing = self._wanted - rows
        likely = 64 + int(1.1 * missing / max(self._new, 1e-9))
        return self._drawn, self._drawn + min(likely, max(self._drawn // 2, missing, 64))

    def done(self, until: int, rows: int) -> None:
        """They were drawn, and there are so many rows now.

        Raises SynthError if no row came of too many draws.
        """
        self._new = (rows - self._rows) / (until - self._drawn)
        self._drawn = until
        if rows > self._rows:
            self._last_new, self._rows = until, rows
        if until - self._last_new > PATIENCE:
            raise SynthError(
                f"{self._split}: {rows:,} different questions turned up and no more in {PATIENCE:,} further "
                f"draws, {self._wanted:,} are wanted: ask for fewer rows or widen the options"
            )


class Tally:
    """What became of the rows: counts for synth.json, and a line in rejected.jsonl for each that is left out."""

    def __init__(self, builder: Builder[Any], drops: IO[bytes]) -> None:
        self.by_group = bool(builder.group)
        self.limits = Limits(builder)
        self.yields: dict[str, dict[str, Counter[str]]] = {}  # split, group, outcome: rows
        self.rejected: dict[str, Counter[str]] = {}  # split, reason: rows
        self._drops = drops

    def line(self, row: Rejected) -> None:
        self._drops.write(orjson.dumps(row) + b"\n")

    def drop(self, split: str, row: Rejected) -> None:
        """A row of a group that the builder left out."""
        if self.by_group:
            self.limits.add(split, row)
            self.count(split, row.group, row.reason)

    def leave_out(self, split: str, reason: str, rows: int) -> None:
        if rows:
            self.rejected.setdefault(split, Counter())[reason] += rows

    def count(self, split: str, group: str, outcome: str, rows: int = 1) -> None:
        """Rows of a group that are kept, or left out for a reason."""
        self.yields.setdefault(split, {}).setdefault(group, Counter())[outcome] += rows

    def told(self) -> list[str]:
        return self.limits.told(self.yields)

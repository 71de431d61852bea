"""The files of a Parquet dataset: each a window of the work items of a split, made out of its pieces (pieces.py).

A piece without a row to leave out is the window's file as it is; any other window is written again, with the bytes of
having left the rows out at once: rows of eight items are a row group, whatever became of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from synth.base.files import file_facts
from synth.building.chunks import rejected_row
from synth.building.pieces import Facts, Making, as_dict, keep_facts, part_of, size, window_before, write_groups
from synth.data import mirror
from synth.data.builder import find


@dataclass(frozen=True)
class Left:
    """A piece that was made, and which of its rows are left out."""

    name: str
    window: int
    facts: Facts = field(repr=False)
    repeated: Mapping[str, Any] = field(default_factory=dict, repr=False)  # reason: places of rows, in order
    looked_at: int | None = None  # rows, if those behind them are not wanted

    @property
    def rows(self) -> int:
        """Rows that are looked at."""
        return int(self.facts["rows"]) if self.looked_at is None else self.looked_at

    @property
    def whole(self) -> bool:
        """Whether every row is kept."""
        return self.rows == self.facts["rows"] and bool(self.kept().all())

    def kept(self) -> Any:
        """Which of the rows that are looked at are kept, a mask."""
        keep = np.ones(self.rows, dtype=bool)
        for places in self.repeated.values():
            keep[places[places < self.rows]] = False
        return keep

    def items(self) -> Iterator[tuple[int, int, int]]:
        """Of each item that is looked at its number, and its rows: from where to where."""
        at = 0
        for number, rows in self.facts["items"]:
            if self.looked_at is not None and at >= self.looked_at:
                return
            yield number, at, at + rows
            at += rows

    def rows_of_items(self) -> int:
        """Rows of the items that are looked at."""
        return max((stop for _, _, stop in self.items()), default=0)


def finish_window(making: Making, window: int, pieces: list[Left]) -> Facts:
    """Write the file of a window, without the rows that are left out; returns what is known of it. Raises OSError.

    It may be begun again where it was killed.
    """
    seen = _Window(making)
    target = making.file(window)
    if (facts := window_before(making, window)) is not None:
        return _without(making, window, pieces, facts)
    if len(pieces) == 1 and pieces[0].whole:
        facts = {key: pieces[0].facts[key] for key in ("rows", "bytes", "sha256", "groups")}
        if size(making.beside(pieces[0].name)) is not None or size(target) != facts["bytes"]:  # else it was moved
            making.beside(pieces[0].name).replace(target)
    else:
        part = part_of(making.beside(target.name))
        rows = write_groups(part, making.work.meta, seen.tables(pieces))
        facts = {"rows": rows, **file_facts(part), "groups": dict(seen.groups)}
        part.replace(target)
    sent = mirror.send(making.folder, target, making.file_name(window), facts)
    facts |= {"repeated": seen.repeated, "lines": seen.lines, **({"sent": True} if sent else {})}
    return _without(making, window, pieces, keep_facts(making.beside(f"{making.stem(window)}.json"), facts))


def _without(making: Making, window: int, pieces: list[Left], facts: Facts) -> Facts:
    """What is known of a window that is written, whose pieces go, and its file if it was sent to a store."""
    for piece in pieces:
        making.beside(piece.name).unlink(missing_ok=True)
    if facts.get("sent"):
        making.file(window).unlink(missing_ok=True)
    return facts


class _Window:
    """What is noted of a window while it is written again."""

    def __init__(self, making: Making) -> None:
        self._builder, self._making = find(making.work.name), making
        self.groups: Counter[str] = Counter()  # of the rows that are kept
        self.repeated: dict[str, dict[str, int]] = {}  # reason, group: rows
        self.lines: list[tuple[int, str, Any]] = []  # number of the item, reason, what is said of the row

    def tables(self, pieces: list[Left]) -> Iterator[Any]:
        """The rows of each row group that are kept; of a group that is in several pieces, all of them together."""
        import pyarrow as pa

        for _, parts in groupby(self._kept(pieces), key=lambda part: part[0]):
            yield pa.concat_tables([table for _, table in parts]).combine_chunks()

    def _kept(self, pieces: list[Left]) -> Iterator[tuple[int, Any]]:
        """The number of each row group of the pieces, and the rows of it that are kept."""
        import pyarrow.parquet as pq

        of_group = self._making.sizes.group
        for piece in pieces:
            keep = piece.kept()
            with pq.ParquetFile(self._making.beside(piece.name)) as file:
                at = 0
                for number, items in groupby(piece.items(), key=lambda item: item[0] // of_group):
                    spans = list(items)
                    start, stop = spans[0][1], spans[-1][2]
                    if start == stop:
                        continue  # a group without rows is not in the file
                    table = file.read_row_group(at)
                    at += 1
                    mask = keep[start:stop]
                    self._note(piece, table, start, spans)
                    table = table.slice(0, len(mask)).filter(mask)
                    self.groups.update(self._names(table))
                    yield number, table

    def _note(self, piece: Left, table: Any, start: int, spans: list[tuple[int, int, int]]) -> None:
        """Count the rows that repeat others; of a source, say so of each."""
        stop = min(spans[-1][2], piece.rows)
        for reason, places in piece.repeated.items():
            here = places[(places >= start) & (places < stop)]
            rows = table.take(here - start) if len(here) else table.slice(0, 0)
            counted = Counter(self._names(rows)) if self._builder.group else Counter({"": len(here)})
            told = self.repeated.setdefault(reason, {})
            for group, count in counted.items():
                told[group] = told.get(group, 0) + count
            for place, row in zip(here.tolist(), () if self._builder.drawn else rows.to_pylist(), strict=False):
                number = next(number for number, low, high in spans if low <= place < high)
                self.lines.append((number, reason, as_dict(rejected_row(row, reason))))

    def _names(self, table: Any) -> list[str]:
        """The group of each row; none if the builder has no groups."""
        group = self._builder.group
        return [str(meta[group]) for meta in table.column("meta").to_pylist()] if group else []

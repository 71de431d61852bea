"""The files of a Parquet dataset, as workers write them by themselves: a window of the work items of a split each.

    .synth-shards/train-00000.0            the rows of the items from there on, as they were made
    .synth-shards/train-00000.0.questions  the prints of their questions, in order; .ids: of their ids
    .synth-shards/train-00000.0.json       what is known of them, written last: the piece is done
    .synth-partial/data/train-00000.parquet    the window, without rows that are left out
    .synth-shards/train-00000.json             what is known of it, written last: the window is done

A window is made of one piece, unless rows were missing and more items had to be made. A piece without a row to leave
out is the window's file as it is; any other window is written again, with the bytes of having left the rows out at
once: rows of eight items are a row group, whatever became of them.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from synth.base.files import as_json, facts_if_whole, file_facts, write_whole
from synth.building.chunks import Chunk, Work, rejected_row
from synth.data.builder import find
from synth.data.fingerprints import Prints
from synth.data.repeats import in_order, keep_run
from synth.data.writing import schema

Facts = dict[str, Any]
QUESTIONS, IDS = ".questions", ".ids"  # ends of names


@dataclass(frozen=True)
class Sizes:
    """How rows are cut into files."""

    window: int = 64  # work items in a file: of 4,096 rows each 2^18, some 100 MB
    group: int = 8  # work items in a row group


@dataclass(frozen=True)
class Piece:
    """Work items that are made together, of one window."""

    split: str
    window: int
    first: int  # number of the first item in the split
    start: int  # index of the first row of a dataset that is drawn; of a source `first`
    stop: int  # behind the last
    items: tuple[Any, ...]

    @property
    def name(self) -> str:
        return f"{shard_stem(self.split, self.window)}.{self.start}"


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


def shard_stem(split: str, window: int) -> str:
    return f"{split}-{window:05d}"


def shard_name(split: str, window: int) -> str:
    """Where a window's file is in the dataset folder."""
    return f"data/{shard_stem(split, window)}.parquet"


def make_piece(work: Work, sizes: Sizes, place: Path, piece: Piece, made: Iterable[Chunk] | None = None) -> Facts:
    """Make the rows of a piece and write its files; returns what is known of it. Raises OSError.

    made: the rows of its items, if others make them.
    """
    seen = _Seen()
    path = place / piece.name
    part = path.with_name(f"{path.name}.part")
    chunks = zip(_numbers(piece), map(work.make, piece.items) if made is None else made, strict=True)
    rows = write_groups(part, work.meta, _tables(seen, chunks, sizes.group))
    for end, prints in ((QUESTIONS, seen.questions), (IDS, seen.ids)):
        keep_run(place / (piece.name + end), in_order(np.concatenate(prints)))
    facts = {"span": [piece.start, piece.stop], "rows": rows, **file_facts(part), "items": seen.items,
             "drops": seen.drops, "groups": dict(seen.groups)}  # fmt: skip
    part.replace(path)
    write_whole(place / f"{piece.name}.json", as_json(facts))
    return facts


def made_before(place: Path, piece: Piece, target: Path) -> Facts | None:
    """What is known of a piece that a run which was stopped left whole; None if it has to be made.

    target: the file of its window, which may have taken its place.
    """
    facts = facts_if_whole(place / f"{piece.name}.json")
    if facts.get("span") != [piece.start, piece.stop]:
        return None
    there = _size(place / piece.name) == facts["bytes"] or window_before(place, piece.split, piece.window, target)
    return facts if there else None


def window_before(place: Path, split: str, window: int, target: Path) -> Facts | None:
    """What is known of a window that a run which was stopped left whole; None if it has to be written."""
    facts = facts_if_whole(place / f"{shard_stem(split, window)}.json")
    return facts if facts and _size(target) == facts["bytes"] else None


def finish_window(work: Work, sizes: Sizes, place: Path, target: Path, window: int, pieces: list[Left]) -> Facts:
    """Write the file of a window, without the rows that are left out; returns what is known of it. Raises OSError."""
    seen = _Window(work, sizes.group, place)
    if len(pieces) == 1 and bool(pieces[0].kept().all()) and pieces[0].rows == pieces[0].facts["rows"]:
        facts = {key: pieces[0].facts[key] for key in ("rows", "bytes", "sha256", "groups")}
        (place / pieces[0].name).replace(target)
    else:
        part = place / f"{target.name}.part"
        rows = write_groups(part, work.meta, seen.tables(pieces))
        facts = {"rows": rows, **file_facts(part), "groups": dict(seen.groups)}
        part.replace(target)
    facts |= {"repeated": seen.repeated, "lines": seen.lines}
    write_whole(place / f"{shard_stem(work.split, window)}.json", as_json(facts))
    for piece in pieces:
        (place / piece.name).unlink(missing_ok=True)
    return facts


def write_groups(path: Path, meta: Mapping[str, type], tables: Iterable[Any]) -> int:
    """Write tables as the row groups of a Parquet file; returns the number of rows. Raises OSError.

    The bytes are those of the rows alone, in whatever pieces they lie in memory.
    """
    import pyarrow.parquet as pq

    rows = 0
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema(meta), compression="zstd", write_page_index=True) as writer:
            for table in tables:
                if table.num_rows:
                    writer.write_table(table.combine_chunks(), row_group_size=table.num_rows)
                    rows += table.num_rows
        file.flush()
        os.fsync(file.fileno())  # what is said of it must not be on the disk before it
    return rows


def _numbers(piece: Piece) -> Iterator[int]:
    return iter(range(piece.first, piece.first + len(piece.items)))


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


@dataclass
class _Seen:
    """What is noted of a piece while it is written."""

    questions: list[Prints] = field(default_factory=list)
    ids: list[Prints] = field(default_factory=list)
    items: list[tuple[int, int]] = field(default_factory=list)  # number, rows
    drops: list[tuple[int, Any]] = field(default_factory=list)  # number of the item, what the builder left out
    groups: Counter[str] = field(default_factory=Counter)

    def add(self, number: int, chunk: Chunk) -> None:
        self.questions.append(chunk.prints)
        self.ids.append(chunk.ids)
        self.items.append((number, chunk.rows.num_rows))
        self.drops += [(number, _as_dict(drop)) for drop in chunk.rejected]
        self.groups.update(chunk.groups)


def _as_dict(drop: Any) -> dict[str, str]:
    return {name: getattr(drop, name) for name in ("id", "reason", "detail", "question", "answer", "group")}


def _tables(seen: _Seen, chunks: Iterable[tuple[int, Chunk]], group: int) -> Iterator[Any]:
    """The rows of each row group."""
    import pyarrow as pa

    for _, part in groupby(chunks, key=lambda numbered: numbered[0] // group):
        batches = []
        for number, chunk in part:
            seen.add(number, chunk)
            batches.append(chunk.rows)
        yield pa.Table.from_batches(batches)


class _Window:
    """What is noted of a window while it is written again."""

    def __init__(self, work: Work, group: int, place: Path) -> None:
        self._builder, self._group, self._place = find(work.name), group, place
        self.groups: Counter[str] = Counter()  # of the rows that are kept
        self.repeated: dict[str, dict[str, int]] = {}  # reason, group: rows
        self.lines: list[tuple[int, str, Any]] = []  # number of the item, reason, what is said of the row

    def tables(self, pieces: list[Left]) -> Iterator[Any]:
        """The rows of each row group that are kept; of a group that is in several pieces, all of them together."""
        import pyarrow as pa

        for _, parts in groupby(self._kept(pieces), key=lambda part: part[0]):
            yield pa.concat_tables([table for _, table in parts])

    def _kept(self, pieces: list[Left]) -> Iterator[tuple[int, Any]]:
        """The number of each row group of the pieces, and the rows of it that are kept."""
        import pyarrow.parquet as pq

        for piece in pieces:
            keep = piece.kept()
            with pq.ParquetFile(self._place / piece.name) as file:
                groups = groupby(piece.items(), key=lambda item: item[0] // self._group)
                at = 0
                for number, items in groups:
                    spans = list(items)
                    start, stop = spans[0][1], spans[-1][2]
                    if start == stop:
                        continue  # a group without rows is not in the file
                    table = file.read_row_group(at)
                    at += 1
                    mask = keep[start:stop]
                    self._note(piece, table, start, spans)
                    table = table.slice(0, len(mask)).filter(mask)
                    self._count(self.groups, table)
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
                self.lines.append((number, reason, _as_dict(rejected_row(row, reason))))

    def _names(self, table: Any) -> list[str]:
        return [str(meta[self._builder.group]) for meta in table.column("meta").to_pylist()]

    def _count(self, counts: Counter[str], table: Any) -> None:
        if self._builder.group:
            counts.update(self._names(table))

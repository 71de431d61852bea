"""Pieces of a Parquet dataset, which workers make by themselves: some work items of a split each, of one window.

A window is the items of one file of the dataset. It is made of one piece, unless rows were missing and more items had
to be made; windows.py makes its file out of its pieces. While they are made there lies in the folder of the dataset:

    .synth-shards/train-00000.0            the rows of the items from there on, as they were made
    .synth-shards/train-00000.0.questions  the prints of their questions, in order; .ids: of their ids
    .synth-shards/train-00000.0.json       what is known of them, written last: the piece is done
    .synth-partial/data/train-00000.parquet    the file of the window, without rows that are left out
    .synth-shards/train-00000.json             what is known of it, written last: the window is done

If the dataset goes to an object store, the file of a window is sent there when it is done and does not stay here.
"""

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson

from synth.base.files import as_json, facts_if_whole, file_facts, write_whole
from synth.building.chunks import Chunk, Work
from synth.data.fingerprints import Prints
from synth.data.names import PARTIAL, SHARDS
from synth.data.repeats import ENTRY, in_order, keep_run
from synth.data.writing import schema

Facts = dict[str, Any]
QUESTIONS, IDS = ".questions", ".ids"  # ends of names


@dataclass(frozen=True)
class Sizes:
    """How rows are cut into files."""

    window: int = 64  # work items in a file: of 4,096 rows each 2^18, some 100 MB
    group: int = 8  # work items in a row group


@dataclass(frozen=True)
class Making:
    """What is the same for everything of a split: all that a worker needs, but for the piece or window."""

    work: Work
    sizes: Sizes
    folder: Path  # of the dataset

    def beside(self, name: str) -> Path:
        """A file that is no part of the dataset."""
        return self.folder / SHARDS / name

    def stem(self, window: int) -> str:
        return f"{self.work.split}-{window:05d}"

    def file_name(self, window: int) -> str:
        """Where a window's file is in the dataset folder."""
        return f"data/{self.stem(window)}.parquet"

    def file(self, window: int) -> Path:
        """Where it is until the dataset is done."""
        return self.folder / PARTIAL / self.file_name(window)


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
        return f"{self.split}-{self.window:05d}.{self.start}"


def make_piece(making: Making, piece: Piece, made: Iterable[Chunk] | None = None) -> Facts:
    """Make the rows of a piece and write its files; returns what is known of it. Raises OSError.

    made: the rows of its items, if others make them.
    """
    seen = _Seen()
    path = making.beside(piece.name)
    part = part_of(path)
    chunks = map(making.work.make, piece.items) if made is None else made
    rows = write_groups(part, making.work.meta, _tables(seen, enumerate(chunks, piece.first), making.sizes.group))
    ids = sum(map(len, seen.ids))
    for end, prints in ((QUESTIONS, seen.questions), (IDS, seen.ids)):
        keep_run(making.beside(piece.name + end), in_order(np.concatenate(prints)))
    facts = {"span": [piece.start, piece.stop], "rows": rows, "ids": ids, **file_facts(part), "items": seen.items,
             "drops": seen.drops, "groups": dict(seen.groups)}  # fmt: skip
    part.replace(path)
    return keep_facts(making.beside(f"{piece.name}.json"), facts)


def made_before(making: Making, piece: Piece) -> Facts | None:
    """What is known of a piece that a run which was stopped left whole; None if it has to be made."""
    facts = kept_facts(making.beside(f"{piece.name}.json"))
    if facts.get("span") != [piece.start, piece.stop]:
        return None
    sizes = {"": facts["bytes"], QUESTIONS: ENTRY * facts["rows"], IDS: ENTRY * facts["ids"]}
    if window_before(making, piece.window):  # may have taken its place
        sizes.pop("")
    return facts if all(size(making.beside(piece.name + end)) == due for end, due in sizes.items()) else None


def window_before(making: Making, window: int) -> Facts | None:
    """What is known of a window that a run which was stopped left whole; None if it has to be written."""
    facts = kept_facts(making.beside(f"{making.stem(window)}.json"))
    return facts if facts and (facts.get("sent") or size(making.file(window)) == facts["bytes"]) else None


def keep_facts(path: Path, facts: Facts) -> Facts:
    """Write what is known of a file, with the versions that made it; returns it. Raises OSError."""
    whole = {**facts, "versions": versions()}
    write_whole(path, as_json({**whole, "check": _check(whole)}))
    return whole


def kept_facts(path: Path) -> Facts:
    """What `keep_facts` wrote; {} if it is not there, not whole, or of other versions: their bytes may be others."""
    facts = facts_if_whole(path)
    whole = facts.pop("check", None) == _check(facts) and facts.get("versions") == versions()
    return facts if whole else {}


@cache
def versions() -> dict[str, str]:
    """What rows and files are made by."""
    packages = {name: version(name) for name in ("rationale-synth", "numpy", "pyarrow")}
    return {"python": platform.python_version(), **packages}


def _check(facts: Facts) -> str:
    return sha256(orjson.dumps(facts)).hexdigest()[:16]


def size(path: Path) -> int | None:
    """Bytes of a file; None if there is none."""
    return path.stat().st_size if path.is_file() else None


def part_of(path: Path) -> Path:
    """Where to write a file: another name each time, for who was given up may still be writing."""
    return path.with_name(f"{path.name}.{uuid4().hex}.part")


def write_groups(path: Path, meta: Mapping[str, type], tables: Iterable[Any]) -> int:
    """Write tables as the row groups of a Parquet file; returns the number of rows. Raises OSError.

    Each is in one piece in memory: the bytes are those of the rows alone then.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    with path.open("wb") as file:
        with pq.ParquetWriter(file, schema(meta), compression="zstd", write_page_index=True) as writer:
            for table in tables:
                if table.num_rows:
                    writer.write_table(table, row_group_size=table.num_rows)
                    rows += table.num_rows
                    del table
                    pa.default_memory_pool().release_unused()
        file.flush()
        os.fsync(file.fileno())  # what is said of it must not be on the disk before it
    return rows


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
        self.drops += [(number, as_dict(drop)) for drop in chunk.rejected]
        self.groups.update(chunk.groups)


def as_dict(drop: Any) -> dict[str, str]:
    """A row that is left out, as facts hold it."""
    return {name: getattr(drop, name) for name in ("id", "reason", "detail", "question", "answer", "group")}


def _tables(seen: _Seen, chunks: Iterable[tuple[int, Chunk]], group: int) -> Iterator[Any]:
    """The rows of each row group."""
    for _, part in groupby(chunks, key=lambda numbered: numbered[0] // group):
        batches = []
        for number, chunk in part:
            seen.add(number, chunk)
            batches.append(chunk.rows)
        del chunk
        yield _in_one_piece(batches)


def _in_one_piece(batches: list[Any]) -> Any:
    """One table of batches, column by column, which takes little more memory than they do. Empties the list."""
    import pyarrow as pa

    schema = batches[0].schema
    columns = [[batch.column(at) for batch in batches] for at in range(len(schema))]
    batches.clear()
    return pa.Table.from_arrays([pa.concat_arrays(columns.pop(0)) for _ in schema], schema=schema)

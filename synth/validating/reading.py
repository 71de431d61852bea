"""Rows of a split's files as work items: ranges of whole lines of JSON, or row groups of Parquet.

Here a row that cannot be read is no error but a finding: it comes out as `Unreadable`, with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from synth.errors import FolderError, first_line

BYTES = 8 << 20  # of JSON lines in one work item
ROWS = 4096  # of Parquet in one work item


@dataclass(frozen=True, slots=True)
class Item:
    """Part of a file: bytes of JSON lines, or row groups of Parquet."""

    path: Path
    start: int
    stop: int
    before: int  # rows of the file that come before
    rows: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be read."""

    why: str


def items(path: Path) -> Iterator[Item]:
    """Cut a file into work items. Raises FolderError for a file that is missing or no Parquet."""
    try:
        yield from _row_groups(path) if path.suffix == ".parquet" else _ranges(path)
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def rows(item: Item) -> Iterator[Any]:
    """What stands in part of a file: dictionaries if all is well, other JSON and Unreadable if not."""
    try:
        yield from _parquet(item) if item.path.suffix == ".parquet" else _lines(item)
    except OSError as error:
        raise FolderError.from_os(error, str(item.path)) from error


def _ranges(path: Path) -> Iterator[Item]:
    """Ranges that begin and end where lines do."""
    start = before = 0
    with path.open("rb") as file:
        while lines := file.read(BYTES) + file.readline():
            rows = lines.count(b"\n") + (not lines.endswith(b"\n"))
            yield Item(path, start, start + len(lines), before, rows)
            start, before = start + len(lines), before + rows


def _row_groups(path: Path) -> Iterator[Item]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            facts = file.metadata
    except pa.ArrowInvalid as error:
        raise FolderError(f"{path} cannot be read as Parquet: {first_line(error)}") from error
    start = before = held = 0
    for group in range(facts.num_row_groups):
        held += facts.row_group(group).num_rows
        if held >= ROWS or group + 1 == facts.num_row_groups:
            yield Item(path, start, group + 1, before, held)
            start, before, held = group + 1, before + held, 0


def _lines(item: Item) -> Iterator[Any]:
    with item.path.open("rb") as file:
        file.seek(item.start)
        lines = file.read(item.stop - item.start).split(b"\n")
    if not lines[-1]:
        lines.pop()  # behind the last line end is no line
    for line in lines:
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Unreadable(f"no JSON: {error.msg}" if line.strip() else "an empty line")


def _parquet(item: Item) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(item.path) as file:
            for batch in file.iter_batches(batch_size=ROWS, row_groups=range(item.start, item.stop)):
                yield from batch.to_pylist()
    except (pa.ArrowInvalid, OSError) as error:  # pyarrow's own, of a page that is damaged
        raise FolderError(f"{item.path} cannot be read as Parquet: {first_line(error)}") from error

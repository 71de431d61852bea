"""Rows that a process does not hold: they lie in a file that is mapped into its memory, and are read one at a time.

The file is of Apache Arrow's IPC format, with a row as JSON in its one column, and lies in the folder for temporary
files (TMPDIR). It is unlinked as soon as it is mapped: its space is free when the process ends, however that comes.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import orjson

from synth.errors import FolderError

T = TypeVar("T")
BLOCK = 1 << 20  # bytes of rows that are written, and read in a pass over all of them, at once


class Stored(Sequence[T]):
    """The rows of a file, in their order."""

    def __init__(self, column: Any, made: Callable[..., T]) -> None:
        self._column, self._made = column, made  # a pyarrow.ChunkedArray of binary

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "list[T]": ...
    def __getitem__(self, index: "int | slice") -> "T | list[T]":
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return self._row(self._column[int(index)].as_py())

    def __iter__(self) -> Iterator[T]:
        for chunk in self._column.chunks:
            yield from map(self._row, chunk.to_pylist())

    def _row(self, line: bytes) -> T:
        return self._made(**orjson.loads(line))


class Joined(Sequence[T], Generic[T]):
    """Several sequences as one."""

    def __init__(self, parts: Sequence[Sequence[T]]) -> None:
        self._parts = parts
        self._starts = [0, *accumulate(map(len, parts))]

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> "list[T]": ...
    def __getitem__(self, index: "int | slice") -> "T | list[T]":
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]  # IndexError as of a list
        part = bisect_right(self._starts, number) - 1
        return self._parts[part][number - self._starts[part]]

    def __iter__(self) -> Iterator[T]:
        for part in self._parts:
            yield from part


def stored(rows: Iterable[T], made: Callable[..., T]) -> Stored[T]:
    """Put rows, which are dataclasses that `made` makes again of their fields, into a file.

    Raises FolderError if there is no space for it.
    """
    import pyarrow as pa

    place = Path(tempfile.gettempdir())
    try:
        with tempfile.NamedTemporaryFile(prefix="synth-rows-", suffix=".arrow", delete=False) as file:
            path = Path(file.name)
        try:
            with pa.OSFile(str(path), "wb") as sink:
                _write(pa, sink, map(orjson.dumps, rows))
            column = pa.ipc.open_file(pa.memory_map(str(path))).read_all().column(0)
        finally:
            with suppress(PermissionError):  # of Windows, for a file that is mapped
                path.unlink()
    except OSError as error:
        what = f"the rows do not get into {place} (TMPDIR=FOLDER names another folder)"
        raise FolderError.from_os(error, what) from error
    return Stored(column, made)


def _write(pa: Any, sink: Any, lines: Iterable[bytes]) -> None:
    """Write rows into a file, some megabytes at a time."""
    schema = pa.schema([("row", pa.large_binary())])
    block: list[bytes] = []
    size = 0
    with pa.ipc.new_file(sink, schema) as writer:
        for line in lines:
            block.append(line)
            size += len(line)
            if size >= BLOCK:
                writer.write_batch(pa.record_batch([pa.array(block, pa.large_binary())], schema=schema))
                block, size = [], 0
        if block:
            writer.write_batch(pa.record_batch([pa.array(block, pa.large_binary())], schema=schema))

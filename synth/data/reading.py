"""Rows of a dataset folder: one at a time, or some megabytes at a time."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import jsonlines
import orjson

from synth.base.stores import as_path
from synth.data.columns import read_notes, restored
from synth.data.manifest import no_split, open_manifest, split_files
from synth.data.names import READY
from synth.errors import FolderError
from synth.record import FIELDS, Record

BLOCK = 4 << 20  # bytes of JSON lines that become one batch
TRIES = 100  # to find a folder that is not written anew at this very moment
TEXTS = tuple(name for name in FIELDS if name not in ("meta", "provenance"))


def chunks(folder: Path, manifest: Mapping[str, Any], split: str) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """The rows of a split in order, a few megabytes at a time, and where they stand.

    Raises FolderError with file and line for a row that cannot be read.
    """
    for path in split_files(folder, manifest, split):
        try:
            yield from _parquet_chunks(path) if path.suffix == ".parquet" else _jsonl_chunks(path)
        except OSError as error:
            raise FolderError.from_os(error, f"{path}") from error


def _jsonl_chunks(path: Path) -> Iterator[tuple[list[dict[str, Any]], str]]:
    number = 0
    with path.open("rb") as file:
        while lines := file.readlines(BLOCK):
            rows = []
            for line in lines:
                number += 1
                if line.strip():
                    rows.append(_row(line, path, number))
            yield rows, path.name


def _row(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} line {number} cannot be read: {error}") from error
    if not isinstance(row, dict) or any(name not in row for name in FIELDS):
        raise FolderError(f"{path} line {number} is no row: a row has {', '.join(FIELDS)}")
    return row if len(row) == len(FIELDS) else {name: row[name] for name in FIELDS}


def _parquet_chunks(path: Path) -> Iterator[tuple[list[dict[str, Any]], str]]:
    for rows in parquet_rows(path):
        if any(name not in rows[0] for name in FIELDS):
            raise FolderError(f"{path} does not hold rows: a row has {', '.join(FIELDS)}")
        yield [{name: row[name] for name in FIELDS} for row in rows], path.name


def parquet_rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The rows of a Parquet file as they were before they were put into it, a few megabytes at a time.

    Raises FolderError if it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            notes = read_notes(file.schema_arrow)
            size = sum(file.metadata.row_group(group).total_byte_size for group in range(file.metadata.num_row_groups))
            batch = max(1, min(4096, BLOCK * file.metadata.num_rows // max(size, 1)))
            for rows in file.iter_batches(batch_size=batch):
                yield restored(rows.to_pylist(), notes)
    except (pa.ArrowInvalid, OSError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error


def read(folder: Path, split: str, *, typed: bool = False) -> Iterator[Record]:
    """The rows of a split in order, one at a time, in constant memory.

    All rows are of one dataset, also if another is put into the folder in the meantime. typed: a row, edited by hand,
    that has anything but a text where one is due is one that cannot be read; without it such a row comes as it is, for
    those who show it. Raises FolderError for a split that is not there, and with file and line for a row that cannot be
    read.
    """
    with ExitStack() as stack:
        for path, file in _opened(folder, split, stack):
            yield from _records(path, file, typed)


def read_file(folder: Path, name: str) -> Iterator[Record]:
    """The rows of one file of a split, as `read` gives them, typed. The caller sees to it that it is of the dataset."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_open(folder, name))
        except OSError as error:
            raise FolderError.from_os(error, f"{folder / name}") from error
        yield from _records(folder / name, file, True)


def _records(path: Path, file: BinaryIO, typed: bool) -> Iterator[Record]:
    try:
        rows = _read_parquet(path, file) if path.suffix == ".parquet" else _read_jsonl(path, file)
        yield from (_typed(record, where) for record, where in rows) if typed else (row for row, _ in rows)
    except OSError as error:
        raise FolderError.from_os(error, f"{path}") from error


def _opened(folder: Path, split: str, stack: ExitStack) -> list[tuple[Path, BinaryIO]]:
    """The files of a split, opened: if the manifest is the same before and after, they are those that it names."""
    manifest = open_manifest(folder)
    for _ in range(TRIES):
        if split not in manifest["splits"]:
            raise FolderError(no_split(folder, split, manifest["splits"]))
        files: list[tuple[Path, BinaryIO]] = []
        missing: OSError | None = None
        try:
            for name in manifest["splits"][split]["files"]:
                files.append((folder / name, stack.enter_context(_open(folder, name))))
        except OSError as error:
            missing = error
        before, manifest = manifest, open_manifest(folder)
        if manifest == before and missing is None:
            return files
        if manifest == before and missing is not None:
            raise FolderError.from_os(missing, f"{as_path(missing.filename)}") from missing
        stack.close()
    raise FolderError(f"{folder} is written to all the time: wait for the command that does")


def _open(folder: Path, name: str) -> BinaryIO:
    """A file of the dataset, in whichever of its two places it is: it may be moved at this very moment."""
    try:
        return (folder / READY / name).open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return (folder / name).open("rb")


def _read_jsonl(path: Path, file: BinaryIO) -> Iterator[tuple[Record, str]]:
    with jsonlines.Reader(file, loads=orjson.loads) as lines:
        try:
            for number, row in enumerate(lines.iter(type=dict), start=1):
                where = f"{path} line {number}"
                yield _record(row, where), where
        except jsonlines.InvalidLineError as error:
            raise FolderError(f"{path} line {error.lineno} cannot be read: {error}") from error


def _read_parquet(path: Path, file: BinaryIO) -> Iterator[tuple[Record, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        notes = read_notes(table.schema_arrow)
        for batch in table.iter_batches(batch_size=4096):
            for row in restored(batch.to_pylist(), notes):
                yield _record(row, str(path)), str(path)
    except pa.ArrowInvalid as error:
        raise FolderError(f"{path} cannot be read: {error}") from error


def _record(row: Mapping[str, Any], where: str) -> Record:
    if missing := [name for name in FIELDS if name not in row]:
        raise FolderError(f"{where} has no {', '.join(missing)}: a row has {', '.join(FIELDS)}")
    return Record(**{name: row[name] for name in FIELDS})


def _typed(record: Record, where: str) -> Record:
    """The row, if its texts are texts; null as `meta` is an empty one."""
    for name in TEXTS:
        if not isinstance(value := getattr(record, name), str):
            raise FolderError(f"{where}: its {name} is {value!r:.60}, and a text is due: mend the row or take it out")
    for name, facts in (("meta", record.meta), ("provenance", record.provenance)):
        if not isinstance(facts, Mapping | None):
            raise FolderError(
                f"{where}: its {name} is {facts!r:.60}, and an object is due: mend the row or take it out"
            )
    return replace(record, meta={}) if record.meta is None else record

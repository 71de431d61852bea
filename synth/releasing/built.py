"""The Parquet files of a dataset that go out as they are, under their own names: searched file by file, never written.

Files that others may not be able to read as one dataset are made anew (shards.py): of other names, of columns that
differ from file to file, or without a type, as those of 0.1.0.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from synth.data.columns import read_notes, restored
from synth.errors import FolderError
from synth.record import FIELDS
from synth.releasing.forms import SHARD, Shard, Split, fewer
from synth.releasing.leaks import Guard
from synth.workers.local import ordered, pool

DATA = "data/"  # where they lie
ROWS = 4096  # that are looked at at a time


def goes_as_it_is(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether the files of a dataset can be sent as they are. Raises FolderError for one that cannot be read."""
    names = [(split, str(name)) for split, facts in manifest["splits"].items() for name in facts["files"]]
    if not all(name.startswith(DATA) and _is_of(split, name.removeprefix(DATA)) for split, name in names):
        return False
    first = None
    for _, name in names:
        schema = _schema(folder / name)
        first = schema if first is None else first
        if schema.names != list(FIELDS) or not schema.equals(first) or _has_null(schema):
            return False
    return bool(names)


def searched(
    folder: Path, manifest: Mapping[str, Any], digests: Mapping[str, str], guard: Guard, workers: int = 1
) -> dict[str, Split]:
    """The files of each split, each searched by a worker; `digests`: their sha256 by name.

    Raises FolderError for rows that cannot be read or must not go out, or if there are others than the manifest says.
    """
    names = [name for facts in manifest["splits"].values() for name in facts["files"]]
    workers = min(workers, max(1, len(names)))
    splits = {}
    with pool(workers) as executor:
        found = ordered(executor, partial(_search, guard), [folder / name for name in names], workers)
        for split, facts in manifest["splits"].items():
            each = [(folder / name, *next(found)) for name in facts["files"]]
            rows, memory = sum(rows for _, rows, _ in each), sum(memory for _, _, memory in each)
            if rows != facts["rows"]:
                raise fewer(folder, split, rows, facts["rows"])
            shards = [Shard(path.name, path.stat().st_size, digests[DATA + path.name]) for path, _, _ in each]
            splits[split] = Split(rows, memory, shards)
    return splits


def _is_of(split: str, name: str) -> bool:
    shard = SHARD.fullmatch(name)
    return shard is not None and shard["split"] == split


def _schema(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error


def _has_null(schema: Any) -> bool:
    """Whether a column, or one within it, has no type."""
    import pyarrow as pa

    def without(kind: Any) -> bool:
        inner = [kind.field(at).type for at in range(kind.num_fields)]
        return bool(pa.types.is_null(kind)) or any(map(without, inner))

    return any(without(column.type) for column in schema)


def _search(guard: Guard, path: Path) -> tuple[int, int]:
    """Look through the rows of a file; returns how many they are, and their bytes in Arrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = memory = 0
    try:
        with pq.ParquetFile(path) as file:
            notes = read_notes(file.schema_arrow)
            for batch in file.iter_batches(batch_size=ROWS):
                guard.check_rows(restored(batch.to_pylist(), notes), path.name)
                rows, memory = rows + batch.num_rows, memory + batch.nbytes
    except (pa.ArrowInvalid, OSError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error
    return rows, memory

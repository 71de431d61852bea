"""Rows as bytes on disk: JSONL lines or Parquet shards, encoded in the workers and written in the parent."""

from collections.abc import Mapping, Sequence
from itertools import compress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import orjson

from synth.data.folder import FolderWriter
from synth.data.survey import PROVENANCE
from synth.record import FIELDS, Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


SHARD_BYTES = 500_000_000
Mask: TypeAlias = "npt.NDArray[np.bool_] | None"  # which rows to keep; None: all
Types = Mapping[str, type]


class SplitWriter(Protocol):
    rows: int

    def write(self, rows: Any, keep: Mask = None) -> None: ...
    def names(self) -> list[str]: ...
    def __enter__(self) -> "SplitWriter": ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def encode(records: Sequence[Record], format: str, meta: Types, provenance: Types | None = None) -> Any:
    """Rows as a list of JSON lines (without line ends), or as a pyarrow RecordBatch."""
    if format == "jsonl":
        return [orjson.dumps(record) for record in records]
    import pyarrow as pa

    columns = {name: [getattr(record, name) for record in records] for name in FIELDS}
    return pa.RecordBatch.from_pydict(columns, schema=schema(meta, provenance))


def rows_at(rows: Any, indexes: "npt.NDArray[np.intp]") -> list[dict[str, Any]]:
    """Some of the encoded rows as dictionaries again."""
    if isinstance(rows, list):
        return [orjson.loads(rows[index]) for index in indexes]
    dictionaries: list[dict[str, Any]] = rows.take(indexes).to_pylist()
    return dictionaries


def schema(meta: Types, provenance: Types | None = None) -> Any:
    """The Arrow schema of a dataset: the fields of Record, `meta` and `provenance` structs of typed columns.

    The provenance of rows that no model wrote is null, and its columns have the types of any other's.
    """
    import pyarrow as pa

    arrow = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), list: pa.list_(pa.string())}
    structs = {"meta": meta, "provenance": provenance or PROVENANCE}
    kinds = {
        field: pa.struct([(name, arrow[kind]) for name, kind in types.items()]) for field, types in structs.items()
    }
    return pa.schema([(name, kinds.get(name, pa.string())) for name in FIELDS])


def split_writer(
    folder: FolderWriter, split: str, format: str, meta: Types, provenance: Types | None = None
) -> SplitWriter:
    return _Jsonl(folder, split) if format == "jsonl" else _Parquet(folder, split, schema(meta, provenance))


class _Jsonl:
    def __init__(self, folder: FolderWriter, split: str) -> None:
        self.rows = 0
        self._name = f"{split}.jsonl"
        self._path = folder.path(self._name)

    def __enter__(self) -> "_Jsonl":
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, rows: Any, keep: Mask = None) -> None:
        lines = rows if keep is None or keep.all() else list(compress(rows, keep))
        if lines:
            self._file.write(b"\n".join(lines) + b"\n")
        self.rows += len(lines)

    def names(self) -> list[str]:
        return [self._name]


class _Parquet:
    def __init__(self, folder: FolderWriter, split: str, arrow_schema: Any) -> None:
        self.rows = 0
        self._folder, self._split, self._schema = folder, split, arrow_schema
        self._shards: list[Path] = []

    def __enter__(self) -> "_Parquet":
        self._next_shard()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            for path, name in zip(self._shards, self.names(), strict=True):
                path.rename(self._folder.path(name))

    def write(self, rows: Any, keep: Mask = None) -> None:
        if self._shards[-1].stat().st_size >= SHARD_BYTES:
            self._file.close()
            self._next_shard()
        batch = rows if keep is None or keep.all() else rows.filter(keep)
        self._file.write_batch(batch)
        self.rows += batch.num_rows

    def names(self) -> list[str]:
        count = len(self._shards)
        return [f"data/{self._split}-{shard:05d}-of-{count:05d}.parquet" for shard in range(count)]

    def _next_shard(self) -> None:
        import pyarrow.parquet as pq

        self._shards.append(self._folder.path(f"data/{self._split}-{len(self._shards):05d}.part"))
        self._file = pq.ParquetWriter(self._shards[-1], self._schema, compression="zstd")

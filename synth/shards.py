"""The Parquet shards of a release, made beside the data before anything is sent.

They are laid out as `datasets.push_to_hub` does: about 500 MB a file, row groups of at most 64 MB before compression,
with a page index. The same rows give the same bytes, so that an interrupted push finds what the Hub already has. They
lie in `.synth-push/` of the dataset folder until the push is done; of one that cannot be written to, in a temporary
folder for as long as the push runs.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from synth import registry
from synth.columns import NOTES, Column, Place, Plan, plan, read_notes, restored
from synth.errors import FolderError
from synth.leaks import Guard
from synth.record import FIELDS
from synth.store import split_files
from synth.tables import SHARD_BYTES

STAGING = ".synth-push"
PLAN = "plan.json"
BLOCK = 4 << 20  # bytes of JSON lines that become one batch
GROUP_BYTES = 64 << 20  # of a row group, before compression
TEXTS = tuple(name for name in FIELDS if name not in ("meta", "provenance"))


@dataclass(frozen=True)
class Shard:
    name: str  # <split>-0000i-of-0000N.parquet
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Split:
    rows: int
    memory: int  # bytes of its columns in Arrow, what `dataset_info` calls num_bytes
    shards: list[Shard]


@dataclass(frozen=True)
class Staged:
    """One dataset, ready to be sent."""

    folder: Path  # where the shards lie
    splits: dict[str, Split]

    def schema(self) -> Any:
        """The Arrow schema of the shards; None where there are no splits."""
        import pyarrow.parquet as pq

        names = [shard.name for split in self.splits.values() for shard in split.shards]
        return pq.read_schema(self.folder / names[0]).remove_metadata() if names else None


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Where the shards of a dataset are to lie."""
    place = folder / STAGING
    try:
        place.mkdir(exist_ok=True)
        writable = os.access(place, os.W_OK | os.X_OK)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        writable = False
    if writable:
        yield place
    else:
        with tempfile.TemporaryDirectory(prefix="synth-push-") as elsewhere:
            yield Path(elsewhere) / STAGING


def cannot(error: OSError, what: str) -> FolderError:
    """One line for what the operating system refused a push, which has no --out."""
    hint = "; free some space" if error.errno == errno.ENOSPC else ""
    return FolderError(f"{what}: {error.strerror or error}{hint}")


def stage(
    folder: Path, manifest: Mapping[str, Any], digests: Mapping[str, Any], guard: Guard, place: Path | None = None
) -> Staged:
    """Make the shards, or find those that an interrupted push left; `digests`: what the data is known by.

    place: where they are to lie, by default in the folder.

    Raises FolderError for rows that cannot be read or must not go out, or where there is no room.
    """
    place = place or folder / STAGING
    same = [digests, guard.fingerprint(), version("rationale-synth"), version("pyarrow"), SHARD_BYTES, GROUP_BYTES]
    key = hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()
    try:
        if (found := _found(place, key)) is not None:
            return found
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        splits = _staged(folder, manifest, place, guard)
        plan_file = {"key": key, "splits": {name: asdict(split) for name, split in splits.items()}}
        (place / f"{PLAN}.part").write_text(json.dumps(plan_file), encoding="utf-8")
        (place / f"{PLAN}.part").rename(place / PLAN)
    except OSError as error:
        raise cannot(error, f"cannot write to {place}") from error
    return Staged(place, splits)


def _found(place: Path, key: str) -> Staged | None:
    try:
        kept = orjson.loads((place / PLAN).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    if kept["key"] != key:
        return None
    splits = {
        name: Split(facts["rows"], facts["memory"], [Shard(**shard) for shard in facts["shards"]])
        for name, facts in kept["splits"].items()
    }
    shards = [shard for split in splits.values() for shard in split.shards]
    whole = all((place / s.name).is_file() and (place / s.name).stat().st_size == s.bytes for s in shards)
    return Staged(place, splits) if whole else None


def _staged(folder: Path, manifest: Mapping[str, Any], place: Path, guard: Guard) -> dict[str, Split]:
    """Two passes over the rows: one that looks at all of them, one that writes."""
    kept_as = survey(folder, manifest, guard)
    splits = {}
    for split in manifest["splits"]:
        with ShardWriter(place, split, kept_as) as writer:
            for rows, _ in chunks(folder, manifest, split):
                writer.write(rows)
        splits[split] = writer.split()
        wanted = manifest["splits"][split]["rows"]
        if splits[split].rows != wanted:
            raise FolderError(
                f"{folder} has {splits[split].rows:,} rows in {split}, its synth.json says {wanted:,}: build it again"
            )
    return splits


def survey(folder: Path, manifest: Mapping[str, Any], guard: Guard | None = None) -> Plan:
    """Look at every row of a dataset: what types there are, and that nothing is in it that must not go out."""
    seen = Column(fields={name: Column() for name in FIELDS})
    for split in manifest["splits"]:
        for rows, where in chunks(folder, manifest, split):
            if guard is not None:
                guard.check_rows(rows, where)
            for row in rows:
                seen.see(row)
    return plan(seen, known_types(manifest))


def known_types(manifest: Mapping[str, Any]) -> dict[Place, type]:
    """Types that the maker of a dataset says its columns have, for those in which nothing but null stands."""
    from synth.distill import META, PROVENANCE

    found: dict[Place, type] = {(name,): str for name in TEXTS}
    builder = manifest.get("builder")
    if builder in registry.names("builders"):
        meta = registry.load("builders", builder).META
        return {**found, **{("meta", name): kind for name, kind in meta.items()}}
    if "distilled" in manifest:
        found |= {("meta", name): kind for name, kind in META.items()}
        found |= {("provenance", name): kind for name, kind in PROVENANCE.items()}
    return found


def chunks(folder: Path, manifest: Mapping[str, Any], split: str) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """The rows of a split in order, a few megabytes at a time, and where they stand.

    Raises FolderError with file and line for a row that cannot be read.
    """
    for path in split_files(folder, manifest, split):
        try:
            yield from _parquet_chunks(path) if path.suffix == ".parquet" else _jsonl_chunks(path)
        except OSError as error:
            raise FolderError.from_os(error, str(path)) from error


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

    Raises FolderError where it cannot be read.
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


class ShardWriter:
    """Writes the rows of one split; names are given at the end, when their number is known."""

    def __init__(self, folder: Path, split: str, kept_as: Plan) -> None:
        self._folder, self._split, self._plan = folder, split, kept_as
        notes = {name: places for name, places in kept_as.notes.items() if places}
        metadata = {NOTES: orjson.dumps(notes)} if notes else {}
        self._schema = kept_as.schema.with_metadata(metadata)
        self._parts: list[Path] = []
        self._batches: list[Any] = []
        self._held = self._memory = self._rows = 0

    def __enter__(self) -> "ShardWriter":
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()
        self._sink.close()

    def write(self, rows: list[dict[str, Any]]) -> None:
        import pyarrow as pa

        batch = pa.RecordBatch.from_pylist(self._plan.encode(rows), schema=self._schema)
        if self._held + batch.nbytes > GROUP_BYTES:
            self._flush()
        self._batches.append(batch)
        self._held += batch.nbytes

    def split(self) -> Split:
        """What was written, under its final names."""
        shards = []
        for number, part in enumerate(self._parts):
            path = self._folder / f"{self._split}-{number:05d}-of-{len(self._parts):05d}.parquet"
            part.rename(path)
            with path.open("rb") as file:
                digest = hashlib.sha256()
                while block := file.read(1 << 20):
                    digest.update(block)
            shards.append(Shard(path.name, path.stat().st_size, digest.hexdigest()))
        return Split(self._rows, self._memory, shards)

    def _open(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._parts.append(self._folder / f"{self._split}-{len(self._parts):05d}.part")
        self._sink = pa.OSFile(str(self._parts[-1]), "wb")
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd", write_page_index=True)

    def _flush(self) -> None:
        """Write what is held as one row group, in a new shard where this one is full."""
        import pyarrow as pa

        if not self._batches:
            return
        if self._sink.tell() >= SHARD_BYTES:
            self._writer.close()
            self._sink.close()
            self._open()
        table = pa.Table.from_batches(self._batches)
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))
        self._rows += table.num_rows
        self._memory += table.nbytes
        self._batches, self._held = [], 0

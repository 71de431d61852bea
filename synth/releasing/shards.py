"""The Parquet shards of a release, made beside the data before anything is sent.

They are laid out as `datasets.push_to_hub` does: about 500 MB a file, row groups of at most 64 MB before compression,
with a page index. The same rows give the same bytes, so that an interrupted push finds what the Hub already has. They
lie in `.synth-push/` of the dataset folder until the push is done; of one that cannot be written to, in a temporary
folder for as long as the push runs. A dataset of Parquet is sent as its files are (built.py): nothing of it is written.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from synth.base.files import as_json, facts_if_whole, file_facts, write_whole
from synth.data.columns import NOTES, Plan
from synth.data.names import STAGING
from synth.data.reading import chunks
from synth.data.survey import survey
from synth.data.writing import SHARD_BYTES
from synth.errors import FolderError
from synth.releasing import built
from synth.releasing.forms import Shard, Split, fewer
from synth.releasing.leaks import Guard

PLAN = "plan.json"
GROUP_BYTES = 64 << 20  # of a row group, before compression


@dataclass(frozen=True)
class Staged:
    """One dataset, ready to be sent."""

    folder: Path  # what was made for the push
    data: Path  # where the shards of rows lie: there, or in the dataset
    splits: dict[str, Split]
    beside: dict[str, Split] = field(default_factory=dict)  # of files beside the rows, in folders of their names

    def schema(self) -> Any:
        """The Arrow schema of the shards; None if there are no splits."""
        import pyarrow.parquet as pq

        names = [shard.name for split in self.splits.values() for shard in split.shards]
        return pq.read_schema(self.data / names[0]).remove_metadata() if names else None

    def schema_beside(self, name: str) -> Any:
        """The Arrow schema of the shards of a file beside the rows."""
        import pyarrow.parquet as pq

        return pq.read_schema(self.folder / name / self.beside[name].shards[0].name).remove_metadata()


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
    """The error of the operating system in one line, without the hint at --out, which a push does not have."""
    hint = "; free some space" if error.errno == errno.ENOSPC else ""
    return FolderError(f"{what}: {error.strerror or error}{hint}")


def stage(
    folder: Path,
    manifest: Mapping[str, Any],
    digests: Mapping[str, Any],
    guard: Guard,
    place: Path | None = None,
    beside: Mapping[str, Callable[[Path], Split]] | None = None,
    workers: int = 1,
) -> Staged:
    """Make the shards, or find those that an interrupted push left; `digests`: what the data is known by.

    place: where they are to lie, by default in the folder. beside: name -> what makes the shards of a file beside the
    rows, in the folder that it is given. workers: processes that search files of Parquet. Raises FolderError for rows
    that cannot be read or must not go out, or if there is no room.
    """
    place = place or folder / STAGING
    same = [digests, guard.fingerprint(), version("rationale-synth"), version("pyarrow"), SHARD_BYTES, GROUP_BYTES]
    key = hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest()
    as_it_is = built.goes_as_it_is(folder, manifest)
    data = folder / built.DATA if as_it_is else place
    try:
        if (left := _left(place, data, key)) is not None:
            return left
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        if as_it_is:
            splits = built.searched(folder, manifest, digests, guard, workers)
        else:
            splits = _staged(folder, manifest, place, guard)
        more = {name: make(place / name) for name, make in (beside or {}).items()}
        both = {"splits": splits, "beside": more}
        made = {part: {name: asdict(split) for name, split in each.items()} for part, each in both.items()}
        write_whole(place / PLAN, as_json({"key": key, **made}))
    except OSError as error:
        raise cannot(error, f"cannot write to {place}") from error
    return Staged(place, data, splits, more)


def _left(place: Path, data: Path, key: str) -> Staged | None:
    """The shards that an interrupted push left, if they are whole and of the same data."""
    kept = facts_if_whole(place / PLAN)
    if kept.get("key") != key:
        return None
    splits, beside = (
        {
            name: Split(facts["rows"], facts["memory"], [Shard(**shard) for shard in facts["shards"]])
            for name, facts in kept.get(part, {}).items()
        }
        for part in ("splits", "beside")
    )
    files = [(data / shard.name, shard.bytes) for split in splits.values() for shard in split.shards]
    files += [(place / name / shard.name, shard.bytes) for name, split in beside.items() for shard in split.shards]
    whole = all(path.is_file() and path.stat().st_size == size for path, size in files)
    return Staged(place, data, splits, beside) if whole else None


def _staged(folder: Path, manifest: Mapping[str, Any], place: Path, guard: Guard) -> dict[str, Split]:
    """Two passes over the rows: one that looks at all of them, one that writes."""
    kept_as = survey(folder, manifest, guard.check_rows)
    splits = {}
    for split in manifest["splits"]:
        with ShardWriter(place, split, kept_as) as writer:
            for rows, _ in chunks(folder, manifest, split):
                writer.write(rows)
        splits[split] = writer.split()
        wanted = manifest["splits"][split]["rows"]
        if splits[split].rows != wanted:
            raise fewer(folder, split, splits[split].rows, wanted)
    return splits


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
            shards.append(Shard(path.name, **file_facts(path)))
        return Split(self._rows, self._memory, shards)

    def _open(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._parts.append(self._folder / f"{self._split}-{len(self._parts):05d}.part")
        self._sink = pa.OSFile(str(self._parts[-1]), "wb")
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd", write_page_index=True)

    def _flush(self) -> None:
        """Write what is held as one row group, in a new shard if this one is full."""
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

"""What is looked at: the folders that were given, each under a name of its own, and the rows of their files.

Names in a URL are looked up here and never joined to a path, and a file that is a link is refused: what a folder that
came from elsewhere points at is none of its data.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from synth.data.columns import read_notes, restored
from synth.data.manifest import members, read_manifest, split_files
from synth.data.names import (
    CACHE,
    CONTROLS,
    EVALUATIONS,
    ITERATIONS,
    MANIFEST,
    METRICS,
    NOTES,
    PARTIAL,
    PREDICTIONS,
    ROUNDS,
    RUN,
)
from synth.errors import FolderError
from synth.record import FIELDS, Record
from synth.validating.checker import settings_of

Kind = str  # dataset, evaluation, run, underway: which screens a folder has
LOOKED_FOR = {METRICS: "evaluation", PREDICTIONS: "evaluation", RUN: "run", CACHE: "underway", PARTIAL: "underway"}
INSIDE = ("base", f"{EVALUATIONS}/*", f"{ITERATIONS}/*/*", f"{ROUNDS}/*/*", f"{CONTROLS}/*/*")  # of a run
GROWING = ("run", "underway")  # kinds in which further folders may come to be
LAYOUT = 3  # of an index: another number makes all of them anew


class Place(NamedTuple):
    """Where a row stands: which of the files of its split, and the byte at which its line begins (its number in a
    Parquet file)."""

    file: int
    at: int


class Line(NamedTuple):
    """A row as it stands in its file; `values` is None if it is none."""

    text: str
    values: Mapping[str, Any] | None

    @property
    def record(self) -> Record | None:
        """The row for those who check it; None if its fields are not there or not of their types."""
        if self.values is None or not all(isinstance(self.values.get(name), str) for name in FIELDS[:6]):
            return None
        meta, provenance = self.values.get("meta") or {}, self.values.get("provenance")
        if not isinstance(meta, Mapping) or not isinstance(provenance, Mapping | None):
            return None
        return Record(**{name: self.values[name] for name in FIELDS[:6]}, meta=meta, provenance=provenance)


@dataclass(frozen=True)
class Split:
    """The files of a split, in the order of its rows."""

    files: tuple[Path, ...]
    known: Mapping[str, Any] = field(default_factory=dict, compare=False)  # to the step checker, of the folder
    folder: Path = Path()
    name: str = ""

    @property
    def is_parquet(self) -> bool:
        return any(path.suffix == ".parquet" for path in self.files)

    @property
    def notes(self) -> Path:
        """What people said of the rows."""
        return self.folder / NOTES

    def key(self) -> str:
        """Names what the files hold now: 32 hexadecimal digits of their paths, sizes and times. Raises FolderError."""
        try:
            stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in self.files]
        except OSError as error:
            raise FolderError.from_os(error, str(error.filename)) from error
        return hashlib.blake2b(orjson.dumps([LAYOUT, version("rationale-synth"), stats]), digest_size=16).hexdigest()

    def first(self, n: int) -> list[Line]:
        """The first rows, straight from the files."""
        if self.is_parquet:
            places = (Place(file, at) for file, count in enumerate(self.counts) for at in range(count))
            return self.lines(list(islice(places, n)))
        found: list[Line] = []
        for path in self.files:
            with opened(path) as file:
                found += islice((_line(text) for text in file if text.strip()), n - len(found))
        return found

    def lines(self, places: Sequence[Place]) -> list[Line]:
        """The rows at some places, in the order of the places. Raises FolderError if a file cannot be read."""
        found: dict[Place, Line] = {}
        for number, path in enumerate(self.files):
            wanted = sorted(place.at for place in set(places) if place.file == number)
            with opened(path) as file:
                read = _parquet_rows(file, wanted) if self.is_parquet else _jsonl_rows(file, wanted)
                found |= {Place(number, at): line for at, line in zip(wanted, read, strict=True)}
        return [found[place] for place in places]

    @cached_property
    def counts(self) -> list[int]:
        """The rows of each Parquet file."""
        import pyarrow.parquet as pq

        return [pq.read_metadata(path).num_rows for path in self.files]


@dataclass(frozen=True)
class Source:
    """A folder that is looked at."""

    name: str  # in URLs
    folder: Path
    kind: Kind
    manifest: Mapping[str, Any]  # {} of what is no dataset
    splits: Mapping[str, Split]
    given: Path  # the folder that the user named, of which it is a part
    run: str = ""  # the name of the run that it lies in

    def check(self, *paths: Path) -> None:
        """Raises FolderError for a file that is a link, or lies behind one."""
        for path in paths:
            refuse_link(path, self.folder)


def sources(folders: Iterable[Path]) -> dict[str, Source]:
    """The folders by name; a folder of several datasets is those.

    Raises FolderError for one that is not there, holds nothing of ours, or holds a link in place of a file.
    """
    found: dict[str, Source] = {}
    for folder in folders:
        run = ""
        for member, (path, kind) in _members(folder).items():
            name = (run or _name(folder.resolve())) + ("" if member == "default" else f".{member}")
            if name in found:  # two folders of one name
                name = f"{folder.resolve().parent.name}.{name}"
            while name in found:
                name += "+"
            found[name] = _source(name, path.resolve(), kind, folder, run)
            run = run or (name if kind == "run" else "")
    return found


def _name(folder: Path) -> str:
    """The last name of a folder; of an evaluation of a run (RUN/eval/NAME) that of the run, too."""
    return f"{folder.parents[1].name}.{folder.name}" if folder.parent.name == EVALUATIONS else folder.name


def _members(folder: Path) -> dict[str, tuple[Path, Kind]]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise FolderError(f"{folder} {what}: give a folder that synth build, distill, train or eval wrote")
    kind = _kind(folder)
    own = {"default": (folder, kind)} if kind and read_manifest(folder) is None else {}
    if kind == "run":
        return own | _inside(folder)
    if own and not any(path.parent.name[0] != "." for path in folder.glob(f"*/{MANIFEST}")):
        return own  # else a distillation of several datasets, of which some are there
    return own | {name: (path, "dataset") for name, path in members(folder).items()}


def _kind(folder: Path) -> Kind:
    return next((kind for name, kind in LOOKED_FOR.items() if (folder / name).exists()), "")


def _inside(run: Path) -> dict[str, tuple[Path, Kind]]:
    """What lies in a run: evaluations, and of each iteration or round its dataset, its training, its evaluation."""
    found = {}
    for path in sorted(path for pattern in INSIDE for path in run.glob(pattern)):
        kind = "dataset" if (path / MANIFEST).exists() else _kind(path)
        if kind in ("dataset", "evaluation", "run") and path.resolve() == run.resolve() / path.relative_to(run):
            found[".".join(path.relative_to(run).parts)] = path, kind
    return found


def _source(name: str, folder: Path, kind: Kind, given: Path, run: str) -> Source:
    manifest = (read_manifest(folder) or {}) if kind == "dataset" else {}
    known = settings_of(manifest)
    splits = {
        name: Split(tuple(split_files(folder, manifest, name)), known, folder, name)
        for name in manifest.get("splits", {})
    }
    found = Source(name, folder, kind, manifest, splits, given, run)
    for path in [path for split in splits.values() for path in split.files]:
        found.check(path)
        if not path.is_file():
            raise FolderError(f"{path} is not there, though synth.json names it: build or pull the folder again")
    return found


def refuse_link(path: Path, folder: Path) -> None:
    """Raises FolderError for a link in a folder that came from elsewhere: nothing behind it is read, or written."""
    if path.is_symlink() or not path.resolve().is_relative_to(folder):
        raise FolderError(f"{path} is a link, which is not followed: put the file itself there")


def opened(path: Path) -> IO[bytes]:
    """A file that is no link, even if it has become one since. Raises FolderError."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def _jsonl_rows(file: IO[bytes], wanted: Sequence[int]) -> Iterator[Line]:
    for at in wanted:
        file.seek(at)
        yield _line(file.readline())


def _parquet_rows(file: IO[bytes], wanted: Sequence[int]) -> Iterator[Line]:
    """Rows by their numbers, which ascend; a group of rows is read once."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(file)
    notes, first = read_notes(table.schema_arrow), 0
    for group in range(table.num_row_groups):
        end = first + table.metadata.row_group(group).num_rows
        if inside := [at - first for at in wanted if first <= at < end]:
            for values in restored(table.read_row_group(group).take(inside).to_pylist(), notes):
                yield Line(orjson.dumps(values, default=str).decode(), values)
        first = end


def _line(text: bytes) -> Line:
    values = fields(text)
    is_row = values is not None and any(values.get(name) is not None for name in FIELDS[:6])
    return Line(text.decode(errors="replace").rstrip("\r\n"), values if is_row else None)


def fields(text: bytes) -> Mapping[str, Any] | None:
    """A line of a file as an object; None if it is none."""
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return values if isinstance(values, dict) else None

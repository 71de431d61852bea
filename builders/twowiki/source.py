"""Finds and reads the files of 2WikiMultiHopQA, as a stream of pieces that never hold more than about a megabyte.

A JSON array of records is cut where one record ends and the next begins, on the raw bytes and without parsing: after
`}`, a comma and `{`, the key that opened the first record. A quote inside a JSON string is escaped, so these bytes
cannot occur in a text. Workers parse the pieces. Files that are no such array (JSON lines, Parquet mirrors, an object
around the array) come out as pieces of the same form.
"""

import hashlib
import io
import re
import zipfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any

import orjson

from synth.base import hf
from synth.errors import SourceError

SAMPLE = "sample"
SAMPLE_FILES = {split: f"sample_{name}.json" for split, name in (("train", "train"), ("test", "dev"))}
NAMES = {"train": ("train",), "test": ("dev", "validation", "valid")}  # what the files of a split are called
SUFFIXES = (".json", ".jsonl", ".parquet")
PIECE = 1 << 20
HEAD = 1 << 16
HELP = "give --source a folder, file or zip with train.json and dev.json, or a Hub id such as xanhho/2WikiMultihopQA"


@dataclass(frozen=True)
class File:
    """A file of a source: `member` is its name inside a zip."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        return Path(self.member).name if self.member else self.path.name

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Raises SourceError for a file that cannot be opened or read."""
        try:
            if not self.member:
                with self.path.open("rb") as file:
                    yield file
                return
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                yield file
        except (OSError, zipfile.BadZipFile, EOFError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SourceError(f"{self.path} cannot be read ({reason}): {HELP}") from error


@dataclass(frozen=True)
class Piece:
    """Some whole records as the text of a JSON array, and where they come from."""

    json: bytes
    where: str

    def records(self) -> list[Any]:
        """Raises SourceError if the text is no JSON."""
        try:
            records: list[Any] = orjson.loads(self.json)
        except orjson.JSONDecodeError as error:
            raise SourceError(f"{self.where}: not JSON ({error}): is the file damaged? download it again") from error
        return records


@lru_cache(maxsize=8)
def locate(source: str, source_split: str) -> dict[str, tuple[File, ...]]:
    """The files of each split of a source: {"train": ..., "test": ...}, without a split that is not there.

    Raises SourceError if there are none.
    """
    path = Path(source)
    if source == SAMPLE:
        return {split: (sample(split),) for split in SAMPLE_FILES}
    if path.is_dir():
        return _splits(_in_folder(path), source)
    if path.is_file():
        if path.suffix == ".zip" or zipfile.is_zipfile(path):
            return _splits(_members(path), source)
        return {source_split if source_split != "auto" else _split_of(path.name) or "test": (File(path),)}
    if re.fullmatch(r"[\w.-]+/[\w.-]+", source) and path.suffix not in (*SUFFIXES, ".zip"):
        return _splits(_from_hub(source), source)
    raise SourceError(f"{source!r} is no file or folder: {HELP}")


def sample(split: str) -> File:
    """A file of the made-up records that come with the program."""
    return File(Path(__file__).with_name(SAMPLE_FILES[split]))


def pieces(file: File) -> Iterator[Piece]:
    """The records of a file in order.

    Raises SourceError for a file that ends too early or holds something else.
    """
    if file.name.endswith(".parquet"):
        yield from _from_parquet(file)
        return
    with file.open() as stream:
        start = _head(stream)
        blocks = chain(
            (start[at : at + PIECE] for at in range(0, len(start), PIECE)), iter(lambda: stream.read(PIECE), b"")
        )
        first_key = re.match(rb'\[\s*\{\s*("(?:[^"\\]|\\.)*")', start)
        if first_key:
            yield from _from_array(file.name, first_key[1], blocks)
        elif _is_lines(start):
            yield from _from_lines(file.name, blocks)
        else:
            yield from _from_anything(file.name, b"".join(blocks))


def facts(files: dict[str, tuple[File, ...]]) -> dict[str, str]:
    """Name and SHA-256 of each file (of a zip as a whole) by which a source is told apart from another."""
    hashes = {}
    for path in sorted({file.path for split in files.values() for file in split}):
        try:
            stat = path.stat()
            hashes[path.name] = _digest(path, stat.st_size, stat.st_mtime_ns)
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror}): {HELP}") from error
    return hashes


@lru_cache(maxsize=8)
def _digest(path: Path, size: int, changed: int) -> str:
    """A build asks before and after; `size` and `changed` make sure that it is told of another file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(PIECE):
            digest.update(block)
    return digest.hexdigest()


def _split_of(name: str) -> str | None:
    """The split a file's name speaks of: `train.json`, `dev_sample.json`, `validation-00000-of-00001.parquet`."""
    words = re.split(r"[^a-z]+", name.lower())
    return next((split for split, own in NAMES.items() if not set(own).isdisjoint(words)), None)


def _splits(files: list[File], source: str) -> dict[str, tuple[File, ...]]:
    """Files by split. Of several kinds of file for one split the first counts: JSON before lines before Parquet."""
    splits = {}
    for split in NAMES:
        own = [file for file in files if _split_of(file.name) == split]
        kinds = [[file for file in own if file.name.endswith(suffix)] for suffix in SUFFIXES]
        if first := next(filter(None, kinds), None):
            splits[split] = tuple(first)
    if not splits:
        names = ", ".join(file.name for file in files[:5]) or "other files"
        hint = " (the official test.json has no answers)" if any(f.name.startswith("test") for f in files) else ""
        raise SourceError(f"{source!r} has no train.json or dev.json, only {names}{hint}: {HELP}")
    return splits


def _in_folder(folder: Path) -> list[File]:
    """Data files in a folder and in the folders right below it."""
    paths = sorted([*folder.glob("*"), *folder.glob("*/*")])
    return [File(path) for path in paths if path.suffix in SUFFIXES and path.is_file()]


def _members(path: Path) -> list[File]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path} is no zip that can be read ({error}): {HELP}") from error
    return [File(path, name) for name in names if name.endswith(SUFFIXES) and not name.startswith("__MACOSX")]


def _from_hub(name: str) -> list[File]:
    """Downloads the data files of a dataset repository, or finds them in the cache."""
    hf.quiet()
    patterns = [f"**{start}*{suffix}" for starts in NAMES.values() for start in starts for suffix in SUFFIXES]
    return _in_folder(hf.fetch(name, patterns, HELP, kind="dataset"))


def _head(stream: IO[bytes]) -> bytes:
    """The beginning of a file, without a byte order mark; of JSON lines at least the first line."""
    start = stream.read(HEAD).lstrip(b"\xef\xbb\xbf \t\r\n")
    while b"\n" not in start and start.startswith(b"{") and (more := stream.read(HEAD)):
        start += more
    return start


def _from_array(name: str, key: bytes, blocks: Iterator[bytes]) -> Iterator[Piece]:
    """Pieces of `[{...}, {...}]`, cut where a record ends and another one begins with the same key as the first."""
    between = re.compile(rb"\}\s*,\s*(?=\{\s*" + re.escape(key) + rb"\s*:)")
    buffer = next(blocks)[1:]
    done, searched = 1, 0
    for block in blocks:
        cut = next(iter(deque(between.finditer(buffer, searched), maxlen=1)), None)  # the last one
        if cut is None:
            searched = max(0, len(buffer) - len(key) - 64)  # the white space between two records is short
        else:
            yield Piece(b"[" + buffer[: cut.start() + 1] + b"]", f"{name} from byte {done:,}")
            done, buffer, searched = done + cut.end(), buffer[cut.end() :], 0
        buffer += block
    rest = buffer.rstrip()
    if not rest.endswith(b"]"):
        raise SourceError(f"{name} ends in the middle of a record: download it again")
    yield Piece(b"[" + rest, f"{name} from byte {done:,}")


def _is_lines(start: bytes) -> bool:
    """Whether the first line is one record."""
    line = start.split(b"\n", 1)[0]
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(record, dict) and "question" in record


def _from_lines(name: str, blocks: Iterator[bytes]) -> Iterator[Piece]:
    line, rest = 1, b""
    for block in chain(blocks, [b"\n"]):
        rest += block
        whole, end, rest = rest.rpartition(b"\n")
        if lines := [record for record in whole.split(b"\n") if record.strip()]:
            yield Piece(b"[" + b",".join(lines) + b"]", f"{name} from line {line:,}")
        line += whole.count(b"\n") + len(end)


def _from_anything(name: str, whole: bytes) -> Iterator[Piece]:
    """A file that has to be parsed as a whole: an object with the records in it, by id or as a list."""
    try:
        data = orjson.loads(whole)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{name} is not JSON ({error}): is it damaged? {HELP}") from error
    while isinstance(data, dict) and "question" not in data:
        lists = [value for value in data.values() if isinstance(value, list | dict)]
        data = lists[0] if len(lists) == 1 else list(data.values())
    records = data if isinstance(data, list) else [data]
    if not all(isinstance(record, dict) for record in records):
        raise SourceError(f"{name} holds no records of 2WikiMultiHopQA: {HELP}")
    for start in range(0, len(records), 256):
        yield Piece(orjson.dumps(records[start : start + 256]), f"{name} from record {start + 1:,}")


def _from_parquet(file: File) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with file.open() as stream:
        seekable = stream if not file.member else io.BytesIO(stream.read())
        try:
            for number, batch in enumerate(pq.ParquetFile(seekable).iter_batches(batch_size=256)):
                yield Piece(orjson.dumps(batch.to_pylist()), f"{file.name} from record {number * 256 + 1:,}")
        except pa.ArrowException as error:
            raise SourceError(f"{file.name} is no Parquet file that can be read ({error}): {HELP}") from error

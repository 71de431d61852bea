"""Opens the files of a source: plain or compressed, alone or in a zip file, in UTF-8, UTF-16 or UTF-32."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from synth.errors import SourceError, first_line

PACKED = (".gz", ".bz2", ".xz", ".zst")
ZIP = ".zip"
_MARKS = (  # those of UTF-32 first: its little-endian one begins as that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Where zero bytes stand in the first four, if the text has no mark and begins with two letters of ASCII.
_ZEROS = {
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file on disk, or a member of a zip file."""

    path: Path
    member: str = ""  # of a zip file

    def __str__(self) -> str:
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @property
    def name(self) -> str:
        """Its own name, without the ending that says how it is compressed: train.jsonl of train.jsonl.gz."""
        return unpacked(PurePosixPath(self.member).name if self.member else self.path.name)

    @property
    def ending(self) -> str:
        return PurePosixPath(self.name).suffix.lower()

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Its bytes, decompressed as they are read. Raises OSError and what `told` takes."""
        with ExitStack() as opened:
            if not self.member:
                yield _decompressed(opened.enter_context(self.path.open("rb")), self.path.suffix.lower(), opened)
                return
            archive = opened.enter_context(zipfile.ZipFile(self.path))
            if archive.getinfo(self.member).flag_bits & 1:
                raise SourceError(f"{self} is locked with a password: unpack it and give the file")
            member = opened.enter_context(archive.open(self.member))
            yield _decompressed(member, PurePosixPath(self.member).suffix.lower(), opened)

    @contextmanager
    def text(self) -> Iterator[io.TextIOWrapper]:
        """Its text, with the ends of lines as they are."""
        with (
            self.open() as opened,
            io.BufferedReader(cast(Any, opened)) as file,
            io.TextIOWrapper(file, encoding_of(file), newline="") as text,
        ):
            yield text

    @contextmanager
    def utf8(self) -> Iterator[Iterable[bytes]]:
        """Its lines in UTF-8, however it is encoded; those that are in UTF-8 as they are, mark and faults included."""
        with self.text() as text:
            plain = text.encoding in ("utf-8", "utf-8-sig")
            yield cast(Iterable[bytes], text.buffer) if plain else (line.encode() for line in text)


def unpacked(name: str) -> str:
    """The name of a file without the ending that says how it is compressed."""
    return name[: name.rindex(".")] if PurePosixPath(name).suffix.lower() in PACKED else name


def members(path: Path) -> list[str]:
    """The names of the files in a zip file. Raises SourceError for what is none."""
    with told(path), zipfile.ZipFile(path) as archive:
        return sorted(info.filename for info in archive.infolist() if not info.is_dir())


def encoding_of(file: io.BufferedReader) -> str:
    """How the text of a file is encoded, told by its first four bytes."""
    head = file.peek(4)[:4]
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return _ZEROS.get(cast(Any, tuple(byte == 0 for byte in head)), "utf-8")


@contextmanager
def told(name: File | Path) -> Iterator[None]:
    """What goes wrong when a file is read, in one line. Raises SourceError."""
    import pyarrow as pa

    try:
        yield
    except UnicodeDecodeError as error:
        kind = error.encoding.upper()
        line = f" line {_undecodable(name)}" if kind == "UTF-8" and isinstance(name, File) else ""
        raise SourceError(f"{name}{line} is not {kind} text ({error.reason}): save the file as UTF-8") from error
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, pa.ArrowException) as error:
        raise SourceError(f"{name} cannot be read: {first_line(error)}") from error
    except OSError as error:
        raise SourceError(f"{name}: {error.strerror or first_line(error)}") from error


def _undecodable(file: File) -> int:
    """The number of the first line that is not UTF-8."""
    with file.open() as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _decompressed(file: IO[bytes], ending: str, opened: ExitStack) -> IO[bytes]:
    if ending == ".gz":
        return cast(IO[bytes], opened.enter_context(gzip.GzipFile(fileobj=file)))
    if ending == ".bz2":
        return opened.enter_context(bz2.open(file))
    if ending == ".xz":
        return opened.enter_context(lzma.open(file))
    if ending == ".zst":
        import pyarrow as pa

        unpacked: Any = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
        opened.callback(unpacked.close)
        return cast(IO[bytes], unpacked)
    return file

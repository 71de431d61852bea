"""Reads rows from files, by the ending of their names, one at a time if the format allows it.

These are our own readers because `datasets` would change what some cells say: it makes 123 of 00123 and nothing of N/A
in a table, and in JSON a time of 2020-01-02 and 1.2345678901234568e+20 of 123456789012345678901. They need nothing
that the base installation lacks. What `datasets` reads for us is in saved.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from synth.errors import SourceError
from synth.questions.entry import Entry
from synth.questions.layouts import Layout
from synth.questions.objects import read_json
from synth.questions.opening import PACKED, ZIP, File, members, told, unpacked
from synth.questions.splits import listed, of_split
from synth.questions.tables import read_csv, read_tsv

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".jsonl", ".json", ".tsv", ".csv", ".parquet", ".arrow", ".xml")


def rows(source: Path, split: str | None, layouts: Sequence[Layout], config: str | None = None) -> Iterator[Entry]:
    """The rows of a file, or of the files of one split in a folder or a zip file.

    Raises SourceError with file and line for what cannot be read.
    """
    for file in find_files(source, split, layouts, config):
        with told(file):
            yield from (entry._replace(path=file.path) for entry in _read(file, layouts, split))


def find_files(source: Path, split: str | None, layouts: Sequence[Layout], config: str | None = None) -> list[File]:
    """The files of a source: itself, or those of a split in a folder or a zip file, told by a word in their names.

    Without a split it is the training split, or the only file if none has such a word. Several are read together only
    if they are parts of one whole. Raises SourceError, which names the candidates, if there is more than one.
    """
    if not (source.is_dir() or source.suffix.lower() == ZIP):
        return [File(source)]
    files = _inside(source, layouts)
    if config is not None:
        files = _of_config(files, config, source)
    found = of_split(files, split, str(source), layouts)
    chosen = [files[name] for name in found]
    return [inner for file in chosen for inner in ([file] if file.member else find_files(file.path, split, layouts))]


def _inside(source: Path, layouts: Sequence[Layout]) -> dict[str, File]:
    """The files in a folder or a zip file that can be read, by their names in it."""
    if source.is_dir():
        paths = (path for path in sorted(source.rglob("*")) if path.is_file())
        files = {path.relative_to(source).as_posix(): File(path) for path in paths}
    else:
        files = {name: File(source, name) for name in members(source)}
    # Names that begin with a dot are of the system's files and of half-written ones.
    files = {name: file for name, file in files.items() if not any(p[:1] == "." for p in name.split("/"))}
    readable = {name: file for name, file in files.items() if _readable(file, layouts) and "__MACOSX/" not in name}
    if not readable:
        raise SourceError(f"{source} holds no file that can be read: there can be {_allowed(layouts)}")
    return readable


def _of_config(files: dict[str, File], config: str, source: Path) -> dict[str, File]:
    """The files in a folder that is called as the configuration, wherever it lies."""
    found = {name: file for name, file in files.items() if config in name.split("/")[:-1]}
    if not found:
        folders = sorted({name.rpartition("/")[0] for name in files if "/" in name})
        raise SourceError(f"{source} has no folder {config!r}: it has {listed(folders) or 'none'}")
    return found


def _readable(file: File, layouts: Sequence[Layout]) -> bool:
    named = any(fnmatch(file.name, layout.files) for layout in layouts)
    return named or file.ending in ENDINGS or (file.ending == ZIP and not file.member)


def _allowed(layouts: Sequence[Layout]) -> str:
    packed = f"each of them also as {', '.join(PACKED)} or in a {ZIP}"
    return f"{', '.join([*ENDINGS, *(layout.files for layout in layouts if layout.files)])}, {packed}"


def _read(file: File, layouts: Sequence[Layout], split: str | None) -> Iterator[Entry]:
    if any(fnmatch(file.name, layout.files) for layout in layouts):
        return _read_lines(file)
    if file.ending in (".jsonl", ".json"):
        return read_json(file, layouts, split)
    if file.ending in (".csv", ".tsv"):
        return (read_csv if file.ending == ".csv" else read_tsv)(file, layouts)
    readers = {".parquet": _read_parquet, ".arrow": _read_arrow, ".xml": _read_xml}
    if file.ending not in readers:
        raise SourceError(f"{file} cannot be read by its name: there can be {_allowed(layouts)}")
    return readers[file.ending](file)


def _read_parquet(file: File) -> Iterator[Entry]:
    import pyarrow.parquet as pq

    with _seekable(file) as opened:
        yield from _numbered(pq.ParquetFile(opened).iter_batches(batch_size=4096), file)


def _read_arrow(file: File) -> Iterator[Entry]:
    """Arrow's stream, as `datasets` writes it, or its file format (Feather)."""
    import pyarrow as pa

    with _seekable(file) as opened:
        try:
            yield from _numbered(pa.ipc.open_stream(opened), file)
        except pa.ArrowInvalid:
            opened.seek(0)
            table = pa.ipc.open_file(opened)
            yield from _numbered(map(table.get_batch, range(table.num_record_batches)), file)


def _seekable(file: File) -> "pa.NativeFile":
    """The bytes of a file in which a reader can go back: one that is compressed is held in memory."""
    import pyarrow as pa

    if not file.member and unpacked(file.path.name) == file.path.name:
        return pa.OSFile(str(file.path))
    with file.open() as opened:
        return pa.BufferReader(opened.read())


def _numbered(batches: "Iterable[pa.RecordBatch]", file: File) -> Iterator[Entry]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            yield Entry(row, str(number), f"{file} row {number}")


def _read_xml(file: File) -> Iterator[Entry]:
    """ASDiv's release: a <Problem> with attributes and one element for each column."""
    number = 0
    try:
        with file.open() as opened:
            for _, element in ElementTree.iterparse(opened):
                if element.tag == "Problem":
                    number += 1
                    row = {**element.attrib, **{child.tag: child.text or "" for child in element}}
                    yield Entry(row, str(number), f"{file} problem {number}")
                    element.clear()
    except ElementTree.ParseError as error:
        raise SourceError(f"{file} line {error.position[0]} cannot be read: {error}") from error


def _read_lines(file: File) -> Iterator[Entry]:
    """Plain text; these releases (TREC, SUBJ, CR) are older than UTF-8 is common, and have a few Latin-1 letters."""
    with file.open() as opened:
        for number, line in enumerate(opened, start=1):
            if text := _decoded(line).strip():
                yield Entry({"line": text, "file": file.name}, str(number), f"{file} line {number}")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")

"""Reads rows from files, by the ending of their names, one at a time if the format allows it.

`rows` says of each row also its number and where it stands, which the user is told when something is wrong with it.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatch
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import orjson

from synth.errors import SourceError
from synth.questions.layouts import Layout

ENDINGS = (".jsonl", ".json", ".tsv", ".csv", ".parquet", ".xml")
SPLITS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev"},
    "test": {"test", "testing"},
}


_LONG_NUMBER = re.compile(rb"\d[\d.]{15,}")
MOST_DIGITS = 4300  # of a text that Python makes an integer of
LONGEST_CELL = 2**31 - 1  # characters, in a table


class Entry(NamedTuple):
    row: Mapping[str, Any]
    number: str  # the row's number in its file, or its key
    where: str


def rows(source: Path, split: str | None, layouts: Sequence[Layout]) -> Iterator[Entry]:
    """The rows of a file, or of the files of one split in a folder.

    Raises SourceError with file and line for what cannot be read.
    """
    for path in find_files(source, split, layouts) if source.is_dir() else [source]:
        try:
            yield from _read(path, layouts)
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise SourceError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error


def find_files(folder: Path, split: str | None, layouts: Sequence[Layout]) -> list[Path]:
    """Files of a split, told by a word in their names; without a split the training files, or all if none has one."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and _readable(path, layouts)]
    # Names that begin with a dot are of the system's files and of half-written ones.
    files = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not files:
        raise SourceError(f"{folder} holds no file that can be read: there can be {_allowed(layouts)}")
    words = {path: set(re.split(r"[^a-z]+", str(path.relative_to(folder)).lower())) for path in files}
    wanted = SPLITS.get(split or "train", {split or "train"})
    if found := [path for path in files if words[path] & wanted]:
        return found
    if split is None and not any(words[path] & set().union(*SPLITS.values()) for path in files):
        return files
    names = ", ".join(str(path.relative_to(folder)) for path in files[:8])
    raise SourceError(
        f"{folder} has no file named for the split {split or 'train'!r}: it has {names}; give one of them"
    )


def _readable(path: Path, layouts: Sequence[Layout]) -> bool:
    return path.suffix.lower() in ENDINGS or any(fnmatch(path.name, layout.files) for layout in layouts)


def _allowed(layouts: Sequence[Layout]) -> str:
    return ", ".join([*ENDINGS, *(layout.files for layout in layouts if layout.files)])


def _read(path: Path, layouts: Sequence[Layout]) -> Iterator[Entry]:
    ending = path.suffix.lower()
    if any(fnmatch(path.name, layout.files) for layout in layouts):
        return _read_lines(path)
    if ending in (".tsv", ".csv"):
        return _read_table(path, layouts)
    readers = {".jsonl": _read_json, ".json": _read_json, ".parquet": _read_parquet, ".xml": _read_xml}
    if ending not in readers:
        raise SourceError(f"{path} cannot be read by its name: there can be {_allowed(layouts)}")
    return readers[ending](path)


def _read_json(path: Path) -> Iterator[Entry]:
    """One object a line, or one array or object of them, whatever the file is called (MaRio's .jsonl is one object)."""
    with path.open("rb") as file:
        lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip(b"\xef\xbb\xbf \t\r\n"))
        head = list(islice(lines, 2))
        text = _whole_text(path, head)
        if text is None:
            for number, line in chain(head, lines):
                where = f"{path} line {number}"
                yield _entry(_parse(line, where), str(number), where)
            return
    records = _records(text)
    for key, row in [("1", text)] if records is None else records:
        yield _entry(row, key, f"{path} {'line' if records is None else 'record'} {key}")


def _whole_text(path: Path, head: Sequence[tuple[int, bytes]]) -> Any:
    """The content of a file that is one JSON text; None if each line is one.

    Raises SourceError for a .json file that is neither.
    """
    if len(head) == 2 and _is_json(head[0][1]):
        return None
    try:
        return _loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        if head and path.suffix.lower() == ".json":
            raise SourceError(f"{path} line {error.lineno} cannot be read: {error.msg}") from error
        return None


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return False
    return True


def _parse(line: bytes, where: str) -> Any:
    try:
        return _loads(line)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{where} cannot be read: {error.msg} at column {error.colno}") from error


def _loads(text: bytes) -> Any:
    """JSON with every digit of its numbers, of which orjson keeps what 64 bits hold."""
    text = text.removeprefix(b"\xef\xbb\xbf")
    if not _LONG_NUMBER.search(text):
        return orjson.loads(text)
    try:
        orjson.loads(text)  # which is stricter than json: no NaN, no half of a character
    except orjson.JSONDecodeError as error:
        try:
            orjson.loads(_LONG_NUMBER.sub(b"1", text))  # it refuses numbers of more than 308 digits
        except orjson.JSONDecodeError:
            raise error from None
    return json.loads(text, parse_int=_whole, parse_float=_exact)


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else digits


def _exact(digits: str) -> float | Decimal:
    number, exact = float(digits), Decimal(digits)
    return number if Decimal(repr(number)) == exact else exact


def _records(text: Any) -> Iterable[tuple[str, Any]] | None:
    """[row, ...], {"0": row, ...} as in MaRio, {"examples": [row, ...]} as in CoinFlip; None if it is one row."""
    if isinstance(text, Mapping) and len(text) == 1 and isinstance(only := next(iter(text.values())), list):
        text = only
    if isinstance(text, Mapping) and text and all(isinstance(row, Mapping) for row in text.values()):
        return text.items()
    return ((str(number), row) for number, row in enumerate(text, start=1)) if isinstance(text, list) else None


def _entry(row: Any, number: str, where: str) -> Entry:
    if not isinstance(row, Mapping):
        raise SourceError(f"{where} is not an object with columns: {str(row)[:40]!r}")
    return Entry(row, number, where)


def _read_table(path: Path, layouts: Sequence[Layout]) -> Iterator[Entry]:
    """A .csv file with its quotes, or a .tsv file, in which a quote is a character like any other."""
    form: dict[str, Any] = {"delimiter": ",", "strict": True}
    if path.suffix.lower() == ".tsv":
        form = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.reader(file, **form)
        names: Sequence[str] = []
        try:
            for cells in filter(None, table):
                where = f"{path} line {table.line_num}"
                if not names and (names := _names(cells, layouts)) is cells:
                    continue
                if len(cells) != len(names):
                    raise SourceError(f"{where} has {len(cells)} columns, the others have {len(names)}")
                yield Entry(dict(zip(names, map(_unquoted, cells), strict=True)), str(table.line_num), where)
        except csv.Error as error:
            raise SourceError(f"{path} line {table.line_num} cannot be read: {error}") from error


def _names(cells: list[str], layouts: Sequence[Layout]) -> Sequence[str]:
    """The names of the columns: the first line itself, or those of a layout whose files have no such line."""
    if any(set(layout.columns) <= set(cells) for layout in layouts):
        return cells
    return next((layout.header for layout in layouts if layout.header and len(layout.header) == len(cells)), cells)


def _unquoted(cell: str) -> str:
    """Quora's release doubles the quotes inside of a cell, and only then sets quotes around it."""
    inner = cell[1:-1]
    if len(cell) > 2 and cell[0] == cell[-1] == '"' and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell


def _read_parquet(path: Path) -> Iterator[Entry]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        number = 0
        for batch in pq.ParquetFile(path).iter_batches(batch_size=4096):
            for row in batch.to_pylist():
                number += 1
                yield Entry(row, str(number), f"{path} row {number}")
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path} cannot be read: {error}") from error


def _read_xml(path: Path) -> Iterator[Entry]:
    """ASDiv's release: a <Problem> with attributes and one element for each column."""
    number = 0
    try:
        for _, element in ElementTree.iterparse(path):
            if element.tag == "Problem":
                number += 1
                row = {**element.attrib, **{child.tag: child.text or "" for child in element}}
                yield Entry(row, str(number), f"{path} problem {number}")
                element.clear()
    except ElementTree.ParseError as error:
        raise SourceError(f"{path} line {error.position[0]} cannot be read: {error}") from error


def _read_lines(path: Path) -> Iterator[Entry]:
    """Plain text; these releases (TREC, SUBJ, CR) are older than UTF-8 is common, and have a few Latin-1 letters."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if text := _decoded(line).strip():
                yield Entry({"line": text, "file": path.name}, str(number), f"{path} line {number}")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")

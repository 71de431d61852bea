"""Reads JSON: one object a line, or one text that holds all rows, whatever the file is called.

Lines end in any way (CR LF, LF, CR). Numbers keep all their digits.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import orjson

from synth.errors import SourceError
from synth.questions.entry import Entry
from synth.questions.layouts import Layout
from synth.questions.opening import File, told
from synth.questions.splits import of_split
from synth.questions.twice import named_twice

MARK = b"\xef\xbb\xbf"
MOST_DIGITS = 4300  # of a text that Python makes an integer of
_LONG_NUMBER = re.compile(rb"\d[\d.]{15,}")
Records = Iterable[tuple[str, Any]]


def read_json(file: File, layouts: Sequence[Layout], split: str | None = None) -> Iterator[Entry]:
    """One object a line, or one array or object of them (MaRio's .jsonl is one object)."""
    with file.utf8() as content:
        lines = _lines(content)
        head = list(islice(lines, 2))
        whole = _whole_text(file, head)
        if whole is None:
            for number, line in chain(head, lines):
                where = f"{file} line {number}"
                yield _entry(_parse(line, where), str(number), where)
            return
    records = _records(whole, file, layouts, split)
    for key, row in [("1", whole)] if records is None else records:
        yield _entry(row, key, f"{file} {'line' if records is None else 'record'} {key}")


def _lines(file: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers. A CR ends a line too, unless the whole line is JSON."""
    number = 0
    for whole in file:
        line = whole.rstrip(b"\r\n")
        for part in line.split(b"\r") if b"\r" in line and not _is_json(line) else [line]:
            number += 1
            if part.strip(MARK + b" \t\r\n"):
                yield number, part


def _whole_text(file: File, head: Sequence[tuple[int, bytes]]) -> Any:
    """The content of a file that is one JSON text; None if each line is one.

    Raises SourceError for a .json file that is neither.
    """
    if len(head) == 2 and _is_json(head[0][1]):
        return None
    with file.utf8() as content:
        text = b"".join(content)
    try:
        whole = _loads(text)
    except orjson.JSONDecodeError as error:
        if head and file.ending == ".json":
            raise SourceError(f"{file} line {error.lineno} cannot be read: {error.msg}") from error
        return None
    if found_twice := named_twice(text):
        raise SourceError(f"{file} line {found_twice.line} {found_twice.said}")
    return whole


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line.removeprefix(MARK))
    except orjson.JSONDecodeError:
        return False
    return True


def _parse(line: bytes, where: str) -> Any:
    try:
        found = _loads(line)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{where} cannot be read: {error.msg} at column {error.colno}") from error
    if found_twice := named_twice(line):
        raise SourceError(f"{where} {found_twice.said}")
    return found


def _loads(text: bytes) -> Any:
    """JSON with every digit of its numbers, of which orjson keeps what 64 bits hold."""
    text = text.removeprefix(MARK)
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


def named_lists(file: File, layouts: Sequence[Layout]) -> list[str]:
    """The names of the lists of rows in a .json file that has several, which are its splits. Raises SourceError."""
    if file.ending != ".json":
        return []
    with told(file), file.utf8() as content:
        whole = _whole_text(file, list(islice(_lines(content), 2)))
    lists = _lists(whole) if isinstance(whole, Mapping) and not _is_row(whole, layouts) else {}
    return list(lists) if len(lists) > 1 else []


def _records(text: Any, file: File, layouts: Sequence[Layout], split: str | None) -> Records | None:
    """[row, ...], {"0": row, ...} as in MaRio, or an object with a list of rows in it; None if it is one row.

    An object that a layout reads is a row, whatever lists it has. In any other one the rows are those of its only list
    of objects ({"version": 1, "data": [row, ...]}); if it has several they are splits ({"train": [...], "test":
    [...]}). Lines of .jsonl are rows themselves. Raises SourceError for several lists that are no splits.
    """
    if isinstance(text, list):
        return _numbered(text)
    if not isinstance(text, Mapping) or _is_row(text, layouts):
        return None
    if text and all(isinstance(row, Mapping) for row in text.values()):
        return text.items()
    lists = _lists(text)
    only: Any = next(iter(text.values())) if len(text) == 1 else None
    if file.ending == ".jsonl" or not (lists or _holds(only, object)):
        return None  # the one line of a .jsonl is a row, with the turns of a chat or with options
    if not lists:
        return _numbered(only)
    (name,) = of_split(lists, split, str(file), what="list") if len(lists) > 1 else lists
    return _numbered(lists[name])


def _is_row(text: Mapping[str, Any], layouts: Sequence[Layout]) -> bool:
    return any(not one.line and not one.missing(text) for one in layouts)


def _lists(text: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {key: value for key, value in text.items() if _holds(value, Mapping)}


def _holds(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, kind) for row in value)


def _numbered(rows: Sequence[Any]) -> Records:
    return ((str(number), row) for number, row in enumerate(rows, start=1))


def _entry(row: Any, number: str, where: str) -> Entry:
    if not isinstance(row, Mapping):
        raise SourceError(f"{where} is not an object with columns: {str(row)[:40]!r}")
    return Entry(row, number, where)

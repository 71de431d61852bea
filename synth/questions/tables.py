"""Reads tables: .csv files with their quotes, .tsv files, in most of which a quote is a character like any other.

Cells stay the text they are: 007 keeps its zeros. A comma separates the cells of a .csv file; a semicolon, a tab or a
bar does, or a space behind any of them, only if the names of the columns then fit the task, or if the first line says
so as Excel writes it: `sep=;`.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from synth.errors import SourceError
from synth.questions.entry import Entry
from synth.questions.layouts import Layout
from synth.questions.opening import File

LONGEST_CELL = 2**31 - 1  # characters
MOST_LINES = 1000  # of one record of a .tsv file
SEPARATORS = (",", ";", "\t", "|")
_SAID = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def read_csv(file: File, layouts: Sequence[Layout]) -> Iterator[Entry]:
    """The rows of a .csv file, whose cells may have line breaks in quotes."""
    with file.text() as text:
        head, before = text.readline(), 0
        if said := _SAID.fullmatch(head):
            form: dict[str, Any] = {"delimiter": said[1]}
            head, before = text.readline(), 1
        else:
            form = _form(head, layouts)
        yield from _read_quoted(file, chain([head], text), layouts, before, **form)


def _read_quoted(
    file: File, text: Iterable[str], layouts: Sequence[Layout], before: int = 0, **form: Any
) -> Iterator[Entry]:
    """The rows of a table with quotes. before: lines of the file that come before the text."""
    csv.field_size_limit(LONGEST_CELL)
    table = csv.reader(text, strict=True, **form)
    names: Sequence[str] = []
    try:
        for cells in filter(None, table):
            line = table.line_num + before
            where = f"{file} line {line}"
            if not names and (names := _names(cells, layouts, where)) is cells:
                continue
            if len(cells) != len(names):
                raise SourceError(f"{where} has {len(cells)} columns, the others have {len(names)}")
            yield Entry(_row(names, cells), str(line), where)
    except csv.Error as error:
        raise SourceError(f"{file} line {table.line_num + before} cannot be read: {error}") from error


def read_tsv(file: File, layouts: Sequence[Layout]) -> Iterator[Entry]:
    """The rows of a .tsv file. Quotes are read as such only if no row has the right number of cells without."""
    quoted = not _regular(file, quoting=csv.QUOTE_NONE) and _regular(file)
    with file.text() as text:
        yield from _read_quoted(file, text, layouts, delimiter="\t") if quoted else _read_plain(file, text, layouts)


def _regular(file: File, **form: Any) -> bool:
    """Whether all records of a table have the same number of cells."""
    csv.field_size_limit(LONGEST_CELL)
    with file.text() as text:
        try:
            return len({len(cells) for cells in csv.reader(text, delimiter="\t", strict=True, **form) if cells}) < 2
        except csv.Error:
            return False


def _read_plain(file: File, text: Iterable[str], layouts: Sequence[Layout]) -> Iterator[Entry]:
    """The rows of a table without quotes. A line with too few cells goes on in the next ones, see `_over_lines`."""
    lines = ((number, line.rstrip("\r\n")) for number, line in enumerate(text, start=1))
    names: Sequence[str] = []
    for number, line in lines:
        if not line:
            continue
        cells, where = line.split("\t"), f"{file} line {number}"
        if not names and (names := _names(cells, layouts, where)) is cells:
            continue
        if len(cells) != len(names):
            cells = _over_lines(line, lines, names, layouts, where)
        yield Entry(_row(names, cells), str(number), where)


def _form(head: str, layouts: Sequence[Layout]) -> dict[str, Any]:
    """How the cells of a table are separated, told by its first line; by commas if no other way fits a layout."""
    for spaces in (False, True):
        for separator in SEPARATORS:
            form: dict[str, Any] = {"delimiter": separator, "skipinitialspace": spaces}
            try:
                names = next(csv.reader([head], strict=True, **form), [])
            except csv.Error:
                continue
            if _fits(names, layouts):
                return form
    return {"delimiter": ","}


def _fits(names: Sequence[str], layouts: Sequence[Layout]) -> bool:
    row = dict.fromkeys(names, "")
    return any(not layout.line and not layout.missing(row) for layout in layouts)


def _names(cells: list[str], layouts: Sequence[Layout], where: str) -> Sequence[str]:
    """The names of the columns: the first line itself, or those of a layout whose files have no such line."""
    if not _fits(cells, layouts):
        for layout in layouts:
            if layout.header and len(layout.header) == len(cells):
                return layout.header
    if twice := next((name for at, name in enumerate(cells) if name and name in cells[:at]), ""):
        raise SourceError(f"{where} has two columns {twice!r}: give each a name of its own")
    return cells


def _row(names: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    return dict(zip(names, map(_unquoted, cells), strict=True))


def _unquoted(cell: str) -> str:
    """Quora's release doubles the quotes inside of a cell, and only then sets quotes around it."""
    inner = cell[1:-1]
    if len(cell) > 2 and cell[0] == cell[-1] == '"' and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell


def _over_lines(
    line: str, lines: Iterator[tuple[int, str]], names: Sequence[str], layouts: Sequence[Layout], where: str
) -> list[str]:
    """The cells of a record that goes over several lines without quotes, as those of MaRio's files do.

    It is only taken as one if it could be nothing else: not if every line has the same number of cells, as rows have
    that all lack their last one, nor if the id or the answer would get a line break. Raises SourceError.
    """
    text, counts = line, [line.count("\t") + 1]
    while text.count("\t") + 1 < len(names) and len(counts) < MOST_LINES:
        if (following := next(lines, None)) is None:
            break
        text += f"\n{following[1]}"
        counts.append(following[1].count("\t") + 1)
    cells = text.split("\t")
    if len(cells) == len(names) and _broken_between(cells, counts, names, layouts):
        return cells
    raise SourceError(f"{where} has {counts[0]} columns, the others have {len(names)}")


def _broken_between(cells: list[str], counts: list[int], names: Sequence[str], layouts: Sequence[Layout]) -> bool:
    """Whether lines that together have the right number of cells are one record for sure."""
    fitting = [layout for layout in layouts if not layout.missing(dict.fromkeys(names, ""))]
    whole = {column for layout in fitting for column in (layout.id, layout.gold)}
    broken = {name for name, cell in zip(names, cells, strict=True) if "\n" in cell}
    return len(set(counts)) > 1 and not broken & whole

"""Turns a row of a source into a question, by the layouts that a task reads.

A `Layout` says in which columns a question, its options and its right answer stand; a `Reader` holds the layouts of a
task and reads each row by the first one whose columns it has; synth/questions/cells.py reads the columns.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth.errors import SourceError
from synth.questions.cells import LETTERS, Row, has, id_of, lettered, options_in, text_of, value_of
from synth.questions.task import Question

YES_NO = {"true": "yes", "false": "no", "1": "yes", "0": "no"}

_FIELD = re.compile(r"\{([^{}]+)\}")
_INLINE = (re.compile(r"\s*\(([A-Z])\)\s*"), re.compile(r"\s*\(([a-z])\)\s*"))
_INTRODUCED = re.compile(r"\s*(?:answer choices|options):$", re.IGNORECASE)
_TAIL = re.compile(r"(?:[\s.,;?]+|\s+or)+$")


@dataclass(frozen=True, slots=True)
class Layout:
    """One shape that the rows of a source can have."""

    name: str  # release, Hub, plain, MaRio
    text: str  # the question: its column, or a template over the columns such as "{Body} {Question}"
    gold: str  # the column of the right answer
    labels: Mapping[str, str] | None = None  # label of the source, in small letters -> answer, if it has codes
    parse: Callable[[Any], Any] | None = None  # takes the answer out of its column, if there is more in it
    options: tuple[str, ...] = ()  # the column of the options, or one column for each
    inline: bool = False  # the options stand in the question itself, (A) ... (B) ..., or in columns A, B, ...
    counts_from: int | None = None  # of which number the first option is, if answers count the options: 0 or 1
    shuffle: bool = False  # one option column is that of the right answer: the order of the options is drawn
    id: str = ""  # the column of the ids; without one, the number of the row
    keep: Callable[[Row], bool] | None = None  # rows that belong to the task, if not all do
    header: tuple[str, ...] = ()  # names of the columns of a .tsv or .csv file that has no line of names
    files: str = ""  # for plain text with one question a line: which files
    parts: str = ""  # which files of a folder are read together, if a split of the release has several
    line: str = ""  # a pattern whose named groups are the columns of such a line

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a row must have."""
        return tuple(dict.fromkeys([*(_FIELD.findall(self.text) or [self.text]), *self.options, self.gold]))

    def missing(self, row: Row) -> list[str]:
        """Columns that a row does not have."""
        if self.line:
            return [] if "line" in row else ["line"]
        names = self.columns if self.text not in row else (self.text, *self.options, self.gold)
        return [name for name in names if not has(row, name)]

    def question(self, row: Row) -> str:
        """The text of the question. Raises SourceError if there is none."""
        if self.text in row or not _FIELD.search(self.text):
            text = text_of(value_of(row, self.text), self.text)
        else:
            text = _FIELD.sub(lambda field: _part(row, field[1]), self.text).strip()
        if not text:
            raise SourceError(f"has no question: nothing is in {self.text}")
        return text


PLAIN = Layout("plain", text="{question}", gold="label", id="id")
PLAIN_INLINE = Layout("plain", text="{question}", gold="label", id="id", inline=True)


class Reader:
    """Reads the rows of a task, whichever of its layouts they have."""

    def __init__(self, *layouts: Layout) -> None:
        self.layouts = layouts

    def __call__(self, row: Row, number: str) -> Question | None:
        layout = self._layout(row)
        if layout.line:
            row = {**row, **_groups(layout.line, row["line"])}
        if layout.keep and not layout.keep(row):
            return None
        text = layout.question(row)
        keys, options = options_in(row, layout.options)
        if layout.inline and not options:
            options = options_in(row, columns)[1] if (columns := lettered(row)) else []
        if layout.inline and not options:
            text, options = split_options(text)
        gold = _gold(layout, value_of(row, layout.gold), keys, len(options))
        if layout.shuffle:
            options, gold = _shuffled(text, options, layout.options.index(layout.gold))
        return Question(id_of(row, layout.id, number), text, tuple(options), gold)

    def _layout(self, row: Row) -> Layout:
        for layout in self.layouts:
            if not layout.missing(row):
                return layout
        close = min(self.layouts, key=lambda layout: len(layout.missing(row)) / len(layout.columns))
        known = dict.fromkeys("{" + ", ".join(layout.columns) + "}" for layout in self.layouts if not layout.line)
        has, can = ", ".join(self.shown(row)), " or ".join(known)
        raise SourceError(f"lacks {', '.join(close.missing(row))}; it has {has}; known layouts: {can}")

    def shown(self, row: Row) -> Iterable[str]:
        """The columns of a row that a message names."""
        return row


def split_options(text: str) -> tuple[str, list[str]]:
    """A question without the options that stand in it, and the options: `Which? (A) this or (B) that.`

    The letters are capitals, or small ones if there are no such capitals.
    """
    for form in _INLINE:
        head, *parts = form.split(text)
        letters, options = parts[::2], parts[1::2]
        if len(letters) > 1 and "".join(letters).upper() == LETTERS[: len(letters)]:
            return _INTRODUCED.sub("", head).strip(), [_TAIL.sub("", option) or option for option in options]
    return text, []


def _shuffled(text: str, options: Sequence[str], right: int) -> tuple[list[str], str]:
    """The options in an order that depends on nothing but the question, and the letter of the right one."""

    def draw(at: int) -> bytes:
        return hashlib.blake2b(f"{text}\0{options[at]}\0{at}".encode()).digest()

    order = sorted(range(len(options)), key=draw)
    return [options[at] for at in order], LETTERS[order.index(right)]


def _part(row: Row, column: str) -> str:
    """What a column gives to the text of a question."""
    value = value_of(row, column)
    if value is None:
        raise SourceError(f"has no question: its column {column!r} is null")
    return text_of(value, column)


def _groups(pattern: str, line: str) -> dict[str, str]:
    if not (match := re.fullmatch(pattern, line)):
        raise SourceError(f"is not of the form {pattern}")
    return match.groupdict()


def _gold(layout: Layout, value: Any, keys: Sequence[str], options: int) -> str | None:
    """The right answer as text, None if the source keeps it back (an empty label, or -1 for a code)."""
    value = layout.parse(value) if layout.parse and value is not None else value
    text = text_of(value, layout.gold)
    coded = layout.labels or layout.counts_from is not None
    if not text or (coded and text == "-1"):
        return None
    if layout.counts_from is not None:
        return _counted(text, layout.counts_from, options, layout.gold)
    if text in keys:
        return LETTERS[keys.index(text)]
    return (layout.labels or {}).get(text.lower(), text)


def _counted(text: str, first: int, options: int, column: str) -> str:
    """The letter of an answer that counts the options."""
    at = int(text.removesuffix(".0")) - first if re.fullmatch(r"\d+(\.0)?", text) else -1
    if not 0 <= at < options:
        raise SourceError(f"has {text!r} in its column {column!r}: answers count {options} options from {first}")
    return LETTERS[at]

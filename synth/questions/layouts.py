"""Turns a row of a source into a question, by the layouts that a task reads.

A `Layout` says in which columns a question, its options and its right answer stand; a `Reader` holds the layouts of a
task and reads each row by the first one whose columns it has. A dot reaches into an object: `question.stem`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth.errors import SourceError
from synth.questions.task import Question

Row = Mapping[str, Any]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
YES_NO = {"true": "yes", "false": "no", "1": "yes", "0": "no"}

_FIELD = re.compile(r"\{([\w.]+)\}")
_INLINE = re.compile(r"\s*\(([A-Z])\)\s*")
_TAIL = re.compile(r"(?:[\s.,;?]+|\s+or)+$")


@dataclass(frozen=True, slots=True)
class Layout:
    """One shape that the rows of a source can have."""

    name: str  # release, Hub, plain, MaRio
    text: str  # the question, a template over the columns: "{Body} {Question}"
    gold: str  # the column of the right answer
    labels: Mapping[str, str] | None = None  # label of the source, in small letters -> answer, if it has codes
    parse: Callable[[Any], Any] | None = None  # takes the answer out of its column, if there is more in it
    options: tuple[str, ...] = ()  # the column of the options, or one column for each
    inline: bool = False  # the options stand in the question itself: (A) ... (B) ...
    id: str = ""  # the column of the ids; without one, the number of the row
    keep: Callable[[Row], bool] | None = None  # rows that belong to the task, if not all do
    header: tuple[str, ...] = ()  # names of the columns of a .tsv or .csv file that has no line of names
    files: str = ""  # for plain text with one question a line: which files
    line: str = ""  # and a pattern whose named groups are the columns of the line

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a row must have."""
        return tuple(dict.fromkeys([*_FIELD.findall(self.text), *self.options, self.gold]))


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
        text = _FIELD.sub(lambda field: str(_value(row, field[1])).strip(), layout.text).strip()
        keys, options = _options(layout, row)
        if layout.inline and not options:
            text, options = split_options(text)
        gold = _gold(layout, _value(row, layout.gold), keys)
        return Question(str(row.get(layout.id, number)), text, tuple(options), gold)

    def _layout(self, row: Row) -> Layout:
        for layout in self.layouts:
            if not _missing(layout, row):
                return layout
        close = min(self.layouts, key=lambda layout: len(_missing(layout, row)) / len(layout.columns))
        known = " or ".join("{" + ", ".join(layout.columns) + "}" for layout in self.layouts if not layout.line)
        raise SourceError(f"lacks {', '.join(_missing(close, row))}; it has {', '.join(row)}; known layouts: {known}")


def split_options(text: str) -> tuple[str, tuple[str, ...]]:
    """A question without the options that stand in it, and the options: `Which? (A) this or (B) that.`"""
    head, *parts = _INLINE.split(text)
    letters, options = parts[::2], parts[1::2]
    if len(letters) < 2 or "".join(letters) != LETTERS[: len(letters)]:
        return text, ()
    return head.removesuffix("Options:").strip(), tuple(_TAIL.sub("", option) or option for option in options)


def _missing(layout: Layout, row: Row) -> list[str]:
    if layout.line:
        return [] if "line" in row else ["line"]
    return [column for column in layout.columns if not _has(row, column)]


def _has(row: Row, column: str) -> bool:
    value: Any = row
    for name in column.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True


def _value(row: Row, column: str) -> Any:
    value: Any = row
    for name in column.split("."):
        value = value[name]
    return value


def _groups(pattern: str, line: str) -> dict[str, str]:
    if not (match := re.fullmatch(pattern, line)):
        raise SourceError(f"is not of the form {pattern}")
    return match.groupdict()


def _options(layout: Layout, row: Row) -> tuple[list[str], Sequence[str]]:
    """The source's own names of the options (A, B or 1, 2 ...), and their texts."""
    if len(layout.options) > 1:
        return [], [str(_value(row, column)) for column in layout.options]
    value = _value(row, layout.options[0]) if layout.options else row.get("options") or []
    if isinstance(value, Mapping):  # the Hub's {"label": ["A", ...], "text": ["ash", ...]}
        return [str(key) for key in value["label"]], [str(text) for text in value["text"]]
    if value and isinstance(value[0], Mapping):  # a release's [{"label": "A", "text": "ash"}, ...]
        return [str(one["label"]) for one in value], [str(one["text"]) for one in value]
    return [], [str(text) for text in value]


def _gold(layout: Layout, value: Any, keys: Sequence[str]) -> str | None:
    """The right answer as text, None if the source keeps it back (an empty label, or -1 for a code)."""
    value = layout.parse(value) if layout.parse and value is not None else value
    text = "" if value is None else str(value).strip()
    if not text or (layout.labels and text == "-1"):
        return None
    if text in keys:
        return LETTERS[keys.index(text)]
    return (layout.labels or {}).get(text.lower(), text)

"""What stands in the columns of a row of a source: the text of a question, its options, its right answer, its id.

Whatever the format, a column is taken by its very name first; only then a dot reaches into an object: `question.stem`.
A value that is no text, and no number, is refused and never printed into a question.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile
from string import ascii_uppercase
from typing import Any

import orjson

from synth.errors import SourceError
from synth.questions.twice import named_twice

Row = Mapping[str, Any]
LETTERS = ascii_uppercase
OPTIONS = "a list of texts, an object {A: text, B: text}, or columns A, B, C, ..."


def has(row: Row, column: str) -> bool:
    """Whether a row has a column, by its very name or as names with dots between."""
    if column in row:
        return True
    value: Any = row
    for name in column.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True


def value_of(row: Row, column: str) -> Any:
    """What a column holds. Raises KeyError for one that the row does not have."""
    if column in row:
        return row[column]
    value: Any = row
    for name in column.split("."):
        value = value[name]
    return value


def text_of(value: Any, column: str) -> str:
    """A text, or a number with all its digits; "" for null and NaN.

    Raises SourceError for anything else, such as a list.
    """
    if _nothing(value):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float | Decimal):
        return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    if isinstance(value, datetime):
        return str(value.date() if value == datetime(value.year, value.month, value.day) else value)
    if isinstance(value, bool | int | date):
        return str(value)
    raise SourceError(f"has {_kind(value)} in its column {column!r}, not a text")


def _nothing(value: Any) -> bool:
    """Null, or NaN, which stands for it where pandas wrote the file."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _kind(value: Any) -> str:
    kinds = ((Mapping, "an object"), (bytes, "bytes"), (Sequence, "a list"))
    return next((said for kind, said in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def id_of(row: Row, column: str, number: str) -> str:
    """The id of a row; without one its number."""
    return (text_of(value_of(row, column), column) if column and has(row, column) else "") or number


def lettered(row: Row) -> list[str]:
    """The columns A, B, C, ... of a row that has its options there."""
    letters = list(takewhile(row.__contains__, LETTERS))
    return letters if len(letters) > 1 else []


def options_in(row: Row, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """The source's own names of the options (A, B or 1, 2 ...), if it has any, and their texts.

    `columns`: one that holds all of them, or one for each. Raises SourceError for what are no options.
    """
    if len(columns) > 1:
        return [], _texts([value_of(row, column) for column in columns], columns)
    column = columns[0] if columns else "options"
    value = value_of(row, column) if has(row, column) else None
    if isinstance(value, str):
        value = _from_json(value, column)
    if _nothing(value):
        return [], []
    if isinstance(value, Mapping):
        return _of_object(value, column)
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        raise SourceError(f"has {text_of(value, column)!r} in its column {column!r}: options are {OPTIONS}")
    if value and all(isinstance(one, Mapping) for one in value):  # a release's [{"label": "A", "text": "ash"}, ...]
        if not all({"label", "text"} <= set(one) for one in value):
            raise SourceError(f"has objects without label and text in its column {column!r}: options are {OPTIONS}")
        return [str(one["label"]) for one in value], _texts([one["text"] for one in value], [column])
    return [], _without_letters(_texts(value, [column]))


def _without_letters(texts: list[str]) -> list[str]:
    """AQuA's options name their letters: A)21, B)22. Taken off if each begins with its own: A) or A. or (A)."""
    forms = (rf"(\({letter}\)|{letter}[).:])\s*(?=\S)" for letter in LETTERS)
    cut = [re.match(form, text) for form, text in zip(forms, texts, strict=False)]
    return [found.string[found.end() :] for found in cut if found] if len(cut) > 1 and all(cut) else texts


def _of_object(value: Mapping[str, Any], column: str) -> tuple[list[str], list[str]]:
    labels, texts = value.get("label"), value.get("text")
    if isinstance(labels, Sequence) and isinstance(texts, Sequence) and not isinstance(texts, str):
        if len(labels) != len(texts):
            raise SourceError(f"has {len(labels)} labels and {len(texts)} texts in its column {column!r}")
        return [str(key) for key in labels], _texts(texts, [column])  # the Hub's {"label": ["A", ...], "text": [...]}
    kept = _texts(list(value.values()), [column])
    return [str(key) for key in value][: len(kept)], kept


def _from_json(text: str, column: str) -> Any:
    if not text.strip():
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = text
    if isinstance(found, list | dict) and (twice := named_twice(text.encode())):
        raise SourceError(f"has JSON in its column {column!r} that {twice.said}")
    if found is None or isinstance(found, list | dict):
        return found
    raise SourceError(f"has {text[:40]!r} in its column {column!r}: options are {OPTIONS}")


def _texts(values: Sequence[Any], columns: Sequence[str]) -> list[str]:
    """The texts of the options. Those at the end that are null are none: four options in five columns."""
    texts = [text_of(value, columns[at] if len(columns) > 1 else columns[0]) for at, value in enumerate(values)]
    while texts and not texts[-1] and (values[len(texts) - 1] is None or len(columns) > 1):
        texts.pop()
    if "" in texts:
        raise SourceError(f"has nothing as option {LETTERS[texts.index('') % 26]} in its column {columns[0]!r}")
    if len(texts) > len(LETTERS):
        raise SourceError(f"has {len(texts)} options in its column {columns[0]!r}: there can be {len(LETTERS)}")
    return texts

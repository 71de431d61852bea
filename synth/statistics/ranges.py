"""Values of a column in their order, and put together into ranges if there are too many of them."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from synth.statistics.intervals import interval

FEW = 12  # values of a column that each get a row; of more numbers ranges are made, more words are left out
FEWEST = 5  # rows that a group has in the mean; a column of smaller ones says nothing
LONGEST = 40  # characters of a value; longer ones are lists of names and texts, not kinds of questions
PARTS = 5  # ranges of equal width
MOST = 10  # different numbers that are shown one by one
RANGES = 6  # of about as many rows each

Table = Mapping[str, Mapping[str, Any]]  # value -> metric -> {"value", "low", "high", "n"}


def in_order(value: str) -> tuple[int, float, str]:
    """A key that puts numbers, and ranges such as 50-59, before words."""
    for text in (value, value.lstrip("<>= ").split("-")[0].split(" ")[0]):  # -3 is no range
        with suppress(ValueError):
            if not math.isnan(number := float(text)):
                return 0, number, value
    return 1, 0.0, value


def in_ranges(tables: Sequence[Table]) -> list[Table]:
    """Tables of several seeds, with accuracy by ranges of about as many rows each if a column has many numbers."""
    values = sorted({value for table in tables for value in table}, key=in_order)
    if len(values) <= MOST or not all(_is_number(value) for value in values):
        return list(tables)
    ranges = _of_as_many_rows(values, [sum(_rows(table, value) for table in tables) for value in values])
    return [{_name(members): {"accuracy": _accuracy(table, members)} for members in ranges} for table in tables]


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _rows(table: Table, value: str) -> int:
    return int(((table.get(value) or {}).get("accuracy") or {}).get("n") or 0)


def _of_as_many_rows(values: Sequence[str], rows: Sequence[int]) -> list[list[str]]:
    """Neighbouring values put together until a range has its share of the rows."""
    ranges: list[list[str]] = [[]]
    seen, total = 0, sum(rows)
    for value, count in zip(values, rows, strict=True):
        if ranges[-1] and seen >= total * len(ranges) / RANGES:
            ranges.append([])
        ranges[-1].append(value)
        seen += count
    return ranges


def _name(members: Sequence[str]) -> str:
    return members[0] if len(members) == 1 else f"{members[0]}-{members[-1]}"


def _accuracy(table: Table, members: Sequence[str]) -> dict[str, Any] | None:
    """Of all rows of a range: how many are right is known from the shares, and the interval follows from that."""
    rows = sum(_rows(table, value) for value in members)
    right = sum(
        round(table[value]["accuracy"]["value"] * _rows(table, value)) for value in members if _rows(table, value)
    )
    return interval([1.0] * right + [0.0] * (rows - right))


def grouped(column: Sequence[Any]) -> dict[str, list[int]]:
    """Row numbers by the value in a column; nothing for a column that does not sort rows into kinds: many
    words, long ones, lists, groups of a few rows."""
    if any(isinstance(value, list | dict) for value in column):
        return {}
    values = {value for value in column if value is not None and value != ""}
    numbers = bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not numbers and (len(values) > FEW or any(len(str(value)) > LONGEST for value in values)):
        return {}
    label = _of_equal_width(values) if len(values) > FEW else _label
    groups: dict[str, list[int]] = {label(value): [] for value in sorted(values, key=None if numbers else str)}
    for place, value in enumerate(column):
        if value is not None and value != "":
            groups[label(value)].append(place)
    rows = sum(map(len, groups.values()))
    return groups if rows >= FEWEST * len(groups) else {}


def _label(value: Any) -> str:
    return f"{value + 0.0:g}" if isinstance(value, float) else str(value)  # -0 is 0


def _of_equal_width(values: set[Any]) -> Any:
    """A function that names the range of a number: about five of equal, round width (1, 2 or 5 times a power of
    ten)."""
    low, high = min(values), max(values)
    raw = (high - low) / PARTS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= raw * 0.999)
    whole = all(isinstance(value, int) for value in values)
    step = round(step) if whole else step  # of more than FEW whole numbers at least 2

    def name(value: Any) -> str:
        start = math.floor(value / step + 1e-9) * step
        return f"{start}-{start + step - 1}" if whole else f"{start:g}-{start + step:g}"

    return name

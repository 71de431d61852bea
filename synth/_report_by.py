"""Values of a column in their order, and put together into ranges where there are too many of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from synth.metrics import interval

MOST = 10  # different numbers that are shown one by one
RANGES = 6

Table = Mapping[str, Mapping[str, Any]]  # value -> metric -> {"value", "low", "high", "n"}


def in_order(value: str) -> tuple[int, float, str]:
    """A key that puts numbers, and ranges such as 50-59, before words."""
    try:
        return 0, float(value.lstrip("<>= ").split("-")[0].split(" ")[0]), value
    except ValueError:
        return 1, 0.0, value


def in_ranges(tables: Sequence[Table]) -> list[Table]:
    """Tables of several seeds, with accuracy by ranges of about as many rows each where a column has many numbers."""
    values = sorted({value for table in tables for value in table}, key=in_order)
    if len(values) <= MOST or not all(_is_number(value) for value in values):
        return list(tables)
    ranges = _ranges(values, [sum(_rows(table, value) for table in tables) for value in values])
    return [{_name(members): {"accuracy": _accuracy(table, members)} for members in ranges} for table in tables]


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _rows(table: Table, value: str) -> int:
    return int(((table.get(value) or {}).get("accuracy") or {}).get("n") or 0)


def _ranges(values: Sequence[str], rows: Sequence[int]) -> list[list[str]]:
    """Neighbours put together until a range has its share of the rows."""
    found: list[list[str]] = [[]]
    seen, total = 0, sum(rows)
    for value, count in zip(values, rows, strict=True):
        if found[-1] and seen >= total * len(found) / RANGES:
            found.append([])
        found[-1].append(value)
        seen += count
    return found


def _name(members: Sequence[str]) -> str:
    return members[0] if len(members) == 1 else f"{members[0]}-{members[-1]}"


def _accuracy(table: Table, members: Sequence[str]) -> dict[str, Any] | None:
    """Of all rows of a range: how many are right is known from the shares, and the interval follows from that."""
    rows = sum(_rows(table, value) for value in members)
    right = sum(
        round(table[value]["accuracy"]["value"] * _rows(table, value)) for value in members if _rows(table, value)
    )
    return interval([1.0] * right + [0.0] * (rows - right))

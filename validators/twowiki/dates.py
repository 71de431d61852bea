"""Dates as 2WikiMultiHopQA writes them: what they mean, which is earlier, and whether a text has them."""

import re

from synth.validators.twowiki.words import plain

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
BEFORE_CHRIST = {"bc", "bce"}
VAGUE = {"s", "century", "centuries", "millennium"}  # `1470s`, `19th century`
WIDTH = 6  # words from the first number of a date to its last
RUN_ON = re.compile(r"(?<!\d)(\d{4})(?=\d{1,4}(?!\d))")  # `25 October 188910 November 1981`, `12 May 19011964`

Date = tuple[int, int | None, int | None]


def date(text: str) -> Date | None:
    """Year (below zero before Christ), month and day of a date; None for what is no date."""
    parts = re.findall(r"\d+|[a-z]+", plain(text))
    months = [MONTHS.index(part[:3]) + 1 for part in parts if part[:3] in MONTHS and part.isalpha()]
    numbers = [part for part in parts if part.isdigit()]
    long = [number for number in numbers if len(number) > 2]
    early = bool(BEFORE_CHRIST.intersection(parts))
    if re.search(r"(^|\s),", text) or VAGUE.intersection(parts):
        return None  # `March , 1794`: something is missing
    if not numbers or (len(numbers) == 1 and not long and months and not early):
        return None
    year = long[0] if long else numbers[-1]
    days = [int(number) for number in numbers if number is not year and len(number) <= 2] if months else []
    return (-1 if early else 1) * int(year), months[0] if months else None, days[0] if days else None


def order(one: str, other: str) -> int | None:
    """-1 if one date is before another, 1 if it is after it, None if nobody can tell."""
    first, second = date(one), date(other)
    if first is None or second is None:
        return None
    for mine, yours in zip(first, second, strict=True):
        if mine is None or yours is None:
            return None
        if mine != yours:
            return -1 if mine < yours else 1
    return None


def years(born: str, died: str) -> float | None:
    """The length of a life."""
    start, end = date(born), date(died)
    if start is None or end is None:
        return None
    at = [year + ((month or 6.5) - 1) / 12 + ((day or 15) - 1) / 372 for year, month, day in (start, end)]
    return at[1] - at[0]


def has_numbers(date: str, text: str) -> bool:
    """Whether the numbers of a date stand within six words of a text, even if something is glued to them."""
    words = re.findall(r"\d+|[^\W\d]+", RUN_ON.sub(r"\1 ", text))
    values = [int(word) if word.isdecimal() else None for word in words]
    wanted = {int(number) for number in re.findall(r"\d+", date)}
    starts = [at for at, value in enumerate(values) if value in wanted] if wanted else [0]
    return any(wanted <= set(values[at : at + WIDTH]) for at in starts)

"""A date out of the words in which it was given, as ISO with as much as is known: 1776-07-04, 1776-07, 1776, --07-04.

07/04/1776 is two dates, and read as none; 07/14/1776 and 07/07/1776 are one each. Not read: years of two digits, years
before Christ, decades, "around 1776".
"""

import datetime
import re

from synth.answers.plain import unwrap

_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name: i for i, name in enumerate(_NAMES.split(), start=1)}
_MONTHS |= {name[:3]: i for name, i in _MONTHS.items()} | {"sept": 9}
_MONTH = f"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{3,4})"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"--(?P<month>\d{2})-(?P<day>\d{2})",
        r"(?P<year>\d{4})-(?P<month>\d{2})",
        rf"{_MONTH} (?:the )?{_DAY},? (?:of )?{_YEAR}",
        rf"(?:the )?{_DAY}(?: of)? {_MONTH},? {_YEAR}",
        rf"{_MONTH},? (?:of )?{_YEAR}",
        rf"{_MONTH} (?:the )?{_DAY}",
        rf"(?:the )?{_DAY}(?: of)? {_MONTH}",
        rf"(?:the )?(?:year )?{_YEAR}",
    )
)
_AMBIGUOUS = re.compile(r"(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<year>\d{4})")
_BEFORE = re.compile(r"(?:(?:on|in)\s)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s)?")
_AFTER = re.compile(r",?\s(?:ad|a\.d|ce)$")


def date(text: str) -> str | None:
    text = unwrap(text).casefold()
    text = _AFTER.sub("", _BEFORE.sub("", text, count=1))
    if found := _AMBIGUOUS.fullmatch(text):
        return _by_impossibility(int(found["first"]), int(found["second"]), int(found["year"]))
    for form in _FORMS:
        if found := form.fullmatch(text):
            parts = found.groupdict()
            month = parts.get("month")
            return _iso(
                int(parts["year"]) if parts.get("year") else None,
                (_MONTHS.get(month) or int(month)) if month else None,
                int(parts["day"]) if parts.get("day") else None,
            )
    return None


def _by_impossibility(first: int, second: int, year: int) -> str | None:
    """Day and month of 14/07/1776: the one reading there is, or None."""
    read = {_iso(year, month, day) for month, day in ((first, second), (second, first))} - {None}
    return read.pop() if len(read) == 1 else None


def _iso(year: int | None, month: int | None, day: int | None) -> str | None:
    try:
        datetime.date(year or 2000, month or 1, day or 1)  # 2000 has a 29th of February
    except ValueError:
        return None
    if year == 0 or month == 0 or day == 0:
        return None
    if year is None:
        return f"--{month:02d}-{day:02d}"
    return f"{year:04d}" + (f"-{month:02d}" if month else "") + (f"-{day:02d}" if day else "")

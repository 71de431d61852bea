"""Names and dates of 2WikiMultiHopQA: when two of them are the same, and which date is earlier."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

BRACKETED = re.compile(r"\s*\([^()]*\)")
WORD = re.compile(r"\w+")
DIGITS = re.compile(r"\d+")
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
DATE_WORD = re.compile(r"\d+|[^\W\d]+")
FUZZY = 0.8  # share of pairs of neighbouring letters that two spellings of one name have in common

# Words that many names share, so that they do not make two names the same
COMMON_WORDS = """\
the of and a an in on at to for von van de der den del della di da du la le les el al bin ibn
i ii iii iv v vi vii viii ix x jr sr sir lord lady king queen prince princess duke duchess count countess earl baron
baronet st film song movie director 1st 2nd 3rd 4th 5th 6th 7th 8th 9th"""
COMMON = frozenset(COMMON_WORDS.split())
MONTH_NAMES = """\
january jan, february feb, march mar, april apr, may, june jun, july jul, august aug, september sep sept, october oct,
november nov, december dec"""
MONTHS = {name: number for number, own in enumerate(MONTH_NAMES.split(","), start=1) for name in own.split()}
GLUED = re.compile(r"(?<!\d)(\d{4})(?=\d{1,4}(?!\d))")
VAGUE = frozenset({"s", "century", "centuries", "millennium"})  # `1470s`, `19th century`
DATE_WIDTH = 6  # words from the first number of a date to its last


def folded(text: str) -> str:
    """A text without case, accents and doubled spaces."""
    return " ".join(unmarked(text.casefold()).split())


def unmarked(text: str) -> str:
    """A text without its accents."""
    if text.isascii():
        return text
    return BEYOND_ASCII.sub(_no_marks, unicodedata.normalize("NFKD", text))


def _no_marks(match: "re.Match[str]") -> str:
    return "".join(c for c in match[0] if not unicodedata.combining(c))


fold = lru_cache(maxsize=1 << 14)(folded)  # of names, which come again and again


@lru_cache(maxsize=1 << 14)
def bare(name: str) -> str:
    """The letters and digits of a name alone, without what stands in brackets to tell it from others."""
    return "".join(words(name))


def letters(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(WORD.findall(fold(text)))


@lru_cache(maxsize=1 << 10)
def spaced(text: str) -> str:
    """The words of a text, each between spaces, without punctuation."""
    return f" {' '.join(WORD.findall(fold(text)))} "


@lru_cache(maxsize=1 << 14)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, without what stands in brackets."""
    outside = BRACKETED.sub("", name).strip() if "(" in name else name
    return tuple(WORD.findall(fold(outside or name)))


def shares_word(one: str, other: str) -> bool:
    """Whether a reader would take two names for one: the same letters, or a telling word in common."""
    return bare(one) == bare(other) or bool(_telling(one) & _telling(other))


def numbers_agree(one: str, other: str) -> bool:
    """Whether two names have the same numbers, if both have some: not the 7th Earl for the 8th."""
    first, second = (set(DIGITS.findall(BRACKETED.sub("", name))) for name in (one, other))
    return first == second or not (first and second)


def told(name: str, text: str) -> bool:
    """Whether a text has a telling word of a name."""
    return _stands(name, text) or not _telling(name).isdisjoint(WORD.findall(folded(text)))


def same_name(one: str, other: str) -> bool:
    """Whether two names can be one: the same letters, one a part of the other, initials, another spelling."""
    if bare(one) == bare(other):
        return True
    short, long = sorted((words(one), words(other)), key=len)
    if _telling_words(short) and (set(short) <= set(long) or _initials(short, long)):
        return True
    return _alike(bare(one), bare(other)) >= FUZZY


def same_thing(one: str, other: str) -> bool:
    """Whether two texts name one thing to the letter; what stands in brackets counts if both have brackets."""
    if letters(one) == letters(other):
        return True
    return bare(one) == bare(other) and not ("(" in one and "(" in other)


@lru_cache(maxsize=1 << 10)
def date(text: str) -> tuple[float, float] | None:
    """The first and the last day a date can mean, in days; None for what is no date.

    `1904` is any day of that year, `August 1904` any day of that month, and `1475 or 1476` any day of both.
    """
    parts = DATE_WORD.findall(fold(text))
    if not VAGUE.isdisjoint(parts):
        return None
    years = [part for part in parts if part.isdigit() and len(part) >= 3]
    months = [MONTHS[part] for part in parts if part in MONTHS]
    small = [int(part) for part in parts if part.isdigit() and len(part) < 3]
    before_christ = not {"bc", "bce"}.isdisjoint(parts)
    if not years and (not small or (months and len(small) == 1 and not before_christ)):
        return None  # `May`, `12 May`
    year = int(years[0]) if years else small.pop()  # `12 May 88`, `March 44 BC`
    sign = -1 if before_christ else 1
    day = next((number for number in small if 1 <= number <= 31), None) if months else None
    last_year = int(years[1]) if len(years) > 1 and not months else year
    first, last = sorted(
        (_days(sign * year, months, day, first=True), _days(sign * last_year, months, day, first=False))
    )
    return first, last


def earlier(one: tuple[float, float], other: tuple[float, float]) -> bool | None:
    """Whether one date is before another; None if they cannot be told apart."""
    if one[1] < other[0]:
        return True
    return False if other[1] < one[0] else None


def named(name: str, text: str) -> bool:
    """Whether a text has a name in it, with or without what stands in brackets."""
    return fold(name) in fold(text) or bool(_find(name, spaced(text)))


def has_date(date: str, text: str) -> bool:
    """Whether the numbers of a date stand close together in a text, also if the source glued two dates into one:
    `25 October 188910 November 1981`."""
    if _stands(date, text):
        return True
    date_words = [word.lstrip("0") for word in DATE_WORD.findall(GLUED.sub(r"\1 ", text))]
    wanted = {number.lstrip("0") for number in DIGITS.findall(date)}
    starts = [at for at, word in enumerate(date_words) if word in wanted]
    return any(wanted <= set(date_words[at : at + DATE_WIDTH]) for at in starts)


def positions(things: list[str], text: str) -> dict[str, int]:
    """Which word of a text each thing begins at, the number of words for what it does not name."""
    words, placed = _placed(things, text)
    return {thing: placed.get(thing, (len(words), 0))[0] for thing in things}


def without(things: list[str], text: str) -> str:
    """The words of a text without the names of some things."""
    words, placed = _placed(things, text)
    for start, length in placed.values():
        words[start : start + length] = [""] * length
    return " ".join(filter(None, words))


def _placed(things: list[str], text: str) -> tuple[list[str], dict[str, tuple[int, int]]]:
    """The words of a text, and where each thing that it names stands there: first word and number of words.

    No name is seen inside another one, and of `Which film came out first, First or Which?` the words with a capital
    are the titles.
    """
    written = WORD.findall(unmarked(text))
    text_words = [fold(word) for word in written]
    free, placed = list(text_words), dict[str, tuple[int, int]]()
    for thing in sorted(things, key=len, reverse=True):
        for own in (WORD.findall(fold(thing)), list(words(thing))):
            found = [at for at in range(len(free)) if own and free[at : at + len(own)] == own]
            if found:
                at = min(found, key=lambda at: (written[at][0].islower(), at == 0, at))
                placed[thing] = at, len(own)
                free[at : at + len(own)] = ["\0"] * len(own)
                break
    return text_words, placed


def _stands(words: str, text: str) -> bool:
    """Whether a text has some words to the letter, as most have: the quick answer."""
    before, found, after = text.partition(words)
    return bool(found) and not (before[-1:].isalnum() or after[:1].isalnum())


def _find(thing: str, text: str) -> str:
    """The words of a name as they stand in spaced words, "" if they do not."""
    for name in (spaced(thing), f" {' '.join(words(thing))} "):
        if name.strip() and name in text:
            return name
    return ""


def _days(year: int, months: list[int], day: int | None, first: bool) -> float:
    month = (months[0] if first else months[-1]) if months else (1 if first else 12)
    return year * 372.0 + (month - 1) * 31 + ((day or (1 if first else 31)) - 1)


def _telling(name: str) -> set[str]:
    """The words that tell a name from others; all of them if all are common, such as Prince."""
    own = set(words(name))
    return {word for word in own - COMMON if len(word) > 1} or own


def _telling_words(names: Iterable[str]) -> bool:
    return any(word not in COMMON for word in names)


def _initials(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """`h s rawail` for `harnam singh rawail`: the same last word, and before it initials of the other's words."""
    if short[-1] != long[-1] or len(short) > len(long):
        return False
    rest = iter(long[:-1])
    return all(
        any(other.startswith(word) if len(word) == 1 else other == word for other in rest) for word in short[:-1]
    )


def _alike(one: str, other: str) -> float:
    """How alike two spellings are, by the pairs of neighbouring letters (Dice's coefficient)."""
    first, second = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other))
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0

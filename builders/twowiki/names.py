"""Names, dates and countries of 2WikiMultiHopQA: when two of them are the same, and which date is earlier."""

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
GLUED = re.compile(r"(\d{4})(\d{1,2} [A-Z])")
DATE_WIDTH = 6  # words from the first number of a date to its last
# Countries whose names and adjectives do not share a stem, one country a line
COUNTRIES = tuple(
    frozenset(line.split(", "))
    for line in """\
america, american, united states, united states of america, usa, us, u.s.
britain, british, united kingdom, uk, u.k., great britain
china, chinese, people's republic of china
cyprus, cypriot
czech, czech republic, czechia
denmark, danish, kingdom of denmark
finland, finnish
france, french
germany, german
greece, greek
iran, iranian, persia, persian
ireland, irish, republic of ireland
myanmar, burma, burmese
netherlands, the netherlands, dutch, holland, kingdom of the netherlands
new zealand, new zealander
norway, norwegian
philippines, philippine, filipino
poland, polish
portugal, portuguese
scotland, scottish
slovakia, slovak
south korea, south korean, korea, korean
soviet, soviet union, ussr
spain, spanish
sweden, swedish
switzerland, swiss
thailand, thai, siam
turkey, turkish
wales, welsh""".splitlines()
)
COUNTRY_ENDS = ("", "a", "ia", "y", "e", "o", "um", "on", "and", "us")
ADJECTIVE_ENDS = ("an", "ian", "n", "ean", "ese", "i", "ish", "ic", "e", "vian")


def folded(text: str) -> str:
    """A text without case, accents and doubled spaces."""
    plain = text.casefold()
    if not plain.isascii():
        plain = BEYOND_ASCII.sub(_without_marks, unicodedata.normalize("NFKD", plain))
    return " ".join(plain.split())


def _without_marks(match: "re.Match[str]") -> str:
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


def same_value(one: str, other: str) -> bool:
    """Whether two countries (or other things that are not persons) are the same: `Italian` and `Italy`."""
    if bare(one) == bare(other):
        return True
    first, second = fold(one), fold(other)
    return (
        any({first, second} <= names for names in COUNTRIES) or _adjective(first, second) or _adjective(second, first)
    )


@lru_cache(maxsize=1 << 10)
def date(text: str) -> tuple[float, float] | None:
    """The first and the last day a date can mean, in days; None for what is no date.

    `1904` is any day of that year, `August 1904` any day of that month, and `1475 or 1476` any day of both.
    """
    parts = DATE_WORD.findall(fold(text))
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
    date_words = DATE_WORD.findall(GLUED.sub(r"\1 \2", text))
    wanted = set(DIGITS.findall(date))
    starts = [at for at, word in enumerate(date_words) if word in wanted]
    return any(wanted <= set(date_words[at : at + DATE_WIDTH]) for at in starts)


def positions(things: list[str], text: str) -> dict[str, int]:
    """Where a text names each thing, at its end what it does not name; no name is seen inside another."""
    rest, places = spaced(text), {}
    for thing in sorted(things, key=len, reverse=True):
        name = _find(thing, rest)
        places[thing] = rest.find(name) if name else len(rest)
        rest = rest.replace(name, " " + "\0" * (len(name) - 2) + " ", 1) if name else rest
    return places


def without(things: list[str], text: str) -> str:
    """The words of a text without the names of some things."""
    rest = spaced(text)
    for thing in sorted(things, key=len, reverse=True):
        rest = rest.replace(_find(thing, rest) or "\0", " ")
    return rest


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


def _adjective(country: str, adjective: str) -> bool:
    """Whether both are one stem with the ends of a country and of its adjective: `Hungar-y`, `Hungar-ian`."""
    stems = {country.removesuffix(end) for end in COUNTRY_ENDS if country.endswith(end)}
    return any(
        len(adjective) - len(end) >= 3 and adjective[: -len(end)] in stems
        for end in ADJECTIVE_ENDS
        if adjective.endswith(end)
    )

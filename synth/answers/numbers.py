r"""A number out of the words in which it was given, or None if they are more, or less, than one number.

Read: 1,234.50   $18   -3   3/4   1 3/4   15%   1e3   3 x 10^4   5 million   18 eggs per day   twelve   x = 18
Not read: ranges (10-15), times (12:30), compounds (5 hours and 30 minutes), expressions (9 * 2), comparisons (at least
5), ordinals (18th), groups that are none (1,23 and the German 1.234,50), 5k and $5M, 18 and a half.

Units, currency and the percent sign are dropped, as the gold answers of the word-problem sets are bare numbers: 15% is
15, 50 cents is 50. English notation is taken for granted: 1.234 is less than two, 1,234 more than a thousand.
"""

import re
from fractions import Fraction

from synth.answers.plain import plain, unwrap

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: i for i, word in enumerate(f"{_ONES} eighteen nineteen".split())}
_WORDS |= {ten: 10 * i for i, ten in enumerate(_TENS.split(), start=2)}
_WORDS |= {f"{ten}-{one}": _WORDS[ten] + _WORDS[one] for ten in _TENS.split() for one in _ONES.split()[1:10]}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

# A number with one of these words behind it is not all that was said.
_NO_UNIT = """
    or nor to plus minus divided multiplied modulo mod squared cubed power root factorial negative positive point than
    dozen dozens half halves third thirds quarter quarters fourth fourths fifth fifths sixth eighth tenth tenths
    hundredth hundredths hundreds thousands millions couple few several am pm bc is was are were isn't wasn't aren't be
    not no but if unless except maybe perhaps possibly either wrong incorrect remainder modulus base nd rd th st
    least most bit change something
    when because since so
"""
_NO_UNITS = frozenset([*_NO_UNIT.split(), *_WORDS, *_SCALES])
# Units of one letter, and those that may be glued to the number. 5k, 5M, 5x, 5th are not among them, on purpose.
_SHORT = frozenset("gtmlshdWVAJNLCFK")
_GLUED = """
    g m l s h W V L C F kg mg lb lbs oz km cm mm mi ft in yd hr hrs min mins sec secs ms ml mL mph kph kWh kW Hz GB MB
    KB TB cents usd USD p ct pts
"""
_GLUED_UNITS = frozenset(_GLUED.split())

_INT = r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d{1,60})"
_CURRENCY = r"(?:(?:US|A|C|CA|NZ)?[$€£¥₹₩]|(?:usd|eur|gbp|rs\.?)\s)"
_NUMBER = re.compile(
    rf"(?P<sign>[-+]|(?:minus|negative)\s)?(?P<currency>{_CURRENCY}\s?)?(?P<inner>-)?"
    rf"(?:(?P<whole>{_INT})\s(?P<n>\d{{1,20}})\s?/\s?(?P<d>\d{{1,20}})"
    rf"|(?P<num>{_INT})\s?/\s?(?P<den>{_INT})"
    rf"|(?P<decimal>{_INT}(?:\.\d{{1,60}})?|\.\d{{1,60}})"
    r"(?:[eE](?P<exp>[-+]?\d{1,2})|\s?[x*\u00d7\u00b7]\s?10\s?\^\s?[({]?(?P<ten>[-+]?\d{1,2})[)}]?)?)"
    r"(?P<tail>(?![\d.,]*\d).*)",
    re.IGNORECASE,
)
_TAIL = re.compile(r"(?P<gap>\s?)(?:%|°\s?(?:[CF]\b)?|[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ.'/-]*|\s)*")
_ASIDE = re.compile(r"\s?\((?P<words>[^()\d]*[A-Za-z][^()\d]*)\)[.!]?$")  # 18 (eighteen eggs)
_OTHER = re.compile(r"\s?(?:or|and|not|maybe|perhaps|possibly)\b", re.IGNORECASE)
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)|\u2248")
_NO_EQUATION = re.compile(r"[,;<>]|!=|\b(?:or|and|because|since|if|not|which|either)\b", re.IGNORECASE)
_ABOUT = re.compile(r"(?:(?:about|approximately|approx\.?|roughly|around|exactly|a total of|~)\s?)", re.IGNORECASE)


def number(text: str, *, most_words: int = 12) -> str | None:
    """The number in canonical form: "18", "-0.5", or in lowest terms "3/4" if it was written as a fraction."""
    text = _in_dollars(plain(text))
    if re.search(r"\.\.\.|\u2026|[<>\u2260\u2264\u2265]", text) or (text := _right_hand_side(text)) == "":
        return None
    if aside := _ASIDE.search(text):
        text = text[: aside.start()]
        said = _written_in_words(aside["words"].strip())
        if _OTHER.match(aside["words"]) or (said and said != number(text)):
            return None
    text = _ABOUT.sub("", _in_dollars(unwrap(text)), count=1)
    if found := _NUMBER.fullmatch(text):
        return _written_in_digits(found, most_words)
    return _written_in_words(text)


def _right_hand_side(text: str) -> str:
    """What an equation comes to; "" if the text is several equations, or more than one."""
    *left, right = _EQUALS.split(text)
    return "" if left and _NO_EQUATION.search(" = ".join(left)) else right


def _in_dollars(text: str) -> str:
    """Without the dollar signs of mathematics: $18$ metres; $18 is money."""
    return re.sub(r"^([-+]?)\${1,2}([^$]{1,300})\${1,2}(?=[\s.]|$)", r"\1\2", text)


def _written_in_digits(match: "re.Match[str]", most_words: int) -> str | None:
    scale = _unit(match["tail"], most_words)
    signs = [sign for sign in (match["sign"], match["inner"]) if sign]
    if scale is None or len(signs) > 1 or (match["inner"] and not match["currency"]):
        return None
    sign = -1 if signs and not signs[0].startswith("+") else 1
    if match["decimal"]:
        exponent = int(match["exp"] or match["ten"] or 0)
        return _decimal(sign * scale * Fraction(match["decimal"].replace(",", "")) * Fraction(10) ** exponent)
    whole, n, d = (match["whole"] or "0", match["n"] or match["num"], match["d"] or match["den"])
    top, bottom = int(n.replace(",", "")), int(d.replace(",", ""))
    if bottom == 0 or (match["whole"] and top >= bottom):
        return None
    return str(sign * scale * (int(whole.replace(",", "")) + Fraction(top, bottom)))


def _written_in_words(text: str) -> str | None:
    """twelve, twenty-one eggs, five hundred; "one of them" and "five or six" are no numbers."""
    first, _, tail = text.casefold().partition(" ")
    if first not in _WORDS or re.match(r"(?:of|that|who|more|less|fewer|another|by|in|at|on|the|way|thing)\b", tail):
        return None
    scale = _unit(f" {tail}" if tail else "", 3)
    return None if scale is None else str(_WORDS[first] * scale)


def _unit(tail: str, most_words: int) -> int | None:
    """What the words behind a number multiply it by; None if they are no unit."""
    if "%" not in tail and not tail.strip():
        return 1
    tail = re.sub(r"(?<=[a-z])\^\{?[23]\}?(?![\w^])", "", tail.rstrip(" .,!"))  # square metres
    if not (match := _TAIL.fullmatch(tail)):
        return None
    words = re.findall(r"[^\W\d_][^\s/%°-]*", tail)
    scale = _SCALES.get(words[0].casefold(), 1) if words and match["gap"] else 1
    rest = words[1:] if scale != 1 else words
    glued = not match["gap"] and bool(re.match(r"[^\W\d_]", tail))
    if glued and words[0] not in _GLUED_UNITS:
        return None
    return scale if len(rest) <= most_words and all(map(_may_be_a_unit, rest)) else None


def _may_be_a_unit(word: str) -> bool:
    bare = word.rstrip(".").casefold()
    if re.fullmatch(r"[ap]\.m", bare) or bare in _NO_UNITS:
        return False
    return len(bare) > 1 or bare == "a" or word.rstrip(".") in _SHORT


def _decimal(number: Fraction) -> str:
    """Exactly, without exponent and without zeros at the end; all that comes here has a finite decimal form."""
    digits = max(_power(number.denominator, 2), _power(number.denominator, 5))
    scaled = abs(number.numerator) * 10**digits // number.denominator
    whole, part = divmod(scaled, 10**digits)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


def _power(n: int, prime: int) -> int:
    count = 0
    while n % prime == 0:
        n, count = n // prime, count + 1
    return count

r"""A number out of the words in which it was given, or None if they are more, or less, than one number.

Read: 1,234.50   1 234   1'234   $18   18 €   -3   3/4   1 3/4   15%   1e3   3 x 10^4   5 million   18 eggs per day
      20 m^2   twelve   x = 18   9 * 2 = 18   1/3 \approx 0.33 (the exact one)
Not read: ranges (10-15), times (12:30), compounds (5 hours and 30 minutes), expressions (9 * 2), equations (2x = 18),
comparisons (at least 5), ordinals (18th), groups that are none (1,23), 5k and $5M, 18 and a half, 3 pi.

Units, currency and the percent sign are dropped, as the gold answers of the word-problem sets are bare numbers: 15% is
15, 50 cents is 50. English notation is taken for granted, 1.234 is less than two and 1,234 more than a thousand, but
in a text of a language that has a decimal comma (synth/answers/language.py).
"""

import re
from fractions import Fraction

from synth.answers.language import with_point
from synth.answers.plain import plain, unwrap
from synth.answers.units import FUNCTIONS, GLUED_UNITS, MONEY, VARIABLES, WORDS, scale

_INT = r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d{1,60})"
# $ US$ HK$ R$ € and codes of currencies, which stand before the number.
_CURRENCY = (
    rf"(?:[A-Z]{{0,3}}[{MONEY}]|(?:usd|eur|gbp|inr|jpy|cny|rmb|krw|chf|cad|aud|nzd|sgd|hkd|mxn|brl|rub|try|zar|sek|nok|dkk"
    r"|pln|rs|re|kr|fr|rm|rp|bs|php|thb|idr|myr|vnd|twd|ngn|kes|ghs|pkr|bdt|lkr|npr|czk|huf|ron|uah|clp|cop|pen|ars|aed"
    r"|sar|egp|ils|[ktu]sh)(?![^\W\d_])\.?|S/\.?)"
)
_NUMBER = re.compile(
    rf"(?P<sign>[-+]|(?:minus|negative)\s)?(?P<currency>{_CURRENCY}\s?)?(?P<inner>-)?"
    rf"(?:(?P<whole>{_INT})\s(?P<n>\d{{1,20}})\s?/\s?(?P<d>\d{{1,20}})"
    rf"|(?P<num>{_INT})\s?/\s?(?P<den>{_INT})"
    rf"|(?P<decimal>{_INT}(?:\.\d{{1,60}})?|\.\d{{1,60}})"
    r"(?:[eE](?P<exp>[-+]?\d{1,2})|\s?[x*\u00d7\u00b7]\s?10\s?\^\s?[({]?(?P<ten>[-+]?\d{1,2})[)}]?)?)"
    r"(?P<tail>(?![\d.,]*\d).*)",
    re.IGNORECASE,
)
_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:( \d{3})+|('\d{3})+)(?![\d/]|\s/)")  # 1 234 and 1'234
_ASIDE = re.compile(r"\s?\((?P<words>[^()\d]*[^\W\d_][^()\d]*)\)[.!]?$")  # 18 (eighteen eggs)
_ROUGHLY = re.compile(  # 10/3 (about 3.33)
    r"\s?\((?:≈|~|(?:or )?(?:about|approx\.?|approximately|roughly|around))\s?[\d.,]{1,20}[^()\d]{0,20}\)[.!]?$"
)
_OTHER = re.compile(r"\s?(?:or|and|not|maybe|perhaps|possibly)\b", re.IGNORECASE)
_EQUALS = re.compile(r"(?<![<>!=:])=(?!=)")
_APPROX = re.compile(r"[\u2248\u2243\u2250\u2245]")
_NO_EQUATION = re.compile(
    r"[,;<>]|!=|\b(?:or|and|because|since|if|not|which|either)\b|\d(?:or|and)[^\W\d_]", re.IGNORECASE
)
_ABOUT = re.compile(r"(?:(?:about|approximately|approx\.?|roughly|around|exactly|a total of|~)\s?)", re.IGNORECASE)
_OPERATOR = re.compile(
    r"[-+*/\u00d7\u00f7\u00b7^|√]|(?<=\d)\s?(?=\\?[^\W\d_](?![^\W\d_])|\\[a-z])"
)  # also between 2 and x in 2x
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_]{2})")


def number(text: str, *, most_words: int = 12, comma: bool = False) -> str | None:
    """The number in canonical form: "18", "-0.5", or in lowest terms "3/4" if it was written as a fraction.

    most_words: words that its unit may have. comma: whether the text is of a language that has a decimal comma.
    """
    text = _in_dollars(plain(text))
    if comma:
        text = with_point(text)
    text = _GROUPS.sub(lambda found: re.sub("[ ']", ",", found[0]), text)
    if re.search(r"\.\.\.|\u2026|[<>\u2260\u2264\u2265]", text) or (text := _value(text, most_words)) == "":
        return None
    if aside := _ASIDE.search(text):
        text = text[: aside.start()]
        said = _written_in_words(aside["words"].strip())
        if _OTHER.match(aside["words"]) or (said and said != number(text)):
            return None
    return _read(text, most_words)


def _read(text: str, most_words: int) -> str | None:
    text = _ABOUT.sub("", _in_dollars(unwrap(text)), count=1)
    if found := _NUMBER.fullmatch(text):
        return _written_in_digits(found, most_words)
    return _written_in_words(text)


def _value(text: str, most_words: int) -> str:
    """What an equation or a chain of them comes to; "" if that is not one thing, or what it is about is unknown.

    Of "x = 1/3 \u2248 0.33" it is the exact value; of "x \u2248 0.33", and of "\u221a2 \u2248 1.41", the other.
    """
    exact, *rough = _APPROX.split(text)
    *left, right = _EQUALS.split(exact)
    if rough and _read(right, most_words) is None:
        left, right = [*left, right], rough[0]
    if left and (_NO_EQUATION.search(" = ".join(left)) or not is_a_quantity(left[0])):
        return ""
    if len(left) > 1 and _says_twice(left[0].strip(), left[1:]):
        return ""
    return _ROUGHLY.sub("", right)


def _says_twice(name: str, sides: list[str]) -> bool:
    """Whether a chain is several equations in a row, without a comma: x = 5 x = 6."""
    again = re.compile(rf"(?<![^\W\d_]){re.escape(name)}(?!\w)")
    return re.search(r"[^\W\d_]", name) is not None and any(map(again.search, sides))


def is_a_quantity(side: str) -> bool:
    """Whether the left side of an equation is the name of one quantity, or made of known ones: "x", "total cost" and
    "9 eggs * 2"; not "2x + z", which is asked for by nobody and comes to nothing."""
    side = _HYPHEN.sub("", side)
    names = set(re.findall(r"[^\W\d_]+", side))
    unknown = {name for name in names - FUNCTIONS if _is_a_variable(name)}
    return not unknown or not (names & FUNCTIONS or _OPERATOR.search(side))


def _is_a_variable(name: str) -> bool:
    if name in VARIABLES or len(name) == 1:
        return name != "π"
    return len(name) == 2 and name not in ("of", "pi") and name not in GLUED_UNITS


def _in_dollars(text: str) -> str:
    """Without the dollar signs of mathematics: $18$ metres; $18 is money."""
    return re.sub(r"^([-+]?)\${1,2}([^$]{1,300})\${1,2}(?=[\s.]|$)", r"\1\2", text)


def _written_in_digits(match: "re.Match[str]", most_words: int) -> str | None:
    factor = scale(match["tail"], most_words)
    signs = [sign for sign in (match["sign"], match["inner"]) if sign]
    if factor is None or len(signs) > 1 or (match["inner"] and not match["currency"]):
        return None
    sign = -1 if signs and not signs[0].startswith("+") else 1
    if match["decimal"]:
        exponent = int(match["exp"] or match["ten"] or 0)
        return _decimal(sign * factor * Fraction(match["decimal"].replace(",", "")) * Fraction(10) ** exponent)
    whole, n, d = (match["whole"] or "0", match["n"] or match["num"], match["d"] or match["den"])
    top, bottom = int(n.replace(",", "")), int(d.replace(",", ""))
    if bottom == 0 or (match["whole"] and top >= bottom):
        return None
    return str(sign * factor * (int(whole.replace(",", "")) + Fraction(top, bottom)))


def _written_in_words(text: str) -> str | None:
    """twelve, twenty-one eggs, five hundred; "one of them" and "five or six" are no numbers."""
    first, _, tail = text.casefold().partition(" ")
    if first not in WORDS or re.match(r"(?:of|that|who|more|less|fewer|another|by|in|at|on|the|way|thing)\b", tail):
        return None
    factor = scale(f" {tail}" if tail else "", 3)
    return None if factor is None else str(WORDS[first] * factor)


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

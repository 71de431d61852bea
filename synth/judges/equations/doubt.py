"""Whether an equation that does not hold may still be right, so that the judge says nothing of it.

The equation may be a part of a longer one that is not all numbers (y + 3 = 7, half of 20 + 5 = 15), or change its unit
on the way (3 * 20 minutes = 1 hour).
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from synth.judges.equations.sides import Side
from synth.judges.equations.tokens import Token

# In front of a calculation these make it a part of a larger one.
_FRACTIONS = ("half", "third", "quarter", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_PARTS = {*_FRACTIONS, "twice", "thrice", "double", "triple", "root", "square", "cube", "sqrt", "log", "max", "min"} | {
    *("of", "off", "than", "mod", "modulo")
}
_REMAINDERS = (["remainder"], ["rem"])
_ABOUT = {"approximately", "approx", "roughly", "about", "around", "nearly", "almost", "rounded", "rounding"}
_DENIED = {"wrong", "incorrect", "false", "impossible"}  # 3 + 4 = 8 is wrong
_CLOCK = {"am", "pm", "a.m", "p.m", "o'clock", "noon", "midnight"}
_HALVES = {"half", "quarter"}  # 2 and a half * 3
_SUPPOSED = ("if", "suppose", "assume", "assuming", "not")
_BETWEEN = ("so", "then", "thus", "therefore", "hence", "because", "since", "means", "which", "but")  # two calculations
_FAR = 40  # tokens of a clause in front of a calculation that are looked at
_OPEN = ("(", "[", "{")
_FACTORS = {  # of units of one dimension, in the smallest of them
    "time": {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86400, "week": 604800,
             "month": 2592000, "year": 31536000, "decade": 315360000, "century": 3153600000},
    "length": {"mm": 1, "millimeter": 1, "cm": 10, "centimeter": 10, "meter": 1000, "metre": 1000,
               "km": 10**6, "kilometer": 10**6, "inch": 25, "inche": 25, "foot": 305, "feet": 305, "ft": 305,
               "yard": 914, "mile": 1609344},
    "weight": {"mg": 1, "gram": 1000, "kg": 10**6, "kilogram": 10**6, "ounce": 28350, "oz": 28350,
               "pound": 453592, "lb": 453592, "ton": 907185000},
    "volume": {"ml": 1, "milliliter": 1, "liter": 1000, "litre": 1000, "teaspoon": 5, "tablespoon": 15,
               "cup": 240, "pint": 473, "quart": 946, "gallon": 3785},
    "money": {"cent": 1, "¢": 1, "penny": 1, "pennie": 1, "nickel": 5, "dime": 10, "$": 100,
              "dollar": 100, "usd": 100, "€": 100, "£": 100, "pound": 100, "euro": 100},
    "count": {"pair": 2, "dozen": 12},
}  # fmt: skip
_RATIOS = {  # what a result is too large or too small by when only its unit was changed
    "time": (7, 12, 24, 52, 60, 365, 3600),
    "length": (3, 12, 36, 10, 100, 1000, 1760, 5280),
    "weight": (16, 1000, 2000),
    "volume": (2, 3, 4, 8, 16, 1000),
    "money": (100,),
    "count": (2, 12),
}

_LEAST_RATIO = 12  # of a change of units if only the result has one: 5 * 24 = 2 hours is 60 times too small


def in_doubt(tokens: Sequence[Token], left: Side, right: Side) -> bool:
    """Whether an equation that does not hold should be let pass."""
    return (
        left.doubtful
        or right.doubtful
        or _part_of_more(tokens, left.first)
        or _sum_before(tokens, left.first)
        or _loosely_said(tokens, left, right)
        or _goes_on(tokens, right)
        or _algebra(left.units)
        or _algebra(right.units[:1])
        or _names_a_part(tokens, left, right)
        or _changes_unit(left, right)
    )


def _part_of_more(tokens: Sequence[Token], first: int) -> bool:
    """Whether something in front of the left side belongs to it."""
    before = tokens[first - 1] if first else None
    earlier = tokens[first - 2] if first > 1 else None
    if before is None or before.kind in ("eq", "line"):
        return False
    if before.kind in ("stop", "open"):
        return before.text in _OPEN and earlier is not None and earlier.kind == "op"
    if before.kind == "op":
        return earlier is not None and earlier.kind not in ("line", "stop", "eq")
    glued = tokens[first].start == before.end
    return glued or before.kind != "word" or _word_before(tokens, first, before.text.lower())


def _word_before(tokens: Sequence[Token], first: int, word: str) -> bool:
    earlier = tokens[first - 2] if first > 1 else None
    if earlier is not None and word == "and" and earlier.kind == "number":  # 12 * 1 and 1/4
        return [token.text for token in tokens[first + 1 : first + 2]] == ["/"]
    if earlier is not None and word == "the":
        return _part_of_more(tokens, first - 1)
    if earlier is not None and word == "of":
        return _of_a_part(earlier)
    if word == "as" and any(token.text.lower() in (*_PARTS, "times") for token in tokens[max(0, first - 5) : first]):
        return True
    return word in _PARTS or word in _SUPPOSED or _operator_before(tokens, first - 1)


def _sum_before(tokens: Sequence[Token], first: int) -> bool:
    """20 + 10 birds to the 29 + 24 = 83: whether a calculation without a result is in front, in the same clause."""
    for at in range(first - 1, max(first - _FAR, 0), -1):
        token = tokens[at]
        if token.kind in ("eq", "line", "stop", "odd") or token.text.lower() in _BETWEEN:
            return False
        if token.kind == "op" and at + 1 < first and tokens[at + 1].kind in ("number", "currency", "open"):
            return tokens[at - 1].kind in ("number", "close", "percent", "word", "currency")
    return False


def _loosely_said(tokens: Sequence[Token], left: Side, right: Side) -> bool:
    """Rounded as it pleased, denied, by the clock, as a range of pages, or with a percentage of itself."""
    behind = {token.text.lower().rstrip(".") for token in tokens[right.end : right.end + 3]} | set(right.units)
    if behind & _ABOUT and 10 * abs(left.value - right.value) <= abs(left.value):
        return True
    if set(right.units[:3]) & _DENIED or (set(left.units) | set(right.units)) & _CLOCK or set(left.units) & _HALVES:
        return True
    if left.signs == "-" and left.value < 0 < right.value and _glued(tokens[left.first : left.first + 3]):
        return right.value + left.value in (0, 1) and _named(tokens, left.first)  # pages 10-20 = 11
    if right.signs == "(" and right.value == -left.value:  # 5 - 8 = (3)
        return True
    return "%" in left.units and "%" not in right.units and not {"+", "-"}.isdisjoint(left.signs)  # 50 + 50% = 75


def _named(tokens: Sequence[Token], first: int) -> bool:
    """Whether a word in front says what the numbers are, and does not only lead on."""
    before = tokens[first - 1] if first else None
    return before is not None and before.kind == "word" and before.text.lower() not in _BETWEEN


def _operator_before(tokens: Sequence[Token], at: int) -> bool:
    """25 classmates + his 1 teacher + 1 = 27: whether there is an operator in front of the words that end here."""
    for back in range(at, max(at - 3, -1), -1):
        if tokens[back].kind == "op":
            return back > 0 and tokens[back - 1].kind not in ("line", "stop")
        if tokens[back].kind != "word":
            return False
    return False


def _of_a_part(before: Token) -> bool:
    """A total of 3 + 4 is 3 + 4; a half of 3 + 4 and 20% of 3 + 4 are not."""
    return before.kind != "word" or before.text.lower().removesuffix("s").rpartition("-")[2] in _PARTS


def _goes_on(tokens: Sequence[Token], right: Side) -> bool:
    """Whether something behind the right side belongs to it."""
    if right.end >= len(tokens):
        return False
    after = tokens[right.end]
    if after.kind == "op":
        further = tokens[right.end + 1] if right.end + 1 < len(tokens) else None
        if further is None or further.kind not in ("open", "word"):
            return False
        return further.kind == "open" or after.text != "-" or len(further.text) == 1  # a dash goes before words, too
    if tokens[right.end - 1].kind == "word":
        return after.kind == "odd" or right.units[:1] in _REMAINDERS
    unit = [token.text[:1] for token in tokens[right.end + 1 : right.end + 2] if token.kind == "word"]
    if after.kind == "number" and unit == ["-"]:  # 15 4-packs
        return False
    return after.kind in ("odd", "pow", "number", "open", "frac", "percent")


def _algebra(units: Iterable[str]) -> bool:
    """Whether a number has a letter behind it, which is more often a variable than a unit."""
    return "x" in units


def _names_a_part(tokens: Sequence[Token], left: Side, right: Side) -> bool:
    """1/5 of the class = 6 students, 2 hours = 2 * 60, person 1 = 3 + 4: the left side is a name and no amount."""
    if left.signs == "/" and 0 < left.value < 1 and _one_piece(tokens[left.first : left.first + 3]):
        return bool(set(left.units) - {"$"}) or (right.value > 1 and bool(right.units or right.signs))
    if left.signs:
        return False
    before = tokens[left.first - 1] if left.first else None
    named = before is not None and before.kind == "word"
    return named or "%" in set(right.units) - set(left.units) or bool(set(left.units) - {"$"})


def _one_piece(tokens: Sequence[Token]) -> bool:
    """1/5, not 1 egg / 5 or $1/$5."""
    return [token.kind for token in tokens] == ["number", "op", "number"] and _glued(tokens)


def _glued(tokens: Sequence[Token]) -> bool:
    """Whether no space is between them."""
    return all(one.end == other.start for one, other in pairwise(tokens))


def _changes_unit(left: Side, right: Side) -> bool:
    """5 minutes * 12 = 1 hour, 3 hours + 30 minutes = 3.5 hours, 20 * 5 = $1, 3 cats + 4 dogs = $50."""
    lefts, rights = _singular(left.units), _singular(right.units[:2])
    ratio = right.value / left.value if left.value else Fraction(0)
    ratio = 1 / ratio if 0 < ratio < 1 else ratio
    added = not set(left.signs).isdisjoint("+-")
    for dimension, factors in _FACTORS.items():
        in_left, in_right = lefts & factors.keys(), rights & factors.keys()
        if in_left and (added or in_right - in_left) and len({factors[unit] for unit in in_left | in_right}) > 1:
            return True
        if bool(in_left) != bool(in_right) and not lefts & rights and ratio in _RATIOS[dimension]:
            return bool(lefts) or (ratio >= _LEAST_RATIO and not added)
    return added and "$" in rights and bool(lefts) and "$" not in lefts


def _singular(units: Iterable[str]) -> set[str]:
    return {unit.removesuffix("s") for words in units for unit in words.split("/")}

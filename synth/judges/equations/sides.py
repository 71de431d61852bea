"""Reads one side of an equation out of the tokens of a text, and what stands around it.

Two readings of a side are tried, as people write both: in the exact one 20% is 0.2 and 3 million is 3000000, in the
loose one signs and words behind a number are units: 100% - 20% = 80%, 2 dozen * 12 = 24.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from synth.judges.equations.tokens import Amount, Token, amount

SCALES = {"dozen": 12, "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_DETERMINERS = ("the", "his", "her", "its", "their", "this", "that", "these", "those", "all")
_MOST_WORDS = 10  # between a number and the operator behind it: 4 pairs of very warm woollen socks * $5
_MOST_OPERANDS = 200
_MOST_BITS = 512  # of a number: a^b^c is not worked out to the end of time
_DEEPEST = 12


class UnreadableError(Exception):
    """No operand stands here. Raised and caught inside this folder only."""


@dataclass
class Side:
    """What stands on one side of an equals sign."""

    first: int  # tokens[first:end] is the side, its units included
    end: int = 0
    values: list[Fraction] = field(default_factory=list)  # after each operand; the last is the whole side's
    step: Fraction = Fraction(0)  # one in the last digit, if the side is a single number
    signs: str = ""  # its operators, brackets included
    units: list[str] = field(default_factory=list)
    doubtful: bool = False  # it holds something that can be read in two ways

    @property
    def value(self) -> Fraction:
        return self.values[-1]


def read(
    tokens: Sequence[Token], first: int, *, exact: bool = True, rounded: Mapping[Fraction, Fraction] | None = None
) -> Side | None:
    """The longest side that starts here; None if none does.

    rounded: results that were rounded earlier, and what they were before; with it, operands that may be rounded are
    taken for what they round, and 0.33 is 1/3.
    """
    reader = _Reader(tokens, first, exact, rounded)
    try:
        reader.side.values = reader.operands(0)
    except UnreadableError:
        return None
    reader.units()
    reader.side.end = reader.at
    if len(reader.side.values) > 1:
        reader.side.step = Fraction(0)
    return reader.side


class _Reader:
    def __init__(
        self, tokens: Sequence[Token], first: int, exact: bool, rounded: Mapping[Fraction, Fraction] | None
    ) -> None:
        self.tokens, self.at, self.exact, self.rounded = tokens, first, exact, rounded
        self.side = Side(first)
        self.count = 0
        self.slashes: set[bool] = set()  # whether they were written without a space

    def kind(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at].kind if at < len(self.tokens) else "line"

    def text(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].text

    def glued(self) -> bool:
        """Whether nothing, no space either, is between this token and the one before."""
        return self.tokens[self.at - 1].end == self.tokens[self.at].start

    def operands(self, depth: int) -> list[Fraction]:
        """Operands with operators between, * and / first; the value after each operand."""
        total, product = Fraction(0), self.operand(depth)
        values = [product]
        while True:
            before, seen = self.at, (len(self.side.signs), len(self.side.units))
            self.units()
            sign = self.operator()
            if not sign:
                break
            try:
                operand = self.operand(depth)
            except UnreadableError:
                self.side.signs = self.side.signs[: seen[0]]
                break
            if sign in "+-":
                total, product = _small(total + product), operand if sign == "+" else -operand
            else:
                product = self.times(product, operand, sign)
            values.append(total + product)
        self.at = before
        del self.side.units[seen[1] :]
        return values

    def operator(self) -> str:
        """The operator here, if one is; two brackets, or a number and a bracket, side by side are a product."""
        sign = ""
        if self.kind() == "op":
            sign = self.text().replace(":", "/")
            if sign == "/" and self.at + 1 < len(self.tokens):
                self.slashes.add(self.glued() and self.tokens[self.at].end == self.tokens[self.at + 1].start)
                self.side.doubtful |= len(self.slashes) > 1  # 6 / 1/30
            self.at += 1
        elif self.kind() == "word" and self.text().lower() == "of" and self.part_of():
            sign = "*"
        elif self.implicit():
            sign = "*"
            self.side.doubtful |= not self.glued() or "/" in self.side.signs
        self.side.signs += sign
        return sign

    def implicit(self) -> bool:
        """2(3), (2)(3) and (2)3; not `5 eggs (2 * 3)`."""
        if self.kind() in ("open", "frac"):
            return self.kind(-1) in ("number", "close")
        return self.kind() == "number" and self.kind(-1) == "close" and self.glued()

    def part_of(self) -> bool:
        """Whether the `of` here multiplies: 20% of 50, 1/2 of the 6; not 3 of 50."""
        if self.kind(-1) not in ("percent", "close") and not self.side.signs.endswith("/"):
            return False
        ahead = 2 if self.kind(1) == "word" and self.text(1).lower() in _DETERMINERS else 1
        if self.kind(ahead) not in ("number", "currency", "open"):
            return False
        self.at += ahead
        return True

    def times(self, product: Fraction, operand: Fraction, sign: str) -> Fraction:
        if sign == "/" and operand == 0:
            raise UnreadableError
        return _small(product * operand if sign == "*" else product / operand)

    def operand(self, depth: int) -> Fraction:
        """A number or a bracket with its signs, currency and power."""
        self.count += 1
        if self.count > _MOST_OPERANDS or depth > _DEEPEST:
            raise UnreadableError
        negative = False
        for _ in range(2):  # -$5 and $-5
            if self.kind() == "op" and self.text() in "+-":
                negative ^= self.text() == "-"
                self.at += 1
            if self.kind() == "currency":
                self.side.units.append(self.text().lstrip("\\"))
                self.at += 1
        value = self.power(self.plain(depth), depth)
        return -value if negative else value

    def plain(self, depth: int) -> Fraction:
        if self.kind() == "frac":
            self.at += 1
            return self.times(self.bracket(depth, "{"), self.bracket(depth, "{"), "/")
        if self.kind() == "open":
            return self.marked(Amount(self.bracket(depth), Fraction(0))).value
        if self.kind() != "number":
            raise UnreadableError
        read = amount(self.text())
        self.at += 1
        if self.rounded is not None:
            read = Amount(self.rounded.get(read.value) or _unrounded(read, self.kind() == "percent"), read.step)
        read = self.marked(self.mixed(read))
        self.side.step = read.step
        return read.value

    def bracket(self, depth: int, kind: str = "") -> Fraction:
        if self.kind() != "open" or (kind and self.text() != kind):
            raise UnreadableError
        self.at += 1
        outside, self.slashes = self.slashes, set()
        value = self.operands(depth + 1)[-1]
        self.slashes = outside
        self.units()
        if self.kind() != "close":
            raise UnreadableError
        self.at += 1
        self.side.signs += "("
        return value

    def mixed(self, whole: Amount) -> Amount:
        """2 1/2, 2½ and 2\\frac{1}{2}."""
        if self.kind() == "frac" and self.glued() and whole.step == 1:
            self.side.doubtful = True  # it may be meant as a product
            return Amount(whole.value + self.plain(0), Fraction(0))
        if self.kind() != "number" or whole.step != 1:
            return whole
        part = amount(self.text())
        if part.step == 0:
            self.at += 1
            return Amount(whole.value + part.value, Fraction(0))
        if self.kind(1) != "op" or self.text(1) != "/" or self.kind(2) != "number":
            return whole
        below = amount(self.text(2))
        if not 0 < part.value < below.value:
            return whole
        self.at += 3
        return Amount(whole.value + part.value / below.value, Fraction(0))

    def marked(self, read: Amount) -> Amount:
        """With what stands directly behind it: 20%, 3 million, 5$."""
        factor = Fraction(1)
        if self.kind() == "percent":
            factor = Fraction(1, 100)
            self.side.units.append("%")
            self.at += 1
        elif self.kind() == "word" and (scale := SCALES.get(self.text().lower().removesuffix("s"))):
            factor = Fraction(scale)
            self.at += 1
        if self.kind() == "currency" and self.kind(1) != "number":
            self.side.units.append(self.text())
            self.at += 1
        return Amount(read.value * factor, read.step * factor) if self.exact else read

    def power(self, value: Fraction, depth: int) -> Fraction:
        """With its exponent, if it has one. What has two, 2^3^2, is not read."""
        if self.kind() != "pow":
            return value
        raised = self.text()
        self.at += 1
        self.side.signs += "^"
        if raised in "²³":
            return _raised(value, Fraction("²³".index(raised) + 2))
        negative = self.kind() == "op" and self.text() == "-"
        self.at += negative
        exponent = self.plain(depth + 1)
        return _raised(value, -exponent if negative else exponent)

    def units(self) -> None:
        """Goes past the words behind a number if there are few: 5 large eggs, $3 per hour, 4 / box."""
        for _ in range(_MOST_WORDS):
            slash = self.kind() == "op" and self.text() == "/" and self.kind(1) == "word"
            if self.kind() != "word" and not slash:
                return
            if (
                self.text(slash).lower() == "of"
                and self.kind(-1) in ("percent", "close", "number")
                and self.multiplies()
            ):
                return
            word = self.text(slash)
            variable = len(word) == 1 and (word != "a" or self.glued())
            self.side.units.append("x" if variable else word.lower().lstrip("-/"))
            self.at += 1 + slash

    def multiplies(self) -> bool:
        """Looks whether an `of` multiplies, without going past it."""
        at = self.at
        is_part = self.part_of()
        self.at = at
        return is_part


def _unrounded(read: Amount, percent: bool) -> Fraction:
    """The simple fraction that a number rounds: 1/3 for 0.33, 200/3 for 66.67 and 100/3 for 33%; else the number."""
    if read.step == 1 and not percent:
        return read.value
    for below in (3, 6, 7, 9, 11, 12) if read.step < Fraction(1, 10) else (3,):
        near = Fraction(round(read.value * below), below)
        if near.denominator not in (1, 2, 4) and abs(near - read.value) <= read.step / 2:
            return near
    return read.value


def _raised(value: Fraction, exponent: Fraction) -> Fraction:
    size = max(value.numerator.bit_length(), value.denominator.bit_length())
    if exponent.denominator != 1 or abs(exponent) * size > _MOST_BITS or (value == 0 and exponent < 0):
        raise UnreadableError
    return value ** int(exponent)


def _small(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise UnreadableError
    return value

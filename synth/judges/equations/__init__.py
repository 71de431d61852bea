r"""Judges whether every equation of numbers in a rationale holds: `a op b = c` is worked out again.

    "She makes 9 * 2 = $<<9*2=18>>18 a day."     right
    "She makes 9 * 2 = $19 a day."               wrong: 9 * 2 = $19: it is 18

Read as people write them: units, currencies, percent, fractions, brackets, LaTeX, words (6 times 3 equals 18), chains
(3 + 4 = 7 + 2 = 9: every = is compared with what stands directly left of it), results rounded to the digits shown. The
marks of GSM8K, <<9*2=18>>, are judged by themselves. The judge has no opinion if there is no operator (1 hour = 60
minutes), on algebra, and wherever an equation that seems not to hold can be read in another way: a right rationale that
is thrown away is gone, a wrong one can still be caught by its answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from synth.answers.turns import split_thinking
from synth.data.verdict import Judge, Verdict
from synth.judges.equations.doubt import in_doubt
from synth.judges.equations.sides import SCALES, Side, read
from synth.judges.equations.tokens import Token, tokens
from synth.record import Record

NAME = "equations"
MENU = ("right", "wrong")
_MARK = re.compile(r"<<([^<>\n]{1,200})>>")
_STARTS = ("number", "open", "currency", "frac")
_TOLERANCE = Fraction(1, 5000)  # of a last digit
_FLOAT = Fraction(1, 10**9)  # 0.1 + 0.2 = 0.30000000000000004
_MOST = 4  # sums in front of the last part of a chain
_LABELS = ("step", "part", "day", "week", "month", "year", "case", "option", "method", "round", "phase", "question")


@dataclass(frozen=True, slots=True)
class Equation:
    """text[start:end] of a rationale: two sides with an equals sign between."""

    start: int
    end: int
    left: str
    right: str
    value: Fraction  # what the left side comes to
    holds: bool

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


def judge(record: Record, **_: object) -> Verdict:
    """Wrong with the first equation that is, thoughts aside; does not apply if there is none."""
    count = 0
    for equation in equations(split_thinking(record.rationale)[0]):
        if not equation.holds:
            return Verdict(NAME, "wrong", f"{equation}: it is {_written(equation.value)}")
        count += 1
    if not count:
        return Verdict(NAME, None, "no equation")
    return Verdict(NAME, "right", f"{count} equation{'s' * (count > 1)}")


def equations(text: str) -> Iterator[Equation]:
    """All equations of numbers that can be judged, in the order in which they end."""
    rounded: dict[Fraction, Fraction] = {}  # results that were rounded, and what they were before
    judged = [*_in(text, 0, rounded)]
    for mark in _MARK.finditer(text):
        judged += _in(mark[1], mark.start(1), rounded)
    return iter(sorted(judged, key=lambda equation: (equation.end, equation.start)))


def _in(text: str, offset: int, rounded: dict[Fraction, Fraction]) -> Iterator[Equation]:
    pieces = tokens(text)
    at = 0
    while at < len(pieces):
        signed = at > 0 and pieces[at - 1].kind == "eq" and pieces[at].text in ("-", "+")
        left = read(pieces, at) if signed or pieces[at].kind in _STARTS else None
        if left is None:
            at += 1
            continue
        at = left.end
        if at < len(pieces) and pieces[at].kind == "eq":
            at += 1
            right = read(pieces, at)
            if right is not None and (left.signs or right.signs):
                yield from _compared(text, offset, pieces, left, right, rounded)


def _compared(
    text: str, offset: int, pieces: Sequence[Token], left: Side, right: Side, rounded: dict[Fraction, Fraction]
) -> Iterator[Equation]:
    """The equation with its judgement; nothing if the judge has none."""
    lefts = [*_readings(pieces, left.first, left.end, rounded)]
    for start in _beginnings(pieces, left.first, left.end):
        lefts += [side for side in _readings(pieces, start, left.end, rounded) if side.signs]
    rights = list(_readings(pieces, right.first, right.end, rounded))
    agreed = next((one for one in lefts for other in rights if _agree(one, other)), None)
    holds = agreed is not None
    if agreed is not None and not right.signs and agreed.value != right.value:
        rounded[right.value] = agreed.value
    if not holds and in_doubt(pieces, left, right):
        return
    (start, middle), (second, end) = _span(pieces, left), _span(pieces, right)
    sides = _tidy(text[start:middle]), _tidy(text[second:end])
    yield Equation(start + offset, end + offset, sides[0], sides[1], left.value, holds)


def _span(pieces: Sequence[Token], side: Side) -> tuple[int, int]:
    """Where a side stands in the text, without the words at its end."""
    last = side.end - 1
    while pieces[last].kind == "word" and pieces[last].text.lower().removesuffix("s") not in SCALES:
        last -= 1
    return pieces[side.first].start, pieces[last].end


def _works_out(pieces: Sequence[Token], at: int) -> bool:
    """Whether there is a number in front of an equals sign, so that a chain goes on behind it; in x = 1 + 1 is none."""
    for piece in reversed(pieces[:at]):
        if piece.kind in ("eq", "line", "stop"):
            return False
        if piece.kind in ("number", "frac"):
            return True
    return False


def _beginnings(pieces: Sequence[Token], first: int, end: int) -> Iterator[int]:
    """Where else the left side may begin: a dash before it may be a minus, a number and a dash a label.

    Step 2 - 3 + 4 = 7 and, at the start of a line, 2 : 3 + 4 = 7. In 2 * 10 = 20 + 3 * 5 = 15 = 35 it is 3 * 5.
    """
    if first and pieces[first - 1].kind == "eq" and _works_out(pieces, first - 1):
        yield from [at + 1 for at in range(first, end) if pieces[at].kind == "op" and pieces[at].text in "+-"][:_MOST]
    if first and pieces[first - 1].text in ("-", "–"):
        yield first - 1
    labelled = first and pieces[first - 1].kind == "word" and pieces[first - 1].text.lower() in _LABELS
    label = labelled or first == 0 or pieces[first - 1].kind == "line"
    dash = pieces[first + 1] if first + 1 < len(pieces) else None
    if label and dash and dash.kind == "op" and (dash.text == "-" if labelled else dash.text == ":"):
        yield first + 2


def _readings(pieces: Sequence[Token], first: int, end: int, rounded: Mapping[Fraction, Fraction]) -> Iterator[Side]:
    for exact, before in ((True, None), (False, None), (True, rounded)):
        side = read(pieces, first, exact=exact, rounded=before)
        if side is not None and side.end == end and (before is None or side.signs):
            yield side


def _agree(left: Side, right: Side) -> bool:
    """Equal, or equal to the start of a longer right side (5 + 3 = 8 * 2), or up to the digits that are shown."""
    if left.value in right.values:
        return True
    return _rounds(left, right) or _rounds(right, left) or _close(left, right)


def _close(left: Side, right: Side) -> bool:
    """Whether decimals differ by no more than floats, or a last digit that was rounded the other way, bring about."""
    if right.step >= 1 or len(right.values) > 1:
        return False
    size = abs(right.value)
    return abs(left.value - right.value) <= max(min(right.step, size * _TOLERANCE), size * _FLOAT)


def _rounds(exact: Side, shown: Side) -> bool:
    """Whether a number is rounded to the nearest, or has digits after the point cut off. 50 / 3 may also be 16 or 17
    in whole numbers, as things are handed out and packed."""
    if len(shown.values) > 1:
        return False
    error = abs(exact.value - shown.value)
    cut = abs(shown.value) < abs(exact.value) and shown.step < 1
    return error <= shown.step / 2 or (error < shown.step and (cut or (shown.step == 1 and "/" in exact.signs)))


def _tidy(side: str) -> str:
    return " ".join(_MARK.sub("", side).split())


def _written(value: Fraction) -> str:
    """12, 3.25, 10/3."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    finite = denominator == 1 < value.denominator <= 10**6
    return f"{float(value):.12g}" if finite and abs(value) < 10**6 else str(value)


JUDGE = Judge(NAME, MENU, judge)

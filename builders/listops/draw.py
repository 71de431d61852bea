"""Draws ListOps expressions: many at once, each token by token from left to right.

Every token of a row owns four uniform draws, those of its place in the row, so a row is a function of its own draws
alone. An operator also uses the four of its closing bracket, which needs none itself.

Two ways to choose operators and digits:

natural     as the published recipe does: each uniform, and the answer is what comes of it. MAX of many digits is
            almost always the largest digit, so answers crowd at both ends.
uniform     the answer is drawn first, uniform over all possible ones. Then, from the root down, each operator is drawn
            with the probability the natural recipe gives it *given* the value it has to come to, and its arguments
            are drawn so that they come to it: one argument is the maximum and the others lie anywhere below, half lie
            below the median and half above, the last term completes the sum.
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
import numpy.typing as npt

from synth.builders.listops.shapes import OPERATOR_SHARE, Bools, Floats, Ints, Shapes, cumulative, pick

MIN, MAX, MED, SUM = range(4)
CLOSE, OPEN, BLANK = -1, -2, -6  # tokens: digits as they are, OPEN - operator, CLOSE; BLANK if there is none
DRAWS = 4  # draws a token
UNIT = 2.0**-32  # makes a draw of 32 bits one of [0, 1)
NONE_BELOW, NONE_ABOVE = -(1 << 30), 1 << 30


@dataclass(frozen=True)
class Grammar:
    """What decides the distribution of expressions of one split."""

    operators: tuple[int, ...]
    low: int  # smallest digit
    high: int  # largest digit
    modulus: int
    max_args: int
    max_depth: int  # operators nested in one another at most
    shortest: int
    longest: int  # tokens
    uniform: bool

    @cached_property
    def shapes(self) -> Shapes:
        share = OPERATOR_SHARE / (self.max_args - 1)
        return Shapes(self.max_depth, self.max_args, self.longest, 1 - OPERATOR_SHARE, 1.0, share)

    @cached_property
    def distinct(self) -> float:
        """How many different expressions there are; saturates if it is too many to matter."""
        digits = float(self.high - self.low + 1)
        counts = Shapes(self.max_depth, self.max_args, self.longest, digits, digits, float(len(self.operators)))
        return float(counts.whole[self.shortest :].sum())

    @cached_property
    def labels(self) -> Ints:
        """All values an expression can have."""
        digits = range(self.low, self.high + 1) if set(self.operators) - {SUM} else range(0)
        sums = range(self.modulus) if SUM in self.operators else range(0)
        return np.array(sorted({*digits, *sums}))

    @cached_property
    def root_table(self) -> Floats:
        """Cumulative distribution of the operator given its number of arguments and its value, (args, values, 4)."""
        return cumulative(self._likelihood)

    @cached_property
    def inner_table(self) -> Floats:
        """The same but for SUM: below the root it is decided before the value which operators are sums."""
        return cumulative(self._likelihood * [op != SUM for op in range(4)])

    @cached_property
    def _likelihood(self) -> Floats:
        """P(an operator comes to a value | uniform arguments), shape (max_args + 1, values, 4).

        For the median of an even count that of the next odd count stands in.
        """
        table = np.zeros((self.max_args + 1, max(self.high, self.modulus - 1) + 1, 4))
        upto = np.arange(self.high - self.low + 2) / (self.high - self.low + 1)
        digits = slice(self.low, self.high + 1)
        for count in range(2, self.max_args + 1):
            odd = count | 1
            ways = [comb(odd, j) * upto**j * (1 - upto) ** (odd - j) for j in range(odd // 2 + 1, odd + 1)]
            table[count, digits, MIN] = -np.diff((1 - upto) ** count)
            table[count, digits, MAX] = np.diff(upto**count)
            table[count, digits, MED] = np.diff(sum(ways))
            table[count, : self.modulus, SUM] = 1 / self.modulus
        table[:, :, [op for op in range(4) if op not in self.operators]] = 0
        return table


@dataclass(frozen=True)
class Expressions:
    """A batch of expressions with their values worked out.

    tokens: (rows, longest), BLANK after the end. The other arrays have one entry for each operator, row by row and
    within a row in the order in which brackets close: innermost first and left to right.
    """

    tokens: Ints
    lengths: Ints  # (rows,) tokens
    depths: Ints  # (rows,) operators nested in one another at most
    row: Ints
    operator: Ints
    count: Ints  # arguments
    arguments: Ints  # (operators, max_args), BLANK after the last
    ordered: Ints  # the same, smallest first
    total: Ints
    value: Ints


def draw(grammar: Grammar, bits: npt.NDArray[np.uint32]) -> Expressions:
    """Expressions from 32-bit draws of shape (rows, longest * DRAWS)."""
    return _Writer(grammar, bits.reshape(len(bits), grammar.longest, DRAWS)).write()


class _Writer:
    """All rows side by side. A row's open operators are frames on its stack; frame 0 only holds the root."""

    def __init__(self, grammar: Grammar, bits: npt.NDArray[np.uint32]) -> None:
        self.grammar, self.shapes, self.bits = grammar, grammar.shapes, bits
        rows, depth = len(bits), grammar.max_depth + 1
        self.lengths = self.shapes.root_length(bits[:, 0, 0] * UNIT, grammar.shortest, grammar.uniform)
        self.tokens = np.full((rows, grammar.longest), BLANK, dtype=np.int32)
        self.level = np.zeros(rows, dtype=np.int32)
        self.depths = np.zeros(rows, dtype=np.int32)
        self.base = np.arange(rows) * depth  # of a row's frames in the flat arrays below
        frames = rows * depth
        self.operator = np.zeros(frames, dtype=np.int32)
        self.count = np.ones(frames, dtype=np.int32)
        self.left = np.ones(frames, dtype=np.int32)  # arguments still to come
        self.room = np.repeat(self.lengths, depth)  # tokens still to come before the closing bracket
        self.arguments = np.full((frames, grammar.max_args), BLANK, dtype=np.int32)
        # How many of the arguments still to come lie below, at the lower and at the upper of the two middles; the
        # rest lies above. MIN, MAX and an odd MED have one middle, their value. The arguments of SUM are free.
        self.below = np.zeros(frames, dtype=np.int32)
        self.at_lower = np.zeros(frames, dtype=np.int32)
        self.at_upper = np.zeros(frames, dtype=np.int32)
        self.lower = np.full(frames, NONE_BELOW, dtype=np.int32)
        self.upper = np.full(frames, NONE_BELOW, dtype=np.int32)
        self.target = np.zeros(frames, dtype=np.int32)
        self.steps: list[tuple[Ints, ...]] = []

    def write(self) -> Expressions:
        for place in range(int(self.lengths.max())):
            rows = np.flatnonzero(self.lengths > place)
            frame = self.base[rows] + self.level[rows]
            done = self.left[frame] == 0
            self._close(place, rows[done], frame[done])
            self._argument(place, rows[~done], frame[~done])
        row, operator, count, arguments, ordered, total, value = map(np.concatenate, zip(*self.steps, strict=True))
        by_row = np.argsort(row, kind="stable")
        steps = (part[by_row] for part in (row, operator, count, arguments, ordered, total, value))
        return Expressions(self.tokens, self.lengths, self.depths, *steps)

    def _argument(self, place: int, rows: Ints, frame: Ints) -> None:
        """The next argument of the innermost open operator of each row: a digit or an operator."""
        u = self.bits[rows, place] * UNIT
        height = self.grammar.max_depth - self.level[rows]
        length, opens = self._lengths(place, frame, height, u)
        more = self.bits[rows[opens], place + length[opens] - 1] * UNIT
        value, adds = self._values(place, frame, u, opens, more[:, 0])
        left = self.left[frame] - 1
        self.left[frame] = left
        self.room[frame] -= length
        # Where an operator opens, its token is put over this one, and what it comes to over this argument.
        self.tokens[rows, place] = value
        self.arguments[frame, self.count[frame] - left - 1] = value
        self._open(place, rows[opens], height[opens], length[opens], value[opens], adds[opens], more)

    def _lengths(self, place: int, frame: Ints, height: Ints, u: Floats) -> tuple[Ints, Ints]:
        """How many tokens each argument takes, and which of them are operators, as indexes."""
        if place == 0:
            return self.lengths, np.arange(len(frame))
        left, room = self.left[frame], self.room[frame]
        opens = np.flatnonzero(self.shapes.is_operator(height, left, room, u[:, 0]))
        length = np.ones(len(frame), dtype=np.int32)
        length[opens] = self.shapes.operator_length(height[opens], left[opens], room[opens], u[opens, 1])
        return length, opens

    def _values(self, place: int, frame: Ints, u: Floats, opens: Ints, sums: Floats) -> tuple[Ints, Bools]:
        """What each argument has to be or to come to, and which operators are to be SUM for it."""
        grammar = self.grammar
        adds = np.zeros(len(frame), dtype=bool)
        if not grammar.uniform:
            return grammar.low + _below(u[:, 2], grammar.high - grammar.low + 1), adds
        if place == 0:
            return grammar.labels[_below(u[:, 2], len(grammar.labels))], adds
        at_least, at_most = self._bounds(frame, u[:, 3])
        adds[opens] = sums < (SUM in grammar.operators) / len(grammar.operators)
        adds &= (at_least < grammar.modulus) & (at_most >= 0)
        lowest = np.maximum(at_least, np.where(adds, 0, grammar.low))
        highest = np.minimum(at_most, np.where(adds, grammar.modulus - 1, grammar.high))
        value = lowest + _below(u[:, 2], highest - lowest + 1)
        last = (self.operator[frame] == SUM) & (self.left[frame] == 1)
        value[last] = self._last_term(frame[last], adds[last], u[last, 2])
        return value, adds

    def _bounds(self, frame: Ints, u: Floats) -> tuple[Ints, Ints]:
        """Where the next argument lies: below, at or above what the operator has to come to, in random order."""
        pick = _below(u, self.left[frame])
        quota = self.below[frame]
        at_lower = pick >= quota
        quota += self.at_lower[frame]
        at_upper = pick >= quota
        quota += self.at_upper[frame]
        above = pick >= quota
        self.below[frame] -= ~at_lower
        self.at_lower[frame] -= at_lower & ~at_upper
        self.at_upper[frame] -= at_upper & ~above
        lower, upper = self.lower[frame], self.upper[frame]
        at_least = np.where(at_upper, upper, np.where(at_lower, lower, NONE_BELOW))
        at_most = np.where(above, NONE_ABOVE, np.where(at_upper, upper, lower))
        return at_least, at_most

    def _last_term(self, frame: Ints, adds: Bools, u: Floats) -> Ints:
        """The term that makes a sum come to its target modulo M: a sum itself, or any digit that does."""
        arguments = self.arguments[frame]
        missing = (self.target[frame] - np.where(arguments == BLANK, 0, arguments).sum(axis=1)) % self.grammar.modulus
        first = self.grammar.low + (missing - self.grammar.low) % self.grammar.modulus
        choices = (self.grammar.high - first) // self.grammar.modulus + 1
        term: Ints = np.where(adds, missing, first + self.grammar.modulus * _below(u, choices))
        return term

    def _open(self, place: int, rows: Ints, height: Ints, length: Ints, value: Ints, adds: Bools, u: Floats) -> None:
        """Open an operator of a given length; if answers are uniform, one that comes to a given value."""
        count = self.shapes.arguments(height - 1, length - 2, u[:, 1])
        operator = self._operators(place, count, value, adds, u[:, 2])
        self.tokens[rows, place] = OPEN - operator
        self.level[rows] += 1
        self.depths[rows] = np.maximum(self.depths[rows], self.level[rows])
        frame = self.base[rows] + self.level[rows]
        self.operator[frame] = operator
        self.count[frame] = self.left[frame] = count
        self.room[frame] = length - 2
        self.arguments[frame] = BLANK
        if self.grammar.uniform:
            self._aim(frame, operator, count, value, u[:, 3])

    def _operators(self, place: int, count: Ints, value: Ints, adds: Bools, u: Floats) -> Ints:
        grammar = self.grammar
        if not grammar.uniform:
            return np.array(grammar.operators)[_below(u, len(grammar.operators))]
        table = grammar.inner_table if place else grammar.root_table
        return np.where(adds, SUM, pick(table[count, value], u))

    def _aim(self, frame: Ints, operator: Ints, count: Ints, value: Ints, u: Floats) -> None:
        """Set where the arguments of newly opened operators have to lie for them to come to their values."""
        half = (count - 1) // 2
        even = (operator == MED) & (count % 2 == 0)
        adds = operator == SUM
        # The mean of the middles, truncated, is the value: they lie equally far from it, or the upper one more away.
        spread = _below(u, np.minimum(2 * (value - self.grammar.low) + 1, 2 * (self.grammar.high - value)) + 1)
        self.target[frame] = value
        self.below[frame] = np.choose(operator, [0, count - 1, half, 0])
        self.at_lower[frame] = ~adds
        self.at_upper[frame] = even
        self.lower[frame] = np.where(even, value - spread // 2, np.where(adds, NONE_BELOW, value))
        self.upper[frame] = np.where(even, value + (spread + 1) // 2, np.where(adds, NONE_BELOW, value))

    def _close(self, place: int, rows: Ints, frame: Ints) -> None:
        """Close the innermost operator of each row and hand what it came to to the one around it."""
        if not len(rows):
            return
        operator, count, arguments = self.operator[frame], self.count[frame], self.arguments[frame]
        ordered, total, value = evaluate(operator, count, arguments, self.grammar.modulus)
        self.steps.append((rows, operator, count, arguments, ordered, total, value))
        self.tokens[rows, place] = CLOSE
        self.level[rows] -= 1
        around = frame - 1
        self.arguments[around, self.count[around] - self.left[around] - 1] = value


def evaluate(operator: Ints, count: Ints, arguments: Ints, modulus: int) -> tuple[Ints, Ints, Ints]:
    """Sorted arguments, their sum and the value of each operator. `arguments` is (operators, max_args)."""
    blank = arguments == BLANK
    ordered = np.sort(np.where(blank, NONE_ABOVE, arguments), axis=1)
    total = np.where(blank, 0, arguments).sum(axis=1)
    row = np.arange(len(count))
    middle = (ordered[row, (count - 1) // 2] + ordered[row, count // 2]) // 2
    value = np.choose(operator, [ordered[:, 0], ordered[row, count - 1], middle, total % modulus])
    return np.where(ordered == NONE_ABOVE, BLANK, ordered), total, value


def _below(u: Floats, bound: Ints | int) -> Ints:
    """Uniform integers 0 to bound - 1."""
    whole: Ints = (u * bound).astype(np.int32)
    return whole

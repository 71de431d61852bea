"""Which operands row i of the arithmetic dataset has: every question at most once, none in two splits.

The questions of one length (digits of an operand) are numbered by a bijection that seed, operation and length
decide: number k is one pair of operands, another k another pair. Of these numbers each split owns a fixed share,
whatever the style, the range of lengths and the numbers of rows: no test question is a training question of any
dataset of the same seed and operation.

Rows come in rounds: a round has one row of every length, in an order of its own, and its rows take the next number
of their length. So the lengths are exactly uniform, no draw is wasted on a repeated question, and row i still is a
function of its key alone. A length whose share is used up drops out of the rounds (the rest is drawn from longer
ones), or, if repeats are allowed, starts from its first number again.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth.base.draws import uniform

LONGEST = 18  # digits: the sum of two such numbers still fits into 64 bits
SHARES = {"train": (0, 8), "validation": (8, 9), "test": (9, 10)}  # tenths of the questions of every length
PASSES = 3  # of two Feistel rounds each; four rounds make a strong permutation (Luby and Rackoff 1988)

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Drawing:
    """Everything the operands of a split's rows are a function of."""

    operation: str  # add, subtract or multiply
    lengths: Sequence[int]  # rising
    split: str
    seed: int
    repeat: bool = False

    def operands(self, rows: range) -> tuple[list[int], list[int], list[int]]:
        """Length, first and second operand of consecutive rows; fewer than asked if the questions run out."""
        lengths, numbers = self._places(rows)
        first, second = np.zeros_like(numbers), np.zeros_like(numbers)
        for length in self.lengths:
            at = np.flatnonzero(lengths == length)
            if len(at):
                first[at], second[at] = self._questions(length, numbers[at])
        return lengths.tolist(), first.tolist(), second.tolist()

    def share(self, length: int) -> range:
        """The numbers of the questions of one length that are this split's."""
        # The lengths of the two tests do not overlap, so test_beyond takes the share that no training set draws from.
        start, stop = SHARES["test" if self.split == "test_beyond" else self.split]
        count = questions(self.operation, length)
        return range(count * start // 10, count * stop // 10)

    def stretches(self) -> Iterator["Stretch"]:
        """The rounds, in stretches that have the same lengths. Each stretch but the last uses up its first length."""
        if self.repeat:
            yield Stretch(0, 1 << 62, 0, self.lengths)
            return
        row = turn = 0
        for gone, length in enumerate(self.lengths):
            share = self.share(length)
            size = share.stop - share.start  # len() of a range ends at 63 bits
            stop = row + (size - turn) * (len(self.lengths) - gone)
            yield Stretch(row, stop, turn, self.lengths[gone:])
            row, turn = stop, size

    def _places(self, rows: range) -> tuple[npt.NDArray[np.int64], Words]:
        """The length of each row and the number of its question within the split's share of that length."""
        key = f"arithmetic/{self.operation}/{self.lengths[0]}-{self.lengths[-1]}/{self.split}/{self.seed}"
        places = [
            part.places(key, rows) for part in self.stretches() if rows.start < part.stop and part.row < rows.stop
        ]
        if not places:
            return np.zeros(0, np.int64), np.zeros(0, np.uint64)
        return np.concatenate([lengths for lengths, _ in places]), np.concatenate([turns for _, turns in places])

    def _questions(self, length: int, numbers: Words) -> tuple[Words, Words]:
        """The operands of the questions with these numbers of the split's share."""
        share = self.share(length)
        if self.repeat:
            numbers = numbers % min(share.stop - share.start, 1 << 62)
        rows, columns = _box(self.operation, length)
        row, column = divmod(share.start, columns)
        column_now = numbers + np.uint64(column)
        key = f"arithmetic/{self.operation}/{length}/{self.seed}"
        row_at, column_at = _scatter(key, row + column_now // columns, column_now % columns, rows, columns)
        return _unfold(self.operation, length, row_at, column_at)


@dataclass(frozen=True)
class Stretch:
    """Rounds with the same lengths: rows `row` to `stop` - 1, of which the first round is the split's round `turn`."""

    row: int
    stop: int
    turn: int
    lengths: Sequence[int]

    def places(self, key: str, rows: range) -> tuple[npt.NDArray[np.int64], Words]:
        """Length and round of those of the rows that lie in this stretch."""
        width = len(self.lengths)
        start, stop = max(rows.start, self.row) - self.row, min(rows.stop, self.stop) - self.row
        first, last = start // width, -(-stop // width)
        orders = np.argsort(uniform(f"{key}/{width}", first, last, width), axis=1, kind="stable")
        lengths = np.array(self.lengths)[orders.ravel()[start - first * width : stop - first * width]]
        return lengths, np.arange(start, stop, dtype=np.uint64) // np.uint64(width) + np.uint64(self.turn)


def questions(operation: str, length: int) -> int:
    """How many different questions there are of one length."""
    rows, columns = _box(operation, length)
    return rows * columns


def _numbers(length: int) -> int:
    """How many numbers have this many digits: one-digit operands are 1 to 9, as in the paper's own generator."""
    least: int = 10 ** (length - 1)
    return 9 * least


def _box(operation: str, length: int) -> tuple[int, int]:
    """Rows and columns of the box whose cells are the questions of one length."""
    size = _numbers(length)
    if operation != "subtract":
        return size, size
    return (size + 1) // 2, size + (size + 1) % 2  # the triangle first >= second, folded: see _unfold


def _unfold(operation: str, length: int, row: Words, column: Words) -> tuple[Words, Words]:
    """The operands in a cell of the box.

    Of a difference the first operand is not the smaller one: a triangle whose line n has n + 1 cells. In row r of
    the box stands one of its short lines (the first `short` columns) and behind it the long line counted from its end.
    """
    size, least = _numbers(length), np.uint64(10 ** (length - 1))
    if operation != "subtract":
        return row + least, column + least
    short = row + np.uint64((size + 1) % 2)
    in_short = column < short
    first = np.where(in_short, short - np.uint64(1), np.uint64(size - 1) - row)  # wraps only if it is not taken
    second = np.where(in_short, column, column - short)
    return first + least, second + least


def _scatter(key: str, row: Words, column: Words, rows: int, columns: int) -> tuple[Words, Words]:
    """A bijection of a box onto itself: a Feistel network whose halves are row and column, added modulo their size."""
    keys = np.frombuffer(hashlib.blake2b(key.encode(), digest_size=16 * PASSES).digest(), dtype="<u8")
    for one, other in keys.reshape(PASSES, 2):
        row = (row + _mix(column ^ one) % rows) % rows
        column = (column + _mix(row ^ other) % columns) % columns
    return row, column


def _mix(words: Words) -> Words:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014): every bit of a word reaches every bit."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed

"""How long the parts of a ListOps expression are, drawn on the way down so that no draw is thrown away.

The published recipe (Nangia & Bowman 2018; the same in Long Range Arena, Tay et al. 2021) grows a tree at random: an
argument is an operator with probability 1/4 and a digit otherwise, an operator has 2 to `max_args` arguments, and a
tree whose length does not fit is thrown away, which 99.3% of them are. Here the distribution of lengths is
tabulated first; each choice on the way down is then made with its probability *given* the length that was asked for.
The trees that come out have the distribution of those the recipe would have kept.

Lengths count tokens: a digit is one, an operator is its opening, its arguments and its closing bracket. A subtree "of
height h" nests at most h operators in one another.
"""

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Ints: TypeAlias = npt.NDArray[np.integer[Any]]
Bools: TypeAlias = npt.NDArray[np.bool_]

OPERATOR_SHARE = 0.25  # probability that an argument is an operator (Nangia & Bowman 2018, and Long Range Arena)
DENSE_ENTRIES = 5_000_000  # so much of the tables of lengths is kept; what is beyond is made when it is asked for
MANY = 1e150  # counts saturate here: more than anybody will ask for


class Shapes:
    """Probabilities of lengths under the recipe, or numbers of expressions if the weights count them.

    tree[h, n]      weight of a subtree of height h with n tokens
    group[h, a, n]  weight of a neighbouring subtrees of height h with n tokens together
    whole[n]        weight of a whole expression (an operator at its root) with n tokens
    """

    def __init__(self, height: int, max_args: int, longest: int, digit: float, bottom: float, operator: float) -> None:
        """Weights: `digit` of a digit, `bottom` of one that stands too deep for an operator, `operator` of an operator
        with a given number of arguments."""
        self.max_args, self.longest = max_args, longest
        self.tree = np.zeros((height, longest + 1))
        self.group = np.zeros((height, max_args + 1, longest + 1))
        for h in range(height):
            self.tree[h, 1] = digit if h else bottom
            if h:
                self.tree[h, 2:] = operator * self._arguments(h - 1)[:-2]
            self.group[h] = self._powers(self.tree[h])
        self.whole = np.zeros(longest + 1)
        self.whole[2:] = operator * self._arguments(height - 1)[:-2]

    def _arguments(self, h: int) -> Floats:
        weights: Floats = np.minimum(self.group[h, 2:].sum(axis=0), MANY)
        return weights

    def _powers(self, tree: Floats) -> Floats:
        powers = np.zeros((self.max_args + 1, self.longest + 1))
        powers[0, 0] = 1.0
        for a in range(self.max_args):
            powers[a + 1] = np.minimum(np.convolve(powers[a], tree)[: self.longest + 1], MANY)
        return powers

    def root_length(self, u: Floats, shortest: int, uniform: bool) -> Ints:
        """Length of each expression: as the recipe has it, or every possible length equally often."""
        weights = self.whole.copy()
        weights[:shortest] = 0
        return pick(cumulative((weights > 0).astype(float) if uniform else weights), u)

    def arguments(self, h: Ints, n: Ints, u: Floats) -> Ints:
        """Number of arguments of operators whose arguments, of height h, take n tokens."""
        return pick(self._argument_table[h, n], u)

    def is_operator(self, h: Ints, a: Ints, n: Ints, u: Floats) -> Bools:
        """Whether the next argument of height h is an operator, a arguments and n tokens being left."""
        chosen: Bools = u >= self._digit_table[h, a, n]
        return chosen

    def operator_length(self, h: Ints, a: Ints, n: Ints, u: Floats) -> Ints:
        """Its length, if it is one."""
        table = self._length_table
        if self.longest < table.shape[2]:
            return pick(table[h, a, n], u)
        length = np.empty(len(n), dtype=np.int32)
        near = n < table.shape[2]
        length[near] = pick(table[h[near], a[near], n[near]], u[near])
        length[~near] = pick(self._length_rows(h[~near], a[~near], n[~near]), u[~near])
        return length

    @cached_property
    def _argument_table(self) -> Floats:
        weights = self.group.transpose(0, 2, 1).copy()
        weights[:, :, :2] = 0
        return cumulative(weights)

    @cached_property
    def _digit_table(self) -> Floats:
        """Probability that the next argument is a digit."""
        table = np.zeros_like(self.group)
        digit = self.tree[:, None, 1:2] * self.group[:, :-1, :-1]
        np.divide(digit, self.group[:, 1:, 1:], out=table[:, 1:, 1:], where=self.group[:, 1:, 1:] > 0)
        return settle(table)  # to exactly 1 if there is no room for an operator

    @cached_property
    def _length_table(self) -> Floats:
        heights, counts, _ = self.group.shape
        dense = min(self.longest + 1, max(2, int((DENSE_ENTRIES / (heights * counts)) ** 0.5)))
        a, n = np.indices((counts, dense))
        return np.stack([self._length_rows(np.full_like(a, h), a, n) for h in range(heights)])  # one by one: memory

    def _length_rows(self, h: Ints, a: Ints, n: Ints) -> Floats:
        """Cumulative distribution over the length c of the next argument, an operator, for arrays of states."""
        c = np.arange(n.max(initial=0) + 1)
        rest = n[..., None] - c
        weights = self.tree[h[..., None], c] * self.group[h[..., None], np.maximum(a[..., None] - 1, 0), rest]
        weights[(rest < 0) | (c < 2)] = 0
        return cumulative(weights)


def cumulative(weights: Floats) -> Floats:
    """Cumulative distributions along the last axis; zeros if all weights are 0."""
    sums = weights.cumsum(axis=-1)
    return settle(np.divide(sums, sums[..., -1:], out=np.zeros_like(sums), where=sums[..., -1:] > 0))


def settle(shares: Floats) -> Floats:
    """Probabilities to 40 bits: the last bits of a float differ between processors, the rows must not."""
    settled: Floats = np.rint(shares * 2.0**40) * 2.0**-40
    return settled


def pick(cumulative: Floats, u: Floats) -> Ints:
    """Index drawn from each cumulative distribution."""
    picked: Ints = (cumulative <= u[..., None]).sum(axis=-1)
    return picked

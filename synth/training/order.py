"""In which order a training run sees its rows: a pure function of seed and epoch.

A run that is resumed, or that runs on several processes, therefore sees the same rows at the same step as one that was
never disturbed, and what a run of so many steps or tokens will have seen is known before it starts. Rows of like length
stand together so that little is padded, as with transformers' group_by_length, whose sampler draws from the global
random state, which a resumed run does not find again.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from random import Random

import numpy as np
import numpy.typing as npt

MEGA = 50  # batches that are sorted by length together, as in transformers


@dataclass(frozen=True, eq=False)
class Order:
    """Rows of an epoch, step by step. `tokens[i]`: what row i counts; `sizes` and `weights`: those of the mixture."""

    tokens: npt.ArrayLike  # (rows,)
    lengths: (
        npt.ArrayLike
    )  # (rows, lengths of a row): what rows are grouped by: first by the first number, then by the next
    sizes: Sequence[int]
    weights: Sequence[float]
    batch: int  # rows of one step, over all processes and accumulated batches
    seed: int
    grouped: bool = True

    @property
    def rows(self) -> int:
        """Rows of an epoch."""
        return sum(round(size * weight) for size, weight in zip(self.sizes, self.weights, strict=True))

    @property
    def steps(self) -> int:
        """Steps of an epoch; the last one may have fewer rows."""
        return -(-self.rows // self.batch)

    @lru_cache(maxsize=2)  # noqa: B019 - an order lives as long as its run
    def epoch(self, number: int) -> "array[int]":
        """The indexes of an epoch's rows in their order."""
        random = Random(f"train/{self.seed}/{number}")
        chosen = self._chosen(random)
        random.shuffle(chosen)
        return self._grouped(chosen, random) if self.grouped else chosen

    def _chosen(self, random: Random) -> "array[int]":
        """Whole copies of each dataset, and of the rest as many rows as the weight's fraction asks for."""
        chosen = array("q")
        start = 0
        for size, weight in zip(self.sizes, self.weights, strict=True):
            indexes = range(start, start + size)
            wanted = round(size * weight)
            chosen += array("q", indexes) * (wanted // size)
            chosen.extend(random.sample(indexes, wanted % size))
            start += size
        return chosen

    @cached_property
    def _keys(self) -> npt.NDArray[np.int64]:
        """What rows are sorted by, as numpy takes it: the last first."""
        return np.asarray(self.lengths).T[::-1]

    def _grouped(self, chosen: "array[int]", random: Random) -> "array[int]":
        """Sort by length within stretches of many batches, then shuffle the batches."""
        rows = np.frombuffer(chosen, np.int64)
        span = self.batch * min(MEGA, max(1, len(rows) // (4 * self.batch)))
        batches: list[npt.NDArray[np.int64]] = []
        for start in range(0, len(rows), span):
            stretch = rows[start : start + span]
            stretch = stretch[np.lexsort(self._keys[:, stretch])]
            batches += [stretch[at : at + self.batch] for at in range(0, len(stretch), self.batch)]
        last = [batches.pop()] if len(batches[-1]) < self.batch else []  # the short one stays at the end
        random.shuffle(batches)
        return array("q", np.concatenate([*batches, *last]).tobytes())

    def at(self, step: int) -> "array[int]":
        """The rows of a step, counted from 0 over all epochs."""
        epoch, within = divmod(step, self.steps)
        return self.epoch(epoch)[within * self.batch : (within + 1) * self.batch]

    @cache  # noqa: B019
    def _totals(self, epoch: int) -> list[int]:
        """Tokens after each step of an epoch, from the epoch's beginning."""
        each = np.asarray(self.tokens)[np.frombuffer(self.epoch(epoch), np.int64)]
        totals: list[int] = np.add.reduceat(each, range(0, len(each), self.batch)).cumsum().tolist()
        return totals

    def seen(self, steps: int) -> tuple[int, int]:
        """Rows and tokens that so many steps have gone through."""
        epochs, within = divmod(steps, self.steps)
        tokens = sum(self._totals(epoch)[-1] for epoch in range(epochs))
        if within:
            tokens += self._totals(epochs)[within - 1]
        return epochs * self.rows + min(within * self.batch, self.rows), tokens

    def steps_for(self, tokens: int) -> int:
        """The fewest steps that go through at least so many tokens."""
        epoch = 0
        while tokens > (total := self._totals(epoch)[-1]):
            tokens, epoch = tokens - total, epoch + 1
        return epoch * self.steps + bisect_left(self._totals(epoch), tokens) + 1

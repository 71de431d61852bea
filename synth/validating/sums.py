"""Sums over the splits of a dataset: rows, the commonest answers, verdicts of judges."""

from collections import Counter
from dataclasses import dataclass, field

COUNTED = 50_000  # different answers that are counted at once


@dataclass
class Commonest:
    """Counts of the commonest answers in bounded memory.

    Lossy counting (Manku and Motwani 2002): if there are too many different answers the rare ones are dropped, and
    a count is then too low by at most `lost`.
    """

    counts: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def add(self, counts: Counter[str]) -> None:
        self.counts.update(counts)
        while len(self.counts) > COUNTED:
            self.lost += 1
            self.counts = Counter({answer: count - 1 for answer, count in self.counts.items() if count > 1})

    def share(self, rows: int) -> float:
        return max(self.counts.values(), default=0) / rows if rows else 0.0


@dataclass
class Split:
    """Sums over a split."""

    name: str
    rows: int = 0
    answers: Commonest = field(default_factory=Commonest)
    verdicts: Counter[tuple[str, str | None]] = field(default_factory=Counter)

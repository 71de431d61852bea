"""How scores are distributed: mean, quartiles, a small histogram, and the share of rows without one.

Memory does not grow with the rows: for quartiles and histogram a score is kept to DIGITS significant digits, 9,000
different ones for each power of ten at most; sum, least and greatest are exact.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

Bin: TypeAlias = tuple[float, float]

DIGITS = 4
FEW = 5  # different scores that are shown one by one, as the 0 and 1 of an accuracy
QUARTILES = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75}
BINS = 10  # of equal width; those of a score from 0 to 1 are tenths


@dataclass
class Distribution:
    """Scores of rows, counted."""

    counts: Counter[float] = field(default_factory=Counter)
    sum: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    none: int = 0  # rows to which the score does not apply

    @classmethod
    def of(cls, scores: Iterable[float | None]) -> "Distribution":
        found = cls()
        for score in scores:
            found.add(score)
        return found

    def add(self, score: float | None) -> None:
        if score is None:
            self.none += 1
            return
        self.counts[float(f"{score:.{DIGITS}g}")] += 1
        self.sum += score
        self.low, self.high = min(self.low, score), max(self.high, score)

    def __add__(self, other: "Distribution") -> "Distribution":
        ends = min(self.low, other.low), max(self.high, other.high)
        return Distribution(self.counts + other.counts, self.sum + other.sum, *ends, self.none + other.none)

    @property
    def scored(self) -> int:
        """Rows that have a score."""
        return self.counts.total()

    @property
    def mean(self) -> float:
        return self.sum / self.scored

    def quantile(self, share: float) -> float:
        """The least score that this share of the rows does not exceed; 0 < share <= 1."""
        seen, due = 0, share * self.scored
        for score in sorted(self.counts):
            seen += self.counts[score]
            if seen >= due - 1e-9:
                return score
        raise ValueError("no row has a score")

    def bins(self) -> list[Bin]:
        """From and to of the bins of a histogram; a bin of one score has it as both, the last one has its end too."""
        if len(self.counts) <= FEW:
            return [(score, score) for score in sorted(self.counts)]
        low, high = (0.0, 1.0) if self.low >= 0 and self.high <= 1 else (self.low, self.high)
        ends = [low + (high - low) * at / BINS for at in range(BINS + 1)]
        return list(pairwise(ends))

    def histogram(self, bins: Sequence[Bin]) -> list[int]:
        """Rows of each bin; what lies outside of all counts to the nearest."""
        rows, starts = [0] * len(bins), [low for low, _ in bins]
        for score, count in self.counts.items():
            rows[max(bisect_right(starts, score) - 1, 0)] += count
        return rows

    def figures(self) -> dict[str, Any]:
        """As a script reads it: `{"scored", "none", "mean", "low", "quartiles", "high", "histogram"}`."""
        if not self.scored:
            return {"scored": 0, "none": self.none}
        bins = self.bins()
        histogram = [
            {"from": low, "to": high, "rows": rows}
            for (low, high), rows in zip(bins, self.histogram(bins), strict=True)
        ]
        quartiles = [self.quantile(share) for share in QUARTILES.values()]
        return {
            "scored": self.scored, "none": self.none, "mean": self.mean, "low": self.low,
            "quartiles": quartiles, "high": self.high, "histogram": histogram,
        }  # fmt: skip


def table(columns: Sequence[Distribution]) -> list[list[str]]:
    """The rows of a table with a column for each distribution of one score, such as those of several splits."""
    whole = sum(columns, Distribution())
    rows = [
        ["rows with a score", *(f"{one.scored:,}" for one in columns)],
        ["without one", *(_share(one.none, one.scored + one.none) for one in columns)],
    ]
    if whole.scored:
        rows.append(["mean", *(f"{one.mean:.3f}" if one.scored else "-" for one in columns)])
    if len(whole.counts) > FEW:
        for title, share in QUARTILES.items():
            rows.append([title, *(f"{one.quantile(share):.3f}" if one.scored else "-" for one in columns)])
    bins = whole.bins()
    counts = [one.histogram(bins) for one in columns]
    for at, (low, high) in enumerate(bins):
        title = f"{low:.4g}" if low == high else f"{low:.3g} to {high:.3g}"
        rows.append([title, *(_share(of[at], sum(of)) for of in counts)])
    return rows


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"

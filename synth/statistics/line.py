"""A straight line through points, how closely they follow it, and how likely that is by chance.

Least squares and Pearson's r as in RAFT (Zhu et al. 2025, arXiv 2505.24147, section 3.3), which fits the gain in
calibration against the gain in accuracy, a point a data set. Two p-values of r, both two-sided: that of Student's t,
which papers print and which leans on normal scatter, and that of a permutation test, which leans on nothing: the
share of the ways to deal the y out to the x that follow a line at least as closely. With few points the second cannot
get small, and that is the truth about few points.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


SHUFFLES = 10_000  # where there are more orders than can be gone through
ALL_ORDERS = 7  # as many points have 5,040 orders, and all are tried


@dataclass(frozen=True)
class Line:
    """y = slope * x + intercept."""

    slope: float
    intercept: float
    pearson: float
    p_student: float
    p_permutation: float
    points: int


PUBLISHED = Line(
    0.7479, 0.0456, 0.9681, 2.462e-10, math.nan, 18
)  # Zhu et al. 2025, equation 7: delta ECE over delta Acc


def fit(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """The line through at least three points; None for fewer, or where x or y do not vary."""
    import numpy as np

    if len(x) < 3 or min(np.ptp(x), np.ptp(y)) < 1e-12:
        return None
    left, right = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    from_left, from_right = left - left.mean(), right - right.mean()
    slope = float(from_left @ from_right / (from_left @ from_left))
    scale = float(np.sqrt((from_left @ from_left) * (from_right @ from_right)))
    pearson = max(-1.0, min(1.0, float(from_left @ from_right) / scale))
    orders = _orders(len(x))
    dealt = np.abs(from_right[orders] @ from_left) / scale
    as_close = int((dealt >= abs(pearson) - 1e-9).sum())
    all_tried = len(x) <= ALL_ORDERS
    chance = as_close / len(orders) if all_tried else (as_close + 1) / (len(orders) + 1)
    line = (slope, float(right.mean() - slope * left.mean()), pearson)
    return Line(*line, p_of_pearson(pearson, len(x)), chance, len(x))


def _orders(points: int) -> "npt.NDArray[np.intp]":
    """Every order of the points, or many at random (the same ones each time)."""
    import numpy as np

    if points <= ALL_ORDERS:
        return np.array(list(itertools.permutations(range(points))))
    return np.random.default_rng(0).permuted(np.tile(np.arange(points), (SHUFFLES, 1)), axis=1)


def p_of_pearson(pearson: float, points: int) -> float:
    """Two-sided p of a correlation, by Student's t with points - 2 degrees of freedom.

    The distribution is a finite sum where the degrees of freedom are whole: Abramowitz & Stegun (1964), 26.7.3 and
    26.7.4. What is left of 1 in double precision is good to about 1e-15.
    """
    degrees = points - 2
    if abs(pearson) >= 1.0:
        return 0.0
    sine, cosine = abs(pearson), math.sqrt(1 - pearson * pearson)  # of theta = atan(t / sqrt(degrees))
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = term if degrees > 1 else 0.0
    for power in range(2 + odd, degrees - 1, 2):
        term *= cosine * cosine * (power - 1) / power
        total += term
    inside = 2 / math.pi * (math.asin(sine) + sine * total) if odd else sine * total
    return max(0.0, 1.0 - inside)

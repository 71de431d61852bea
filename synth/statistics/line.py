"""A straight line through points, how closely they follow it, and how likely that is by chance.

Least squares and Pearson's r as in RAFT (Zhu et al. 2025, arXiv 2505.24147, section 3.3), which fits the gain in
calibration against the gain in accuracy, a point a data set. Two p-values of r, both two-sided: that of Student's t,
which papers print and which leans on normal scatter, and that of a permutation test, which leans on nothing: the
share of the ways to deal the y out to the x that follow a line at least as closely. With few points the second cannot
get small, and that is the truth about few points.

RAFT's own p-values are one-tailed: those of its tables 5, 9 and 10 are what `one_tailed` gives for the printed r and
the number of data sets (6, 18 and 18). That of its section 3.3, 2.462e-10, is ten times what its r of 0.9681 has.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synth.errors import MissingExtraError

SHUFFLES = 10_000


@dataclass(frozen=True)
class Line:
    """y = slope * x + intercept."""

    slope: float
    intercept: float
    pearson: float
    p_student: float
    p_permutation: float
    points: int


# Zhu et al. 2025, equation 7: delta ECE over delta Acc
PUBLISHED = Line(0.7479, 0.0456, 0.9681, 2.462e-10, math.nan, 18)


def fit(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """The line through at least three points; None for fewer, or if x or y do not vary.

    Raises MissingExtraError without scipy.
    """
    import numpy as np

    if len(x) < 3 or min(np.ptp(x), np.ptp(y)) < 1e-12:
        return None
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtraError("the line through data sets in a report", "report") from error
    left, right = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    centred = left - left.mean()

    def closeness(dealt: Any, axis: int) -> Any:
        return np.abs((dealt - right.mean()) @ centred)

    line = stats.linregress(left, right)
    dealt = stats.permutation_test(
        (right,), closeness, permutation_type="pairings", alternative="greater", n_resamples=SHUFFLES, rng=0
    )  # all orders of up to 7 points, which are 5,040; of more points so many at random, the same ones each time
    pearson = max(-1.0, min(1.0, float(line.rvalue)))
    return Line(float(line.slope), float(line.intercept), pearson, float(line.pvalue), float(dealt.pvalue), len(x))


def prediction_margin(x: Sequence[float], y: Sequence[float], at: float, level: float = 0.95) -> float:
    """Half of the interval in which a new y at the place `at` lies, with that chance, if scatter is normal.

    t x s x sqrt(1 + 1/n + (at - mean)^2 / Sxx), with s^2 the squared residuals over n - 2 and t of Student's with as
    many degrees of freedom (Draper & Smith 1998, section 3.1). x, y: three points at least, whose x vary. Raises
    MissingExtraError without scipy.
    """
    import numpy as np

    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtraError("the interval of a line", "report") from error
    left, right = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    free, centred = len(left) - 2, left - left.mean()
    spread = centred @ centred
    residuals = right - right.mean() - (centred @ right / spread) * centred
    room = 1 + 1 / len(left) + (at - left.mean()) ** 2 / spread
    return float(stats.t.ppf((1 + level) / 2, free) * math.sqrt(residuals @ residuals / free * room))


def one_tailed(pearson: float, points: int) -> float:
    """The chance of a correlation this high or higher if there is none: Student's t, points - 2 degrees of freedom.

    Raises MissingExtraError without scipy.
    """
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtraError("the correlations of a report", "report") from error
    if abs(pearson) >= 1:
        return 0.0 if pearson > 0 else 1.0
    return float(stats.t.sf(pearson * math.sqrt((points - 2) / (1 - pearson**2)), points - 2))

"""Calibration over bins of equal mass: each holds about as many rows as the others, however confidence is spread.

Bins of equal width say little of a model that is sure of nearly everything: nearly all its rows lie in one of them.
Bins of equal mass (Nixon et al. 2019, "Measuring Calibration in Deep Learning", there called adaptive) follow the rows.

Ties: rows of one confidence are never parted, as only chance could say which of them go left. All go to the bin in
which the middle one of them would stand: of n rows that are sorted by confidence, row i (from 0) stands in bin
floor(10 * (i + 0.5) / n). Without ties that makes bins whose sizes differ by one row at most; with 11 different
confidences there are at most 10 bins of whole confidences, some larger than others, and fewer if some are common.
"""

import math
from typing import TYPE_CHECKING, Any

from synth.statistics.calibration import BINS
from synth.statistics.tallies import Tally

if TYPE_CHECKING:
    from synth.statistics.intervals import Floats

Z = 1.959963984540054  # of a normal distribution 95% lie within so many standard deviations


def ece(counted: Tally) -> "Floats":
    """Expected calibration error over 10 bins of equal mass: the mean over rows of the distance of confidence and
    accuracy in their bin (Nixon et al. 2019, with top confidence alone)."""
    import numpy as np

    rows, sure, right = _sums(counted)
    return np.asarray(np.abs(sure - right).sum(axis=1) / rows.sum(axis=1), dtype=np.float64)


def squared(counted: Tally) -> "Floats":
    """The squared calibration error over bins of equal mass, without the part that chance adds: it is as often too low
    as too high, so that it may come out below 0.

    Kumar, Liang and Ma 2019 ("Verified Uncertainty Calibration", section 5): of each bin of n rows with the accuracy a
    and the mean confidence c, (c - a)^2 - a (1 - a) / (n - 1), each weighted with its share of the rows; a bin of one
    row counts nothing, as in the code of the paper.
    """
    import numpy as np

    rows, sure, right = _sums(counted)
    many = np.maximum(rows, 2)  # those with fewer rows are left out below
    accuracy, confidence = right / many, sure / many
    errors = (confidence - accuracy) ** 2 - accuracy * (1 - accuracy) / (many - 1)
    return np.asarray((rows * np.where(rows > 1, errors, 0)).sum(axis=1) / rows.sum(axis=1), dtype=np.float64)


def debiased(counted: Tally) -> "Floats":
    """The root of `squared`, 0 if that is below 0: in the unit of a confidence, and 0 for a calibrated model."""
    import numpy as np

    return np.asarray(np.sqrt(np.maximum(squared(counted), 0)), dtype=np.float64)


def bins(counted: Tally) -> list[dict[str, float]]:
    """What an adaptive reliability diagram is drawn from, of the first draw: `[{"low", "high", "count", "confidence",
    "accuracy", "accuracy_low", "accuracy_high"}]`, bins without rows left out.

    low and high: the least and the greatest confidence in the bin. accuracy_low and accuracy_high: the 95% interval of
    its accuracy, by Wilson's score (1927), which has a width at 0 and 1 too.
    """
    import numpy as np

    place, found = _places(counted)[0], []
    for number in range(BINS):
        inside = np.flatnonzero((place == number) & (counted.rows[0] > 0))
        if inside.size:
            rows, right = counted.rows[0, inside], float(counted.right[0, inside].sum())
            count, values = float(rows.sum()), counted.values[inside]
            low, high = wilson(right, count)
            found.append({
                "low": float(values[0]), "high": float(values[-1]), "count": int(count),
                "confidence": float(rows @ values / count), "accuracy": right / count,
                "accuracy_low": low, "accuracy_high": high,
            })  # fmt: skip
    return found


def wilson(right: float, rows: float) -> tuple[float, float]:
    """The 95% interval of a share by its score: Wilson 1927, J. Am. Stat. Assoc. 22(158), 209-212."""
    share, weight = right / rows, Z**2 / rows
    middle = (share + weight / 2) / (1 + weight)
    half = Z * math.sqrt(share * (1 - share) / rows + weight / (4 * rows)) / (1 + weight)
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def _places(counted: Tally) -> Any:
    """The bin of each confidence in each draw, (draws, v)."""
    import numpy as np

    middle = counted.rows.cumsum(axis=1) - counted.rows / 2
    total = counted.rows.sum(axis=1, keepdims=True)
    return np.minimum((BINS * middle / total).astype(int), BINS - 1)


def _sums(counted: Tally) -> tuple[Any, Any, Any]:
    """Rows, sum of confidences, and rows that are right, of each bin: (draws, BINS) each."""
    import numpy as np

    draws = len(counted.rows)
    flat = (_places(counted) + BINS * np.arange(draws)[:, None]).ravel()

    def summed(each: "Floats") -> Any:
        return np.bincount(flat, each.ravel(), BINS * draws).reshape(draws, BINS)

    return summed(counted.rows), summed(counted.rows * counted.values), summed(counted.right)

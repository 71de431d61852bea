"""What a model is worth that may abstain: how accurate it is on the rows that it is surest of.

El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification": risk (the share that is wrong)
over coverage (the share of rows that are answered). Geifman and El-Yaniv 2017 choose by confidence, and Geifman, Uziel
and El-Yaniv 2019 ("Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers") sum the curve up as its area.

Ties: where only some of the rows of one confidence are covered, they count as right as all of them are in the mean:
what comes out on average if they are drawn at random.
"""

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from synth.statistics.tallies import Figure, Tally, tally, with_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synth.statistics.intervals import Floats

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


def accuracy_at(coverage: float, counted: Tally) -> "Floats":
    """The accuracy on this share of the rows, the surest ones; 0 < coverage <= 1. Of a share of a row a share."""
    import numpy as np

    rows, right = counted.rows[:, ::-1], counted.right[:, ::-1]
    covered = coverage * rows.sum(axis=1, keepdims=True)
    taken = np.clip(covered - (rows.cumsum(axis=1) - rows), 0, rows)
    shares = right / np.maximum(rows, 1)
    return np.asarray((taken * shares).sum(axis=1) / covered[:, 0], dtype=np.float64)


def aurc(counted: Tally) -> "Floats":
    """The area under the risk-coverage curve: the mean, over k from 1 to all rows, of the share that is wrong among the
    k surest (Geifman et al. 2019). 0 is best; one confidence for all rows has the share that is wrong of all."""
    import numpy as np

    rows, wrong = counted.rows[:, ::-1], (counted.rows - counted.right)[:, ::-1]
    share = wrong / np.maximum(rows, 1)
    before, errors = rows.cumsum(axis=1) - rows, wrong.cumsum(axis=1) - wrong
    total = int(rows[0].sum())
    harmonic = np.concatenate([[0.0], (1 / np.arange(1, total + 1)).cumsum()])
    # Of n rows of one confidence behind `before` surer ones: the sum over j to n of (errors + j share) / (before + j).
    sums = harmonic[(before + rows).astype(int)] - harmonic[before.astype(int)]
    areas = (share * rows + (errors - share * before) * sums).sum(axis=1)
    return np.asarray(areas / total, dtype=np.float64)


def least_aurc(wrong: int, rows: int) -> float:
    """The area of a confidence that has every right row before every wrong one: nobody's can be less."""
    return sum((k - (rows - wrong)) / k for k in range(rows - wrong + 1, rows + 1)) / rows


def selective(confidences: "Sequence[float]", correct: "Sequence[float]", seed: int = 0) -> dict[str, Any] | None:
    """`{"aurc", "least_aurc", "coverage": [{"coverage", "rows", "least", "accuracy": {"value", "low", "high", "n"}}]}`;
    least: the confidence of the least sure row that is covered. None of no rows."""
    import numpy as np

    if not len(confidences):
        return None
    accuracies: dict[str, Figure] = {str(share): partial(accuracy_at, share) for share in COVERAGES}
    found = with_intervals(confidences, correct, accuracies, seed)
    rows, right, falling = len(confidences), round(sum(correct)), np.sort(np.asarray(confidences))[::-1]
    points = [
        {
            "coverage": share, "rows": (covered := _covered(share, rows)), "least": float(falling[covered - 1]),
            "accuracy": found[str(share)],
        }
        for share in COVERAGES
    ]  # fmt: skip
    area = float(aurc(tally(confidences, correct))[0])
    return {"aurc": area, "least_aurc": least_aurc(rows - right, rows), "coverage": points}


def _covered(coverage: float, rows: int) -> int:
    """How many rows are covered, a share of one too."""
    return max(1, math.ceil(coverage * rows - 1e-9))

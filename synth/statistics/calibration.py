"""How well confidence fits accuracy: expected calibration error, Brier score, what a reliability diagram shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from synth.statistics.intervals import blocks, with_ends

if TYPE_CHECKING:
    from synth.statistics.intervals import Floats

BINS = 10  # of equal width, as in RAFT (Zhu et al. 2025, section 2.2) and Guo et al. 2017


def brier(confidences: Sequence[float], correct: Sequence[float]) -> list[float | None]:
    """The squared distance of confidence and outcome, 0 or 1 (Brier 1950); 0 is best, 1 is worst."""
    return [(sure - right) ** 2 for sure, right in zip(confidences, correct, strict=True)]


def ece(confidences: Sequence[float], correct: Sequence[float]) -> float:
    """Expected calibration error (Naeini et al. 2015): the mean distance of confidence and accuracy in each of 10
    bins of equal width, each weighted with its share of the rows.

    Bins are open below and closed above (Guo et al. 2017, section 2): a confidence of 0.3 lies in 0.2-0.3, and 0 in the
    first.
    """
    import numpy as np

    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    return float(_ece(sure, right, np.ones((1, sure.size)))[0])


def _ece(sure: "Floats", right: "Floats", weights: "Floats") -> "Floats":
    """One figure for each row of `weights`, which say how often each prediction was drawn."""
    import numpy as np

    inside = np.eye(BINS)[_bins(sure)]
    gaps = np.abs((weights * sure) @ inside - (weights * right) @ inside)
    return np.asarray(gaps.sum(axis=1) / weights.sum(axis=1), dtype=np.float64)


def gaps(sure: "Floats", right: "Floats") -> "Floats":
    """Confidence less outcome of each of n rows in the column of its bin, n x 10: the error of any draw of rows is the
    sum of the columns' absolute sums over it, divided by the rows."""
    import numpy as np

    return np.asarray(np.eye(BINS)[_bins(sure)] * (sure - right)[:, None], dtype=np.float64)


def _bins(sure: "Floats") -> Any:
    import numpy as np

    return np.searchsorted(np.arange(1, BINS) / BINS, sure, side="left")


def ece_interval(confidences: Sequence[float], correct: Sequence[float], seed: int = 0) -> dict[str, Any] | None:
    """The calibration error with its interval, in the form of `interval`."""
    import numpy as np

    if not len(confidences):
        return None
    pairs = np.column_stack([np.asarray(confidences, np.float64), np.asarray(correct, np.float64)])
    different, counts = np.unique(pairs, axis=0, return_counts=True)
    rng, total = np.random.default_rng(seed), len(pairs)
    resampled = [
        _ece(different[:, 0], different[:, 1], rng.multinomial(total, counts / total, block).astype(np.float64))
        for block in blocks(len(different))
    ]
    return with_ends(ece(confidences, correct), np.concatenate(resampled), total)


def calibration(confidences: Sequence[float], correct: Sequence[float]) -> dict[str, Any]:
    """What a reliability diagram is drawn from: `{"ece", "brier", "bins": [{"low", "high", "count", "confidence",
    "accuracy"}]}`; an empty bin has None for both means."""
    import numpy as np

    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    place = _bins(sure)
    bins: list[dict[str, float | None]] = []
    for number in range(BINS):
        inside = place == number
        count = int(inside.sum())
        means = [float(of[inside].mean()) if count else None for of in (sure, right)]
        edges = {"low": number / BINS, "high": (number + 1) / BINS, "count": count}
        bins.append({**edges, "confidence": means[0], "accuracy": means[1]})
    score = float(np.mean((sure - right) ** 2))
    return {"ece": ece(confidences, correct), "brier": score, "bins": bins}

"""Two sides measured on the same rows: by how much they differ, with the intervals of the paired bootstrap.

Rows are drawn anew a thousand times, the same ones for both sides, and if there are several runs a side, which runs are
drawn anew, too (Efron & Tibshirani 1993, chapter 8). scipy.stats.bootstrap knows no second level of draws.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth.statistics.calibration import ece, gaps
from synth.statistics.intervals import blocks, with_ends

if TYPE_CHECKING:
    from synth.statistics.intervals import Floats


@dataclass(frozen=True)
class Side:
    """What one side did on each of n rows."""

    correct: Sequence[bool]
    confidence: Sequence[float | None]


@dataclass(frozen=True)
class Delta:
    """A difference, and the differences of the resamples."""

    value: float
    resampled: "Floats"


def deltas(one: Side, other: Side) -> dict[str, Delta]:
    """`accuracy`: how much more of the rows `one` has right; `ece`: how much less calibration error it has, which is
    there if all rows of both sides have a confidence."""
    import numpy as np

    rows, sides = len(one.correct), (one, other)
    right = [np.array(side.correct, dtype=np.float64) for side in sides]
    sure = [np.array([x for x in side.confidence if x is not None], dtype=np.float64) for side in sides]
    calibrated = all(len(values) == rows for values in sure)
    gain = right[0] - right[1]
    off = [gaps(values, ones) for values, ones in zip(sure, right, strict=True)] if calibrated else []
    drawn_gain, drawn_ece = [], []
    for weights in _weights(rows):
        drawn_gain.append(weights @ gain / rows)
        if calibrated:
            drawn_ece.append((np.abs(weights @ off[1]).sum(1) - np.abs(weights @ off[0]).sum(1)) / rows)
    differences = {"accuracy": Delta(float(gain.mean()), np.concatenate(drawn_gain))}
    if calibrated:
        scores = [ece(values.tolist(), ones.tolist()) for values, ones in zip(sure, right, strict=True)]
        differences["ece"] = Delta(scores[1] - scores[0], np.concatenate(drawn_ece))
    return differences


def _weights(rows: int) -> "Iterator[Floats]":
    """How often each row is drawn, a line a resample. Always the same draws, so that all runs see the same rows."""
    import numpy as np

    rng = np.random.default_rng(0)
    for block in blocks(rows):
        drawn = rng.integers(rows, size=(block, rows)) + rows * np.arange(block)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * block).reshape(block, rows).astype(np.float64)


def together(drawn: Sequence[Delta], rows: int) -> dict[str, Any]:
    """`{"value", "low", "high", "n"}`: the mean over pairs of runs, its interval over rows and pairs drawn anew."""
    import numpy as np

    resampled = np.stack([delta.resampled for delta in drawn])
    chosen = np.random.default_rng(1).integers(len(drawn), size=resampled.shape)
    means = np.take_along_axis(resampled, chosen, axis=0).mean(axis=0)
    return with_ends(float(np.mean([delta.value for delta in drawn])), means, rows)

"""Means over rows, with their intervals.

The intervals are those of the percentile bootstrap (Efron & Tibshirani 1993, chapter 13): the rows are drawn anew, as
many as there are and with replacement, a thousand times, and 95% of the figures that come out lie inside. Rows are
drawn by how often each different value occurs, which is the same and takes a fraction of the time if values are few:
why scipy.stats.bootstrap, which draws every row by itself, is not used.

A share of 0 or 1 has an interval of no width: no row that was drawn says anything else.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
RESAMPLES = 1_000
LEVEL = 0.95
AT_ONCE = 4_000_000  # draws, so that memory stays small


def interval(values: Sequence[float | None], seed: int = 0) -> dict[str, Any] | None:
    """`{"value": mean, "low", "high", "n": rows}` of the rows that the metric applies to; None if there are none."""
    import numpy as np

    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not known.size:
        return None
    different, counts = np.unique(known, return_counts=True)
    means = _drawn(counts, different, np.random.default_rng(seed))
    return with_ends(float(known.mean()), means, known.size)


def _drawn(counts: Any, different: "Floats", rng: Any) -> "Floats":
    """The means of the resamples."""
    import numpy as np

    total = int(counts.sum())
    return np.concatenate(
        [rng.multinomial(total, counts / total, block) @ different / total for block in blocks(len(different))]
    )


def clustered(values: Sequence[Sequence[float]], seed: int = 0) -> dict[str, Any] | None:
    """The mean of all values with its interval, if those of one row hang together, as samples of a question do.

    Rows are drawn anew with all their values (the cluster bootstrap: Davison & Hinkley 1997, section 3.8). `n` is the
    number of rows that have a value; None if there are none.
    """
    import numpy as np

    rows = [row for row in values if row]
    if not rows:
        return None
    sums, counts = np.array([sum(row) for row in rows], dtype=np.float64), np.array([len(row) for row in rows])
    rng, chances, drawn = np.random.default_rng(seed), np.full(len(rows), 1 / len(rows)), []
    for block in blocks(len(rows)):
        times = rng.multinomial(len(rows), chances, block)
        drawn.append(times @ sums / (times @ counts))
    return with_ends(float(sums.sum() / counts.sum()), np.concatenate(drawn), len(rows))


def blocks(draws: int) -> list[int]:
    """How many resamples to make at a time, of so many draws each."""
    import numpy as np

    return [len(block) for block in np.array_split(np.arange(RESAMPLES), -(-RESAMPLES * draws // AT_ONCE))]


def with_ends(value: float, resampled: "Floats", rows: int) -> dict[str, Any]:
    """`{"value", "low", "high", "n"}`: a figure with the ends of its interval, out of the figures of all resamples."""
    import numpy as np

    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    # A mean of equal values may come out a last digit beside them.
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value), "n": int(rows)}


def mean_ends(figures: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    """Value and ends of the interval, each the mean over seeds; of one seed what it has. None if no seed has it."""
    known = [
        figure for figure in figures if figure and figure.get("low") is not None and figure.get("high") is not None
    ]
    if not known:
        return None
    return {**{key: fmean(figure[key] for figure in known) for key in ("value", "low", "high")}, "n": known[0].get("n")}

"""Two models on the same questions: whether they get the same ones right.

Mathews et al. ("Fine-tuning On Rationale Generation Improves Multi-Hop Reasoning in Small Language Models", section
5.1) compare two models question by question: the correlation of right and wrong, which of two columns of 0 and 1 is the
phi coefficient (Pearson's r), and the share of each one's misses that the other answers.

Intervals are those of the percentile bootstrap over rows, the same draws for all runs; if there are several pairs of
runs these are drawn anew, too, as in paired.py. Drawn is how often each pattern of outcomes occurs, which is the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from synth.statistics.intervals import RESAMPLES, with_ends

if TYPE_CHECKING:
    from synth.statistics.intervals import Floats

Right = Sequence[bool]


def outcomes(pairs: Sequence[tuple[Right, Right]]) -> dict[str, Any]:
    """`correlation`, `first_answers` (the share of the second's misses that the first has right), `second_answers`.

    Each is `{"value", "low", "high", "n"}`, or None if no pair of runs tells it; n are rows, or misses.

    pairs: for each pair of runs which of the same n rows either has right; means over pairs come out.
    """
    import numpy as np

    columns = np.array([side for pair in pairs for side in pair], dtype=bool).T
    patterns, counts = np.unique(columns, axis=0, return_counts=True)
    rows = int(counts.sum())
    drawn = np.random.default_rng(0).multinomial(rows, counts / rows, RESAMPLES)
    of_pairs = []
    for at in range(0, columns.shape[1], 2):
        one, other = patterns[:, at], patterns[:, at + 1]
        cells = np.stack([one & other, one & ~other, ~one & other, ~one & ~other], axis=1).astype(float)
        of_pairs.append((_told(counts[None] @ cells), _told(drawn @ cells)))
    misses = {"correlation": float(rows), "first_answers": _misses(columns, 1), "second_answers": _misses(columns, 0)}
    return {
        name: _together([(true[name], again[name]) for true, again in of_pairs], int(n)) for name, n in misses.items()
    }


def _misses(columns: Any, side: int) -> float:
    """Mean number of wrong rows of the first (0) or the second (1) of each pair."""
    wrong = ~columns[:, side::2]
    return float(wrong.sum(axis=0).mean())


def _told(cells: "Floats") -> dict[str, "Floats"]:
    """The figures of tables of counts, k x 4: both right, the first alone, the second alone, none; nan if undefined."""
    import numpy as np

    both, first, second, none = cells.T
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((both + first) * (second + none) * (both + second) * (first + none))
        correlation = np.where(spread > 0, (both * none - first * second) / spread, np.nan)
        return {
            "correlation": correlation,
            "first_answers": np.where(first + none > 0, first / (first + none), np.nan),
            "second_answers": np.where(second + none > 0, second / (second + none), np.nan),
        }


def _together(of_pairs: "Sequence[tuple[Floats, Floats]]", n: int) -> dict[str, Any] | None:
    """The mean over the pairs that tell it; its interval over rows and pairs drawn anew."""
    import numpy as np

    known = [(float(value[0]), resampled) for value, resampled in of_pairs if not np.isnan(value[0])]
    if not known:
        return None
    resampled = np.stack([again for _, again in known])
    chosen = np.random.default_rng(1).integers(len(known), size=resampled.shape)
    means = np.take_along_axis(resampled, chosen, axis=0).mean(axis=0)
    return with_ends(float(np.mean([value for value, _ in known])), means[~np.isnan(means)], n)

"""Rows with a confidence, counted by confidence: what figures of calibration are worked out from, and their intervals.

A model that is sampled ten times has eleven different confidences, so most rows are ties. No figure made of a tally
depends on the order of tied rows: they stay together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth.statistics.intervals import blocks, with_ends

if TYPE_CHECKING:
    from synth.statistics.intervals import Floats


@dataclass(frozen=True)
class Tally:
    """How often each confidence occurs, and how often it is right, in each of some draws of the rows."""

    values: "Floats"  # (v,): the different confidences, ascending
    rows: "Floats"  # (draws, v): 0 for a confidence that was not drawn
    right: "Floats"  # (draws, v)


Figure = Callable[[Tally], "Floats"]  # a number for each draw


def tally(confidences: Sequence[float], correct: Sequence[float]) -> Tally:
    """All rows as they are: one draw."""
    pairs, counts = _pairs(confidences, correct)
    return _drawn(pairs, counts[None, :].astype(float))


def with_intervals(
    confidences: Sequence[float], correct: Sequence[float], figures: Mapping[str, Figure], seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Each figure as `{"value", "low", "high", "n"}`, by the bootstrap over rows; all see the same draws. {} of no
    rows.

    Raises ValueError if there are not as many outcomes as confidences.
    """
    import numpy as np

    if not len(confidences):
        return {}
    pairs, counts = _pairs(confidences, correct)
    rng, total = np.random.default_rng(seed), int(counts.sum())
    resampled: dict[str, list[Any]] = {name: [] for name in figures}
    for block in blocks(len(pairs)):
        drawn = _drawn(pairs, rng.multinomial(total, counts / total, block).astype(float))
        for name, figure in figures.items():
            resampled[name].append(figure(drawn))
    whole = tally(confidences, correct)
    return {
        name: with_ends(float(figure(whole)[0]), np.concatenate(resampled[name]), total)
        for name, figure in figures.items()
    }


def _pairs(confidences: Sequence[float], correct: Sequence[float]) -> tuple[Any, Any]:
    """The different pairs of confidence and outcome, ascending, and how often each occurs."""
    import numpy as np

    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences and {len(correct)} outcomes: give one of each a row")
    pairs = np.column_stack([np.asarray(confidences, np.float64), np.asarray(correct, np.float64)])
    return np.unique(pairs, axis=0, return_counts=True)


def _drawn(pairs: Any, drawn: Any) -> Tally:
    """drawn: (draws, pairs), how often each pair was drawn."""
    import numpy as np

    values, starts = np.unique(pairs[:, 0], return_index=True)
    rows = np.add.reduceat(drawn, starts, axis=1)
    return Tally(values, rows, np.add.reduceat(drawn * pairs[:, 1], starts, axis=1))

"""What is said of a confidence beside its ECE over bins of equal width: figures, bins, what abstaining is worth."""

from collections.abc import Sequence
from typing import Any

from synth.statistics import equal_mass
from synth.statistics.selective import aurc, selective
from synth.statistics.tallies import Figure, tally, with_intervals

FIGURES: dict[str, Figure] = {"ece_equal_mass": equal_mass.ece, "ece_debiased": equal_mass.debiased, "aurc": aurc}


def reliability(confidences: Sequence[float], correct: Sequence[float]) -> dict[str, Any] | None:
    """`{"figures": {name: {"value", "low", "high", "n"}}, "equal_mass": [bin], "squared_debiased", "selective"}` of
    rows with a confidence; None of no rows. The forms are those of equal_mass.py and selective.py."""
    if not len(confidences):
        return None
    counted = tally(confidences, correct)
    return {
        "figures": with_intervals(confidences, correct, FIGURES),
        "equal_mass": equal_mass.bins(counted),
        "squared_debiased": float(equal_mass.squared(counted)[0]),
        "selective": selective(confidences, correct),
    }

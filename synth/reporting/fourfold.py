"""Before and after training, without and with rationales: the table of RAFT's figure 4, for data that has all four.

    1  untrained, without rationales        2 - 1   what rationales do to a model as it is
    2  untrained, with rationales           4 - 3   what they do in training
    3  trained on answers alone             3 - 1   what training on answers does
    4  trained on rationales                4 - 2   what training on rationales does

Differences are plain, as in the figure (Zhu et al. 2025, arXiv 2505.24147): below 0 is less calibration error.
Elsewhere in a report delta ECE has its sign turned.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from synth.reporting.pairs import Comparison

METRICS = ("ece", "accuracy")
DIFFERENCES = {"2 - 1": (1, 0), "4 - 3": (3, 2), "3 - 1": (2, 0), "4 - 2": (3, 1)}  # places among the four


def tables(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """One for each model and pair of settings: `{"model", "untrained", "trained", "metrics": {name: {"columns":
    [{"data", "values": [4 numbers], "differences": {"2 - 1": ...}}], "average": {"values", "differences"}}}}`."""
    found: dict[tuple[str, ...], list[tuple[Comparison, Comparison]]] = {}
    plain = [one for one in comparisons if not one.blank]
    for before in (one for one in plain if one.prompted):
        for after in (one for one in plain if one.trained):
            if _same(before) == _same(after):
                key = (before.model, *_sides(before), *_sides(after), before.measured)
                found.setdefault(key, []).append((before, after))
    return [table(pairs) for pairs in found.values()]


def matched(before: Sequence[Comparison], after: Sequence[Comparison]) -> list[tuple[Comparison, Comparison]]:
    """Comparisons of trained models, each behind the first of the same model as it was, on the same data."""
    known: dict[tuple[str, ...], Comparison] = {}
    for one in before:
        known.setdefault(_same(one), one)
    return [(known[_same(one)], one) for one in after if _same(one) in known]


def _same(one: Comparison) -> tuple[str, ...]:
    return one.model, one.data, one.measured


def _sides(one: Comparison) -> tuple[str, str]:
    return one.label, one.against.partition(" (")[0]  # behind it stands the folder, of data with other ids


def table(pairs: Sequence[tuple[Comparison, Comparison]]) -> dict[str, Any]:
    """One of `tables`, of comparisons before and after training, a pair for each data set."""
    before, after = pairs[0]
    columns = {name: [column for pair in pairs if (column := _column(*pair, name))] for name in METRICS}
    return {
        "model": before.model, "untrained": _sides(before), "trained": _sides(after),
        "metrics": {
            name: {"columns": own, "average": average(own)} for name, own in columns.items() if own
        },
    }  # fmt: skip


def _column(before: Comparison, after: Comparison, metric: str) -> dict[str, Any] | None:
    values = [side.get(metric) for one in (before, after) for side in (one.sides["without"], one.sides["with"])]
    known = [value for value in values if value is not None]
    return {"data": before.data, "values": known, "differences": differences(known)} if len(known) == 4 else None


def differences(values: Sequence[float]) -> dict[str, float]:
    """values: of the four, in the order above."""
    return {name: values[one] - values[other] for name, (one, other) in DIFFERENCES.items()}


def average(columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean over data sets, and its differences."""
    values = [fmean(column["values"][at] for column in columns) for at in range(4)]
    return {"values": values, "differences": differences(values)}

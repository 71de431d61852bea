"""With and without rationales, on the same questions: what they add to accuracy and take from the calibration error.

    delta accuracy = accuracy with - accuracy without
    delta ECE      = -(ECE with - ECE without)          above 0 is better calibrated

as RAFT writes them (Zhu et al. 2025, arXiv 2505.24147, equations 5 and 6). Intervals are those of the paired
bootstrap: rows are drawn anew a thousand times, the same ones for both sides, and where there are several seeds the
seeds are drawn anew, too. With one seed an interval knows of other questions and not of other seeds.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synth.reporting.read import Evaluation
from synth.reporting.settings import NO_MATTER, Group, groups, kind
from synth.statistics.calibration import ece

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RESAMPLES = 1_000
BINS = 10
SHARED = 0.5  # of the rows of the smaller side, so that two different test sets are not compared
_AT_ONCE = 2_000_000  # drawn rows, so that memory stays small
OWN = {
    "target",
    "data",
    "max_length",
    "max_source_length",
    "max_target_length",
    "blank_tokens",
}  # differ by their nature


@dataclass
class Comparison:
    """One setting with rationales (or blank ones) against one without, on one split."""

    label: str
    against: str
    data: str
    trained: bool  # two trainings; False: one model asked in two ways
    blank: bool
    rows: int
    seeds: list[Any]
    accuracy: dict[str, Any]  # {"value", "low", "high", "n"}
    ece: dict[str, Any] | None
    each: list[dict[str, Any]]  # {"seed", "against", "accuracy", "ece"}: one a pair of runs
    differ: list[str] = field(default_factory=list)  # other settings in which the two sides differ


def compare(evaluations: Sequence[Evaluation]) -> list[Comparison]:
    """Every setting that writes rationales against every one of the same model that does not."""
    grouped = [group for group in groups(evaluations) if group.members[0].rows.ids]
    withs = [group for group in grouped if kind(group.members[0]) != "without"]
    withouts = [group for group in grouped if kind(group.members[0]) == "without"]
    found = [_comparison(one, other) for one in withs for other in _rivals(one, withouts)]
    return [comparison for comparison in found if comparison]


def _rivals(one: Group, withouts: Sequence[Group]) -> list[Group]:
    """Those measured on the very same data; where there are none, on other data that may hold the same questions."""
    belong = [other for other in withouts if _belong(one.members[0], other.members[0])]
    return [other for other in belong if other.data == one.data] or belong


def _belong(one: Evaluation, other: Evaluation) -> bool:
    """Whether two evaluations are of one base model and task, trained alike or asked twice, with as many samples."""
    if bool(one.run) != bool(other.run) or one.facts.get("samples") != other.facts.get("samples"):
        return False
    if any(one.data.get(name) != other.data.get(name) for name in ("task", "split")) or _tasks(one) != _tasks(other):
        return False
    if not one.run:
        return bool(one.facts.get("model") == other.facts.get("model"))
    if one.run_name != other.run_name and other.run.get("target") == one.run.get("target") == "rationale":
        return not other.rows.has_rationales and _base(one) == _base(other)
    return _base(one) == _base(other)


def _tasks(evaluation: Evaluation) -> set[str]:
    return {str(data.get("task")) for data in evaluation.run.get("data") or []}


def _base(evaluation: Evaluation) -> tuple[Any, Any]:
    return evaluation.run.get("trainer"), evaluation.run.get("model")


def _comparison(one: Group, other: Group) -> Comparison | None:
    pairs = [(left, right, rows) for left, right in _by_seed(one, other) if (rows := _shared(left, right))]
    if not pairs:
        return None
    drawn = [_resample(left, right, rows) for left, right, rows in pairs]
    first, second, _ = pairs[0]
    trained = bool(first.run) and first.run_name != second.run_name
    each = [
        {"seed": left.run.get("seed"), "against": right.run.get("seed"), **{name: found[name][0] for name in found}}
        for (left, right, _), found in zip(pairs, drawn, strict=True)
    ]
    shared = min(len(rows) for _, _, rows in pairs)
    with_ece = all("ece" in found for found in drawn)
    against = other.label if one.data == other.data else f"{other.label} ({other.data})"
    return Comparison(
        one.label, against, one.data, trained, kind(first) == "blank", shared, [pair["seed"] for pair in each],
        _together(drawn, "accuracy", shared), _together(drawn, "ece", shared) if with_ece else None, each,
        _differences(first.run, second.run) if trained else [],
    )  # fmt: skip


def _by_seed(one: Group, other: Group) -> Iterator[tuple[Evaluation, Evaluation]]:
    """Runs of the same seed; where no seed is in both, in the order of the seeds."""
    right = {str(member.run.get("seed")): member for member in other.members}
    same = [(member, right[seed]) for member in one.members if (seed := str(member.run.get("seed"))) in right]
    yield from same or zip(_ordered(one.members), _ordered(other.members), strict=False)


def _ordered(members: list[Evaluation]) -> list[Evaluation]:
    return sorted(members, key=lambda member: str(member.run.get("seed")))


def _shared(left: Evaluation, right: Evaluation) -> list[tuple[int, int]]:
    """Places of the same question on both sides: of the same id, else of the same prompt. [] where few are shared."""
    for one, other in ((left.rows.ids, right.rows.ids), (left.rows.prompts, right.rows.prompts)):
        places = {key: place for place, key in enumerate(other)}
        rows = [(place, places[key]) for place, key in enumerate(one) if key in places]
        if len(rows) >= SHARED * min(len(one), len(other)):
            return rows
    return []


def _resample(left: Evaluation, right: Evaluation, rows: list[tuple[int, int]]) -> "dict[str, tuple[float, Floats]]":
    """For accuracy, and for ECE where all rows have a confidence: the delta, and the deltas of the resamples."""
    import numpy as np

    sides = [(left, [one for one, _ in rows]), (right, [other for _, other in rows])]
    right_ones = [np.array([side.rows.correct[at] for at in places], dtype=np.float64) for side, places in sides]
    sure = [[side.rows.confidence[at] for at in places] for side, places in sides]
    gain = (right_ones[0] - right_ones[1])[:, None]
    gaps = None
    if not any(value is None for values in sure for value in values):
        gaps = [_gaps(np.array(values, dtype=np.float64), ones) for values, ones in zip(sure, right_ones, strict=True)]
    drawn_gain, drawn_ece = [], []
    for weights in _weights(len(rows)):
        drawn_gain.append((weights @ gain)[:, 0] / len(rows))
        if gaps:
            drawn_ece.append((np.abs(weights @ gaps[1]).sum(1) - np.abs(weights @ gaps[0]).sum(1)) / len(rows))
    found = {"accuracy": (float(gain.mean()), np.concatenate(drawn_gain))}
    if gaps:
        scores = [
            ece([value or 0.0 for value in side], ones.tolist()) for side, ones in zip(sure, right_ones, strict=True)
        ]
        found["ece"] = (scores[1] - scores[0], np.concatenate(drawn_ece))
    return found


def _gaps(sure: "Floats", right: "Floats") -> "Floats":
    """Confidence less outcome of each row, in the column of its bin; bins as in synth/statistics/intervals.py."""
    import numpy as np

    place = np.searchsorted(np.arange(1, BINS) / BINS, sure, side="left")
    return np.asarray(np.eye(BINS)[place] * (sure - right)[:, None], dtype=np.float64)


def _weights(rows: int) -> "Iterator[Floats]":
    """How often each row is drawn, a line a resample. Always the same draws, so that all seeds see the same rows."""
    import numpy as np

    rng = np.random.default_rng(0)
    for block in np.array_split(np.arange(RESAMPLES), -(-RESAMPLES * rows // _AT_ONCE)):
        drawn = rng.integers(rows, size=(len(block), rows)) + rows * np.arange(len(block))[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * len(block)).reshape(len(block), rows).astype(np.float64)


def _together(drawn: "list[dict[str, tuple[float, Floats]]]", name: str, rows: int) -> dict[str, Any]:
    """The mean over the pairs of runs, with an interval over rows and pairs drawn anew."""
    import numpy as np

    values = [found[name][0] for found in drawn]
    resampled = np.stack([found[name][1] for found in drawn])
    chosen = np.random.default_rng(1).integers(len(values), size=resampled.shape)
    means = np.take_along_axis(resampled, chosen, axis=0).mean(axis=0)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(np.mean(values)), "low": float(low), "high": float(high), "n": rows}


def _differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Settings other than the target in which two runs differ, such as `epochs 3, not 1`."""
    left, right = one.get("config") or {}, other.get("config") or {}
    names = [name for name in left if name in right and name not in NO_MATTER | OWN]
    return [
        f"{name} {left[name]}, not {right[name]}" for name in names if json.dumps(left[name]) != json.dumps(right[name])
    ]

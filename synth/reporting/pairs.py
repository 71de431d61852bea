"""With and without rationales, on the same questions: what they add to accuracy and take from the calibration error.

    delta accuracy = accuracy with - accuracy without
    delta ECE      = -(ECE with - ECE without)          above 0 is better calibrated

as RAFT writes them (Zhu et al. 2025, arXiv 2505.24147, equations 5 and 6), with the intervals of
synth/statistics/paired.py.
With one seed an interval knows of other questions and not of other seeds.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from synth.reporting.read import Evaluation
from synth.reporting.settings import NO_MATTER, Group, groups, kind, model_name
from synth.statistics.intervals import mean_ends
from synth.statistics.outcomes import outcomes
from synth.statistics.paired import Delta, Side, deltas, together

SHARED = 0.5  # of the rows of the smaller side, so that two different test sets are not compared
OWN = {
    "target",
    "data",
    "max_length",
    "max_source_length",
    "max_target_length",
    "blank_tokens",
}  # differ by their nature

Paired = tuple[Evaluation, Evaluation, list[tuple[int, int]]]  # and the places of the questions that both have


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
    prompted: bool = False  # a model that was not trained, asked in two ways: the prompting setting
    model: str = ""  # the base model, without the folder that it lies in
    measured: str = ""
    sides: dict[str, dict[str, float]] = field(default_factory=dict)  # of "with" and "without" the mean over seeds
    outcomes: dict[str, Any] = field(default_factory=dict)  # {"rows", "correlation", "first_answers", "second_answers"}


def compare(evaluations: Sequence[Evaluation]) -> list[Comparison]:
    """Every setting that writes rationales against every one of the same model that does not."""
    compared = [comparison(one, other) for one, other in counterparts(evaluations)]
    return [found for found in compared if found]


def counterparts(evaluations: Sequence[Evaluation]) -> list[tuple[Group, Group]]:
    """Settings that write rationales, or blank ones, each with one of the same model that does not."""
    grouped = [group for group in groups(evaluations) if group.members[0].rows.ids]
    withs = [group for group in grouped if kind(group.members[0]) != "without"]
    withouts = [group for group in grouped if kind(group.members[0]) == "without"]
    return [(one, other) for one in withs for other in _rivals(one, withouts)]


def _rivals(one: Group, withouts: Sequence[Group]) -> list[Group]:
    """Those measured on the very same data; if there are none, on other data that may hold the same questions."""
    belong = [other for other in withouts if _belong(one.members[0], other.members[0])]
    return [other for other in belong if other.data == one.data] or belong


def _belong(one: Evaluation, other: Evaluation) -> bool:
    """Whether two evaluations are of one base model and task, trained alike or asked twice, with as many samples."""
    if bool(one.run) != bool(other.run) or measured(one) != measured(other):
        return False
    if any(one.data.get(name) != other.data.get(name) for name in ("task", "split")) or _tasks(one) != _tasks(other):
        return False
    if not one.run:
        return bool(one.facts.get("model") == other.facts.get("model"))
    if one.run_name != other.run_name and other.run.get("target") == one.run.get("target") == "rationale":
        return not other.rows.has_rationales and _base(one) == _base(other)
    return _base(one) == _base(other)


def measured(evaluation: Evaluation) -> str:
    """How confidence comes about, on which calibration hangs."""
    facts = evaluation.facts
    return f"{facts.get('samples') or 1} samples, {facts.get('confidence') or 'votes'}"


def _tasks(evaluation: Evaluation) -> set[str]:
    return {str(data.get("task")) for data in evaluation.run.get("data") or []}


def _base(evaluation: Evaluation) -> tuple[Any, Any]:
    return evaluation.run.get("trainer"), evaluation.run.get("model")


def comparison(one: Group, other: Group) -> Comparison | None:
    """What `one` adds to `other`, run by run of the same seed; None if they share few rows."""
    pairs = paired(one, other)
    if not pairs:
        return None
    drawn = [_deltas(left, right, rows) for left, right, rows in pairs]
    first, second, _ = pairs[0]
    trained = bool(first.run) and first.run_name != second.run_name
    of_pairs = [
        {"seed": left.run.get("seed"), "against": right.run.get("seed"), **{name: by[name].value for name in by}}
        for (left, right, _), by in zip(pairs, drawn, strict=True)
    ]
    least = min(len(rows) for _, _, rows in pairs)
    gains = together([by["accuracy"] for by in drawn], least)
    with_ece = all("ece" in by for by in drawn)
    errors = together([by["ece"] for by in drawn], least) if with_ece else None
    against = other.label if one.data == other.data else f"{other.label} ({other.data})"
    return Comparison(
        one.label, against, one.data, trained, kind(first) == "blank", least, [pair["seed"] for pair in of_pairs],
        gains, errors, of_pairs, _differences(first.run, second.run) if trained else [],
        not first.run, PurePath(model_name(first.run or first.facts)).name, measured(first),
        {side: _means(group) for side, group in (("with", one), ("without", other))}, question_by_question(pairs),
    )  # fmt: skip


def _means(group: Group) -> dict[str, float]:
    """Accuracy and ECE of a setting, the mean over its seeds."""
    found = {name: mean_ends([member.metric(name) for member in group.members]) for name in ("accuracy", "ece")}
    return {name: figure["value"] for name, figure in found.items() if figure}


def paired(one: Group, other: Group) -> list[Paired]:
    """Runs of the same seed, with the places of the questions that both have."""
    return [(left, right, rows) for left, right in by_seed(one, other) if (rows := shared(left, right))]


def question_by_question(pairs: Sequence[Paired]) -> dict[str, Any]:
    """Whether both sides get the same questions right (statistics/outcomes.py), over the questions of all pairs."""
    of_pairs = [{left.rows.ids[at]: (at, there) for at, there in rows} for left, _, rows in pairs]
    same = [id for id in of_pairs[0] if all(id in places for places in of_pairs)]
    if not same:
        return {}
    columns = []
    for (left, right, _), places in zip(pairs, of_pairs, strict=True):
        found = [places[id] for id in same]
        columns.append(([left.rows.correct[at] for at, _ in found], [right.rows.correct[at] for _, at in found]))
    return {"rows": len(same), **outcomes(columns)}


def by_seed(one: Group, other: Group) -> Iterator[tuple[Evaluation, Evaluation]]:
    """Runs of the same seed; if no seed is in both, in the order of the seeds."""
    right = {str(member.run.get("seed")): member for member in other.members}
    same = [(member, right[seed]) for member in one.members if (seed := str(member.run.get("seed"))) in right]
    yield from same or zip(_ordered(one.members), _ordered(other.members), strict=False)


def _ordered(members: list[Evaluation]) -> list[Evaluation]:
    return sorted(members, key=lambda member: str(member.run.get("seed")))


def shared(left: Evaluation, right: Evaluation) -> list[tuple[int, int]]:
    """Places of the same question on both sides: of the same id, else of the same prompt. [] if few are shared."""
    for one, other in ((left.rows.ids, right.rows.ids), (left.rows.prompts, right.rows.prompts)):
        places = {key: place for place, key in enumerate(other)}
        rows = [(place, places[key]) for place, key in enumerate(one) if key in places]
        if len(rows) >= SHARED * min(len(one), len(other)):
            return rows
    return []


def _deltas(left: Evaluation, right: Evaluation, rows: list[tuple[int, int]]) -> dict[str, Delta]:
    sides = [(left, [one for one, _ in rows]), (right, [other for _, other in rows])]
    return deltas(
        *(
            Side([side.rows.correct[at] for at in places], [side.rows.confidence[at] for at in places])
            for side, places in sides
        )
    )


def _differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Settings other than the target in which two runs differ, such as `epochs 3, not 1`."""
    left, right = one.get("config") or {}, other.get("config") or {}
    names = [name for name in left if name in right and name not in NO_MATTER | OWN]
    return [
        f"{name} {left[name]}, not {right[name]}" for name in names if json.dumps(left[name]) != json.dumps(right[name])
    ]

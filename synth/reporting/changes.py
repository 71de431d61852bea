"""Rows that were changed, beside the rows they were made from: what a typo or another order of facts does to a model.

A changed row has another id than its original, which `meta.source_id` names, and its own id says how it was changed:
`2wiki/abc/reorder` of `2wiki/abc`. The same model answered both, so a difference is the doing of the change (Mathews et
al., section 5, on self-ask models: a typo in a fact that is needed leads to generation loops, elsewhere to nothing).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from synth.reporting.pairs import SHARED, by_seed
from synth.reporting.read import Evaluation
from synth.reporting.settings import Group, asked_key, groups
from synth.statistics.paired import Delta, Side, deltas, together

Places = list[tuple[int, int]]  # of a changed row and of its original


@dataclass
class Change:
    """One setting on changed rows against the same setting on their originals; shares are means over seeds."""

    label: str
    change: str  # how the rows were changed, such as `reorder`
    data: str
    against: str
    rows: int
    seeds: list[Any]
    original: dict[str, float]  # share of right answers and of loops: {"accuracy", "loops"}
    changed: dict[str, float]
    accuracy: dict[str, Any]  # changed less original: {"value", "low", "high", "n"}
    loops: dict[str, Any]
    lost: int  # rows that are right on the original alone, over all seeds
    won: int  # and on the changed row alone


def changes(evaluations: Sequence[Evaluation]) -> list[Change]:
    """Every setting that was measured on changed rows and on their originals."""
    grouped = [group for group in groups(evaluations) if group.members[0].rows.ids]
    pairs = [(one, other) for one in grouped for other in grouped if one is not other and _alike(one, other)]
    return [change for one, other in pairs if (change := _change(one, other))]


def _alike(one: Group, other: Group) -> bool:
    return asked_key(one.members[0]) == asked_key(other.members[0])


def _change(one: Group, other: Group) -> Change | None:
    pairs = [(left, right, places) for left, right in by_seed(one, other) if (places := _originals(left, right))]
    if not pairs:
        return None
    sides = [_sides(left, right, places) for left, right, places in pairs]
    right = [(changed[0], original[0]) for changed, original in sides]
    rows = min(len(places) for _, _, places in pairs)
    first = pairs[0][0].rows
    at = pairs[0][2][0][0]
    return Change(
        one.label, first.ids[at].removeprefix(f"{first.sources[at]}/"), one.data, other.data, rows,
        [left.run.get("seed") for left, _, _ in pairs],
        _shares(original for _, original in sides), _shares(changed for changed, _ in sides),
        together([_delta(changed[0], original[0]) for changed, original in sides], rows),
        together([_delta(changed[1], original[1]) for changed, original in sides], rows),
        sum(b and not a for pair in right for a, b in zip(*pair, strict=True)),
        sum(a and not b for pair in right for a, b in zip(*pair, strict=True)),
    )  # fmt: skip


def _originals(left: Evaluation, right: Evaluation) -> Places:
    """Each changed row with its original; [] if few of the rows are changed ones whose original is there."""
    places = {id: place for place, id in enumerate(right.rows.ids)}
    known = zip(left.rows.ids, left.rows.sources, strict=True)
    found = [(at, places[source]) for at, (id, source) in enumerate(known) if source != id and source in places]
    return found if len(found) >= SHARED * len(left.rows.ids) else []


Columns = tuple[list[bool], list[bool]]  # right, and in a loop


def _sides(left: Evaluation, right: Evaluation, places: Places) -> tuple[Columns, Columns]:
    changed, original = [at for at, _ in places], [at for _, at in places]
    return _columns(left, changed), _columns(right, original)


def _columns(evaluation: Evaluation, places: list[int]) -> Columns:
    rows = evaluation.rows
    return [rows.correct[at] for at in places], [rows.loops[at] for at in places]


def _shares(columns: Iterator[Columns]) -> dict[str, float]:
    right, loops = zip(*columns, strict=True)
    return {"accuracy": fmean(map(fmean, right)), "loops": fmean(map(fmean, loops))}


def _delta(changed: list[bool], original: list[bool]) -> Delta:
    unsure = [None] * len(changed)
    return deltas(Side(changed, unsure), Side(original, unsure))["accuracy"]

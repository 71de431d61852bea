"""Conditions of a study side by side: what one axis changes while all others stay.

Zhu et al. 2025: lengths and annotators (figures 6 and 10), blank rationales (figure 11), mixtures (figure 15), settings
of training (table 6). Ballout et al. 2023: accuracy by explanation and size of the model, on longer and larger
expressions too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth.reporting.seeds import together
from synth.reporting.study import Study
from synth.reporting.study_points import TASK, Compared, Point, changed

Figures = dict[str, Any]
TEXTS = ("explain", "length")  # axes of how much is explained, in the order in which they are looked for
PLAIN = "without"  # what a point without rationales is called on such an axis
METRICS = ("accuracy", "ece")


def variants(study: Study, pairs: Sequence[Compared]) -> list[Figures]:
    """Each axis that has several values on the same task, all other axes being equal: the gain by its values.

    A comparison that has not this axis, of another block, stands beside them under the name of its block.
    """
    trained = [pair for pair in pairs if pair.point.trained and not pair.figures.blank]
    found = []
    for axis, values in study.axes().items():
        rows = list(_rows(axis, values, trained)) if axis not in (TASK, "seed", "target", "prompting") else []
        if rows:
            named = list(dict.fromkeys(one["value"] for row in rows for one in row["each"]))
            found.append({"axis": axis, "values": named, "rows": rows})
    return found


def _rows(axis: str, values: Sequence[str], pairs: Sequence[Compared]) -> Iterator[Figures]:
    same: dict[Key, dict[str, Compared]] = {}
    for pair in pairs:
        if axis in pair.point.axes:
            same.setdefault((pair.point.block, *_key(pair, axis)), {}).setdefault(pair.point.axes[axis], pair)
    plain = {_key(pair, axis): pair for pair in reversed(pairs) if axis not in pair.point.axes}
    for (block, task, split, others), by_value in same.items():
        beside = plain.get((task, split, others))  # the same condition of a block that has no such axis
        named = {f"({beside.point.block})": beside} if beside else {}
        named |= dict(sorted(by_value.items(), key=lambda one: values.index(one[0])))
        if len(named) < 2:
            continue
        each = [
            {"value": value, "accuracy": pair.figures.accuracy, "ece": pair.figures.ece,
             "with": {name: pair.point.mean(name) for name in METRICS}} for value, pair in named.items()
        ]  # fmt: skip
        yield {"task": task, "split": split, "block": block, "beside": dict(others), "each": each}


Rest = tuple[str, str, tuple[tuple[str, str], ...]]  # task, split, the other axes
Key = tuple[str, str, str, tuple[tuple[str, str], ...]]  # with the block before them


def _key(pair: Compared, axis: str) -> Rest:
    others = {name: value for name, value in pair.point.others().items() if name != axis}
    return pair.point.task, pair.point.split, tuple(sorted(others.items()))


def blanks(found: Sequence[Point]) -> list[Figures]:
    """Answers alone, blank rationales and rationales of each task that has blank ones, other axes being equal."""
    rows = []
    for blank in (point for point in found if point.side == "blank"):
        near = [point for point in found if (point.task, point.split) == (blank.task, blank.split) and point.trained]
        sides = {side: _nearest(blank, [point for point in near if point.side == side]) for side in ("without", "with")}
        each = {"answers only": sides["without"], "blank rationales": blank, "rationales": sides["with"]}
        rows.append({"task": blank.task, "split": blank.split,
                     "each": {name: _figures(point) for name, point in each.items() if point}})  # fmt: skip
    return rows


def _nearest(point: Point, others: Sequence[Point]) -> Point | None:
    def apart(other: Point) -> tuple[int, int]:
        names = {*point.others(), *other.others()}
        return sum(point.axes.get(name) != other.axes.get(name) for name in names), other.block != point.block

    belong = [other for other in others if point.axes.get("model") == other.axes.get("model")]
    return min(belong, key=apart, default=None)


def _figures(point: Point) -> Figures:
    return {name: together([member.metric(name) for member in point.members]) for name in METRICS}


def grids(study: Study, found: Sequence[Point]) -> list[Figures]:
    """Accuracy by how much is explained: a panel a split and a value of the other axes, a line a model."""
    axis = next((name for name in TEXTS if len(study.axes().get(name, [])) > 1), None)
    if axis is None:
        return []
    tasks: dict[str, list[Point]] = {}
    for point in found:
        if point.trained and point.side != "blank" and not changed(point):
            tasks.setdefault(point.task, []).append(point)
    if axis != TEXTS[0] and len(tasks) > 1:
        return []  # lengths of several tasks have a picture of their gains
    return [_grid(task, axis, study.axes()[axis], mine) for task, mine in tasks.items()]


def _grid(task: str, axis: str, values: Sequence[str], mine: Sequence[Point]) -> Figures:
    told = {point.axes.get(axis, PLAIN) for point in mine}
    order = [value for value in (PLAIN, *values) if value in told]
    panels: dict[tuple[str, str], dict[str, Figures]] = {}
    for point in mine:
        others = {name: value for name, value in point.others().items() if name not in (axis, "model")}
        blocks = [point.block] if len({one.block for one in mine}) > 1 else []
        row = ", ".join([*blocks, *(f"{name} {value}" for name, value in _differing(others, mine))])
        line = panels.setdefault((row, point.split), {}).setdefault(point.axes.get("model", ""), {})
        line.setdefault(point.axes.get(axis, PLAIN), _figures(point)["accuracy"])
    rows = list(dict.fromkeys(row for row, _ in panels))
    columns = list(dict.fromkeys(split for _, split in panels))
    return {
        "task": task, "axis": axis, "values": order, "rows": rows, "columns": columns,
        "panels": [{"row": row, "column": split, "lines": lines} for (row, split), lines in panels.items()],
    }  # fmt: skip


def _differing(axes: Mapping[str, str], beside: Sequence[Point]) -> Iterator[tuple[str, str]]:
    for name, value in axes.items():
        if len({point.axes.get(name) for point in beside}) > 1:
            yield name, value

"""The points of a study: its cells with their seeds put together, on one test set; and which is compared with which.

A point with rationales is compared with the one without that agrees with it along every axis both have, but for the
axes that say what rationales are like, which answers alone have no use for. A study may give these to both sides or to
one; its answers alone may stand in another block than the rationales of an ablation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synth.reporting.pairs import Comparison, comparison, shared
from synth.reporting.read import Evaluation
from synth.reporting.settings import TARGETS, Group, data_label, kind
from synth.reporting.study import Cell, Study
from synth.shots.options import in_words

SEED, TASK, TARGET, PROMPTING = "seed", "task", "target", "prompting"
SIDES = (TARGET, PROMPTING)  # axes that say whether there are rationales
OF_RATIONALES = ("length", "annotator", "teacher", "prompt", "prompts", "explain", "data")  # what rationales are like
SHOTS = ("shots", "exemplars", "few_shot")  # what a study may call the axis of demonstrations


@dataclass
class Point(Group):
    """Cells that differ in their seed alone, measured on one split; `members` has an evaluation a seed."""

    block: str = ""
    axes: dict[str, str] = field(default_factory=dict)  # without the seed
    task: str = ""
    split: str = ""
    cells: list[Cell] = field(default_factory=list)

    @property
    def trained(self) -> bool:
        return any(cell.run for cell in self.cells)

    @property
    def side(self) -> str:
        """`with`, `without` or `blank`."""
        asked = {"blank": "blank", "answer": "without"}.get(self.axes.get(TARGET, ""))
        return asked or kind(self.members[0])

    def others(self) -> dict[str, str]:
        """Its axes without those that every comparison has: the task, and whether there are rationales."""
        return {name: value for name, value in self.axes.items() if name not in (TASK, *SIDES)}

    def mean(self, metric: str) -> float | None:
        values = [figure["value"] for member in self.members if (figure := member.metric(metric))]
        return sum(values) / len(values) if values else None


@dataclass
class Compared:
    """A point with rationales, or blank ones, beside the one without."""

    point: Point
    against: Point
    figures: Comparison


def points(study: Study) -> list[Point]:
    """The points of a study, in its order."""
    found: dict[tuple[Any, ...], Point] = {}
    for cell in study.cells:
        for evaluation in cell.evaluations:
            axes = {name: value for name, value in cell.axes.items() if name != SEED} | _asked(evaluation, cell)
            key = (cell.block, *sorted(axes.items()), data_label(evaluation))
            point = found.get(key)
            if point is None:
                split = str(evaluation.data.get("split") or "")
                task = _task(cell, evaluation)
                point = found[key] = Point("", data_label(evaluation), [], cell.block, axes, task, split)
            if cell not in point.cells:  # one that was measured twice in the same way counts once
                point.members.append(evaluation)
                point.cells.append(cell)
    for point in found.values():
        point.label = label(point, found.values())
    return list(found.values())


def _asked(evaluation: Evaluation, cell: Cell) -> dict[str, str]:
    """How it was asked, as axes, if the evaluations of a cell on the same data differ in that."""
    beside = [one for one in cell.evaluations if data_label(one) == data_label(evaluation)]
    how = {PROMPTING: _prompting, "shots": _shots, "codes": _codes}
    return {
        name: of(evaluation)
        for name, of in how.items()
        if name not in cell.axes and len({of(one) for one in beside}) > 1
    }


def _prompting(evaluation: Evaluation) -> str:
    return str(evaluation.facts.get("prompting"))


def _shots(evaluation: Evaluation) -> str:
    shots = evaluation.facts.get("shots")
    return in_words(shots) if shots else "no demonstrations"


def _codes(evaluation: Evaluation) -> str:
    return str(evaluation.facts.get("codes") or "no codes")


def _task(cell: Cell, evaluation: Evaluation) -> str:
    """The task of the axis; without one, or if the cell was measured on several tasks, that of the data."""
    several = len({one.data.get("task") for one in cell.evaluations}) > 1
    if TASK in cell.axes and not several:
        return cell.axes[TASK]
    return str(evaluation.data.get("task") or evaluation.data.get("folder") or "unnamed data")


def label(point: Point, beside: Any) -> str:
    """What it is called: whether there are rationales, and what else tells it from others on the same task."""
    how = {"with": "rationales", "without": "answers only", "blank": TARGETS["blank"]}[point.side]
    if not point.trained:
        how = {"with": "asked for rationales", "without": "asked directly"}.get(point.side, how)
    near = [other for other in beside if other.task == point.task and other.split == point.split]
    said = [how, *words(point.others(), [other.others() for other in near])]
    return ", ".join([*said, *([point.block] if _is_twice(point, near) else [])])


def _is_twice(point: Point, near: Sequence[Point]) -> bool:
    """Whether another block has the same condition, with other runs."""
    runs = [cell.run for cell in point.cells]
    alike = [
        one for one in near if (one.side, one.trained, one.others()) == (point.side, point.trained, point.others())
    ]
    return any(one.block != point.block and [cell.run for cell in one.cells] != runs for one in alike)


def words(axes: Mapping[str, str], beside: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """The values of axes that differ among those beside it; of a model the value alone, as it speaks for itself."""
    for name, value in axes.items():
        if len({other.get(name) for other in beside}) > 1:
            yield value if name == "model" else f"{name.replace('_', ' ')} {value}"


def changed(point: Point) -> bool:
    """Whether its rows were made from others by a change: these have a table of their own."""
    rows = point.members[0].rows
    return sum(one != other for one, other in zip(rows.ids, rows.sources, strict=True)) > len(rows.ids) / 2


def compared(study: Study, found: Sequence[Point]) -> tuple[list[Compared], list[Point]]:
    """Each point with rationales beside its counterpart without; and those that have none."""
    several = {name for name, values in study.axes().items() if len(values) > 1}
    usable = [point for point in found if point.members[0].rows.ids and not changed(point)]
    withouts = [point for point in usable if point.side == "without"]
    pairs, alone = [], []
    for point in usable:
        if point.side == "without":
            continue
        rival = next(
            (other for other in _rivals(point, withouts, several) if shared(point.members[0], other.members[0])), None
        )
        figures = comparison(point, rival) if rival else None
        if rival and figures:
            pairs.append(Compared(point, rival, figures))
        else:
            alone.append(point)
    return pairs, alone


def _rivals(point: Point, withouts: Sequence[Point], several: set[str]) -> list[Point]:
    """Those without that it may be compared with, the nearest first. several: axes that have more than one value."""
    belong = [other for other in withouts if _belong(point, other, several)]
    return sorted(belong, key=lambda other: _distance(point, other))


def _belong(point: Point, other: Point, several: set[str]) -> bool:
    """Whether nothing but rationales tells them apart, as far as axes and what was trained or asked say."""
    if (point.task, point.split, point.trained) != (other.task, other.split, other.trained):
        return False
    if not _bases(point) & _bases(other):
        return False
    mine, theirs = point.others(), other.others()
    both = [name for name in {*mine, *theirs} if name not in OF_RATIONALES]
    alone = [name for name in both if (name in mine) != (name in theirs)]
    return all(mine[name] == theirs[name] for name in both if name not in alone) and not several & {*alone}


def _bases(point: Point) -> set[tuple[str, str]]:
    """The trainers and base models of its runs; of a point that was not trained the models."""
    runs = [member.run or member.facts for member in point.members]
    return {(str(run.get("trainer")), str(run.get("model"))) for run in runs}


def _distance(point: Point, other: Point) -> tuple[int, int, int]:
    names = {*point.others(), *other.others()}
    apart = sum(point.axes.get(name) != other.axes.get(name) for name in names)
    return (point.block != other.block, apart, point.data != other.data)

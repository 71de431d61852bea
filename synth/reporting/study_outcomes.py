"""A study question by question: who is right on what kind of question, on how long prompts, and on whose misses.

After Mathews et al. ("Fine-tuning On Rationale Generation Improves Multi-Hop Reasoning in Small Language Models"):
figures 1, 4 and 5 (accuracy by type of question), 2, 6 and 7 (lengths of the prompts that are answered right and
wrong), section 5.1 (whether two models get the same questions right).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from synth.data.survey import KINDS
from synth.reporting.pairs import paired, question_by_question
from synth.reporting.seeds import together
from synth.reporting.settings import Group
from synth.reporting.study_points import SHOTS, Compared, Point, changed
from synth.statistics.intervals import interval
from synth.statistics.ranges import in_order, in_ranges

Figures = dict[str, Any]
BINS = 20  # of a histogram of lengths
OTHER = ("with", "without")
SIDES = ("wrong", "right")


def best(found: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Of each task and split the most accurate points with and without rationales.

    Those of trained models, if there are any.
    """
    usable = [point for point in found if point.members[0].rows.ids and not changed(point)]
    places = list(dict.fromkeys((point.task, point.split) for point in usable))
    chosen = []
    for place in places:
        here = [point for point in usable if (point.task, point.split) == place]
        here = [point for point in here if point.trained] or here
        sides = [max((point for point in here if point.side == side), key=_accuracy, default=None) for side in OTHER]
        if sides[0] and sides[1]:
            chosen.append((sides[0], sides[1]))
    return chosen


def _accuracy(point: Point) -> float:
    return point.mean("accuracy") or 0.0


def agreement(chosen: Sequence[tuple[Point, Point]], pairs: Sequence[Compared]) -> list[Figures]:
    """How the outcomes of two points agree: the best of each side, then every comparison."""
    found, seen = [], set()
    for one, other in chosen:
        alike = paired(one, other)
        told = question_by_question(alike) if alike else {}
        if told:
            seen.add((id(one), id(other)))
            found.append(_agreement(one, other, told, best=True, seeds=len(alike)))
    for pair in pairs:
        if (id(pair.point), id(pair.against)) not in seen and pair.figures.outcomes:
            seeds = len(pair.figures.each)
            found.append(_agreement(pair.point, pair.against, pair.figures.outcomes, best=False, seeds=seeds))
    return found


def _agreement(one: Point, other: Point, told: Figures, best: bool, seeds: int) -> Figures:
    return {"task": one.task, "split": one.split, "with": one.label, "without": other.label, "best": best,
            "seeds": seeds, **told}  # fmt: skip


def lengths(groups: Sequence[tuple[str, Group]]) -> list[Figures]:
    """How long the prompts are that a model answers right, and those that it does not; all seeds together.

    groups: what the test set is called, and who was measured on it. Lengths are in tokens of the model, if predictions
    have them of every row, else in words. Nothing for prompts that are all of one length.
    """
    import numpy as np

    found = []
    for place, group in groups:
        counts: tuple[list[int], list[int]] = ([], [])
        counted = all(tokens is not None for member in group.members for tokens in member.rows.read)
        for member in group.members:
            words = (len(prompt.split()) for prompt in member.rows.prompts)
            for length, ok in zip(member.rows.read if counted else words, member.rows.correct, strict=True):
                counts[ok].append(length or 0)
        every = [*counts[0], *counts[1]]
        if len(set(every)) < 2:
            continue
        edges = np.linspace(min(every), max(every), min(BINS, len(set(every))) + 1)
        bars = {name: np.histogram(values, edges)[0].tolist() for name, values in zip(SIDES, counts, strict=True)}
        means = {name: interval(list(map(float, values))) for name, values in zip(SIDES, counts, strict=True)}
        found.append({"task": place, "label": group.label, "unit": "tokens" if counted else "words",
                      "edges": edges.tolist(), "counts": bars, "means": means})  # fmt: skip
    return found


def kinds(found: Sequence[Point]) -> list[Figures]:
    """Accuracy by kind of question (type, digits, operators): a panel for each way of showing demonstrations.

    Where there are several ways, the first panel has the better one for each kind, as the paper's figure 1 has it.
    """
    places: dict[tuple[str, str, str], list[Point]] = {}
    for point in found:
        by = point.members[0].facts.get("by") or {}
        column = next((name for name in KINDS if len(by.get(name) or {}) > 1), None)
        if column and not changed(point):
            places.setdefault((point.task, point.split, column), []).append(point)
    return [_kinds(place, mine) for place, mine in places.items()]


def _kinds(place: tuple[str, str, str], mine: Sequence[Point]) -> Figures:
    task, split, column = place
    axis = next((name for name in SHOTS if len({point.axes.get(name) for point in mine}) > 1), None)
    panels: dict[str, list[Figures]] = {}
    for point in mine:
        how = f"{axis} {point.axes.get(axis, '')}" if axis else ""
        panels.setdefault(how, []).append({"label": _without_axis(point, axis), "values": _by(point, column)})
    told: list[Figures] = [{"title": how, "lines": panels[how]} for how in _in_order(list(panels))]
    if len(panels) > 1:
        told.insert(0, {"title": "the better of these, for each kind", "lines": _better(panels)})
    values = {value for panel in told for line in panel["lines"] for value in line["values"]}
    return {"task": task, "split": split, "column": column, "values": sorted(values, key=in_order), "panels": told}


def _in_order(titles: Sequence[str]) -> list[str]:
    """Fewer demonstrations first, if they are told by numbers; else in the order of the study."""
    by = {title: in_order(title.rpartition(" ")[2]) for title in titles}
    return sorted(titles, key=lambda title: by[title]) if all(kind == 0 for kind, _, _ in by.values()) else list(titles)


def _without_axis(point: Point, axis: str | None) -> str:
    said = f"{axis.replace('_', ' ')} {point.axes.get(axis, '')}" if axis else ""
    return ", ".join(part for part in point.label.split(", ") if part != said)


def _by(point: Point, column: str) -> dict[str, Figures]:
    tables = in_ranges([(member.facts.get("by") or {}).get(column) or {} for member in point.members])
    values = dict.fromkeys(value for table in tables for value in table)
    means = {value: together([(table.get(value) or {}).get("accuracy") for table in tables]) for value in values}
    return {value: mean for value, mean in means.items() if mean}


def _better(panels: Mapping[str, Sequence[Figures]]) -> list[Figures]:
    """For each setting and kind the value of the panel in which it is highest."""
    lines: dict[str, dict[str, Figures]] = {}
    for panel in panels.values():
        for line in panel:
            known = lines.setdefault(line["label"], {})
            for value, figure in line["values"].items():
                known[value] = max(known.get(value, figure), figure, key=_value)
    return [{"label": label, "values": values} for label, values in lines.items()]


def _value(figure: Figures) -> float:
    return float(figure["value"])

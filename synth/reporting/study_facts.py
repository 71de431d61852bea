"""What a study came to, for report.json: its points, what rationales add task by task, and what is missing.

What hangs on how hard tasks are is told by study_difficulty.py, conditions side by side by study_variants.py, and what
happens question by question by study_outcomes.py.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from synth.reporting import fourfold, study_difficulty, study_outcomes, study_quality, study_variants
from synth.reporting.seeds import together
from synth.reporting.study import OPTIONAL, STATES, Cell, Study
from synth.reporting.study_points import Compared, Point, compared, points, words
from synth.statistics.line import PUBLISHED, fit, one_tailed
from synth.statistics.names import REWARD

Figures = dict[str, Any]
PUBLISHED_PROMPTED = {"slope": 0.413597, "intercept": 0.030452, "pearson": 0.955723}  # Zhu et al. 2025, table 9
PUBLISHED_TRAINED = {"slope": PUBLISHED.slope, "intercept": PUBLISHED.intercept, "pearson": PUBLISHED.pearson}
MANY = 0.5  # of the tasks of the fullest series: one with fewer is an ablation, which is shown beside what it changes
SAID = 3  # tasks whose best models are told of in sentences
TABLE = ("accuracy", "ece", "contained", "rationale_f1_1", "rationale_f1_2", "steps_right", "loops", "words")


def told(study: Study) -> Figures:
    """Everything that the page says of a study."""
    found = points(study)
    pairs, alone = compared(study, found)
    several = comparable(pairs)
    runs = series(several)
    difficulty, more = study_difficulty.told(study, runs)
    chosen = study_outcomes.best(found)
    agreement = study_outcomes.agreement(chosen, pairs)
    quality_notes: list[str] = []
    read = [(" ".join(filter(None, (point.task, point.split))), point) for pair in chosen for point in pair]
    return {
        "study": study.name, "cells": _counts(study), "axes": study.axes(),
        "missing": [_missing(cell) for cell in study.cells if cell.state not in ("done", OPTIONAL)],
        "optional": list(dict.fromkeys(cell.block for cell in study.cells if cell.state == OPTIONAL)),
        "quality": study_quality.told(study, quality_notes),
        "notes": [*_notes(study, alone), *more, *quality_notes], "evaluations": len(study.evaluations),
        "said": [*said(study.name, runs), *_agree(study.name, agreement)],
        "points": [_point(point) for point in found],
        "series": runs,
        "difficulty": difficulty,
        "variants": study_variants.variants(study, pairs),
        "blanks": study_variants.blanks(found),
        "fourfold": before_and_after(several, runs),
        "grids": study_variants.grids(study, found),
        "kinds": study_outcomes.kinds(found),
        "agreement": agreement,
        "lengths": study_outcomes.lengths(read),
    }  # fmt: skip


def _counts(study: Study) -> dict[str, int]:
    states = Counter(cell.state for cell in study.cells)
    return {state: states[state] for state in STATES if states[state] and state != OPTIONAL}


def _missing(cell: Cell) -> Figures:
    return {"cell": cell.words(), "state": cell.state, "why": cell.why}


def _notes(study: Study, alone: Sequence[Point]) -> Iterator[str]:
    """What a reader would look for in vain, and why it is not there."""
    for cell in study.cells:
        if cell.state == "done" and not cell.evaluations:
            yield f"{cell.words()}: the cell is done, but no evaluation of it can be read"
    for point in alone:
        told = f"{point.task} {point.split}: {point.label}"
        yield f"{told}: there is nothing without rationales to compare it with, on the same questions"


def _point(point: Point) -> Figures:
    rewards = sorted(
        {name for member in point.members for name in member.facts.get("metrics") or {} if name.startswith(REWARD)}
    )
    metrics = {name: together([member.metric(name) for member in point.members]) for name in (*TABLE, *rewards)}
    runs = [member.run for member in point.members]
    return {
        "block": point.block, "task": point.task, "split": point.split, "data": point.data, "label": point.label,
        "axes": point.axes, "kind": point.side, "trained": point.trained,
        "seeds": [run.get("seed") for run in runs], "rows": point.members[0].data.get("rows"),
        "metrics": {name: figure for name, figure in metrics.items() if figure},
        "examples": _mean(runs, "examples_seen"), "tokens": _mean(runs, "tokens_seen"),
    }  # fmt: skip


def _mean(runs: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [value for run in runs if isinstance(value := run.get(name), int | float)]
    return fmean(values) if values else None


def comparable(pairs: Sequence[Compared]) -> list[list[Compared]]:
    """Comparisons of a block that differ in their task alone, a point a task.

    Those of trained models come first, then the prompting setting; the ones with most tasks first. A block that has the
    same runs as a larger one has no series of its own.
    """
    collected: dict[tuple[Any, ...], dict[str, Compared]] = {}
    for pair in pairs:
        if not pair.figures.blank:
            others = tuple(sorted(pair.point.others().items()))
            key = (not pair.point.trained, pair.point.split, others, pair.point.block)
            collected.setdefault(key, {}).setdefault(pair.point.task, pair)
    several = [list(tasks.values()) for tasks in collected.values() if len(tasks) > 1]
    several.sort(key=lambda one: (not one[0].point.trained, -len(one)))
    new: list[list[Compared]] = []
    for one in several:
        if not any(_evaluations(one) <= _evaluations(other) for other in new):
            new.append(one)
    return new


def series(several: Sequence[Sequence[Compared]]) -> list[Figures]:
    """What comparisons that differ in their task alone came to, and the line through them."""
    found = [_series(one, several) for one in several]
    for each in found:
        fullest = max(len(other["tasks"]) for other in found if other["trained"] is each["trained"])
        each["main"] = len(each["tasks"]) >= MANY * fullest
    return found


def before_and_after(several: Sequence[Sequence[Compared]], runs: Sequence[Figures]) -> list[Figures]:
    """The table of RAFT's figure 4 of each main series of trained models whose model was asked as it was, too."""
    before = [pair.figures for one in several for pair in one if pair.figures.prompted]
    after = [[pair.figures for pair in one] for one, told in zip(several, runs, strict=True)
             if told["trained"] and told["main"]]  # fmt: skip
    return [fourfold.table(pairs) for one in after if (pairs := fourfold.matched(before, one))]


def _evaluations(pairs: Sequence[Compared]) -> set[int]:
    return {id(member) for pair in pairs for member in (*pair.point.members, *pair.against.members)}


def _series(pairs: Sequence[Compared], beside: Sequence[Sequence[Compared]]) -> Figures:
    first = pairs[0].point
    alike = [one[0].point for one in beside if one[0].point.trained is first.trained]
    said = list(words(first.others(), [one.others() for one in alike]))
    if sum((one.others(), one.split) == (first.others(), first.split) for one in alike) > 1:
        said.append(first.block)
    name = ", ".join(said)
    rows: list[Figures] = [
        {"task": pair.point.task, "rows": pair.figures.rows, "seeds": len(pair.figures.each),
         "accuracy": pair.figures.accuracy, "ece": pair.figures.ece, "each": pair.figures.each,
         "with": {name: pair.point.mean(name) for name in ("accuracy", "ece")},
         "without": {name: pair.against.mean(name) for name in ("accuracy", "ece")}} for pair in pairs
    ]  # fmt: skip
    rows.sort(key=lambda row: -row["accuracy"]["value"])
    return {
        "title": _title(name, first.trained), "trained": first.trained, "axes": first.others(), "split": first.split,
        "tasks": rows,
        "up": sum(row["accuracy"]["low"] > 0 for row in rows), "down": sum(row["accuracy"]["high"] < 0 for row in rows),
        "line": line(rows, PUBLISHED_TRAINED if first.trained else PUBLISHED_PROMPTED),
    }  # fmt: skip


def _title(name: str, trained: bool) -> str:
    """What a series is called: the prompting setting is named as such."""
    how = "" if trained else "untrained, asked with and without"
    return ", ".join(part for part in (how, name) if part) or "all tasks"


def said(study: str, runs: Sequence[Figures]) -> Iterator[str]:
    """What each main series came to, in a sentence, no more than its intervals bear out."""
    for one in (one for one in runs if one["main"]):
        count = len(one["tasks"])
        same = count - one["up"] - one["down"]
        yield (
            f"{study}, {one['title']}: with rationales more accurate in {one['up']} of {count} tasks, less accurate in "
            f"{one['down']}; in {same} no difference can be told."
        )


def _agree(study: str, agreement: Sequence[Figures]) -> Iterator[str]:
    """Whether the best models get the same questions right, of the first tasks."""
    for one in [one for one in agreement if one["best"] and one["correlation"]][:SAID]:
        shares = [one[side] for side in ("first_answers", "second_answers")]
        first, second = (f"{share['value']:.0%}" if share else "none" for share in shares)
        correlation = f"{one['correlation']['value']:.2f}".replace("-", "\N{MINUS SIGN}")
        yield (
            f"{study}, {one['task']}: the outcomes of the best with ({one['with']}) and the best without rationales "
            f"({one['without']}) have a correlation of {correlation}; the first answers {first} of the second's "
            f"misses, the second {second} of the first's."
        )


def line(rows: Sequence[Figures], published: Mapping[str, float]) -> Figures | None:
    """Delta ECE over delta accuracy, a point a task; None for fewer than three tasks with both."""
    known = [row for row in rows if row["ece"]]
    fitted = fit([row["accuracy"]["value"] for row in known], [row["ece"]["value"] for row in known])
    if fitted is None:
        return None
    placed = [{"data": row["task"], "accuracy": row["accuracy"]["value"], "ece": row["ece"]["value"]} for row in known]
    return {**asdict(fitted), "p_one_tailed": one_tailed(fitted.pearson, len(known)), "n": len(known),
            "points": placed, "published": dict(published)}  # fmt: skip

"""Everything a report says, as one dictionary: report.json, from which the pictures and the page are made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from statistics import fmean
from typing import Any

from synth.reporting import attribution, fourfold, loop_facts, probes, round_facts, study_facts
from synth.reporting.calibration import diagrams
from synth.reporting.changes import changes
from synth.reporting.collect import Everything
from synth.reporting.examples import examples
from synth.reporting.pairs import Comparison, compare
from synth.reporting.pictures import CURVES
from synth.reporting.read import Evaluation, Run
from synth.reporting.settings import (
    TARGETS,
    Group,
    data_label,
    groups,
    kind,
    learned_from_answers,
    model_name,
    run_key,
    run_labels,
    task_of,
    training_data,
)
from synth.reporting.study_facts import PUBLISHED_PROMPTED, PUBLISHED_TRAINED
from synth.reporting.study_outcomes import lengths
from synth.statistics.intervals import mean_ends
from synth.statistics.line import fit, one_tailed
from synth.statistics.ranges import in_ranges

ORDER = ("with", "without", "blank")
HOW = (*TARGETS.values(), "untrained")


def facts(found: Everything) -> dict[str, Any]:
    """All figures of a report; nothing in it depends on the day, the machine or where the folders lie.

    What studies measured is told study by study, as their axes have it; changed rows, curves, calibration and examples
    are told alike for all.
    """
    evaluations = _in_order(found.evaluations)
    grouped, comparisons = groups(evaluations), compare(evaluations)
    every = _in_order([*found.evaluations, *(one for study in found.studies for one in study.evaluations)])
    everything = groups(every) if found.studies else grouped
    labels = run_labels(found.runs, {run_key(each.run) for each in every if learned_from_answers(each)})
    looped = {loop.name for loop in (*found.loops, *found.rounds)}  # whose losses are of one iteration each
    trained = sorted(found.runs, key=lambda run: HOW.index(labels[run_key(run.facts)].split(",")[0]))
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "notes": found.notes,
        "runs": [_run(run, labels[run_key(run.facts)]) for run in found.runs],
        "settings": [_setting(group) for group in grouped],
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "changes": [asdict(change) for change in changes(every)],
        "line": _line([one for one in comparisons if not one.prompted], PUBLISHED_TRAINED),
        "prompted_line": _line([one for one in comparisons if one.prompted], PUBLISHED_PROMPTED),
        "fourfold": fourfold.tables(comparisons),
        "agreement": [_agreement(comparison) for comparison in comparisons if comparison.outcomes],
        "lengths": lengths([(group.data, group) for group in grouped if comparisons and group.members[0].rows.ids]),
        "studies": [study_facts.told(study) for study in found.studies],
        "loops": loop_facts.told(found.loops),
        "rounds": round_facts.told(found.rounds),
        "curves": [_curves(run, labels[run_key(run.facts)]) for run in trained if run.log and run.name not in looped],
        "by": _by(grouped),
        "calibration": diagrams(everything),
        "probes": probes.told(found.probes),
        "attribution": attribution.told(everything, found.notes),
        "examples": examples(everything),
    }


def _in_order(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """Those on the same data beside each other, with rationales first; so a setting has its colour in every picture."""
    places = {data: place for place, data in enumerate(dict.fromkeys(map(data_label, evaluations)))}
    return sorted(evaluations, key=lambda each: (places[data_label(each)], ORDER.index(kind(each))))


def _run(run: Run, label: str) -> dict[str, Any]:
    kept = (
        "trainer",
        "target",
        "seed",
        "steps",
        "examples_seen",
        "tokens_seen",
        "train_seconds",
        "cpu_seconds",
        "parameters",
    )
    config = {name: value for name, value in (run.facts.get("config") or {}).items() if name != "out"}
    known = {name: run.facts.get(name) for name in kept}
    trained_on = training_data(run.facts)
    versions = run.facts.get("versions") or {}
    complete = bool(run.facts.get("complete"))
    return {"name": run.name, "label": label, "model": model_name(run.facts), "data": trained_on, **known,
            "complete": complete,
            "config": config, "versions": versions}  # fmt: skip


def _setting(group: Group) -> dict[str, Any]:
    first = group.members[0]
    names = dict.fromkeys(name for member in group.members for name in member.facts.get("metrics") or {})
    metrics = {name: mean for name in names if (mean := mean_ends([member.metric(name) for member in group.members]))}
    over = {name: spread for name in metrics if (spread := group.over_seeds(name))}
    accuracy = [member.metric("accuracy") for member in group.members]
    return {
        "label": group.label, "data": group.data, "kind": kind(first), "model": model_name(first.run or first.facts),
        "rows": first.data.get("rows"), "seeds": group.seeds(), "samples": first.facts.get("samples"),
        "temperature": first.facts.get("temperature"), "prompting": first.facts.get("prompting"),
        "complete": all(member.facts.get("complete") for member in group.members), "metrics": metrics,
        "over_seeds": over,
        "seed_values": [figure["value"] for figure in accuracy if figure],
        "evaluations": [
            {"name": member.name, "seed": member.run.get("seed"), "complete": bool(member.facts.get("complete")),
             "metrics": {name: value for name in names if (value := member.metric(name))}} for member in group.members
        ],
    }  # fmt: skip


def _agreement(one: Comparison) -> dict[str, Any]:
    """A comparison question by question, as the table of the page has it."""
    return {"task": one.data, "split": "", "with": one.label, "without": one.against, "best": False,
            "seeds": len(one.each), **one.outcomes}  # fmt: skip


def _line(comparisons: Sequence[Comparison], published: Mapping[str, float]) -> dict[str, Any] | None:
    """The line over data sets, if at least three were compared with and without; a data set counts once."""
    known: dict[str, list[Comparison]] = {}
    for each in comparisons:
        if each.ece and not each.blank:
            known.setdefault(each.data, []).append(each)
    gains = [fmean(each.accuracy["value"] for each in same) for same in known.values()]
    scores = [fmean(each.ece["value"] for each in same if each.ece) for same in known.values()]
    points = [{"data": data, "accuracy": x, "ece": y} for data, x, y in zip(known, gains, scores, strict=True)]
    line = fit(gains, scores)
    if line is None:
        return None
    chance = one_tailed(line.pearson, len(points))
    return {**asdict(line), "p_one_tailed": chance, "n": line.points, "points": points, "published": dict(published)}


def _curves(run: Run, label: str) -> dict[str, Any]:
    """`{"steps", "examples", "tokens", "values"}` of each of CURVES. Evaluations say at which step alone: what had
    been seen by then lies on a straight line between the logged steps."""
    import numpy as np

    end = {
        "step": run.facts.get("steps"),
        "examples": run.facts.get("examples_seen"),
        "tokens": run.facts.get("tokens_seen"),
    }
    logged = [line for line in run.log if isinstance(line.get("examples"), int | float)]
    if not logged or (isinstance(end["step"], int) and end["step"] > logged[-1]["step"]):
        logged.append({**end, "step": end["step"] or 0})
    steps = [line["step"] for line in logged]
    seed, task = run.facts.get("seed"), task_of(run.facts)
    curves: dict[str, Any] = {"run": run.name, "label": label, "seed": seed, "task": task}
    for curve in CURVES:
        points = [line for line in run.log if isinstance(line.get(curve), int | float)]
        at = [line["step"] for line in points]
        counts = {
            name: np.interp(at, [0, *steps], [0, *(line.get(name) or 0 for line in logged)]).tolist()
            for name in ("examples", "tokens")
        }
        curves[curve] = {"steps": at, **counts, "values": [line[curve] for line in points]}
    return curves


def _by(grouped: Sequence[Group]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Accuracy: data -> column -> `[{"label", "values": [{"value", "mean", "low", "high", "n"}]}]`."""
    shares: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for group in grouped:
        for column in dict.fromkeys(name for member in group.members for name in member.facts.get("by") or {}):
            tables = in_ranges([(member.facts.get("by") or {}).get(column) or {} for member in group.members])
            values = []
            for value in dict.fromkeys(value for table in tables for value in table):
                mean = mean_ends([(table.get(value) or {}).get("accuracy") for table in tables])
                if mean:
                    values.append({"value": value, "mean": mean.pop("value"), **mean})
            if len(values) > 1:
                line = {"label": group.label, "values": values}
                shares.setdefault(group.data, {}).setdefault(column, []).append(line)
    return shares

"""How hard the tasks of a study are, and whether rationales add more to the harder ones.

Zhu et al. 2025, section 4, figures 5 and 14, table 10: a point a task, on the one axis a measure of how hard it is, on
the other what rationales add; Pearson's r and its one-tailed p. Measures are whatever the study has: what `synth
difficulty` wrote for a cell, the length of the rationales in the data, the accuracy after training on answers alone.

A low accuracy is a hard task, and so is little V-usable information (Ethayarajh et al. 2022), so r has the sign turned
there: above 0 it says of each measure that more is added to harder tasks.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.manifest import open_manifest
from synth.data.names import DIFFICULTY
from synth.data.reading import read
from synth.errors import FolderError, SynthError
from synth.reporting.study import Study
from synth.statistics.line import fit, one_tailed

Figures = dict[str, Any]
ROWS = 2_000  # of a dataset, whose rationales are measured
WRITTEN = ("characters", "words", "tokens")
TURNED = ("accuracy", "v_information")  # the lower, the harder
DATA = "data"  # the length of rationales in the data


def told(study: Study, series: Sequence[Figures]) -> tuple[list[Figures], list[str]]:
    """Each measure with each main series; and what is missing."""
    tasks = [row["task"] for one in series for row in one["tasks"] if one["main"]]
    notes: list[str] = []
    known = {**_measured(study, notes), DATA: _lengths_of_data(study, notes)}
    answers = _accuracy_of_answers(series)
    notes += _without(known, list(dict.fromkeys(tasks)))
    found = []
    for one in (one for one in series if one["main"]):
        mine = {**known, "accuracy": answers or _accuracy_of_answers([{**one, "trained": True}])}
        found += [told for name, by_task in mine.items() if (told := _against(one, name, by_task))]
    return found, notes


def title(name: str) -> str:
    """What a measure is called on an axis."""
    kind, _, model = name.partition(" of ")
    if name == DATA:
        return "rationales in the data, characters"
    if name == "accuracy":
        return "accuracy of answers only"
    return f"V-information, {model}" if kind == "v_information" else f"rationales of {model}, {kind}"


def _measured(study: Study, notes: list[str]) -> dict[str, dict[str, float]]:
    """What synth difficulty wrote: measure and model -> task -> value. Characters alone, if there are those."""
    found: dict[str, dict[str, float]] = {}
    for task, folder in _folders(study, "difficulty").items():
        try:
            facts = read_facts(study.folder / folder / DIFFICULTY, "what synth difficulty writes", "make it again")
        except FolderError as error:
            notes.append(f"{folder}: {str(error).replace(f'{study.folder}/', '')}")
            continue
        for name in (*WRITTEN, "v_information"):
            value = _value((facts or {}).get(name))
            if value is not None:
                alone = " to the question alone" if facts and "shots" in facts and facts["shots"] is None else ""
                found.setdefault(f"{name} of {(facts or {}).get('model')}{alone}", {})[task] = value
    others = {name.partition(" of ")[2] for name in found if name.startswith(WRITTEN[0])}
    spare = [f"{measure} of {model}" for measure in WRITTEN[1:] for model in others]
    return {name: values for name, values in found.items() if name not in spare}


def _value(figure: Any) -> float | None:
    value = figure.get("value") if isinstance(figure, Mapping) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _folders(study: Study, name: str) -> dict[str, str]:
    """The first difficulty, or data, of each task. Of an ablation's task those of the other blocks count, too."""
    found: dict[str, str] = {}
    for cell in study.cells:
        folder = getattr(cell, name)
        tasks = {cell.axes["task"]} if "task" in cell.axes else {str(one.data.get("task")) for one in cell.evaluations}
        if folder and len(tasks) == 1:
            found.setdefault(tasks.pop(), folder)
    return found


def _lengths_of_data(study: Study, notes: list[str]) -> dict[str, float]:
    """The mean length in characters of the rationales that the models of a task learned from, or would have."""
    found = {}
    for task, folder in _folders(study, "data").items():
        try:
            length = _mean_length(study.folder / folder)
        except SynthError as error:
            notes.append(f"{task}: the length of rationales in the data cannot be told"
                         f" ({str(error).replace(f'{study.folder}/', '')})")  # fmt: skip
            continue
        if length is not None:
            found[task] = length
    return found


def _mean_length(folder: Path) -> float | None:
    splits = list(open_manifest(folder)["splits"])
    total = rows = 0
    for record in read(folder, splits[0]) if splits else ():
        if record.rationale:
            total, rows = total + len(record.rationale), rows + 1
        if rows == ROWS:
            break
    return total / rows if rows else None


def _accuracy_of_answers(series: Sequence[Figures]) -> dict[str, float]:
    """Accuracy without rationales in the fullest series of trained models."""
    for one in series:
        if one["trained"]:
            return {row["task"]: row["without"]["accuracy"] for row in one["tasks"]}
    return {}


def _without(known: Mapping[str, Mapping[str, float]], tasks: Sequence[str]) -> Iterator[str]:
    """Tasks that a measure which others have is missing of."""
    for name, values in known.items():
        missing = [task for task in tasks if task not in values]
        if values and missing:
            yield f"{title(name)}: not known of {', '.join(missing)}, which the pictures of difficulty leave out"
    if tasks and not any(name != DATA for name in known):
        yield "how hard tasks are was not measured (synth difficulty), so gains stand against accuracy alone"


def _against(series: Figures, name: str, values: Mapping[str, float | None]) -> Figures | None:
    """The points of a measure, and how closely each gain follows it; None if fewer than two tasks have it."""
    rows = [row for row in series["tasks"] if values.get(row["task"]) is not None]
    if len(rows) < 2:
        return None
    turned = name.split(" of ", maxsplit=1)[0] in TURNED
    points = [
        {"task": row["task"], "x": values[row["task"]],
         **{gain: row[gain]["value"] if row[gain] else None for gain in ("accuracy", "ece")}} for row in rows
    ]  # fmt: skip
    gains = {gain: _follows(points, gain, turned) for gain in ("accuracy", "ece")}
    return {"series": series["title"], "trained": series["trained"], "measure": name, "title": title(name),
            "turned": turned, "points": points, **gains}  # fmt: skip


def _follows(points: Sequence[Figures], gain: str, turned: bool) -> Figures | None:
    known = [point for point in points if point[gain] is not None]
    line = fit([point["x"] for point in known], [point[gain] for point in known])
    if line is None:
        return None
    pearson = -line.pearson if turned else line.pearson
    return {"slope": line.slope, "intercept": line.intercept, "pearson": pearson, "n": len(known),
            "p_one_tailed": one_tailed(pearson, len(known)), "p_permutation": line.p_permutation}  # fmt: skip

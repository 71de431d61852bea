"""Lines of one's own: the gain by rationales against how hard a data set is, fitted to one's own trainings.

A point is a data set on which models were trained with rationales and with answers alone: x is the accuracy of the
latter, or the length of a base model's rationales if `synth difficulty` measured it; the gain is the difference in
accuracy on the same questions. Several comparisons on one data set (models, seeds, lengths of rationales) are one
point, their mean: data sets are what a line over data sets has to do with.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from synth.base.files import read_facts
from synth.data.names import DIFFICULTY, METRICS, PREDICTIONS, RUN, STUDY
from synth.errors import FolderError
from synth.reporting.collect import Everything, collect
from synth.reporting.pairs import comparison, counterparts
from synth.reporting.settings import Group
from synth.reporting.study import Study
from synth.reporting.study_points import Compared, compared, points
from synth.statistics.line import Line, fit, prediction_margin

LEAST = 3  # data sets that a line goes through


@dataclass(frozen=True)
class Fitted:
    """gain = slope * x + intercept, through the data sets that it was fitted to."""

    x: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    gains: tuple[float, ...]
    line: Line

    @property
    def slope(self) -> float:
        return self.line.slope

    @property
    def intercept(self) -> float:
        return self.line.intercept

    @property
    def pearson(self) -> float:
        return self.line.pearson

    def at(self, x: float) -> float:
        return self.slope * x + self.intercept

    def margin(self, x: float) -> float:
        """Half of the 95% interval for the gain on a new data set."""
        return prediction_margin(self.values, self.gains, x)

    def bounds(self) -> tuple[float, float]:
        return min(self.values), max(self.values)


@dataclass
class Gain:
    """What rationales added on a data set, in one comparison."""

    name: str  # of the data set
    task: str
    folder: str  # that was evaluated on
    split: str
    gain: float
    accuracy: float | None  # without rationales
    measured: list[Path] = field(default_factory=list)  # difficulties that a study names


@dataclass(frozen=True)
class Own:
    """The lines that could be fitted, and what to know of them."""

    lines: tuple[Fitted, ...]
    notes: tuple[str, ...]


def fitted(folders: Sequence[Path], model: str | None = None) -> Own:
    """The lines through what the folders hold.

    folders: studies, runs, evaluations, difficulties, or folders of these. model: the base model whose lengths are
    wanted; None: that of most data sets. Raises FolderError for other folders, and if no model was trained with and
    without rationales; MissingExtraError without scipy.
    """
    whole, loose = parted(folders)
    found = collect(whole) if whole else Everything()
    gains = _of_test([*_of_studies(found), *_of_evaluations(found)])
    if not gains:
        given = ", ".join(str(folder) for folder in folders)
        raise FolderError(
            f"--fit {given}: no model there was trained with rationales and with answers alone on the same data, and "
            "measured on the same questions: give such runs (synth train --target rationale, --target answer) with "
            "their evaluations, or a study"
        )
    lengths, notes = _lengths(gains, [_difficulty(folder) for folder in loose], model)
    by = {"length": lengths, "accuracy": _accuracies(gains)}
    found_lines = [_line(x, values, gains) for x, values in by.items()]
    if len(gains) > (sets := len({gain.name for gain in gains})):
        notes.append(f"{len(gains)} comparisons are {sets} points of your lines: a data set is one, with their mean")
    lines = tuple(line for line in found_lines if isinstance(line, Fitted))
    return Own(lines, (*notes, *(why for why in found_lines if isinstance(why, str))))


def parted(folders: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Studies, runs and evaluations; difficulties. Raises FolderError for a folder that is and holds none of them."""
    whole: list[Path] = []
    loose: list[Path] = []
    for folder in folders:
        inside = [folder] if _is_ours(folder) else [path for path in sorted(folder.glob("*")) if _is_ours(path)]
        if not inside:
            what = "is and holds no study, run, evaluation or difficulty" if folder.is_dir() else "is not there"
            raise FolderError(f"--fit {folder} {what}: give folders that synth study, train, eval and difficulty wrote")
        for path in inside:
            (loose if (path / DIFFICULTY).is_file() else whole).append(path)
    return whole, loose


def _is_ours(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (STUDY, RUN, METRICS, PREDICTIONS, DIFFICULTY))


def _of_studies(found: Everything) -> Iterator[Gain]:
    for study in found.studies:
        for pair in compared(study, points(study))[0]:
            if pair.figures.trained and not pair.figures.blank:
                yield _of_pair(study, pair)


def _of_pair(study: Study, pair: Compared) -> Gain:
    cells = [*pair.point.cells, *pair.against.cells]
    measured = dict.fromkeys(study.folder / cell.difficulty for cell in cells if cell.difficulty)
    gain = _gain(pair.point.task, pair.point, pair.against, pair.figures.accuracy["value"])
    gain.measured = [path for path in measured if (path / DIFFICULTY).is_file()]
    return gain


def _of_evaluations(found: Everything) -> Iterator[Gain]:
    for one, other in counterparts(found.evaluations):
        figures = comparison(one, other)
        if figures is not None and figures.trained and not figures.blank:
            folder = str(one.members[0].data.get("folder") or figures.data)
            yield _gain(folder, one, other, figures.accuracy["value"])


def _gain(name: str, one: Group, other: Group, gain: float) -> Gain:
    data = one.members[0].data
    known = [figure["value"] for member in other.members if (figure := member.metric("accuracy"))]
    task, folder, split = (str(data.get(key) or "") for key in ("task", "folder", "split"))
    return Gain(name, task, folder, split, gain, fmean(known) if known else None)


def _of_test(gains: Sequence[Gain]) -> list[Gain]:
    """Of a data set with several splits those on `test`, or on the first."""
    splits: dict[str, list[str]] = {}
    for gain in gains:
        splits.setdefault(gain.name, []).append(gain.split)
    chosen = {name: "test" if "test" in of else of[0] for name, of in splits.items()}
    return [gain for gain in gains if gain.split == chosen[gain.name]]


def _accuracies(gains: Sequence[Gain]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for gain in gains:
        if gain.accuracy is not None:
            found.setdefault(gain.name, []).append(gain.accuracy)
    return found


def _difficulty(folder: Path) -> dict[str, Any]:
    return read_facts(folder / DIFFICULTY, "what synth difficulty writes", "run it again with --overwrite") or {}


def _lengths(
    gains: Sequence[Gain], loose: Sequence[Mapping[str, Any]], model: str | None
) -> tuple[dict[str, list[float]], list[str]]:
    """Name of a data set -> lengths in characters, of rationales of one model; and what was left out."""
    mine = {gain.name: _measured(gain, loose) for gain in gains}
    models = Counter(str(facts.get("model")) for each in mine.values() for facts in each)
    if not models:
        return {}, []
    chosen = model if model in models else models.most_common(1)[0][0]
    others = sorted(set(models) - {chosen})
    notes = [f"lengths are of rationales by {chosen}; those by {', '.join(others)} are left out"] if others else []
    if model not in (None, chosen):
        notes.append(f"the lengths of your line are of rationales by {chosen}, that of --difficulty by {model}")
    found = {
        name: [facts["characters"]["value"] for facts in each if str(facts.get("model")) == chosen]
        for name, each in mine.items()
    }
    return {name: values for name, values in found.items() if values}, notes


def _measured(gain: Gain, loose: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The difficulties of a data set: those of its study, of the folder that was evaluated on, of its task."""
    same: list[list[Mapping[str, Any]]] = [
        [_difficulty(path) for path in gain.measured],
        [facts for facts in loose if gain.folder and (facts.get("data") or {}).get("folder") == gain.folder],
        [facts for facts in loose if facts.get("task") == gain.task],
    ]
    with_length = [[facts for facts in each if facts.get("characters")] for each in same]
    return next((each for each in with_length if each), [])


def _line(x: str, by: Mapping[str, Sequence[float]], gains: Sequence[Gain]) -> Fitted | str:
    """The line by one measure, or why there is none."""
    names = tuple(by)
    values = tuple(fmean(by[name]) for name in names)
    added = tuple(fmean(gain.gain for gain in gains if gain.name == name) for name in names)
    what = f"{'an' if x == 'accuracy' else 'a'} {x} is known of {len(names)} data sets" + (
        f" ({', '.join(names)})" if names else ""
    )
    if len(names) < LEAST:
        hint = "" if x == "accuracy" else "; synth difficulty measures it"
        return f"no line of your own by {x}: {what}, and it takes {LEAST}{hint}"
    line = fit(values, added)
    if line is None:
        return f"no line of your own by {x}: {what}, and all have the same {x} or the same gain"
    return Fitted(x, names, values, added, line)

"""The check of quality of a study's data: how many rows of each task a judge called what, by its file of verdicts.

Zhu et al. 2025 (RAFT), appendix C: of 20 rows of each of 18 data sets one was called unhelpful, wrongly.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from synth import registry
from synth.data.names import VERDICTS
from synth.data.verdict import SCORED, Judge
from synth.data.verdicts import latest, read_verdicts
from synth.errors import FolderError, SynthError
from synth.reporting.study import Study
from synth.reporting.study_points import SIDES
from synth.statistics.intervals import interval

RUBRIC, PUBLISHED = "rubric", {"judged": 360, "unhelpful": 1}
Facts = dict[str, Any]
Counts = Counter[str | None]  # by verdict; None of what has none


def told(study: Study, notes: list[str]) -> list[Facts]:
    """A table for each judge: `{"judge", "model", "menu", "rows": [{"task", "judged", VERDICT: rows, ..., "unscored",
    "share"}], "published"}`; share is that of the first verdict of the menu.

    What cannot be read is named in `notes`.
    """
    found: dict[tuple[str, str], dict[str, Counts]] = {}
    for name, folder in _folders(study).items():
        path = study.folder / folder / VERDICTS
        try:
            lines = latest(read_verdicts(path)).values() if path.is_file() else ()
        except FolderError as error:
            notes.append(f"the quality of {name} is left out: {str(error).replace(f'{study.folder}/', '')}")
            continue
        for line in lines:
            counts = found.setdefault((line.judge, line.model or ""), {}).setdefault(name, Counter())
            counts[line.verdict] += 1
    return [_table(*by, tasks) for by, tasks in found.items() if not any(SCORED in counts for counts in tasks.values())]


def _folders(study: Study) -> dict[str, str]:
    """What was judged, each once however many cells learn from it, by what its axes call it: task, then what else its
    cells have in common."""
    axes: dict[str, dict[str, str]] = {}
    for cell in study.cells:
        if cell.quality:
            mine = axes.setdefault(cell.quality, dict(cell.axes))
            axes[cell.quality] = {name: value for name, value in mine.items() if cell.axes.get(name) == value}
    several = {name for name in study.axes() if len({own.get(name) for own in axes.values()}) > 1}
    names: dict[str, str] = {}
    for folder, own in axes.items():
        values = [value for axis, value in own.items() if axis in several and axis not in SIDES]
        name = ", ".join(values) or own.get("task") or folder
        names[folder if name in names else name] = folder
    return names


def _table(judge: str, model: str, tasks: dict[str, Counts]) -> Facts:
    menu = _menu(judge, tasks)
    rows = [_row(task, counts, menu) for task, counts in tasks.items()]
    rows += [_row("all", sum(tasks.values(), Counter()), menu)] if len(rows) > 1 else []
    published = PUBLISHED if judge == RUBRIC else None
    return {"judge": judge, "model": model, "menu": menu, "rows": rows, "published": published}


def _menu(judge: str, tasks: dict[str, Counts]) -> list[str]:
    """The verdicts of a judge, the good one first; of one that is not known here those that it gave."""
    try:
        known: Sequence[str] = registry.contract("judges", judge, Judge).menu
    except SynthError:
        known = ()
    given = sorted({said for counts in tasks.values() for said in counts if said is not None})
    return list(dict.fromkeys([*known, *given]))


def _row(task: str, counts: Counts, menu: Sequence[str]) -> Facts:
    scored = [float(said == menu[0]) for said in menu for _ in range(counts[said])]
    return {
        "task": task, "judged": counts.total(), **{said: counts[said] for said in menu}, "unscored": counts[None],
        "share": interval(scored),
    }  # fmt: skip

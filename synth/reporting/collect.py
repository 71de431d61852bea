"""Everything in the folders that `synth report` is given: which are runs, evaluations and studies, and what is in them.

A report of nine runs is not lost for the tenth: what cannot be read is named in `notes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synth.data.names import EVALUATIONS, METRICS, PREDICTIONS, PROBE, RUN, STUDY
from synth.errors import FolderError
from synth.reporting.loops import read_loop
from synth.reporting.probes import read_probe, read_probes
from synth.reporting.read import Found, Run, add_evaluation, read_run
from synth.reporting.rounds import read_rounds
from synth.reporting.study import Cell, Study, read_cells


@dataclass
class Everything(Found):
    """What a report is made of: runs and evaluations, and studies with their own."""

    studies: list[Study] = field(default_factory=list)


def collect(folders: Sequence[Path]) -> Everything:
    """Everything in the folders, each once, in the order given.

    Raises FolderError for a folder that is neither a run, nor an evaluation, nor a study, and if nothing at all can be
    read.
    """
    found, names = Everything(), _names([folder.resolve() for folder in folders])
    seen: set[Path] = set()
    broken: list[FolderError] = []
    for folder in [folder.resolve() for folder in folders]:
        if folder in seen:
            continue
        seen.add(folder)
        if (folder / STUDY).is_file():
            found.studies.append(_study(folder, names[folder], found, broken))
        elif (folder / RUN).is_file():
            run = _run_or_none(folder, names[folder], found, broken)
            inside = {path.parent for name in (METRICS, PREDICTIONS) for path in folder.glob(f"{EVALUATIONS}/*/{name}")}
            for path in sorted(inside - seen):
                seen.add(path)
                _add_or_note(path, f"{names[folder]}/{path.name}", run, found, broken)
        elif (folder / METRICS).is_file() or (folder / PREDICTIONS).is_file():
            _add_or_note(folder, names[folder], None, found, broken)
        elif (folder / PROBE).is_file():
            found.probes += read_probe(folder, names[folder], found.notes)
        else:
            raise FolderError(_neither(folder))
    if broken and not found.runs and not found.evaluations and not found.studies:
        raise broken[0]
    return found


def _study(folder: Path, name: str, found: Everything, broken: list[FolderError]) -> Study:
    """A study with what its cells made, each run and evaluation read once however many cells share it.

    Raises FolderError for a study.json that cannot be read.
    """
    study = read_cells(folder, name)
    mine = Found(notes=found.notes)
    runs: dict[Path, Run | None] = {}
    places: dict[Path, int | None] = {}
    for cell in study.cells:
        if cell.run and (at := folder / cell.run).resolve() not in runs:
            runs[at.resolve()] = _run_or_none(at, cell.run, mine, broken) if (at / RUN).is_file() else None
        run = runs.get((folder / cell.run).resolve()) if cell.run else None
        for path in cell.evaluated:
            where = (folder / path).resolve()
            if where not in places:
                places[where] = _place(where, path, cell, run, mine, broken)
            if (at_place := places[where]) is not None:
                cell.evaluations.append(mine.evaluations[at_place])
    found.runs += mine.runs
    found.loops += mine.loops
    found.rounds += mine.rounds
    found.probes += mine.probes
    study.evaluations = mine.evaluations
    return study


def _place(
    where: Path, name: str, cell: Cell, run: Run | None, mine: Found, broken: list[FolderError]
) -> int | None:  # fmt: skip
    """Where in `mine.evaluations` an evaluation stands after reading it; None if it cannot be read."""
    if not where.is_dir():
        if cell.state == "done":
            mine.notes.append(f"{name}: there is no such folder; the evaluation is left out")
        return None
    count = len(mine.evaluations)
    _add_or_note(where, name, run, mine, broken)
    return count if len(mine.evaluations) > count else None


def _run_or_none(folder: Path, name: str, found: Found, broken: list[FolderError]) -> Run | None:
    try:
        run = read_run(folder, name, found.notes)
    except FolderError as error:
        broken.append(error)
        found.notes.append(f"{name}: {str(error).replace(f'{folder}/', '')}; the run is left out")
        return None
    found.runs.append(run)
    found.probes += read_probes(folder, name, found.notes)
    for read_one, loops, what in ((read_loop, found.loops, "iterations"), (read_rounds, found.rounds, "rounds")):
        try:
            if loop := read_one(run.folder, run.name, run.facts, found.notes):
                loops.append(loop)
        except FolderError as error:
            found.notes.append(f"{run.name}: {str(error).replace(f'{run.folder}/', '')}; its {what} are left out")
    return run


def _add_or_note(folder: Path, name: str, run: Run | None, found: Found, broken: list[FolderError]) -> None:
    try:
        add_evaluation(folder, name, run, found)
    except FolderError as error:
        broken.append(error)
        found.notes.append(f"{name}: {str(error).replace(f'{folder}/', '')}; the evaluation is left out")


def _neither(folder: Path) -> str:
    if not folder.is_dir():
        return f"there is no folder {folder}: give the folders that synth train, synth eval and synth study wrote"
    below = sorted({path.parent.name for name in (RUN, METRICS, STUDY) for path in folder.glob(f"*/{name}")})
    hint = f": give one or more of {', '.join(str(folder / name) for name in below[:6])}" if below else ""
    return (
        f"{folder} is neither a run (it has no {RUN}) nor an evaluation (no {METRICS}) nor a study (no {STUDY})"
        f"{hint or ': give a folder that synth train, synth eval or synth study wrote'}"
    )


def _names(folders: Sequence[Path]) -> dict[Path, str]:
    """As much of the end of each path as tells it from the others."""
    depth, different = 1, set(folders)
    deepest = max((len(folder.parts) for folder in folders), default=1)
    while depth < deepest and len({folder.parts[-depth:] for folder in different}) < len(different):
        depth += 1
    return {folder: "/".join(folder.parts[-depth:]).lstrip("/") for folder in folders}

"""The demonstrations that options name, looked through before anything is asked."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from synth.errors import UsageError, closest
from synth.questions.find import find_task, known_task, task_names
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import Shots, stratum
from synth.shots.options import OTHERS, ShotOptions
from synth.shots.rows import of_file, of_folder, of_worked

USUAL, USUAL_OTHERS = 10, 3  # of STaR's sums; of RAFT's mixed-task prompts


def load_shots(asked: ShotOptions, name: str, task: Task | None = None, rationales: bool = True) -> Shots | None:
    """The demonstrations for rows of the task `name`; None without --shots.

    task: its Task, of a question-answering task, whose questions are read as its sources are. rationales: whether they
    are needed. Raises UsageError, one line, for what cannot be shown; SourceError and FolderError for what cannot be
    read.
    """
    if asked.shots is None:
        return None
    given, place, task = asked.shots, Path(asked.shots), task or known_task(name)
    if task is not None and task.reader:
        task = None  # a built dataset's own form is what its files are in, whoever explains its questions
    if given == OTHERS:
        return _shots(asked, OTHERS, other_tasks(name), USUAL_OTHERS, mixed=True)
    if given in (sets := own_sets()):
        own = find_task(given)
        rows = [of_worked(own, worked) for worked in own.worked]
    elif place.is_dir():
        rows = of_folder(place)
    elif place.is_file():
        rows = of_file(place, name, task)
    else:
        raise UsageError(
            f"--shots {given}: no such file or folder; the program has demonstrations of {', '.join(sets)}, and "
            f"{OTHERS}{closest(given, [*sets, OTHERS])}"
        )
    source = given if given in sets else place.resolve().name
    return _shots(asked, source, _fit(given, rows, name, rationales), USUAL)


def own_sets() -> list[str]:
    """The tasks that have a set of demonstrations."""
    return [task.name for task in _tasks() if task.worked]


def other_tasks(name: str) -> list[Record]:
    """The program's demonstrations of all tasks but one."""
    return [of_worked(task, worked) for task in _tasks() if task.name != name for worked in task.demonstrations]


def _tasks() -> list[Task]:
    return [find_task(name) for name in task_names()]


def _fit(given: str, rows: Sequence[Record], name: str, rationales: bool) -> list[Record]:
    """The rows that can be shown. Raises UsageError if they are of another task, or have no rationales."""
    if not rows:
        raise UsageError(f"--shots {given} holds no demonstration: give a file or a folder with rows of {name}")
    if other := sorted({row.task for row in rows} - {name}):
        raise UsageError(
            f"--shots {given} holds demonstrations of {', '.join(other)}, and the rows are of {name}: give some of "
            f"{name}, or --shots {OTHERS}"
        )
    kept = [row for row in rows if row.rationale.strip() or not rationales]
    if not kept:
        raise UsageError(
            f"--shots {given} has no rationales: give rows with one, as those of synth distill and synth build"
        )
    return kept


def _shots(asked: ShotOptions, source: str, rows: Sequence[Record], usual: int, mixed: bool = False) -> Shots:
    most = len({row.task for row in rows}) if mixed else len(rows)
    if asked.n_shots is not None and asked.n_shots > most:
        what = "other tasks" if mixed else "demonstrations"
        raise UsageError(f"--n-shots {asked.n_shots}: {source} has {most} {what}: give {most} at most")
    n = asked.n_shots or min(usual, most)
    return Shots(tuple(rows), n, asked.shots_seed, digest(rows), source, mixed, asked.shots_as)


def digest(rows: Sequence[Record]) -> str:
    """SHA-256 of what demonstrations say, their kinds, their verdicts and their order."""
    return hashlib.sha256(orjson.dumps([_said(row) for row in rows])).hexdigest()


def _said(row: Record) -> list[Any]:
    texts = [row.id, row.task, row.prompt, row.rationale, row.answer, row.completion, stratum(row)]
    verdicts = (row.provenance or {}).get("verdicts")
    return [*texts, verdicts] if verdicts else texts

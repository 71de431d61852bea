"""A dataset folder of ours as the source of a distillation: a teacher explains questions that synth built.

The question is the prompt of a row, the right answer is the row's. What is asked, how answers are read and compared,
is said by the checker of the dataset (validators/), or of a folder of an import or a distillation by its own task.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from synth.base.files import file_facts
from synth.data.manifest import no_split, open_manifest, read_manifest, split_files
from synth.data.names import MANIFEST
from synth.data.reading import read
from synth.errors import FolderError, SourceError, UsageError
from synth.questions.find import find_task
from synth.questions.reading import no_source, task_of
from synth.questions.task import Question, Task
from synth.shots.forms import question_in
from synth.validating.checker import find

CLOSING = "The answer is {answer}"  # as an evaluation asks; behind answers that end in a stop there would be two
BUILT = ("made_by", "builder", "config", "seed", "source")  # what synth.json of a built folder says of its making


def task_and_folder(name: str | None, source: str) -> tuple[Task, Path | None]:
    """The task that is named; without a name that of the source, which then is a dataset folder of ours.

    Raises UsageError for a source that needs a task beside it, for a file of a task whose questions the folder has
    already, and what `task_in` and `find_task` do.
    """
    folder = Path(source)
    ours = folder.is_dir() and (read_manifest(folder) is not None or any(folder.glob(f"*/{MANIFEST}")))
    if name is None and not ours:
        raise UsageError(
            "give --task, a name (synth tasks) or a .toml or .py file of your own: it may be left out only if --source "
            f"is a folder that synth wrote, and {source} is none"
        )
    if name is None or (ours and name == kind_of(folder)):
        return task_in(folder), folder
    task = find_task(name)
    if ours and task.name == kind_of(folder):
        raise UsageError(f"{folder} holds questions of {task.name} as synth has them: leave out --task {name}")
    return task, None


def kind_of(folder: Path) -> str | None:
    """The builder or the task of a dataset folder; None for a folder of several."""
    manifest = read_manifest(folder) or {}
    return manifest.get("builder") or (manifest.get("distilled") or {}).get("task")


def task_in(folder: Path) -> Task:
    """The task that the rows of a dataset folder are questions of.

    Raises FolderError for a folder of several datasets or of none, UsageError for a dataset that has no checker.
    """
    manifest = open_manifest(folder)
    if (task := task_of(manifest)) is not None:
        return task
    name = str(manifest.get("builder"))
    if (checker := find(name)) is None:
        raise UsageError(f"{folder} was built by {name}, which has no checker: nobody can tell which answers are right")
    instruction = checker.instruction.format(**checker.settings(manifest.get("config") or {}))
    return Task(
        name, "built", "", instruction, checker.kind, no_source, checker.options, CLOSING, reader=name,
        answer_is=checker.answer_is,
    )  # fmt: skip


def questions_in(folder: Path, split: str | None, task: Task) -> Iterator[Question]:
    """The questions of a split. Raises SourceError for one that the folder does not have."""
    for record in read(folder, chosen(folder, split)):
        entry = str(record.meta.get("entry") or "")
        yield replace(question_in(task, record), id=record.id.removeprefix(f"{task.name}/"), entry=entry)


def all_questions(folder: Path, task: Task) -> Iterator[Question]:
    """Those of every split."""
    for split in open_manifest(folder)["splits"]:
        yield from questions_in(folder, split, task)


def chosen(folder: Path, split: str | None) -> str:
    """The split that is meant: the training split, or the only one. Raises SourceError."""
    splits = open_manifest(folder)["splits"]
    if split is None and len(splits) == 1:
        return str(next(iter(splits)))
    if (split or "train") not in splits:
        raise SourceError(no_split(folder, split or "train", splits) + "; name one with --split")
    return split or "train"


def facts_in(folder: Path, splits: tuple[str, ...]) -> dict[str, Any]:
    """What tells one folder from another: its name, who made it, and the files that are read with size and hash."""
    manifest = open_manifest(folder)
    paths = [path for split in splits or (None,) for path in split_files(folder, manifest, chosen(folder, split))]
    try:
        files = {path.relative_to(folder).as_posix(): file_facts(path) for path in paths}
    except OSError as error:
        raise FolderError.from_os(error, f"cannot read {folder}") from error
    known: dict[str, Any] = {name: manifest[name] for name in BUILT if name in manifest}
    package = ((manifest.get("distilled") or {}).get("source") or {}).get("package")
    return {"name": folder.resolve().name, **known, **({"package": package} if package else {}), "files": files}

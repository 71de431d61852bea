"""The task of a dataset: what `synth.json` says of it, and the task again out of that.

    {"task": {"name": "riddles", "kind": "option", "options": [], "closing": "Hence: {answer}", "instruction": ...}}

A dataset that a teacher wrote knows its task whole, so that rows of a task in a file of somebody's own are asked about,
read and judged as they were when they were made, wherever the folder goes. Folders of 0.1.0 name their task and no
more: of these it is the task of that name.
"""

from collections.abc import Mapping
from typing import Any, get_args

from synth.answers.kinds import Kind
from synth.errors import FolderError
from synth.questions.find import known_task
from synth.questions.task import Question, Task

ASKED = ("name", "kind", "options", "closing", "instruction", "system", "label", "unknown")
FURTHER = ("reader", "answer_is")  # of questions that synth built; folders of other tasks do not name them
NO_SOURCE = "this task comes out of a dataset: it has no source to read"


def asked_of(task: Task) -> dict[str, Any]:
    """What decides how questions are asked and replies read: part of a dataset's recipe."""
    asked = {name: list(task.options) if name == "options" else getattr(task, name) for name in ASKED}
    return asked | {name: said for name in FURTHER if (said := getattr(task, name))}


def own_options(task: Task) -> bool:
    """Whether each question has options of its own, which stand in `meta` of its row."""
    return task.kind == "option" and not task.options


def task_of(manifest: Mapping[str, Any]) -> Task | None:
    """The task of a distilled folder by its synth.json; None of other folders, and for one that nobody knows.

    Raises FolderError for a task that cannot be one.
    """
    if "distilled" not in manifest:
        return None
    if "task" not in manifest:
        return known_task(str(manifest["distilled"]["task"]))
    said = manifest["task"]
    if not isinstance(said, Mapping) or not all(isinstance(said.get(name), str) for name in ASKED if name != "options"):
        raise FolderError(f"synth.json: its task cannot be read: it has {', '.join(ASKED)}")
    if said["kind"] not in (kinds := get_args(Kind)):
        raise FolderError(
            f"synth.json: its task has answers of kind {said['kind']!r}, this version has {', '.join(kinds)}"
        )
    texts = {name: said[name] for name in ASKED if name != "options"}
    texts |= {name: said[name] for name in FURTHER if isinstance(said.get(name), str)}
    return Task(**texts, options=tuple(map(str, said.get("options") or ())), family="own", summary="", read=no_source)


def no_source(row: Mapping[str, Any], number: str) -> Question | None:
    raise LookupError(NO_SOURCE)

"""Tasks by name, their questions from a file, a folder or the Hub, and the prompt that a teacher reads.

task = find_task("gsm8k")
for question in load(task, "test.jsonl"):
    print(prompt(task, question))
"""

from functools import cache
from pathlib import Path

from synth import registry
from synth.errors import UnknownNameError
from synth.questions.task import Task


@cache
def _tasks() -> dict[str, Task]:
    families = (registry.load("tasks", family) for family in registry.names("tasks"))
    return {task.name: task for family in families for task in family.TASKS}


def task_names() -> list[str]:
    """The names of the tasks that come with the program, family by family."""
    return list(_tasks())


def find_task(name_or_path: str) -> Task:
    """A task by its name, or from a user's own .toml or .py file.

    Raises UnknownNameError, which names the closest task, and UsageError for a file that holds no task.
    """
    if name_or_path in _tasks():
        return _tasks()[name_or_path]
    path = Path(name_or_path)
    if path.suffix in (".toml", ".py"):
        from synth.questions.own import read_task

        return read_task(path)
    raise UnknownNameError("task", name_or_path, task_names())

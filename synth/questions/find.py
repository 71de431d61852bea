"""Tasks by name: those of the program, those of other packages, and a user's own file.

task = find_task("gsm8k")
for question in load(task, "test.jsonl"):
    print(prompt(task, question))
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from synth import registry
from synth.errors import UnknownNameError, UsageError
from synth.questions.task import Task


@runtime_checkable
class Family(Protocol):
    """A module of synth/tasks/, or one that an entry point of `synth.tasks` names."""

    TASKS: Sequence[Task]


@runtime_checkable
class Maker(Protocol):
    """A family that makes its tasks by their names."""

    PREFIX: str  # gym:
    HOW: str  # a line for `synth tasks`

    def named(self, name: str) -> Task: ...


def ways_to_name() -> list[str]:
    """Of the families that make their tasks by name, how to name one."""
    return [maker.HOW for maker in _makers()]


def _makers() -> list[Maker]:
    modules = [registry.load("tasks", family) for family in registry.ours("tasks")]
    return [module for module in modules if isinstance(module, Maker)]


def task_names() -> list[str]:
    """The names of all tasks, family by family, those of the program first. Of two of one name the first one counts."""
    families: dict[str, str] = {}
    for family in _families():
        for task in _tasks(family):
            if (other := families.setdefault(task.name, family)) != family:
                this, that = registry.where("tasks", other), registry.where("tasks", family)
                registry.notice(f"task {task.name!r} is that of {this}, not of {that}: rename one of them")
    return list(families)


def known_task(name: str) -> Task | None:
    """The task of a name; None if none is called so.

    Modules of other packages are imported only for a name that no task of the program has, and first the one whose
    entry point is called as the task is. A task FAMILY:NAME is made by the function `named` of its family.
    """
    if ":" in name and (makers := [maker for maker in _makers() if name.startswith(maker.PREFIX)]):
        return makers[0].named(name)
    tasks = (task for family in _families(name) for task in _tasks(family) if task.name == name)
    return next(tasks, None)


def find_task(name_or_path: str) -> Task:
    """A task by its name, or from a user's own .toml or .py file.

    Raises UnknownNameError, which names the closest task, and UsageError for a file that holds no task.
    """
    if (task := known_task(name_or_path)) is not None:
        return task
    path = Path(name_or_path)
    if path.suffix in (".toml", ".py"):
        from synth.questions.own import read_task

        return read_task(path)
    raise UnknownNameError("task", name_or_path, task_names())


def _families(name: str = "") -> Iterator[str]:
    """The families in the order in which a task is looked for."""
    yield from registry.ours("tasks")
    others = registry.others("tasks")
    yield from sorted(others, key=lambda family: (family != name, family))


@cache
def _tasks(family: str) -> tuple[Task, ...]:
    """The tasks of a family. One of another package that is broken has none, which is said once."""
    try:
        module = registry.load("tasks", family)
    except UsageError as error:
        registry.notice(str(error))
        return ()
    if isinstance(module, Family) and all(isinstance(task, Task) for task in module.TASKS):
        return tuple(module.TASKS)
    registry.notice(f"{registry.where('tasks', family)} has no TASKS, a tuple of {Task.__module__}.Task")
    return ()

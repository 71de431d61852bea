"""Prints the tasks as a table, and one task with its prompt: `synth tasks` and `synth tasks show`."""

from typing import Any

from rich.console import Console
from rich.markup import escape

from synth.base.terminal import show_table
from synth.errors import UsageError
from synth.questions.annotators import FIRST, as_told_by
from synth.questions.find import find_task, task_names, ways_to_name
from synth.questions.layouts import Reader
from synth.questions.loading import load
from synth.questions.prompts import messages
from synth.questions.task import Hub, Task


def show_tasks() -> None:
    """One line for each task: name, family, kind, options, where on the Hub, licence."""
    columns = ("name", "family", "kind", "options", "on the Hub", "licence")
    tasks = map(find_task, task_names())
    rows = ([task.name, task.family, task.kind, _options(task), _place(task.hub), task.licence] for task in tasks)
    show_table(columns, rows, left=len(columns))
    for way in ways_to_name():
        Console(highlight=False, soft_wrap=True).print(escape(way))


def tasks_listed() -> list[dict[str, Any]]:
    """The tasks as a script reads them."""
    return [
        {
            "name": task.name, "family": task.family, "kind": task.kind, "options": list(task.options),
            "hub": task.hub.id if task.hub else None, "licence": task.licence, "summary": task.summary,
            "source": task.source,
        }
        for task in map(find_task, task_names())
    ]  # fmt: skip


def show_task(name: str, source: str | None, split: str | None, length: str, annotator: str, hint: bool) -> None:
    """The task's facts, then the very prompt of the first question of a source, or of its made-up one."""
    task = as_told_by(find_task(name), annotator)
    source = "1" if source is None and task.makes is not None else source
    question = next(load(task, source, split)) if source else task.example
    if question is None:
        raise UsageError(f"{name} has no made-up question: add [example] to it, or give --source FILE")
    console = Console(highlight=False, soft_wrap=True)
    for fact in _facts(task):
        console.print(f"[dim]{escape(fact)}[/]")
    for message in messages(task, question, length=length, hint=hint):
        console.rule(f"[bold]{message['role']}[/]", align="left")
        console.print(escape(message["content"]))
    console.rule(f"[bold]right answer[/] {escape(str(question.gold))}", align="left")


def _facts(task: Task) -> list[str]:
    layouts = task.read.layouts if isinstance(task.read, Reader) else ()
    facts = [f"{task.name}: {task.summary} ({task.family}, {task.licence})", f"source: {task.source}"]
    facts += [f"on the Hub: {_place(task.hub)}"]
    facts += [f"reads, {layout.name}: {layout.files or '{' + ', '.join(layout.columns) + '}'}" for layout in layouts]
    facts += [f"annotators: {', '.join((FIRST, *task.annotators))}"] if task.annotators else []
    return facts


def _options(task: Task) -> str:
    if task.options:
        return str(len(task.options))
    return "its own" if task.kind == "option" else ""


def _place(hub: Hub | None) -> str:
    return " ".join(filter(None, (hub.id, hub.config))) if hub else ""

"""Tasks by name, their questions from a file, a folder or the Hub, and the prompt that a teacher reads.

task = find_task("gsm8k")
for question in load(task, "test.jsonl"):
    print(prompt(task, question))
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from synth import registry
from synth.errors import SourceError, UnknownNameError, UsageError
from synth.task import Hub, Kind, Question, Task
from synth.tasks._files import Entry, rows
from synth.tasks._reading import LETTERS

# RAFT, appendix D.2: five ways to ask for the same reasoning, from longest to shortest. Only "Let's think step by
# step." is to the letter; the others say in our words what the paper's say.
LENGTHS = {
    "thorough": "Let's analyse the problem thoroughly and explain how it is solved.",
    "detailed": "Let's explain the solution in as much detail as possible.",
    "steps": "Let's think step by step.",
    "brief": "Let's explain the solution in a few words.",
    "shortest": "Let's explain the solution as briefly as we can.",
}

_ANSWERS: dict[Kind, str] = {
    "number": "a number",
    "option": "the letter of an option",
    "yes_no": "yes or no",
    "date": "a date",
    "text": "the answer",
}


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
        from synth.tasks._own import read_task

        return read_task(path)
    raise UnknownNameError("task", name_or_path, task_names())


def load(task: Task, source: str, split: str | None = None) -> Iterator[Question]:
    """The questions of a file, of a split in a folder, or on the Hub (`hub`, `org/name`, `org/name/config`).

    Without a split it is the training split; a single file is read whole. Ids that repeat get a number added.
    Raises SourceError, with the place of the row, for what cannot be read or is no question of this task.
    """
    repeated: Counter[str] = Counter()
    seen: set[int] = set()
    layouts = getattr(task.read, "layouts", ())
    for path in _places(task, source, split):
        for entry in rows(path, split, layouts):
            question = _read(task, entry)
            if question is not None:
                yield replace(question, id=_unique(question.id, repeated, seen))
    if not seen:
        raise SourceError(f"{source} holds no question of {task.name}")


def _places(task: Task, source: str, split: str | None) -> list[Path]:
    from synth.tasks import _hub

    if Path(source).exists():
        return [Path(source)]
    if (hub := find_hub(task, source)) is not None:
        return _hub.download(hub, split)
    raise SourceError(f"{source} is not there: give a file, a folder, hub, or org/name on the Hub")


def find_hub(task: Task, source: str) -> Hub | None:
    """Where a source is on the Hub; None for one that is here, or nowhere.

    Raises SourceError for `hub` where the task names no place there.
    """
    from synth.tasks import _hub

    path = Path(source)
    named = source == "hub" or (_hub.NAME.fullmatch(source) and not path.parent.exists())
    return _hub.place(source, task.hub) if named and not path.exists() else None


def _read(task: Task, entry: Entry) -> Question | None:
    row, number, where = entry
    try:
        question = task.read(row, number)
    except SourceError as error:
        raise SourceError(f"{where} {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{where} is not a row that {task.name} reads: {type(error).__name__} {error}") from error
    return None if question is None else checked(task, question, where)


def checked(task: Task, question: Question, where: str) -> Question:
    """The question with the task's options and its right answer in canonical form.

    Raises SourceError for a right answer that cannot be one, and for a choice without options.
    """
    from synth.answers import canonical

    options = question.options or task.options
    if task.kind == "option" and not options:
        raise SourceError(
            f"{where}: question {question.id} has no options, as in (A) ... (B) ... or a column `options`"
        )
    gold = question.gold
    if gold is not None and not (task.kind == "option" and gold in LETTERS[: len(options)]):
        gold = canonical(gold, task.kind, options)
        if gold is None:
            allowed = options_line(options) if options else _ANSWERS[task.kind]
            raise SourceError(
                f"{where}: the right answer of question {question.id} is {question.gold!r}, not {allowed}"
            )
    return replace(question, options=tuple(options), gold=gold)


def _unique(name: str, repeated: Counter[str], seen: set[int]) -> str:
    """The name, or `name-2`, `name-3`, ... where it was taken. Of names that were taken 64 bits are kept."""
    unique = name
    while (mark := int.from_bytes(hashlib.blake2b(unique.encode(), digest_size=8).digest(), "little")) in seen:
        repeated[name] += 1
        unique = f"{name}-{repeated[name] + 1}"
    seen.add(mark)
    return unique


def options_line(options: tuple[str, ...], correct: str | None = None) -> str:
    """`(A) Entailment (B) Contradiction (C) Neutral`; as a hint, ` (CORRECT)` stands after the right one."""
    return " ".join(
        f"({letter}) {option}{' (CORRECT)' if letter == correct else ''}"
        for letter, option in zip(LETTERS, options, strict=False)
    )


def prompt(task: Task, question: Question, *, length: str = "steps", hint: bool = False) -> str:
    """What a teacher reads: instruction, closing form, question, options, and how long to reason.

    With `hint` it gives the answer away (STaR's rationalization): ` (CORRECT)` after the option, else the answer in
    parentheses after the question. Raises UsageError for a length that is none, or a hint without an answer.
    """
    if length not in LENGTHS:
        raise UnknownNameError("length", length, list(LENGTHS))
    if hint and question.gold is None:
        raise UsageError(f"question {question.id} of {task.name} has no known answer to hint at")
    options = question.options or task.options
    marked = task.kind == "option"
    text = f"{question.text} ({question.gold})" if hint and not marked else question.text
    lines = [f"{task.instruction} {_closing(task)}", "", f"{task.label}: {text}"]
    if options:
        lines.append(f"Options: {options_line(options, question.gold if hint and marked else None)}")
    return "\n".join([*lines, f"Answer: {LENGTHS[length]}"])


def _closing(task: Task) -> str:
    form = task.closing.format(answer=task.unknown)
    return f'Close with a line "{form}", where {task.unknown} is {_ANSWERS[task.kind]}.'


def messages(task: Task, question: Question, *, length: str = "steps", hint: bool = False) -> list[dict[str, str]]:
    """The prompt as a chat."""
    system = [{"role": "system", "content": task.system}] if task.system else []
    return [*system, {"role": "user", "content": prompt(task, question, length=length, hint=hint)}]

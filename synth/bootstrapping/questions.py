"""What a loop asks: rows of dataset folders or questions of a task, demonstrations, and rows to measure on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from synth import registry
from synth.base.draws import generator
from synth.bootstrapping.demonstrations import demonstrations
from synth.bootstrapping.options import Looped
from synth.data import builder
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.questions.choosing import Choice, Wanted
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.prompts import question_of, student_prompt
from synth.questions.reading import asked_of, own_options, task_of
from synth.questions.task import Question, Task
from synth.record import Record
from synth.shots.draw import Shots
from synth.validating.checker import reader_of

SET_ASIDE = 200  # questions to measure on, if there is no split for it


@dataclass(frozen=True)
class Questions:
    """All that a loop is made of beside the model. Rows to measure on and demonstrations are never asked."""

    like: Mapping[str, Any]  # what a folder of such rows says of itself, for those who read it
    task: Task | None  # of questions of a task
    asked: Sequence[Record]
    added: Sequence[tuple[int, Sequence[Record]]]  # iteration from which on -> more of them
    held: Sequence[Record]
    held_name: str
    shots: Shots | None

    def pool(self, iteration: int) -> Sequence[Record]:
        """The questions of an iteration, before any are drawn."""
        further = [record for first, records in self.added if iteration >= first for record in records]
        return [*self.asked, *further]

    def drawn(self, iteration: int, count: int | None, seed: int) -> Sequence[Record]:
        """So many of them, others in each iteration; all if there are no more."""
        pool = self.pool(iteration)
        if count is None or count >= len(pool):
            return pool
        chosen = generator(f"star/{seed}/questions", iteration).sample(range(len(pool)), count)
        return [pool[at] for at in sorted(chosen)]


def hinted(record: Record, task: Task | None) -> str | None:
    """The prompt of a row with its answer in it; None if nobody knows how to hint at it."""
    if registry.has("builders", record.task):
        hint = builder.find(record.task).hinted
        return hint(record) if hint else None
    if task is None:
        return None
    return student_prompt(task, question_of(task, record), hint=True)


def gather(config: Looped) -> Questions:
    """Everything that is asked, shown and measured on.

    Raises FolderError, SourceError, UsageError for what is not there or cannot be asked.
    """
    found = _of_source(config) if config.source else _of_folders(config)
    shots, rest = demonstrations(config, found.asked, found.task)
    held, asked, name = _held(config, found, rest)
    if not asked:
        raise UsageError("no question is left to ask: all are demonstrations or set aside to measure on")
    added = [(first, _rows(folder, config)) for folder, first in map(_from_iteration, config.add_data)]
    return replace(found, asked=asked, added=added, held=held, held_name=name, shots=shots)


def _of_folders(config: Looped) -> Questions:
    records = [record for folder in config.data for record in _rows(Path(folder), config)]
    manifest = open_manifest(Path(config.data[0]))
    task = task_of(manifest)
    return Questions(described(manifest), task, records, (), (), "", None)


def _rows(folder: Path, config: Looped) -> list[Record]:
    records = list(islice(read(folder, config.split), config.limit))
    if not records:
        raise FolderError(f"{folder} has no rows in its split {config.split!r}: give another --split")
    return records


def described(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a manifest that say how rows are read and what they are."""
    if "distilled" in manifest:
        return {name: manifest[name] for name in ("distilled", "task", "plan") if name in manifest}
    return {name: manifest[name] for name in ("builder", "config") if name in manifest}


def _of_source(config: Looped) -> Questions:
    task = find_task(str(config.task))
    source = str(config.source)
    wanted = Wanted(limit=config.limit)
    split = None if Path(source).is_file() else config.split
    choice = Choice(partial(load, task, source, split), task.kind, wanted)
    records = [row_of(task, question, config.split) for question in choice if question.gold or config.vote]
    if not records:
        raise UsageError(f"{source} has no right answers: add --vote --samples 10, which needs none")
    like = {
        "distilled": {"task": task.name, "source": {"name": Path(source).name}, "limit": config.limit},
        "task": asked_of(task),
        "plan": {"keep": "all", "max_attempts": config.samples, "rationalize": config.rationalize, "length": "steps"},
    }
    return Questions(like, task, records, (), (), "", None)


def row_of(task: Task, question: Question, split: str) -> Record:
    """A question with its answer and nothing between."""
    answer = question.gold or ""
    meta: dict[str, Any] = {"source_id": question.id, "confidence": None, "words": 0}
    meta |= {"options": list(question.options)} if own_options(task) else {}
    meta |= {"entry": question.entry} if question.entry else {}
    completion = f" {task.closed(answer)}"
    return Record(f"{task.name}/{split}/{question.id}", task.name, student_prompt(task, question), "", answer,
                  completion, meta)  # fmt: skip


def _held(config: Looped, found: Questions, rest: Sequence[Record]) -> tuple[list[Record], Sequence[Record], str]:
    """Rows to measure on: of --held, of a split of the data, or set aside of the questions."""
    split = config.validation_split
    if config.held is not None:
        splits = open_manifest(config.held)["splits"]
        named = next((name for name in (split, "test", *splits) if name in splits), split)
        return list(islice(read(config.held, named), config.eval_rows)), rest, f"{config.held.name} {named}"
    folders = [Path(folder) for folder in config.data if split in open_manifest(Path(folder))["splits"]]
    if folders:
        rows = [record for folder in folders for record in islice(read(folder, split), config.eval_rows)]
        return rows, rest, split
    able = [record for record in rest if record.answer]
    if not able:
        raise UsageError("there are no right answers to measure by: give --held FOLDER, a dataset that has them")
    count = min(config.eval_rows or SET_ASIDE, max(1, len(able) // 2))
    aside = {record.id for record in generator("star/held", config.seed).sample(able, count)}
    chosen = [record for record in rest if record.id in aside]
    return chosen, [record for record in rest if record.id not in aside], "set aside"


def _from_iteration(text: str) -> tuple[Path, int]:
    folder, _, first = text.rpartition("@")
    return Path(folder), int(first)


def check_hints(questions: Questions) -> None:
    """Raises UsageError for a question that nobody knows a hint for."""
    for record in questions.pool(10**9)[:1]:
        if hinted(record, questions.task) is None:
            raise UsageError(
                f"--rationalize: nobody knows how to hint at an answer of {record.task}: give its builder a function "
                "`hinted`, or leave --rationalize out"
            )
        reader_of(record.task, questions.task)

"""What a loop asks: rows of dataset folders or questions of a task, demonstrations, and rows to measure on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from synth import registry
from synth.attempts.rows import answer_alone
from synth.base.draws import generator
from synth.bootstrapping.demonstrations import demonstrations
from synth.bootstrapping.options import Looped
from synth.data import builder
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.data.survey import meta_of
from synth.errors import FolderError, UsageError
from synth.questions.choosing import Choice, Wanted
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.prompts import question_of, student_prompt
from synth.questions.reading import asked_of, task_of
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import Shots, question

SET_ASIDE = 200  # questions to measure on, if there is no split for it


@dataclass(frozen=True)
class Questions:
    """All that a loop is made of beside the model. Rows to measure on and demonstrations are never asked."""

    like: Mapping[str, Any]  # what a folder of such rows says of itself, for those who read it
    task: Task | None  # of questions of a task
    asked: Sequence[Record]
    added: Sequence[tuple[int, Sequence[Record]]]  # iteration from which on -> more of them
    held: Sequence[Record]
    shots: Shots | None

    @property
    def every(self) -> Sequence[Record]:
        """All that are asked in some iteration."""
        return [*self.asked, *(record for _, records in self.added for record in records)]

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
    shots = demonstrations(config, found.asked, found.task)
    left = _different(found.asked, shots.rows if shots else ())
    held = _held(config, list(left.values()))
    for record in held:
        left.pop(question(record), None)
    if not left:
        raise UsageError("no question is left to ask: all are demonstrations or set aside to measure on")
    asked, known = list(left.values()), [*(shots.rows if shots else ()), *held, *left.values()]
    added = [
        (first, list(_different(_rows(folder, config), known).values()))
        for folder, first in map(_from_iteration, config.add_data)
    ]
    return replace(found, asked=asked, added=added, held=held, shots=shots)


def _different(records: Sequence[Record], known: Sequence[Record]) -> dict[str, Record]:
    """The rows by their questions, each question once, and none of those that are known."""
    different: dict[str, Record] = {}
    for record in records:
        different.setdefault(question(record), record)
    for record in known:
        different.pop(question(record), None)
    return different


def _of_folders(config: Looped) -> Questions:
    records = [record for folder in config.data for record in _rows(Path(folder), config)]
    manifest = open_manifest(Path(config.data[0]))
    task = task_of(manifest)
    return Questions(described(manifest), task, records, (), (), None)


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
    like = {
        "distilled": {"task": task.name, "source": {"name": Path(source).name}, "limit": config.limit},
        "task": asked_of(task),
        "plan": {"keep": "all", "max_attempts": config.samples, "rationalize": config.rationalize, "length": "steps"},
    }
    able = [one for one in choice if one.gold or config.vote]
    if not able:
        raise UsageError(f"{source} has no right answers: add --vote --samples 10, which needs none")
    records = [answer_alone(task, one, config.split, meta_of(like)) for one in able]
    return Questions(like, task, records, (), (), None)


def _held(config: Looped, rest: Sequence[Record]) -> list[Record]:
    """Rows to measure on: of --held, of a split of the data, or some of the questions, set aside."""
    split = config.validation_split
    if config.held is not None:
        return held_rows(config.held, split, config.eval_rows)
    folders = [Path(folder) for folder in config.data if split in open_manifest(Path(folder))["splits"]]
    if folders:
        return [record for folder in folders for record in islice(read(folder, split), config.eval_rows)]
    able = [record for record in rest if record.answer]
    if not able:
        raise UsageError("there are no right answers to measure by: give --held FOLDER, a dataset that has them")
    count = min(config.eval_rows or SET_ASIDE, max(1, len(able) // 2))
    return generator("star/held", config.seed).sample(able, count)


def held_rows(folder: Path, split: str, count: int | None) -> list[Record]:
    """Rows of --held: of the split that is measured on, else of test, else of the first that there is."""
    splits = open_manifest(folder)["splits"]
    named = next((name for name in (split, "test", *splits) if name in splits), split)
    return list(islice(read(folder, named), count))


def _from_iteration(text: str) -> tuple[Path, int]:
    folder, _, first = text.rpartition("@")
    return Path(folder), int(first)


def check_hints(questions: Questions) -> None:
    """Raises UsageError if nobody knows a hint for these questions."""
    record = questions.asked[0]
    if hinted(record, questions.task) is None:
        raise UsageError(
            f"--rationalize: nobody knows how to hint at an answer of {record.task}: give its builder a function "
            "`hinted`, or leave --rationalize out"
        )

"""The questions that a model is asked: some of a dataset folder, or of a task's source, drawn at random.

A question that stands there several times, as with several rationales, counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.base.terminal import Say
from synth.data.manifest import no_split, open_manifest, split_files
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.measuring.options import QUESTIONS, Difficulty
from synth.questions.find import find_task, known_task
from synth.questions.loading import load, splits_facts
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import drawn
from synth.shots.rows import row_of
from synth.training.mixture import fingerprint


@dataclass(frozen=True)
class Questions:
    """All rows of one task, and where they are from."""

    name: str  # of the task
    task: Task | None  # of question answering, as its teacher was asked
    rows: Sequence[Record]
    facts: Mapping[str, Any]  # folder or source, split, rows
    manifest: Mapping[str, Any]  # of the folder; {} without one

    def some(self, count: int | None, seed: int, say: Say) -> list[Record]:
        """So many at random, in the order of the data.

        Raises UsageError if there are fewer; without a count all there are will do, which is said.
        """
        firsts: dict[str, Record] = {}
        for row in self.rows:
            firsts.setdefault(row.prompt, row)
        rows, there = list(firsts.values()), len(firsts)
        if count is not None and count > there:
            raise UsageError(f"--questions {count}: {self.where} has {there:,}: give {there} at most")
        if count is None and there < QUESTIONS:
            say(f"{self.where} has {there:,} questions, not {QUESTIONS}: all are asked")
        places = drawn(range(there), min(count or QUESTIONS, there), (), f"difficulty/{seed}")
        return [rows[place] for place in sorted(places)]

    @property
    def where(self) -> str:
        split = self.facts.get("split")
        return f"{self.facts.get('folder') or self.facts.get('name')}{f' {split}' if split else ''}"


def questions_of(asked: Difficulty) -> Questions:
    """Raises UsageError for a folder with several tasks, SourceError and FolderError for what cannot be read."""
    return _in_folder(asked.data, asked.split) if asked.data is not None else _in_source(asked)


def _in_folder(folder: Path, split: str | None) -> Questions:
    manifest = open_manifest(folder)
    splits = manifest["splits"]
    split = split or ("test" if "test" in splits else next(iter(splits), "test"))
    if split not in splits:
        raise FolderError(f"{no_split(folder, split, splits)}; name one with --split")
    rows = list(read(folder, split, typed=True))
    if not rows:
        raise FolderError(f"the split {split} of {folder} has no rows: give another --split")
    if len(names := sorted({row.task for row in rows})) > 1:
        raise UsageError(f"{folder} {split} has rows of several tasks ({', '.join(names)}): measure each by itself")
    digest = fingerprint(split_files(folder, manifest, split))
    facts = {"folder": folder.resolve().name, "split": split, "rows": len(rows), "sha256": digest}
    task = task_of(manifest)
    return Questions(names[0], task or known_task(names[0]), rows, facts, manifest)


def _in_source(asked: Difficulty) -> Questions:
    name = str(asked.task)
    if Path(name).is_dir():
        raise UsageError(f"--task {name} is a folder: give it as --data {name}")
    task, source, split = find_task(name), asked.source, asked.split
    rows = [row_of(task, question) for question in load(task, source, split)]
    facts = splits_facts(task, source, [split] if split else [])
    return Questions(task.name, task, rows, {**facts, "rows": len(rows)}, {})

"""Takes in a source from its first row to the dataset folder."""

import platform
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import orjson

from synth.answers import mathematics, reply
from synth.attempts.attempt import RIGHT, Settled, shown
from synth.attempts.rows import attempt_lines, rejected_of, rows_of
from synth.base.config import command
from synth.base.terminal import Report
from synth.data.already import look
from synth.data.carried import carried_with
from synth.data.folder import FolderWriter, finish_move
from synth.data.handles import Dataset
from synth.data.names import ATTEMPTS, REJECTED
from synth.data.survey import PROVENANCE, meta_of
from synth.data.writing import SplitWriter, encode, split_writer
from synth.errors import FolderError, UsageError
from synth.importing.options import Import
from synth.importing.provenance import provenance
from synth.importing.settle import NO_GOLD, OTHER_GOLD, Met, settle
from synth.importing.source import Source
from synth.questions.find import find_task
from synth.questions.loading import has_parts, refuse_idle, splits_facts
from synth.questions.overlap import overlap, overlap_lines
from synth.questions.reading import asked_of
from synth.questions.task import Task
from synth.record import Rejected

FAULTS = {
    NO_GOLD: "its right answer is missing, or cannot be read",
    OTHER_GOLD: "rows that ask it have different right answers",
}
DECIDE = ("rationale", "said", "thinking", "question", "answer", "model", "keep", "unchecked")


@dataclass
class Outcome:
    """What was taken in."""

    folder: Path
    rows: dict[str, int] = field(default_factory=dict)  # of each split
    rejected: Counter[str] = field(default_factory=Counter)  # questions by the reason why nothing of them is kept
    outcomes: Counter[str] = field(default_factory=Counter)  # of all rationales
    questions: int = 0
    same: int = 0  # right rationales that say what another one of their question says
    repeated: int = 0  # questions that more than one row asks
    no_questions: int = 0  # rows that the task leaves out
    in_several: tuple[str, ...] = ()  # lines on questions that stand in several splits
    already_there: bool = False

    @property
    def dataset(self) -> Dataset:
        return Dataset(self.folder)


def splits_of(asked: Import) -> tuple[str, ...]:
    return asked.split or ("train",)


def sources_of(asked: Import, task: Task) -> dict[str, Source]:
    """A source for each split. Raises FolderError for several splits of a single file, SourceError and UsageError for
    options that would choose nothing."""
    splits, (has_splits, _) = splits_of(asked), has_parts(task, asked.source)
    if len(splits) > 1 and task.makes is not None:
        refuse_idle(task, asked.source, splits, None)
    if len(splits) > 1 and not has_splits:
        raise FolderError(f"{asked.source} is one file and cannot be the splits {', '.join(splits)}: give a folder")
    if task.makes is not None and (idle := [f"--{name}" for name in ("question", "answer") if getattr(asked, name)]):
        raise UsageError(f"{task.name} is a task without columns: leave out {' and '.join(idle)}")
    refuse_idle(task, asked.source, (), asked.config)  # --split is at least the name of what is written
    return {split: Source(asked, task, split if asked.split else None) for split in splits}


def facts_of(asked: Import, task: Task) -> dict[str, Any]:
    """What tells one source from another, all its splits together."""
    facts = splits_facts(task, asked.source, asked.split, asked.config)
    return {key: value for key, value in facts.items() if key != "split"}


def revision_of(sources: Mapping[str, Source]) -> dict[str, str]:
    """The commit on the Hub that was read, for synth.json."""
    found = sorted({source.revision for source in sources.values()} - {""})
    return {"revision": ", ".join(found)} if found else {}


def in_several(keys: Mapping[str, Set[bytes]]) -> tuple[str, ...]:
    """Lines on questions that stand in more than one split."""
    return tuple(overlap_lines(overlap(keys), {split: len(own) for split, own in keys.items()}))


def recipe(asked: Import, task: Task) -> dict[str, Any]:
    """What decides which rows come out."""
    return {
        "distilled": {"task": task.name, "source": facts_of(asked, task), "limit": asked.limit},
        "imported": {"splits": list(splits_of(asked)), **{name: getattr(asked, name) for name in DECIDE}},
        "task": asked_of(task),
        "extractor": reply.VERSION,
        "format": asked.format,
    }


def carry_out(asked: Import, report: Report) -> Outcome:
    """Take in rationales. Raises SourceError for what cannot be read, FolderError for a folder with something else."""
    task = find_task(asked.task)
    if task.kind == "math":
        mathematics.require()
    finish_move(asked.out)
    existing = look(asked.out, recipe(asked, task), asked.overwrite)
    if existing is not None:
        rows = {split: facts["rows"] for split, facts in existing["splits"].items()}
        return Outcome(asked.out, rows, Counter(existing["rejected"]), already_there=True)
    sources = sources_of(asked, task)
    for source in sources.values():
        source.look()
    try:
        with FolderWriter(asked.out) as writer:
            return _Run(asked, task, writer, report).go(sources)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {asked.out}") from error


class _Run:
    """One run: the files it writes, and what it counts."""

    def __init__(self, asked: Import, task: Task, writer: FolderWriter, report: Report) -> None:
        self.asked, self.task, self.writer, self.report = asked, task, writer, report
        self.recipe = recipe(asked, task)
        self.meta = meta_of(self.recipe)
        self.outcome = Outcome(asked.out)
        self.splits: dict[str, Any] = {}
        self.models: Counter[str] = Counter()
        self.most = 1  # rationales of one question

    def go(self, sources: dict[str, Source]) -> Outcome:
        with (
            self.writer.path(REJECTED).open("wb") as rejected,
            self.writer.path(ATTEMPTS).open("wb") as attempts,
        ):
            for split, source in sources.items():
                self.write(split, source, attempts, rejected)
        if not self.outcome.rejected:
            self.writer.path(REJECTED).unlink()
        self.outcome.in_several = in_several({split: source.counts.keys() for split, source in sources.items()})
        self.writer.commit(carried_with(self.writer, self.manifest(sources)))
        return self.outcome

    def write(self, split: str, source: Source, attempts: IO[bytes], rejected: IO[bytes]) -> None:
        before = Counter(self.outcome.rejected)
        prefix = f"{split}/" if len(splits_of(self.asked)) > 1 else ""
        with split_writer(self.writer, split, self.asked.format, self.meta, PROVENANCE) as out:
            for number, met in enumerate(source.met()):
                if number == self.asked.limit:
                    break
                self.write_one(_named(met, prefix), out, attempts, rejected)
                self.report(split, number + 1, len(source.counts))
        self.outcome.rows[split] = out.rows
        self.outcome.repeated += source.repeated
        self.outcome.no_questions += source.no_questions
        left = self.outcome.rejected - before
        self.splits[split] = {"rows": out.rows, "rejected": dict(left), "files": out.names()}

    def write_one(self, met: Met, out: SplitWriter, attempts: IO[bytes], rejected: IO[bytes]) -> None:
        settled, fault = settle(met, self.task, self.asked.keep, self.asked.unchecked)
        rows = list(rows_of(settled, self.task, partial(provenance, met)))
        if rows:
            out.write(encode(rows, self.asked.format, self.meta, PROVENANCE))
        for line, (written, place) in zip(attempt_lines(settled, self.task), met.written, strict=True):
            facts = {"model": written.model, "source": place.file, "row": place.row}
            attempts.write(orjson.dumps({**line, **facts}) + b"\n")
        if (drop := _drop(settled, self.task, fault)) is not None:
            rejected.write(orjson.dumps(drop) + b"\n")
            self.outcome.rejected[drop.reason] += 1
        self.outcome.questions += 1
        self.outcome.outcomes.update(shown(attempt) for attempt in settled.attempts)
        self.outcome.same += 0 if self.asked.keep != "all" or fault else _same(settled)
        self.models.update(str((row.provenance or {})["model"] or "") for row in rows)
        self.most = max(self.most, len(settled.attempts))

    def manifest(self, sources: dict[str, Source]) -> dict[str, Any]:
        packages = ("rationale-synth", "orjson", "pyarrow")
        files = {path.name: digest for source in sources.values() for path, digest in source.hashes.items()}
        return {
            "command": command("synth import", self.asked),
            **self.recipe,
            "source_files": files,
            **revision_of(sources),
            "plan": {"keep": self.asked.keep, "max_attempts": self.most, "rationalize": False, "length": "steps"},
            "complete": True,
            "questions": self.outcome.questions,
            "repeated": self.outcome.repeated,
            "no_questions": self.outcome.no_questions,
            "same": self.outcome.same,
            "outcomes": dict(self.outcome.outcomes),
            "writers": {name: count for name, count in self.models.items() if name},
            "splits": self.splits,
            "rejected": dict(self.outcome.rejected),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        }


def _drop(settled: Settled, task: Task, fault: str) -> Rejected | None:
    """The question as a line of rejected.jsonl, if nothing of it is kept."""
    drop = rejected_of(settled, task)
    return drop if drop is None or not fault else replace(drop, reason=fault, detail=FAULTS[fault])


def _same(settled: Settled) -> int:
    return sum(shown(attempt) in (RIGHT, "answered") for attempt in settled.attempts) - len(settled.kept)


def _named(met: Met, prefix: str) -> Met:
    """With an id that tells it from one of another split."""
    return replace(met, question=replace(met.question, id=f"{prefix}{met.question.id}")) if prefix else met

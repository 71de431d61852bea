"""The job of a distillation: its options with task and teacher looked up, and the recipe that decides its rows."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from synth.answers import mathematics, reply
from synth.distilling.built import task_and_folder
from synth.distilling.options import Distill
from synth.distilling.settle import Plan
from synth.distilling.source import Source
from synth.errors import SynthError, UsageError
from synth.questions.annotators import annotator_of, as_told_by
from synth.questions.reading import asked_of
from synth.questions.task import Question, Task
from synth.shots.draw import Shots
from synth.shots.load import load_shots
from synth.teachers.batches import DISCOUNT
from synth.teachers.catalogue import Teacher
from synth.teachers.given import teacher_from

RECIPE = ("distilled", "task", "teacher", "plan", "shots", "extractor", "format")  # what decides which rows come out


@dataclass(frozen=True)
class Job:
    """The options of a distillation, with the task and the teacher that they name."""

    asked: Distill
    task: Task
    teacher: Teacher
    folder: Path | None = None  # of a dataset of ours, if its rows are the questions
    shared: Source | None = None  # the questions, if another job has read them

    @property
    def plan(self) -> Plan:
        asked = self.asked
        same = {f.name: getattr(asked, f.name) for f in fields(Plan) if f.name not in ("temperatures", "length")}
        return Plan(temperatures=asked.temperature, length=asked.length[0], **same)

    @property
    def annotator(self) -> str | None:
        """Who says what has to be done, if several people could."""
        return annotator_of(self.task, self.asked.annotator[0]) if self.asked.instruction is None else None

    @property
    def out(self) -> Path:
        """The folder of the dataset; a dry run may have none."""
        return self.asked.out or Path()

    @property
    def discount(self) -> float:
        """The price of a reply as a share of the full price: half through the Batch API."""
        return DISCOUNT if self.asked.batch else 1.0

    @cached_property
    def source(self) -> Source:
        """Its questions, read when they are first looked at."""
        return self.shared or Source(self.asked, self.task, self.folder)

    def questions(self, split: str) -> Iterator[Question]:
        return iter(self.source.choices[split])

    @cached_property
    def shots(self) -> Shots | None:
        """The demonstrations, read when they are first looked at. Raises what `load_shots` does."""
        return load_shots(self.asked, self.task.name, self.task)

    @property
    def sent(self) -> dict[str, Any]:
        """The fields of --extra-body, which decide what a teacher says."""
        return {"extra_body": dict(self.teacher.extra)} if self.teacher.extra else {}

    def source_facts(self) -> dict[str, Any]:
        """What tells one source from another: its name, its files with size and hash, or where it is on the Hub."""
        return self.source.facts()

    def recipe(self) -> dict[str, Any]:
        """What decides which rows come out, given the replies."""
        plan = {**asdict(self.plan), "temperatures": list(self.plan.temperatures)}
        return {
            "distilled": {"task": self.task.name, "source": self.source_facts(), **self.taken()},
            "task": asked_of(self.task),
            "teacher": {"name": self.teacher.name, "model": self.teacher.model, **self.sent},
            "plan": plan,
            **({} if self.shots is None else {"shots": self.shots.facts()}),
            "extractor": reply.VERSION,
            "format": self.asked.format,
        }

    def taken(self) -> dict[str, Any]:
        """What is taken of the source. What 0.1.0 did not have is named only if it is used."""
        asked = self.asked
        drawn = {"sample": asked.sample, "seed": asked.seed} if asked.sample is not None else {}
        repeats = {"repeats": asked.repeats} if asked.repeats != "merge" else {}
        shard = {"shard": str(asked.part)} if asked.part is not None else {}
        return {"limit": asked.limit, **repeats, **drawn, **shard}

    def work(self) -> str:
        """What replies are paid for: the same in each run of this dataset."""
        return work_of(self.recipe())


def recipe_in(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a dataset, as its manifest has it."""
    return {name: manifest[name] for name in RECIPE if name in manifest}


def work_of(recipe: Mapping[str, Any]) -> str:
    """The name that a recipe has in the request store."""
    return hashlib.sha256(orjson.dumps(recipe, option=orjson.OPT_SORT_KEYS)).hexdigest()


def count_questions(job: Job) -> int:
    """How many questions there are, of a shard its own.

    Raises SynthError for none, UsageError for such without an answer if no vote takes its place, and for more shards
    than questions.
    """
    total, unlabelled, name = sum(map(len, job.source.whole.values())), [], job.asked.source
    for split, choice in job.source.whole.items():
        place = f"{name} {split}" if len(job.source.splits) > 1 else name
        if not choice:
            raise SynthError(f"{place} has no questions" + "".join(f"; {said}" for said in choice.lines("it")))
        if None in choice.golds.values() and not job.plan.vote:
            unlabelled += [question.id for question in choice if question.gold is None]
    if unlabelled:
        which = ", ".join(unlabelled[:3]) + (", ..." if len(unlabelled) > 3 else "")
        raise UsageError(
            f"{len(unlabelled):,} of {total:,} questions in {name} have no answer to compare with ({which}): "
            "take them out, or add --vote 10 to go by the majority"
        )
    if job.asked.part is not None and total < job.asked.part.of:
        raise UsageError(f"{job.asked.part.flag}: there are {total:,} questions, make that many shards at most")
    return len(job.source)


def job_from(asked: Distill) -> Job:
    """The job of some options. Raises UsageError for a task or a teacher that does not exist."""
    task, folder = task_and_folder(asked.task, asked.source)
    if folder is not None and asked.config is not None:
        raise UsageError(f"{folder} is one dataset without configurations: leave out --config {asked.config}")
    task = as_told_by(task, asked.annotator[0])
    said = {name: said for name in ("system", "instruction") if (said := getattr(asked, name)) is not None}
    return Job(asked, replace(task, **said), teacher_from(asked.teacher, asked), folder)


def check(job: Job) -> None:
    """Checks what a job needs. Raises UsageError for a budget if the prices are not known, MissingExtraError if answers
    of the task's kind cannot be compared here."""
    if job.task.kind == "math":
        mathematics.require()
    if job.asked.budget is not None and job.teacher.cost(1, 1) is None:
        raise UsageError(
            f"--budget needs prices, those of {job.teacher.name} are unknown: leave it out, or limit with --limit"
        )

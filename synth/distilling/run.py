"""Runs the distillation of one dataset: its questions are settled, and what comes of each is written to its folder."""

import platform
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import IO, Any

import orjson

from synth.answers.reply import same
from synth.attempts.attempt import Settled
from synth.attempts.rows import attempt_lines, rejected_of, rows_of
from synth.base.config import command
from synth.base.terminal import Say
from synth.data.already import look
from synth.data.carried import carried_with
from synth.data.folder import FolderWriter, finish_move
from synth.data.names import ATTEMPTS, CACHE, PLACES, REJECTED
from synth.data.survey import PROVENANCE, meta_of
from synth.data.writing import SplitWriter, encode, split_writer
from synth.distilling.brake import Brake
from synth.distilling.crew import Crew, settle_all
from synth.distilling.job import Job
from synth.distilling.later import came_in_batch
from synth.distilling.outcome import Outcome, Report
from synth.distilling.paid import paid
from synth.distilling.provenance import provenance
from synth.distilling.settle import Distiller
from synth.distilling.shard import Placed
from synth.distilling.told import Told, telling
from synth.errors import FolderError
from synth.record import Record
from synth.teachers.asker import Asker
from synth.teachers.batches import DISCOUNT
from synth.teachers.given import USUAL
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore
from synth.teachers.workers import Workers

LATER = ("task", "distilled.source.files")  # what synth.json of earlier versions does not say
REPEATING = 3  # questions with the same text to every attempt that are no chance
REPEATS = (
    "the server gives the same reply to every attempt: a question is not asked again once it does; "
    "see synth doctor, and --extra-body for settings that make it sample"
)


def there(job: Job, say: Say) -> Outcome | None:
    """What the folder holds, if it is this very dataset and nothing is left to be asked; None if it may be written.

    Raises FolderError if it holds something else.
    """
    finish_move(job.out)
    existing = look(job.out, job.recipe(), job.asked.overwrite, later=LATER)
    if existing is None:
        return None
    if errors := existing["rejected"].get("error"):
        say(f"questions that ended in an error: {errors:,}; they are asked again, and no other")
        return None
    rows = {name: existing["splits"][name]["rows"] for name in job.source.splits}
    return Outcome(job.out, sum(rows.values()), Counter(existing["rejected"]), True, already_there=True, splits=rows)


@dataclass(frozen=True)
class _Files:
    """Where what comes of a split is written."""

    split: str
    rows: SplitWriter
    attempts: IO[bytes]
    rejected: IO[bytes]
    places: IO[bytes] | None  # of a shard


class Run:
    """One run: who answers, what stops it, the files it writes."""

    def __init__(self, job: Job, total: int, say: Say, report: Report) -> None:
        self.job, self.say, self.report = job, say, report
        self.outcome = Outcome(job.out, total=total)
        self.told = Told(job, self.outcome)
        self.meter: Meter
        self.store: RequestStore
        self.written = 0
        self.attempts: set[str] = set()  # keys of replies that were written down
        self.brake = Brake(job.plan.max_tokens, job.task.closing)
        self.cache = job.asked.cache or job.out / CACHE
        self.asker: Asker | None = None  # none for what came in batches
        self.vote = {"vote": self.outcome.labels} if job.plan.vote else {}
        self.origin = partial(provenance, job.teacher, job.annotator)
        self.meta = meta_of({**job.recipe(), **self.vote})

    async def go(self, asker: Asker) -> None:
        """Ask now."""
        job = self.job
        self.asker, self.meter, self.store = asker, asker.meter, asker.store
        self.report(self.meter, self.outcome)  # the first answer of a slow server takes a while
        number = await self.store.begin(job.work())
        self.brake.refused_before = self.store.refused_before
        async with telling(self.store, number, lambda: self.told.now(self.meter)):
            await self.put(Distiller(job.task, job.teacher, job.plan, asker.ask, job.shots))

    async def put(self, distiller: Distiller) -> None:
        """Write the dataset. Raises FolderError if that cannot be done."""
        try:
            with FolderWriter(self.job.out) as writer:
                await self.write(writer, distiller)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.job.out}") from error

    async def write(self, writer: FolderWriter, distiller: Distiller) -> None:
        """Settle the questions, split by split, and write what comes of each, in their order."""
        splits = {}
        places = nullcontext() if self.job.asked.part is None else writer.path(PLACES).open("wb")
        with (
            writer.path(REJECTED).open("wb") as rejected,
            writer.path(ATTEMPTS).open("wb") as attempts,
            places as placed,
        ):
            for split in self.job.source.splits:
                with split_writer(writer, split, self.job.asked.format, self.meta, PROVENANCE) as out:
                    before = Counter(self.outcome.rejected)
                    await self.fill(_Files(split, out, attempts, rejected, placed), distiller)
                left = dict(self.outcome.rejected - before)
                splits[split] = {"rows": out.rows, "rejected": left, "files": out.names()}
        self.ended()
        if not self.outcome.rejected:
            writer.path(REJECTED).unlink()
        writer.commit(carried_with(writer, self.manifest(splits)))

    async def fill(self, files: _Files, distiller: Distiller) -> None:
        """Write one split. One that has enough rows stops nothing but itself."""
        workers = Workers(lambda: USUAL) if self.asker is None else self.asker.workers
        crew = Crew(distiller, workers, lambda settled: self.see(settled, distiller))
        self.outcome.splits[files.split] = 0
        async for settled in settle_all(crew, self.job.questions(files.split)):
            if not self.enough(files.split):  # what was in flight when there was enough stays in the request store
                self.write_one(settled, files)

    def ended(self) -> None:
        """Why not all is there, if it is not."""
        outcome = self.outcome
        why = self.asker.why if self.asker else ""
        outcome.why = "" if all(map(self.enough, self.job.source.splits)) else outcome.why or why
        outcome.complete = not outcome.why
        if outcome.complete and not outcome.rows and self.brake.reasons and not self.brake.released:
            outcome.nothing = self.brake.line()
        outcome.used = self.meter.line()

    def see(self, settled: Settled, distiller: Distiller) -> None:
        """Count a question, in whatever order they come."""
        outcome = self.outcome
        outcome.settled, outcome.kept = outcome.settled + 1, outcome.kept + len(settled.kept)
        self.told.see(settled)
        if settled.repeats:
            outcome.repeating += 1
            if outcome.repeating == REPEATING:
                self.say(REPEATS)
        if self.brake.see(settled):
            outcome.why, distiller.stopping = self.brake.line(), True
            if self.asker:
                self.asker.halt(outcome.why)
        self.report(self.meter, outcome)

    def write_one(self, settled: Settled, files: _Files) -> None:
        job, outcome = self.job, self.outcome
        most = None if job.plan.target_rows is None else job.plan.target_rows - outcome.splits[files.split]
        rows = [self.priced(row) for row in rows_of(settled, job.task, self.origin, bool(job.plan.vote))][:most]
        if rows:
            files.rows.write(encode(rows, job.asked.format, self.meta, PROVENANCE))
        for line in attempt_lines(settled, job.task):
            files.attempts.write(orjson.dumps(line) + b"\n")
            self.attempts.update([line["request"]] if line["text"] is not None else [])
        if (drop := rejected_of(settled, job.task)) is not None:
            files.rejected.write(orjson.dumps(drop) + b"\n")
            outcome.rejected[drop.reason] += 1
        if files.places is not None:
            at = job.source.choices[files.split].places[settled.question.id]
            placed = Placed(files.split, at, len(rows), len(settled.attempts), drop is not None)
            files.places.write(placed.line())
        if job.plan.vote and settled.question.gold is not None and settled.answer is not None:
            outcome.labels["labelled"] += 1
            outcome.labels["agree"] += same(settled.answer, settled.question.gold, job.task.kind)
        self.written += 1
        outcome.rows += len(rows)
        outcome.splits[files.split] += len(rows)

    def priced(self, row: Record) -> Record:
        """A row with what was paid for its reply: the store knows which replies came in a batch."""
        facts = row.provenance or {}
        if facts.get("cost") is None or not came_in_batch(self.store, facts["request"]):
            return row
        return replace(row, provenance={**facts, "cost": facts["cost"] * DISCOUNT})

    def enough(self, split: str) -> bool:
        """Whether a split has the rows that are wanted."""
        target = self.job.plan.target_rows
        return target is not None and self.outcome.splits.get(split, 0) >= target

    def manifest(self, splits: dict[str, Any]) -> dict[str, Any]:
        job, outcome = self.job, self.outcome
        packages = ("rationale-synth", "openai", "orjson", "pyarrow")
        return {
            "command": command("synth distill", job.asked),
            **job.recipe(),
            "complete": outcome.complete,
            "questions": self.written,
            "read": job.source.read(),
            **({} if job.annotator is None else {"annotator": job.annotator}),
            "terms": job.teacher.terms,
            "splits": splits,
            "rejected": dict(outcome.rejected),
            "repeating": outcome.repeating,
            "left_out": sorted(self.asker.dialect.left_out) if self.asker else [],
            **self.vote,
            "paid": paid(self.store, job.work(), job.teacher, self.attempts),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        }

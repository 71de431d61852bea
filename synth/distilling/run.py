"""Runs a distillation from its questions to the dataset folder, with request store, limits, meter and budget."""

import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import orjson

from synth.answers.reply import same
from synth.attempts.attempt import Settled
from synth.attempts.rows import attempt_lines, rejected_of, rows_of
from synth.base import loops
from synth.base.config import command
from synth.base.terminal import Say
from synth.data.already import look
from synth.data.carried import carried_with
from synth.data.folder import FolderWriter, finish_move
from synth.data.handles import Dataset
from synth.data.names import ATTEMPTS, CACHE, REJECTED
from synth.data.survey import PROVENANCE, meta_of
from synth.data.writing import SplitWriter, encode, split_writer
from synth.distilling.brake import Brake
from synth.distilling.crew import Crew, settle_all
from synth.distilling.job import Job, check, count_questions
from synth.distilling.later import AGAIN, Later, came_in_batch, handed_in
from synth.distilling.paid import paid
from synth.distilling.provenance import provenance
from synth.distilling.settle import Distiller
from synth.errors import FolderError
from synth.record import Record
from synth.teachers.asker import Asker
from synth.teachers.batch_lock import alone_at
from synth.teachers.batches import DISCOUNT, Batches
from synth.teachers.catalogue import tell_end
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Request
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

LATER = ("task", "distilled.source.files")  # what synth.json of earlier versions does not say
REPEATING = 3  # questions with the same text to every attempt that are no chance
REPEATS = (
    "the server gives the same reply to every attempt: a question is not asked again once it does; "
    "see synth doctor, and --extra-body for settings that make it sample"
)


@dataclass
class Outcome:
    """How a run ended."""

    folder: Path
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    complete: bool = False
    why: str = ""  # it is not complete
    nothing: str = ""  # a line on why there is no row, where replies could not be used
    waiting: str = ""  # a line on what is at the Batch API, if nothing was written
    already_there: bool = False
    total: int = 0  # questions in the source
    used: str = ""  # replies, tokens and dollars, for a person
    splits: dict[str, int] = field(default_factory=dict)  # rows of each
    settled: int = 0  # questions, in whatever order they came
    kept: int = 0  # rows of those
    repeating: int = 0  # questions to which the server gave the same text again and again
    labels: Counter[str] = field(default_factory=Counter)  # of a vote: how many questions have one, and it agrees with

    @property
    def dataset(self) -> Dataset:
        return Dataset(self.folder)


Report = Callable[[Meter, Outcome], None]


def carry_out(job: Job, say: Say, report: Report) -> Outcome:
    """Run to the end, or until the budget, the wanted rows or Ctrl-C end it; what is settled by then is written.

    `say` takes lines for the user, `report` the meter and what came out so far.
    """
    check(job)
    finish_move(job.out)
    existing = look(job.out, job.recipe(), job.asked.overwrite, later=LATER)
    if existing is not None and not existing["rejected"].get("error"):
        rows = {name: existing["splits"][name]["rows"] for name in job.source.splits}
        return Outcome(
            job.out, sum(rows.values()), Counter(existing["rejected"]), True, already_there=True, splits=rows
        )
    if existing is not None:
        say(f"questions that ended in an error: {existing['rejected']['error']:,}; they are asked again, and no other")
    total = count_questions(job)  # a source that cannot be read to its end is found out before anything is paid for
    for told in job.source.lines():
        say(told)
    try:
        run = _Run(job, total, say, report)
        return loops.run(run.batch(job.asked.cancel) if job.asked.batch else run.go())
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {job.out}") from error


@dataclass(frozen=True)
class _Files:
    """Where what comes of a split is written."""

    split: str
    rows: SplitWriter
    attempts: IO[bytes]
    rejected: IO[bytes]


class _Run:
    """One run: who answers, what stops it, the files it writes."""

    def __init__(self, job: Job, total: int, say: Say, report: Report) -> None:
        self.job, self.say, self.report = job, say, report
        self.outcome = Outcome(job.out, total=total)
        self.written = 0
        self.attempts: set[str] = set()  # keys of replies that were written down
        self.brake = Brake(job.plan.max_tokens, job.task.closing)
        self.cache = job.asked.cache or job.out / CACHE
        self.asker: Asker | None = None  # none for what came in batches
        self.vote = {"vote": self.outcome.labels} if job.plan.vote else {}
        self.origin = partial(provenance, job.teacher)
        self.meta = meta_of({**job.recipe(), **self.vote})

    async def go(self) -> Outcome:
        """Ask now."""
        job = self.job
        async with Asker(job.teacher, self.cache, job.asked, self.say) as asker:
            self.asker, self.meter, self.store = asker, asker.meter, asker.store
            self.report(self.meter, self.outcome)  # the first answer of a slow server takes a while
            await self.store.begin(job.work())
            distiller = Distiller(job.task, job.teacher, job.plan, asker.ask, job.shots)
            with FolderWriter(job.out) as writer:
                await self.write(writer, distiller)
        return self.outcome

    async def batch(self, cancel: bool) -> Outcome:
        """One visit at the Batch API: collect, then hand in what is missing, or write the dataset if nothing is."""
        job = self.job
        self.gone = tell_end(job.teacher, self.say, self.cache)
        self.meter = Meter(job.teacher, job.asked.budget, DISCOUNT)
        with alone_at(self.cache), RequestStore(self.cache) as self.store:
            await self.store.begin(job.work())
            later = Later(self.store, self.meter)
            distiller = Distiller(job.task, job.teacher, job.plan, later.ask, job.shots)
            dialect = Dialect(job.teacher, job.asked.leave_out, job.asked.max_tokens_field, self.say)
            async with Batches(job.teacher, self.store, dialect) as batches:
                visit = self.cancel(batches) if cancel else self.visit(batches, distiller, later)
                self.outcome.waiting = await visit
            if not self.outcome.waiting:
                with FolderWriter(job.out) as writer:
                    await self.write(writer, distiller)
        return self.outcome

    async def visit(self, batches: Batches, distiller: Distiller, later: Later) -> str:
        """Collect and hand in; what to tell the user, or nothing if the dataset is to be written."""
        state = await batches.collect()
        if state.collected or state.failed:
            failures = f", {state.failed:,} failed (the last: {state.said})" if state.failed else ""
            self.say(f"{state.collected:,} replies collected{failures}")
        if state.too_much:
            self.say(state.too_much)
        if state.under_way:
            return "; ".join([*(f"{batch} is {how}" for batch, how in state.under_way.items()), AGAIN])
        for split in self.job.source.splits:
            await later.look_for(distiller, self.job.questions(split))
        missing = list(later.requests.values())
        self.outcome.used = self.meter.line() if self.meter.asked else ""
        if self.gone and missing:
            self.outcome.why = self.gone
            return ""
        if affordable := self.affordable(missing):
            if notice := await batches.notice():
                self.say(notice)
            return handed_in(await batches.hand_in(affordable), len(affordable))
        if missing:
            self.outcome.why = f"the budget of ${self.job.asked.budget:g} does not allow another request"
        return ""

    async def cancel(self, batches: Batches) -> str:
        cancelled = ", ".join(await batches.cancel())
        if not cancelled:
            return "nothing to cancel: no batch is under way"
        return f"cancelled {cancelled}; the same command without --cancel collects what was answered, and goes on"

    def affordable(self, requests: list[Request]) -> list[Request]:
        """As many of the requests as the budget allows, on top of what was paid in batches before."""
        budget, cost = self.job.asked.budget, self.meter.dollars or 0.0
        for number, request in enumerate(requests):
            cost += self.meter.most(request)
            if budget is not None and cost > budget:
                self.say(f"${budget:.2f} allows {number:,} of {len(requests):,} requests")
                return requests[:number]
        return requests

    async def write(self, writer: FolderWriter, distiller: Distiller) -> None:
        """Settle the questions, split by split, and write what comes of each, in their order."""
        splits = {}
        with (
            writer.path(REJECTED).open("wb") as rejected,
            writer.path(ATTEMPTS).open("wb") as attempts,
        ):
            for split in self.job.source.splits:
                with split_writer(writer, split, self.job.asked.format, self.meta, PROVENANCE) as out:
                    before = Counter(self.outcome.rejected)
                    await self.fill(_Files(split, out, attempts, rejected), distiller)
                left = dict(self.outcome.rejected - before)
                splits[split] = {"rows": out.rows, "rejected": left, "files": out.names()}
        self.ended()
        if not self.outcome.rejected:
            writer.path(REJECTED).unlink()
        writer.commit(carried_with(writer, self.manifest(splits)))

    async def fill(self, files: _Files, distiller: Distiller) -> None:
        """Write one split. One that has enough rows stops nothing but itself."""
        crew = Crew(distiller, self.job.asked.concurrency, lambda settled: self.see(settled, distiller))
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
            "terms": job.teacher.terms,
            "splits": splits,
            "rejected": dict(outcome.rejected),
            "repeating": outcome.repeating,
            "left_out": sorted(self.asker.dialect.left_out) if self.asker else [],
            **self.vote,
            "paid": paid(self.store, job.work(), job.teacher, self.attempts),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        }

"""Runs a distillation from its questions to the dataset folder, with request store, limits, meter and budget."""

import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import orjson

from synth.base import loops
from synth.base.config import command
from synth.base.terminal import Say
from synth.data.already import look
from synth.data.folder import FolderWriter, finish_move
from synth.data.handles import Dataset
from synth.data.names import ATTEMPTS, CACHE, REJECTED
from synth.data.survey import PROVENANCE, meta_of
from synth.data.writing import SplitWriter, encode, split_writer
from synth.distilling.job import Job, check
from synth.distilling.later import AGAIN, Later, came_in_batch, handed_in
from synth.distilling.rows import attempt_lines, rejected_of, rows_of
from synth.distilling.settle import Distiller, Settled, settle_all
from synth.errors import FolderError, SynthError, UsageError
from synth.record import Record
from synth.teachers.asker import Asker
from synth.teachers.batch_lock import alone_at
from synth.teachers.batches import DISCOUNT, Batches
from synth.teachers.catalogue import tell_end
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Request
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore


@dataclass
class Outcome:
    """How a run ended."""

    folder: Path
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    complete: bool = False
    why: str = ""  # it is not complete
    waiting: str = ""  # a line on what is at the Batch API, if nothing was written
    already_there: bool = False
    total: int = 0  # questions in the source
    used: str = ""  # replies, tokens and dollars, for a person

    @property
    def dataset(self) -> Dataset:
        return Dataset(self.folder)


Report = Callable[[Meter, Outcome, int], None]


def carry_out(job: Job, say: Say, report: Report) -> Outcome:
    """Run to the end, or until the budget, the wanted rows or Ctrl-C end it; what is settled by then is written.

    `say` takes lines for the user, `report` the meter, what came out so far and how many questions are settled.
    """
    check(job)
    finish_move(job.out)
    existing = look(job.out, job.recipe(), job.asked.overwrite, later=("task",))
    if existing is not None:
        facts = existing["splits"]["train"]
        return Outcome(job.out, facts["rows"], Counter(existing["rejected"]), True, already_there=True)
    first, total = None, 0  # a source that cannot be read to its end is found out before anything is paid for
    for question in job.questions():
        first, total = first or question, total + 1
    if first is None:
        raise SynthError(f"{job.asked.source} has no questions")
    if first.gold is None and not job.plan.vote:
        raise UsageError(
            f"{job.asked.source} has no answers to compare with (see {first.id}): add --vote 10 to go by the majority"
        )
    try:
        run = _Run(job, total, say, report)
        return loops.run(run.batch(job.asked.cancel) if job.asked.batch else run.go())
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {job.out}") from error


class _Run:
    """One run: who answers, what stops it, the files it writes."""

    def __init__(self, job: Job, total: int, say: Say, report: Report) -> None:
        self.job, self.say, self.report = job, say, report
        self.outcome = Outcome(job.out, total=total)
        self.settled = 0
        self.cache = job.asked.cache or job.out / CACHE
        self.meta = meta_of(job.recipe())

    async def go(self) -> Outcome:
        """Ask now."""
        job = self.job
        async with Asker(job.teacher, self.cache, job.asked, self.say) as asker:
            self.meter, self.store = asker.meter, asker.store
            distiller = Distiller(job.task, job.teacher, job.plan, asker.ask)
            with FolderWriter(job.out) as writer:
                await self.write(writer, distiller, asker)
        return self.outcome

    async def batch(self, cancel: bool) -> Outcome:
        """One visit at the Batch API: collect, then hand in what is missing, or write the dataset if nothing is."""
        job = self.job
        self.gone = tell_end(job.teacher, self.say, self.cache)
        self.meter = Meter(job.teacher, job.asked.budget, DISCOUNT)
        with alone_at(self.cache), RequestStore(self.cache) as self.store:
            later = Later(self.store, self.meter)
            distiller = Distiller(job.task, job.teacher, job.plan, later.ask)
            dialect = Dialect(job.teacher, job.asked.leave_out, job.asked.max_tokens_field, self.say)
            async with Batches(job.teacher, self.store, dialect) as batches:
                visit = self.cancel(batches) if cancel else self.visit(batches, distiller, later)
                self.outcome.waiting = await visit
            if not self.outcome.waiting:
                with FolderWriter(job.out) as writer:
                    await self.write(writer, distiller, None)
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
        missing = await later.missing(distiller, self.job.questions())
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

    async def write(self, writer: FolderWriter, distiller: Distiller, asker: Asker | None) -> None:
        """Settle the questions and write what comes of each, in their order."""
        job = self.job
        with (
            writer.path(REJECTED).open("wb") as rejected,
            writer.path(ATTEMPTS).open("wb") as attempts,
            split_writer(writer, "train", job.asked.format, self.meta, PROVENANCE) as out,
        ):
            async for settled in settle_all(distiller, job.questions(), job.asked.concurrency):
                if not self.enough():  # what was in flight when there was enough stays in the request store
                    self.write_one(settled, out, attempts, rejected)
                    distiller.stopping = distiller.stopping or self.enough()
        why = self.outcome.why if asker is None else asker.why
        self.outcome.why = "" if self.enough() else why
        self.outcome.complete = not self.outcome.why
        self.outcome.used = self.meter.line()
        if not self.outcome.rejected:
            writer.path(REJECTED).unlink()
        writer.commit(self.manifest(out.names()))

    def write_one(self, settled: Settled, out: SplitWriter, attempts: IO[bytes], rejected: IO[bytes]) -> None:
        job, outcome = self.job, self.outcome
        most = None if job.plan.target_rows is None else job.plan.target_rows - outcome.rows
        rows = [self.priced(row) for row in rows_of(settled, job.task, job.teacher)][:most]
        if rows:
            out.write(encode(rows, job.asked.format, self.meta, PROVENANCE))
        attempts.writelines(orjson.dumps(line) + b"\n" for line in attempt_lines(settled, job.task))
        if (drop := rejected_of(settled, job.task)) is not None:
            rejected.write(orjson.dumps(drop) + b"\n")
            outcome.rejected[drop.reason] += 1
        self.settled += 1
        outcome.rows += len(rows)
        self.report(self.meter, outcome, self.settled)

    def priced(self, row: Record) -> Record:
        """A row with what was paid for its reply: the store knows which replies came in a batch."""
        facts = row.provenance or {}
        if facts.get("cost") is None or not came_in_batch(self.store, facts["request"]):
            return row
        return replace(row, provenance={**facts, "cost": facts["cost"] * DISCOUNT})

    def enough(self) -> bool:
        return self.job.plan.target_rows is not None and self.outcome.rows >= self.job.plan.target_rows

    def manifest(self, files: list[str]) -> dict[str, Any]:
        job, outcome = self.job, self.outcome
        facts = {"rows": outcome.rows, "rejected": dict(outcome.rejected), "files": files}
        packages = ("rationale-synth", "openai", "orjson", "pyarrow")
        return {
            "command": command("synth distill", job.asked),
            **job.recipe(),
            "complete": outcome.complete,
            "questions": self.settled,
            "terms": job.teacher.terms,
            "splits": {"train": facts},
            "rejected": dict(outcome.rejected),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        }

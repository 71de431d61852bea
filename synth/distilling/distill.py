"""A distillation from start to end: questions in, a dataset folder out, with store, limits, meter and budget."""

import asyncio
import math
import platform
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from synth.answers import reply
from synth.base.files import file_facts
from synth.base.terminal import Say
from synth.data.already import look
from synth.data.folder import FolderWriter, finish_move
from synth.data.names import ATTEMPTS, CACHE, REJECTED
from synth.data.survey import META, PROVENANCE
from synth.data.writing import SplitWriter, encode, split_writer
from synth.distilling.later import Later, came_in_batch
from synth.distilling.rows import attempt_lines, rejected_of, rows_of
from synth.distilling.settle import Distiller, Plan, Settled, settle_all
from synth.errors import FolderError, SynthError, UsageError
from synth.questions.loading import find_hub, load
from synth.questions.task import Question, Task
from synth.record import Record
from synth.teachers.asker import Asker
from synth.teachers.batches import DISCOUNT, Batches
from synth.teachers.catalogue import Teacher, shutdown_notice
from synth.teachers.exchange import Request
from synth.teachers.given import Limits
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

AGAIN = "run the same command again to collect"


@dataclass(frozen=True)
class Job:
    """Everything about a run that is not asked of the teacher itself."""

    task: Task
    source: str
    out: Path
    teacher: Teacher
    plan: Plan = field(default_factory=Plan)
    limits: Limits = field(default_factory=Limits)
    limit: int | None = None  # questions to take
    cache: Path | None = None
    format: str = "jsonl"
    overwrite: bool = False
    batch: bool = False
    cancel: bool = False

    def questions(self) -> Iterator[Question]:
        return islice(load(self.task, self.source), self.limit)

    def source_facts(self) -> dict[str, Any]:
        """What tells one source from another: its name, of a file its size and hash, or where it is on the Hub."""
        if (hub := find_hub(self.task, self.source)) is not None:
            return {"name": self.source, "hub": hub.id}
        path = Path(self.source)
        return {"name": path.name, **(file_facts(path) if path.is_file() else {})}

    def recipe(self) -> dict[str, Any]:
        """What decides which rows come out, given the replies."""
        plan = {**asdict(self.plan), "temperatures": list(self.plan.temperatures)}
        return {
            "distilled": {"task": self.task.name, "source": self.source_facts(), "limit": self.limit},
            "teacher": {"name": self.teacher.name, "model": self.teacher.model},
            "plan": plan,
            "extractor": reply.VERSION,
            "format": self.format,
        }

    def command(self) -> str:
        """The command that makes the dataset again, but for --out and the server; of paths the last part."""
        words = ["synth", "distill", "--task", self.task.name, "--source", self.source_facts()["name"]]
        words += ["--teacher", self.teacher.name]
        words += ["--model", self.teacher.model] if self.teacher.model != self.teacher.name else []
        words += ["--limit", str(self.limit)] if self.limit is not None else []
        for option in fields(self.plan):
            value, name = getattr(self.plan, option.name), option.name.replace("_", "-")
            if option.name == "temperatures" and value != option.default:
                words += ["--temperature", ",".join(f"{each:g}" for each in value)]
            elif value != option.default:
                words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return shlex.join(words + (["--format", self.format] if self.format != "jsonl" else []))


@dataclass
class Outcome:
    """How a run ended."""

    folder: Path
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    complete: bool = False
    why: str = ""  # it is not complete
    waiting: str = ""  # what is at the Batch API, for a person: nothing was written
    already_there: bool = False
    total: int = 0  # questions in the source
    used: str = ""  # replies, tokens and dollars, for a person


Report = Callable[[Meter, Outcome, int], None]


def check(job: Job) -> None:
    """Raises UsageError that lists everything that cannot be."""
    plan, wrong = job.plan, []
    least = {"max_attempts": 1, "per_question": 1, "max_tokens": 1}
    wrong += [
        f"--{n.replace('_', '-')} {getattr(plan, n)}: at least {low}"
        for n, low in least.items()
        if getattr(plan, n) < low
    ]
    if plan.per_question > plan.max_attempts and not plan.vote:
        wrong.append(f"--per-question {plan.per_question} above --max-attempts {plan.max_attempts}")
    if plan.vote == 1 or plan.vote < 0:
        wrong.append(f"--vote {plan.vote}: at least 2 samples")
    if plan.vote and plan.rationalize:
        wrong.append("--vote needs no gold answers and --rationalize gives them away: choose one")
    if any(not 0 <= each <= 2 for each in plan.temperatures) or not plan.temperatures:
        wrong.append(f"--temperature {plan.temperatures}: numbers from 0 to 2")
    if plan.max_attempts > 1 and plan.temperatures == (0.0,):
        wrong.append(
            "--temperature 0 gives the same reply to every attempt: add --max-attempts 1 or a higher temperature"
        )
    if job.limits.budget is not None and not math.isfinite(job.limits.budget):
        wrong.append(f"--budget {job.limits.budget}: give dollars")
    if job.cancel and not job.batch:
        wrong.append("--cancel is for what was handed in with --batch: add --batch")
    if job.limits.budget is not None and job.teacher.cost(1, 1) is None:
        wrong.append(
            f"--budget needs prices, those of {job.teacher.name} are unknown: leave it out, or limit with --limit"
        )
    if wrong:
        raise UsageError("; ".join(wrong))


def distill(job: Job, say: Say, report: Report) -> Outcome:
    """Run to the end, or until the budget, the wanted rows or Ctrl-C end it; what is settled by then is written.

    `say` takes lines for the user, `report` the meter, what came out so far and how many questions are settled.
    """
    check(job)
    if notice := shutdown_notice(job.teacher, date.today()):
        say(notice)
    finish_move(job.out)
    there = look(job.out, job.recipe(), job.overwrite)
    if there is not None:
        facts = there["splits"]["train"]
        return Outcome(job.out, facts["rows"], Counter(there["rejected"]), True, already_there=True)
    first, total = None, 0  # a source that cannot be read to its end is found out before anything is paid for
    for question in job.questions():
        first, total = first or question, total + 1
    if first is None:
        raise SynthError(f"{job.source} has no questions")
    if first.gold is None and not job.plan.vote:
        raise UsageError(
            f"{job.source} has no answers to compare with (see {first.id}): add --vote 10 to go by the majority"
        )
    try:
        run = _Run(job, total, say, report)
        return asyncio.run(run.batch(job.cancel) if job.batch else run.go())
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {job.out}") from error


class _Run:
    """One run: who answers, what stops it, the files it writes."""

    def __init__(self, job: Job, total: int, say: Say, report: Report) -> None:
        self.job, self.say, self.report = job, say, report
        self.outcome = Outcome(job.out, total=total)
        self.settled = 0
        self.cache = job.cache or job.out / CACHE

    async def go(self) -> Outcome:
        """Ask now."""
        job = self.job
        async with Asker(job.teacher, self.cache, job.limits, self.say) as asker:
            self.meter, self.store = asker.meter, asker.store
            distiller = Distiller(job.task, job.teacher, job.plan, asker.ask)
            with FolderWriter(job.out) as writer:
                await self.write(writer, distiller, asker)
        return self.outcome

    async def batch(self, cancel: bool) -> Outcome:
        """One visit at the Batch API: collect, then hand in what is missing, or write the dataset where nothing is."""
        job = self.job
        self.meter = Meter(job.teacher, job.limits.budget, DISCOUNT)
        with RequestStore(self.cache) as self.store:
            later = Later(self.store, self.meter)
            distiller = Distiller(job.task, job.teacher, job.plan, later.ask)
            async with Batches(job.teacher, self.store) as batches:
                visit = self.cancel(batches) if cancel else self.visit(batches, distiller, later)
                self.outcome.waiting = await visit
            if not self.outcome.waiting:
                with FolderWriter(job.out) as writer:
                    await self.write(writer, distiller, None)
        return self.outcome

    async def visit(self, batches: Batches, distiller: Distiller, later: Later) -> str:
        """Collect and hand in; what to tell the user, or nothing where the dataset is to be written."""
        state = await batches.collect()
        if state.collected or state.failed:
            failures = f", {state.failed:,} failed (the last: {state.said})" if state.failed else ""
            self.say(f"{state.collected:,} replies collected{failures}")
        if state.under_way:
            return "; ".join([*(f"{batch} is {how}" for batch, how in state.under_way.items()), AGAIN])
        missing = await later.missing(distiller, self.job.questions())
        self.outcome.used = self.meter.line() if self.meter.asked else ""
        if affordable := self.affordable(missing):
            return f"{len(affordable):,} requests handed in as {', '.join(await batches.hand_in(affordable))}; {AGAIN}"
        if missing:
            self.outcome.why = f"the budget of ${self.job.limits.budget:g} does not allow another request"
        return ""

    async def cancel(self, batches: Batches) -> str:
        cancelled = ", ".join(await batches.cancel())
        if not cancelled:
            return "nothing to cancel: no batch is under way"
        return f"cancelled {cancelled}; the same command without --cancel collects what was answered, and goes on"

    def affordable(self, requests: list[Request]) -> list[Request]:
        """As many of the requests as the budget allows, on top of what was paid in batches before."""
        budget, cost = self.job.limits.budget, self.meter.dollars or 0.0
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
            split_writer(writer, "train", job.format, META, PROVENANCE) as out,
        ):
            async for settled in settle_all(distiller, job.questions(), job.limits.concurrency):
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
            out.write(encode(rows, job.format, META, PROVENANCE))
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
            "command": job.command(),
            **job.recipe(),
            "complete": outcome.complete,
            "questions": self.settled,
            "terms": job.teacher.terms,
            "splits": {"train": facts},
            "rejected": dict(outcome.rejected),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        }

"""What a run costs at most and probably, told from its questions and the request store: `synth distill --dry-run`."""

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path

from synth.base import loops
from synth.data.names import CACHE
from synth.distilling.job import Job, count_questions
from synth.distilling.settle import Distiller, LaterError
from synth.questions.task import Question
from synth.teachers.catalogue import shutdown_notice
from synth.teachers.exchange import Reply, Request
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

# If nothing is known yet: tokens a reply, of which a model thinks before it answers, and attempts a question.
GUESS_TOKENS, GUESS_THOUGHT, GUESS_ATTEMPTS = 200, 1000, 1.5
KNOWN = 20  # replies in the store from which their mean length is better than a guess
ROOM = 4096  # tokens with which a model that thinks seldom ends before its answer


@dataclass
class _Count:
    """What is still to be asked."""

    questions: int = 0
    prompt_tokens: int = 0  # of one attempt at each
    most: float = 0.0  # dollars at most
    likely: int = 0  # of the questions, those that will probably be asked
    rows: int = 0  # that the store gives already
    replies: int = 0  # in the store, and their tokens
    completion_tokens: int = 0

    def __add__(self, other: "_Count") -> "_Count":
        return _Count(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))


def estimate(jobs: Mapping[str, Job]) -> str:
    """What a run costs at most and probably, for a person; nothing is asked.

    jobs: one, or the configurations of a folder by their names, which are added up. Raises UsageError and SynthError
    for questions that cannot be asked.
    """
    first = next(iter(jobs.values()))
    total = count_questions(first)
    lines = list(first.source.lines())
    count = _Count()
    for job in jobs.values():
        count += loops.run(_counted(job))
    if len(jobs) > 1:
        lines.append(f"{len(jobs)} configurations: {', '.join(jobs)}")
    return "".join(f"{said}\n" for said in lines) + _told(first, total, count, len(jobs))


async def _counted(job: Job) -> _Count:
    """Count what the request store does not hold."""
    count, meter = _Count(), Meter(job.teacher, discount=job.discount)
    cache = job.asked.cache or (job.asked.out / CACHE if job.asked.out else Path())
    with RequestStore(cache) if cache.is_file() else nullcontext() as store:
        distiller = Distiller(job.task, job.teacher, job.plan, _Stored(store, count).ask, job.shots)
        for split in job.source.splits:
            before = (count.questions, count.rows)
            for question in job.questions(split):
                await _count_one(question, distiller, meter, count)
            count.likely += _likely_questions(job, count.questions - before[0], count.rows - before[1])
    return count


class _Stored:
    """Answers out of the store, if there is one, and counts."""

    def __init__(self, store: RequestStore | None, count: _Count) -> None:
        self.store, self.count = store, count

    async def ask(self, request: Request) -> Reply:
        reply = self.store.find(request) if self.store is not None else None
        if reply is None:
            raise LaterError
        self.count.replies += 1
        self.count.completion_tokens += reply.completion_tokens
        return reply


async def _count_one(question: Question, distiller: Distiller, meter: Meter, count: _Count) -> None:
    before = count.replies
    try:
        count.rows += len((await distiller.settle(question)).kept)
    except LaterError:
        request = distiller.request(question, 1)
        attempts = distiller.plan.most_attempts() - (count.replies - before)
        count.questions += 1
        count.prompt_tokens += meter.prompt_estimate(request)
        count.most += meter.most(request) * attempts


def _told(job: Job, total: int, count: _Count, datasets: int) -> str:
    plan, teacher = job.plan, job.teacher
    each = f" in each of {datasets} configurations" if datasets > 1 else ""
    lines = [
        f"{total:,} questions{each}, {_prompt_tokens(count):,} prompt tokens an attempt (estimated), {teacher.name}"
    ]
    if count.replies:
        lines[-1] += f"; {count.replies:,} replies are in the store, {count.questions:,} questions still to be asked"
    if notice := shutdown_notice(teacher, date.today()):
        lines.insert(0, notice)
    likely, attempts, tokens = _likely(job, count)
    if teacher.reasons and plan.max_tokens < ROOM:
        lines.append(
            f"{teacher.name} thinks before it answers, within --max-tokens {plan.max_tokens}: {ROOM} leaves room"
        )
    cost = teacher.cost(_prompt_tokens(count) * likely * attempts, tokens * likely * attempts)
    if cost is None:
        return "\n".join(
            [*lines, "its price is unknown; give --price PROMPT,COMPLETION in dollars for a million tokens"]
        )
    every = f"every question asked {plan.most_attempts()} times" if count.questions else "nothing is to be asked"
    for_rows = (
        f"{likely:,} questions for {plan.target_rows * len(job.source.splits) * datasets:,} rows, "
        if plan.target_rows is not None
        else ""
    )
    return "\n".join([
        *lines,
        f"at most  ${count.most:,.2f}: {every}, every reply {plan.max_tokens} tokens",
        f"probably ${cost * job.discount:,.2f}: {for_rows}{attempts:g} attempts a question, {tokens:,} tokens a reply",
    ])  # fmt: skip


def _prompt_tokens(count: _Count) -> int:
    """Of one attempt, in the mean."""
    return round(count.prompt_tokens / count.questions) if count.questions else 0


def _likely(job: Job, count: _Count) -> tuple[int, float, int]:
    """Questions that will probably be asked, attempts at each, tokens a reply."""
    plan = job.plan
    every = plan.vote or plan.keep != "first"
    attempts = plan.most_attempts() if every else min(GUESS_ATTEMPTS * plan.per_question, plan.most_attempts())
    guess = GUESS_TOKENS + GUESS_THOUGHT * job.teacher.reasons
    known = count.completion_tokens // count.replies if count.replies >= KNOWN else guess
    return count.likely, attempts, min(known, plan.max_tokens)


def _likely_questions(job: Job, questions: int, rows: int) -> int:
    """How many questions of a split will probably be asked, if it has so many rows already."""
    plan = job.plan
    if plan.target_rows is None:
        return questions
    return min(questions, max(0, math.ceil((plan.target_rows - rows) / plan.per_question)))

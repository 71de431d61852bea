"""What `synth distill` prints: the progress line, the summary at the end, and the costs that a dry run estimates."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from synth.base.terminal import Say, status
from synth.distilling.job import Job
from synth.distilling.run import Outcome, Report
from synth.distilling.settle import Distiller
from synth.errors import UsageError
from synth.teachers.catalogue import shutdown_notice
from synth.teachers.meter import Meter

GUESS_TOKENS, GUESS_ATTEMPTS = 200, 1.5  # tokens a reply, and attempts a question, if nothing is known yet


def estimate(job: Job) -> str:
    """What a run costs at most and probably, counted from the questions; nothing is asked."""
    meter = Meter(job.teacher, discount=job.discount)
    distiller = Distiller(job.task, job.teacher, job.plan, _nobody)
    questions = prompt_tokens = 0
    most = 0.0
    attempts = job.plan.vote or job.plan.max_attempts + job.plan.rationalize
    for question in job.questions():
        request = distiller.request(question, 1)
        questions += 1
        prompt_tokens += meter.prompt_estimate(request)
        most += meter.most(request) * attempts
    likely = attempts if job.plan.vote or job.plan.keep != "first" else GUESS_ATTEMPTS * job.plan.per_question
    cost = job.teacher.cost(prompt_tokens * likely * meter.discount, questions * GUESS_TOKENS * likely * meter.discount)
    lines = [f"{questions:,} questions, {prompt_tokens:,} prompt tokens an attempt (estimated), {job.teacher.name}"]
    if notice := shutdown_notice(job.teacher, date.today()):
        lines.insert(0, notice)
    if cost is None:
        lines[-1] += ": its price is unknown; give --price PROMPT,COMPLETION in dollars for a million tokens"
        return "\n".join(lines)
    lines.append(
        f"at most  ${most:,.2f}: every question asked {attempts} times, every reply {job.plan.max_tokens} tokens"
    )
    lines.append(f"probably ${cost:,.2f}: {likely:g} attempts a question, {GUESS_TOKENS} tokens a reply")
    return "\n".join(lines)


def summary(outcome: Outcome) -> str:
    if outcome.already_there:
        return f"{outcome.folder}: {outcome.rows:,} rows are there already"
    if outcome.waiting:
        return f"{outcome.folder}: {outcome.waiting}" + (f"\n{outcome.used}" if outcome.used else "")
    drops = ", ".join(f"{count:,} {reason}" for reason, count in outcome.rejected.most_common())
    text = f"{outcome.folder}: {outcome.rows:,} rows written" + (f"; questions left out: {drops}" if drops else "")
    if outcome.used:
        text += f"\n{outcome.used}"
    if not outcome.complete:
        text += f"\nstopped early: {outcome.why}; the same command resumes from here"
    return text


async def _nobody(request: Any) -> Any:
    raise UsageError("a dry run asks nothing")


@contextmanager
def line(quiet: bool) -> Iterator[tuple[Say, Report]]:
    """Functions that take what has to be said, and how far the distillation is."""
    start = time.monotonic()
    latest: list[tuple[Meter, Outcome, int]] = []

    def report(*state: Any) -> None:
        latest[:] = [state]

    with status(quiet, lambda: meter_line(*latest[-1], time.monotonic() - start) if latest else "") as say:
        yield say, report


def meter_line(meter: Meter, outcome: Outcome, settled: int, seconds: float) -> str:
    """Questions, rows kept, attempts, tokens, dollars, rate, time left."""
    rate = settled / max(seconds, 0.001)
    left = timedelta(seconds=round((outcome.total - settled) / rate)) if settled else "?"
    tokens = (meter.prompt_tokens + meter.completion_tokens) / 1000
    dollars = "price unknown" if meter.dollars is None else f"${meter.dollars:.2f}"
    return (
        f"{settled:,}/{outcome.total:,} questions, {outcome.rows:,} rows, {meter.asked + meter.cached:,} replies, "
        f"{tokens:,.0f}k tokens, {dollars}, {rate:.0f}/s, {left} left"
    )

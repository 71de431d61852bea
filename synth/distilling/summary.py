"""What `synth distill` prints: the progress line, and the summary at the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from synth.attempts.rows import left_out
from synth.base.terminal import Say, status
from synth.distilling.outcome import Outcome, Report
from synth.teachers.meter import Meter


def summary(outcome: Outcome) -> str:
    """What came out; of several configurations a line each, and then what all of them used."""
    several = outcome.configurations.values()
    if outcome.waiting:
        return f"{outcome.folder}: {outcome.waiting}" + (f"\n{outcome.used}" if outcome.used else "")
    text = "\n".join(map(_came, several or [outcome]))
    if outcome.used:
        text += f"\n{outcome.used}"
    for one in several or [outcome]:
        text += f"\n{f'{one.folder}: ' if several else ''}no row: {one.nothing}" if one.nothing else ""
    if not outcome.complete:
        text += f"\n{_stopped(outcome)}"
    return text


def short(outcome: Outcome) -> str:
    """What ended a run early, or why no row came of it, in a line; "" of one that waits for the Batch API."""
    if not outcome.complete and not outcome.waiting:
        return f"{outcome.folder}: {_stopped(outcome)}"
    nothing = [one.nothing for one in outcome.configurations.values() or [outcome] if one.nothing]
    return f"{outcome.folder}: no row: {nothing[0]}" if nothing else ""


def _stopped(outcome: Outcome) -> str:
    return f"stopped early: {outcome.why}; the same command resumes from here"


def _came(outcome: Outcome) -> str:
    """What came out of one dataset."""
    rows = ", ".join(f"{n:,} {name}" for name, n in outcome.splits.items())
    rows = rows if len(outcome.splits) > 1 else f"{outcome.rows:,}"
    if outcome.already_there:
        return f"{outcome.folder}: {rows} rows are there already"
    if not outcome.begun:
        return f"{outcome.folder}: not begun"
    text = f"{outcome.folder}: {rows} rows written{left_out(outcome.rejected)}"
    if outcome.labels["labelled"]:
        text += f"\nthe majority agrees with {outcome.labels['agree']:,} of {outcome.labels['labelled']:,} labels"
    if outcome.repeating:
        which = f"{outcome.repeating:,} of {outcome.settled:,} questions"
        text += f"\n{which} got the same reply to every attempt, and were not asked again"
    return text


@contextmanager
def line(quiet: bool) -> Iterator[tuple[Say, Report]]:
    """Functions that take what has to be said, and how far the distillation is."""
    start = time.monotonic()
    latest: list[tuple[Meter, Outcome]] = []

    def report(*state: Any) -> None:
        latest[:] = [state]
        further()

    with status(quiet, lambda: meter_line(*latest[-1], time.monotonic() - start) if latest else "") as (say, further):
        yield say, report


def meter_line(meter: Meter, outcome: Outcome, seconds: float) -> str:
    """Questions, rows kept, attempts, tokens, dollars, rate, time left."""
    settled = outcome.settled
    rate = settled / max(seconds, 0.001)
    left = timedelta(seconds=round((outcome.total - settled) / rate)) if settled else "?"
    tokens = (meter.prompt_tokens + meter.completion_tokens) / 1000
    dollars = "price unknown" if meter.dollars is None else f"${meter.dollars:.2f}"
    return (
        f"{settled:,}/{outcome.total:,} questions, {outcome.kept:,} rows, {meter.asked + meter.cached:,} replies, "
        f"{tokens:,.0f}k tokens, {dollars}, {_pace(rate)}{meter.up()}, {left} left"
    )


def _pace(rate: float) -> str:
    """Questions a second, or a minute if it is less than one a second."""
    return f"{rate:,.0f}/s" if rate >= 1 else f"{60 * rate:.1f}/min"

"""synth distill"""

import sys
import time
from dataclasses import fields
from typing import Any

import typer

from synth.distilling.distill import Job, distill
from synth.distilling.settle import Plan
from synth.distilling.summary import _line, estimate, summary
from synth.questions.find import find_task
from synth.teachers.given import Limits, _numbers, teacher_from


def job_from(options: dict[str, Any]) -> Job:
    """A job from the options of the command line.

    Raises UsageError for options that cannot be read.
    """
    teacher = teacher_from(options)
    temperatures = tuple(_numbers("--temperature", options["temperature"]))
    plan = Plan(temperatures=temperatures, **_options_of(Plan, options))
    limits = Limits(**_options_of(Limits, options))
    given = {**_options_of(Job, options), "limits": limits, "task": find_task(options["task"]), "teacher": teacher}
    return Job(plan=plan, **given)


def _options_of(config: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that are fields of a dataclass."""
    return {f.name: options[f.name] for f in fields(config) if f.name in options}


def run(job: Job, dry_run: bool, quiet: bool) -> None:
    if dry_run:
        typer.echo(estimate(job))
        return
    start = time.monotonic()
    with _line(quiet, start) as (say, report):
        outcome = distill(job, say, report)
    if not quiet:
        typer.echo(summary(outcome))
    if not outcome.complete and not job.cancel:  # 0 says that the dataset is there, also after --batch
        sys.exit(130 if outcome.why == "interrupted" else 3)

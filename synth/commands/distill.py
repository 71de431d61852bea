"""The command `synth distill`."""

import sys

import typer

from synth.commands.options import command_from
from synth.distilling.options import Distill

INTERRUPTED = "interrupted; the output folder is as it was, and replies that came are kept: the same command resumes"


def run(asked: Distill) -> None:
    """Ask a teacher for rationales until answers are right."""
    from synth.distilling import distill
    from synth.distilling.summary import short, summary

    try:
        outcome = distill.run(asked)
    except KeyboardInterrupt:  # the second one
        typer.echo(f"synth: {INTERRUPTED}", err=True)
        sys.exit(130)
    if asked.dry_run:
        typer.echo(outcome.used)
        return
    if not asked.quiet:
        typer.echo(summary(outcome))
    if not (outcome.complete and outcome.rows) and not asked.cancel:  # 0 says that rows are there, also after --batch
        if asked.quiet and (why := short(outcome)):
            typer.echo(f"synth: {why}", err=True)
        sys.exit(130 if outcome.why == "interrupted" else 3)


command = command_from("distill", run, Distill)

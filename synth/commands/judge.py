"""The command `synth judge`."""

import sys

import typer

from synth.commands.options import AsJson, command_from, print_json
from synth.judging.options import Judging


def run(asked: Judging, printing: AsJson) -> None:
    """Have rows judged: by a model, by working them out, or by a reward; or the errors of an evaluation.

    The exit code is 3 if no row has a verdict.
    """
    from dataclasses import asdict

    from synth.judging import judge, show

    judged = judge.run(asked)
    if judged.estimate is not None:
        print_json(asdict(judged.estimate)) if printing.json else typer.echo(str(judged.estimate))
    elif printing.json:
        print_json(show.table(judged))
    elif judged.already_there:
        typer.echo(f"{judged.out}: is there already")
    elif not asked.quiet:
        show.show(judged)
        typer.echo(judged.written) if judged.written else None
    if judged.estimate is None and not judged.already_there and (why := show.nothing(judged)):
        typer.echo(f"synth: {why}", err=True)
        sys.exit(3)


command = command_from("judge", run, Judging, AsJson)

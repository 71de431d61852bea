"""The command `synth judge`."""

import typer

from synth.commands.options import AsJson, command_from, print_json
from synth.judging.options import Judging


def run(asked: Judging, printing: AsJson) -> None:
    """Have rows judged: by a model, or by working them out."""
    from synth.judging import judge

    judged = judge.run(asked)
    if printing.json:
        print_json(judge.table(judged))
    elif judged.already_there:
        typer.echo(f"{judged.out}: is there already")
    elif not asked.quiet:
        judge.show(judged)
        typer.echo(judged.written) if judged.written else None


command = command_from("judge", run, Judging, AsJson)

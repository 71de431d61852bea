"""The command `synth merge`."""

import sys

import typer

from synth.commands.options import command_from
from synth.merging.options import Merge


def run(asked: Merge) -> None:
    """Put the shards of one distillation together, as one run would have written them."""
    from synth.distilling.summary import summary
    from synth.merging import merge

    outcome = merge.run(asked)
    if not asked.quiet:
        typer.echo(summary(outcome))
    if not outcome.rows:
        sys.exit(3)


command = command_from("merge", run, Merge)

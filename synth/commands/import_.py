"""The command `synth import`."""

import sys

import typer

from synth.commands.options import command_from
from synth.importing.options import Import


def run(asked: Import) -> None:
    """Take in rationales that exist, kept if their answers are right; or questions and answers alone."""
    from synth.importing import import_data
    from synth.importing.summary import summary

    outcome = import_data.run(asked)
    if not asked.quiet:
        typer.echo(summary(outcome, asked))
    if not all(outcome.rows.values()):
        sys.exit(3)


command = command_from("import", run, Import)

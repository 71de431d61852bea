"""The command `synth validate`."""

import typer

from synth.commands.options import AsJson, command_from, print_json
from synth.validating.options import Validate


def run(asked: Validate, printing: AsJson) -> None:
    """Hold a dataset to its expectations.

    Prints what was expected, of how many rows, and which failed; writes validation.json into the folder. The exit code
    is 1 if something critical fails.
    """
    from synth.validating import validate
    from synth.validating.show import closing, show

    results = validate.run(asked)
    if printing.json:
        reports = {result.folder.name: result.report for result in results}
        said = reports if len(results) > 1 else results[0].report
        print_json(said)
    elif not asked.quiet:
        for result in results:
            show(result, several=len(results) > 1)
        if len(results) > 1:
            typer.echo(closing(results))
    if not all(result.success for result in results):
        raise typer.Exit(1)


command = command_from("validate", run, Validate, AsJson)

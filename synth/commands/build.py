"""`synth build NAME`: one command for each file in builders/, imported only when it is named."""

import sys
from typing import TYPE_CHECKING, Any

import typer

from synth import registry
from synth.commands.options import Named, command_from

if TYPE_CHECKING:
    from synth.building.build import Result

INTERRUPTED = (
    "interrupted; the dataset in the folder is as it was, and files that are done are kept: the same command goes on"
)


class Builders(Named):
    """One command for each file in builders/; its options are the fields of its Config."""

    folder, heading = "builders", "Datasets"

    def single(self, name: str) -> Any:
        from synth.building.options import Options
        from synth.importing.build import is_task

        if is_task(name):
            return _of_task(name)

        def run(config: Any, options: Options) -> None:
            _build(name, config, options)

        from synth.data.builder import find

        config = find(name).config
        return command_from(name, run, config, Options, help=registry.summary("builders", name))


app = typer.Typer(cls=Builders, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def build() -> None:
    """Build a dataset by program: synth build NAME --out FOLDER.

    synth build NAME --help lists the options of a dataset. NAME may be a task (synth tasks, gym:NAME, a .toml or .py
    file) as well, whose questions with their answers are taken: synth build gsm8k --source test.jsonl --out FOLDER.
    """


def _of_task(name: str) -> Any:
    """The command that takes in the questions of a task."""
    from synth.commands.import_ import run as take_in
    from synth.importing.build import as_import
    from synth.importing.options import Questions

    def run(asked: Questions) -> None:
        take_in(as_import(name, asked))

    return command_from(name, run, Questions, help=f"The questions of the task {name} with their right answers.")


def _build(name: str, config: Any, options: Any) -> None:
    from synth.base.terminal import progress
    from synth.building.build import carry_out

    try:
        with progress(options.quiet) as report:
            results = carry_out(name, config, options, report)
    except KeyboardInterrupt:
        if options.format == "jsonl":
            raise
        typer.echo(f"synth: {INTERRUPTED}", err=True)
        sys.exit(130)
    for result in [] if options.quiet else results:
        state = "is there already" if result.already_there else "written"
        rows = ", ".join(f"{count:,} {split}" for split, count in result.rows.items())
        drops = ", ".join(f"{count:,} {reason}" for reason, count in result.rejected.items())
        typer.echo(f"{result.folder}: {rows} {state}" + (f"; left out: {drops}" if drops else ""))
        for warning in result.warnings:
            typer.echo(f"note: {warning}")
        if not any(result.rows.values()):
            typer.echo(f"no row is left: {result.folder / 'rejected.jsonl'} says why of each" + _advice(name, result))


def _advice(name: str, result: "Result") -> str:
    """What the builder suggests against the commonest reason of rejection."""
    from synth.data.builder import find

    advice = find(name).advice
    commonest = max(result.rejected, key=lambda reason: result.rejected[reason], default="")
    return f"; {advice[commonest]}" if commonest in advice else ""


command = typer.main.get_command(app)

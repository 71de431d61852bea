"""The commands `synth show`, `synth stats` and `synth row`, which look at data."""

from synth.base.config import AnyPath, MaybePath, argument, option, settings
from synth.commands.options import AsJson, command_from, print_json

FOLDER = "a dataset folder"


@settings
class Show:
    folder: AnyPath = argument(FOLDER, kw_only=False)
    n: int = option("rows to print", default=3, least=1)
    split: str | None = option("split to read  [default: the first]", default=None)
    id: str | None = option("print the row with this id  [default: the first rows]", default=None)


@settings
class Stats:
    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False)
    verdicts: MaybePath = option("a file that synth judge --verdicts wrote  [default: none]", default=None)


@settings
class Row:
    id: str = argument("the id of a built row", kw_only=False)


def run_show(asked: Show) -> None:
    """Print rows readably: prompt, steps, answer."""
    from synth.data.show import show_rows

    show_rows(asked.folder, asked.n, asked.split, asked.id)


def run_stats(asked: Stats, printing: AsJson) -> None:
    """Print figures: rows, lengths, answers, what rows have.

    A table of rows a split and the share of the commonest answer, one of lengths, and one of each column that has few
    values, such as operators, relations or digits; of rows that were judged, how far two judges agree.
    """
    import typer

    from synth.base.terminal import progress
    from synth.data.manifest import members
    from synth.data.stats import counted, figures, show_stats

    datasets = members(asked.folder)
    with progress(printing.json) as report:
        statistics = {name: counted(folder, report, asked.verdicts) for name, folder in datasets.items()}
    if printing.json:
        told = {name: figures(one) for name, one in statistics.items()}
        print_json(told if len(told) > 1 else next(iter(told.values())))
        return
    for name, one in statistics.items():
        if len(statistics) > 1:
            typer.echo(f"{asked.folder / name}:")
        show_stats(one)


def run_row(asked: Row) -> None:
    """Make a row again from its id, as JSON."""
    import orjson
    import typer

    from synth.building.build import remake

    typer.echo(orjson.dumps(remake(asked.id)).decode())


show = command_from("show", run_show, Show)
stats = command_from("stats", run_stats, Stats, AsJson)
row = command_from("row", run_row, Row)

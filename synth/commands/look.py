"""The commands `synth show`, `synth stats` and `synth row`, which look at data."""

from synth.base.config import AnyPath, argument, option, settings
from synth.commands.options import command_from, print_json

FOLDER = "a dataset folder"


@settings
class Show:
    folder: AnyPath = argument(FOLDER, kw_only=False)
    n: int = option("rows to print", default=3, least=1)
    split: str | None = option("split to read  [default: the first]", default=None)
    id: str | None = option("print the row with this id  [default: the first rows]", default=None)


@settings
class Stats:
    folder: AnyPath = argument(FOLDER, kw_only=False)
    json: bool = option("print the figures as JSON", default=False)


@settings
class Row:
    id: str = argument("the id of a built row", kw_only=False)


def run_show(asked: Show) -> None:
    """Print rows readably: prompt, steps, answer."""
    from synth.data.show import show_rows

    show_rows(asked.folder, asked.n, asked.split, asked.id)


def run_stats(asked: Stats) -> None:
    """Print figures: rows, lengths, answers, what rows have.

    A table of rows a split and the share of the commonest answer, one of lengths, and one of each column that has few
    values, such as operators, relations or digits.
    """
    from synth.base.terminal import progress
    from synth.data.stats import counted, figures, show_stats

    with progress(asked.json) as report:
        statistics = counted(asked.folder, report)
    if asked.json:
        print_json(figures(statistics))
    else:
        show_stats(statistics)


def run_row(asked: Row) -> None:
    """Make a row again from its id, as JSON."""
    import orjson
    import typer

    from synth.building.build import remake

    typer.echo(orjson.dumps(remake(asked.id)).decode())


show = command_from("show", run_show, Show)
stats = command_from("stats", run_stats, Stats)
row = command_from("row", run_row, Row)

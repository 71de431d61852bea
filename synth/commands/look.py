"""The commands `synth show`, `synth stats` and `synth row`, which look at data."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.base.config import AnyPath, MaybePath, argument, option, settings
from synth.commands.options import AsJson, command_from, print_json

if TYPE_CHECKING:
    from synth.data.stats import Statistics


@settings
class Show:
    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False, store=True)
    n: int = option("rows to print", default=3, least=1)
    split: str | None = option("split to read  [default: the first]", default=None)
    id: str | None = option("print the row with this id  [default: the first rows]", default=None)
    random: bool = option("rows at random, others each time", default=False)
    attempts: bool = option("with every attempt of the teacher at their questions", default=False)
    rejected: bool = option("what was left out, with reasons, in place of rows", default=False)


@settings
class Stats:
    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False, store=True)
    verdicts: MaybePath = option(
        "a file that synth judge --verdicts wrote  [default: verdicts.jsonl in the folder]", default=None
    )


@settings
class Row:
    id: str = argument("the id of a built row", kw_only=False)


def run_show(asked: Show) -> None:
    """Print rows readably: prompt, steps, answer, who wrote them and what judges said."""
    from synth.data.show import show_rows

    show_rows(
        asked.folder, asked.n, asked.split, asked.id,
        random=asked.random, attempts=asked.attempts, rejected=asked.rejected,
    )  # fmt: skip


def run_stats(asked: Stats, printing: AsJson) -> None:
    """Print figures: rows, lengths, answers, what rows have.

    A table of rows a split and the share of the commonest answer, one of lengths, and one of each column that has few
    values, such as operators, relations or digits; of rows that were judged, how far two judges agree.
    """
    import typer

    from synth.base.terminal import progress, show_table
    from synth.cards.attempts import read_attempts
    from synth.data.manifest import members
    from synth.data.stats import counted, show_stats

    datasets = members(asked.folder)
    with progress(printing.json) as report:
        statistics = {name: counted(folder, report, asked.verdicts) for name, folder in datasets.items()}
    if printing.json:
        told = {name: _told(datasets[name], one) for name, one in statistics.items()}
        print_json(told if len(told) > 1 else next(iter(told.values())))
        return
    for name, one in statistics.items():
        if len(statistics) > 1:
            typer.echo(f"{asked.folder / name}:")
        show_stats(one)
        if (attempts := read_attempts(datasets[name])) is not None:
            show_table(("attempts of the teacher", ""), attempts.lines())


def _told(folder: Path, one: "Statistics") -> dict[str, Any]:
    """The figures of each split, and of a distillation those of all of it as `distillation`."""
    from synth.cards.attempts import read_attempts
    from synth.data.stats import figures, whole

    attempts = read_attempts(folder)
    every = whole(one) | ({"attempts": attempts.figures()} if attempts is not None else {})
    return {**figures(one), **({"distillation": every} if every else {})}


def run_row(asked: Row) -> None:
    """Make a row again from its id, as JSON."""
    import orjson
    import typer

    from synth.building.build import remake

    typer.echo(orjson.dumps(remake(asked.id)).decode())


show = command_from("show", run_show, Show)
stats = command_from("stats", run_stats, Stats, AsJson)
row = command_from("row", run_row, Row)

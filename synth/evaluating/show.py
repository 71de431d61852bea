"""What an evaluation shows on the terminal: every metric with its interval, then accuracy by what rows have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.evaluating.job import Result
from synth.evaluating.notes import lines
from synth.shots.options import in_words
from synth.statistics.names import SHORT, rewards, titles, told

SURE = (0.8, 0.5, 0.2)  # of the rows, for which accuracy is shown


def show(result: Result) -> None:
    """Print the figures of an evaluation, and the rows that were not asked."""
    figures = result.metrics
    data = figures["data"]
    state = "is there already" if result.already_there else "written"
    prompting = "" if figures["prompting"] == "rationale" else ", asked for the answer alone"
    prompting += f", behind {in_words(figures['shots'])}" if figures.get("shots") else ""
    line = f"{result.job.out}: {state}; {figures['model']} on {data['folder']} {data['split']}, {data['rows']:,} rows"
    typer.echo(line + prompting)
    for note in lines(figures, result.faults):
        typer.echo(note)
    show_table(("", "value", "95% interval", "rows"), _figures(figures["metrics"]))
    if chosen := figures.get("selective"):
        typer.echo(_surest(chosen))
    for column, groups in figures["by"].items():
        for named in (SHORT, rewards(figures["metrics"])):  # rewards in a table of their own, as they may be many
            shown = [name for name in named if any(name in group for group in groups.values())]
            if shown:
                show_table((column, "rows", *(named[name] for name in shown)), _groups(groups, shown))


def _figures(figures: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, title in titles(figures).items():
        if name in figures:
            figure = figures[name]
            span = f"{told(name, figure['low'])} - {told(name, figure['high'])}"
            yield [title, told(name, figure["value"]), span, f"{figure['n']:,}"]


def _surest(selective: Mapping[str, Any]) -> str:
    """`accuracy of the surest 80% of the rows 75.0%, of 50% 82.0%, ...`"""
    known = {point["coverage"]: point["accuracy"]["value"] for point in selective["coverage"]}
    return "accuracy of the surest " + ", of ".join(
        f"{share:.0%}{' of the rows' if not place else ''} {known[share]:.1%}"
        for place, share in enumerate(share for share in SURE if share in known)
    )


def _groups(groups: Mapping[str, Mapping[str, Any]], shown: Sequence[str]) -> Iterator[list[str]]:
    for label, figures in groups.items():
        cells = [_with_interval(name, figures[name]) if name in figures else "-" for name in shown]
        yield [label, f"{figures['accuracy']['n']:,}", *cells]


def _with_interval(name: str, figure: Mapping[str, Any]) -> str:
    return f"{told(name, figure['value'])} ({told(name, figure['low'])} - {told(name, figure['high'])})"

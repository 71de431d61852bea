"""What an evaluation shows on the terminal: every metric with its interval, then accuracy by what rows have."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from synth.evaluating.job import Result
from synth.statistics.names import SHORT, TITLES, told

FAULTS = {
    "prompt_too_long": "longer than the model takes",
    "unanswered": "not answered by the server",
}


def show(result: Result) -> None:
    """Print the figures of an evaluation, and the rows that were not asked."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    found = result.metrics
    data = found["data"]
    state = "is there already" if result.already_there else "written"
    prompting = "" if found["prompting"] == "rationale" else ", asked for the answer alone"
    line = f"{result.job.out}: {state}; {found['model']} on {data['folder']} {data['split']}, {data['rows']:,} rows"
    console.print(line + prompting, markup=False, soft_wrap=True)
    for fault, ids in result.faults.items():
        some = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        console.print(f"{len(ids):,} rows {FAULTS[fault]}, counted as wrong: {some}", markup=False, soft_wrap=True)
    console.print(_all_table(found["metrics"]))
    for column, groups in found["by"].items():
        console.print(_by_table(column, groups))


def _all_table(figures: Mapping[str, Any]) -> Table:
    table = _table("", "value", "95% interval", "rows")
    for name, title in TITLES.items():
        if name in figures:
            figure = figures[name]
            span = f"{told(name, figure['low'])} - {told(name, figure['high'])}"
            table.add_row(title, told(name, figure["value"]), span, f"{figure['n']:,}")
    return table


def _by_table(column: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    shown = [name for name in SHORT if any(name in figures for figures in groups.values())]
    table = _table(column, "rows", *(SHORT[name] for name in shown))
    for label, figures in groups.items():
        cells = [_with_interval(name, figures[name]) if name in figures else "-" for name in shown]
        table.add_row(label, f"{figures['accuracy']['n']:,}", *cells)
    return table


def _with_interval(name: str, figure: Mapping[str, Any]) -> str:
    return f"{told(name, figure['value'])} ({told(name, figure['low'])} - {told(name, figure['high'])})"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    return table

"""The table of a validation."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from synth.validate import Result
from synth.validation.suites import Outcome

WIDTH = 150  # where output is no terminal


def show(result: Result, several: bool) -> None:
    """Print what came out: each expectation, rows, failures, ids of the first failures."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=escape(str(result.folder)) if several else None,
                  title_justify="left")  # fmt: skip
    for column in ("expectation", "rows", "failures", "first of them"):
        table.add_column(column, justify="right" if column in ("rows", "failures") else "left", overflow="fold")
    for outcome in result.outcomes:
        table.add_row(*_cells(outcome))
    console.print(table)
    console.print(_summary(result), soft_wrap=True, markup=False)


def _cells(outcome: Outcome) -> list[str]:
    style = "" if outcome.success else "[bold red]" if outcome.severity == "critical" else "[yellow]"
    said = outcome.said() if outcome.observed is not None or not outcome.success else None
    shown = [*outcome.examples, *([f"({said})"] if said else [])]
    failures = f"{outcome.failures:,}" if outcome.held else "1"
    return [style + escape(outcome.title), f"{outcome.rows:,}", style + failures, escape("\n".join(shown))]


def _summary(result: Result) -> str:
    failed = [outcome for outcome in result.outcomes if not outcome.success]
    critical = [outcome.name for outcome in failed if outcome.severity == "critical"]
    warned = [outcome.name for outcome in failed if outcome.severity == "warning"]
    rows = sum(result.report["rows"].values())
    told = f"{result.folder}: {rows:,} rows, {len(result.outcomes)} expectations, "
    told += f"{len(critical)} failed ({', '.join(critical)})" if critical else "none failed"
    return told + (f"; {len(warned)} warned ({', '.join(warned)})" if warned else "")

"""One quiet progress line on a terminal; nothing when output is redirected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Say = Callable[[str], None]  # takes a line for the user
Report = Callable[[str, int, int | None], None]  # split, rows written, rows wanted


@contextmanager
def progress(quiet: bool) -> Iterator[Report]:
    """A function to report rows to; it draws a bar for each split, redrawn by the clock and not by the row."""
    console = Console(stderr=True)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    tasks: dict[str, TaskID] = {}

    def report(split: str, rows: int, wanted: int | None) -> None:
        if split not in tasks:
            tasks[split] = bars.add_task(split, total=wanted)
        bars.update(tasks[split], completed=rows, total=wanted)

    with bars:
        yield report


def sayer(quiet: bool) -> Callable[[str], None]:
    """A function that prints a line, or does not."""
    return (lambda line: None) if quiet else (lambda line: typer.echo(line, err=True))

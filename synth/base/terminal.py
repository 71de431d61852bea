"""Output for people: notices, tables, a quiet progress line on a terminal; plain lines if output is no terminal."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import typer
from rich import box
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

Say = Callable[[str], None]  # takes a line for the user
Report = Callable[[str, int, int | None], None]  # split, rows written, rows wanted
WIDE = 100_000  # characters of a line if output is no terminal: a row of a table is one line there
LINE_SECONDS = 15.0  # between two lines of a StepLine if output is no terminal
STATUS_SECONDS = 60.0  # between two lines of a status, likewise


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


def sayer(quiet: bool, prefix: str = "") -> Say:
    """A function that prints a line for the user on stderr; one that prints nothing if `quiet`."""
    return (lambda line: None) if quiet else (lambda line: typer.echo(f"{prefix}{line}", err=True))


@contextmanager
def status(quiet: bool, line: Callable[[], str]) -> Iterator[tuple[Say, Callable[[], None]]]:
    """One line, redrawn by the clock on a terminal; what is said meanwhile goes above it.

    Yields what says a line, and what is to be called when the run has come further: if output is no terminal, the line
    is written once more then, if it has not been for a minute.
    """
    console = Console(stderr=True, highlight=False, emoji=False)

    def say(notice: str) -> None:
        if not quiet:
            console.print(f"synth: {notice}", soft_wrap=True, markup=False)

    if quiet or not console.is_terminal:
        written = time.monotonic()

        def further() -> None:
            nonlocal written
            if not quiet and (now := time.monotonic()) - written >= STATUS_SECONDS:
                written = now
                console.print(line(), soft_wrap=True, markup=False)

        yield say, further
        return
    with Live(console=console, refresh_per_second=4, transient=True, get_renderable=lambda: Text(line())):
        yield say, lambda: None


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, left: int = 1, title: str | None = None
) -> None:
    """Print a table: its first `left` columns to the left, numbers in the others to the right.

    A cell is text as it stands, or a `Text` with a style. A row is one line if output is no terminal.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title and Text(title), title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(Text(column), justify="left" if place < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(" ".join(cell.splitlines())) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(table)


class StepLine:
    """Where a long loop is, in one line that is written over on a terminal; elsewhere a new line every so often."""

    def __init__(self, steps: int, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._steps = steps
        self._started = self._shown = time.monotonic()
        self._first: int | None = None

    def show(self, step: int, figures: str) -> None:
        """A step is done; `figures` are the numbers to show with it."""
        now = time.monotonic()
        first = self._first = step if self._first is None else self._first
        seconds = (now - self._started) / max(step - first, 1) if step > first else 0.0
        left = timedelta(seconds=round(seconds * (self._steps - step)))
        line = f"step {step:,} of {self._steps:,}, {figures}, {left} left"
        if self._console.is_terminal:
            self._console.print(line, end="\n" if step >= self._steps else "\r", overflow="crop", no_wrap=True)
        elif now - self._shown >= LINE_SECONDS or step >= self._steps:
            self._shown = now
            self._console.print(line, soft_wrap=True)

"""One quiet progress line on a terminal; nothing, or a line every so often, when output is redirected."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

Say = Callable[[str], None]  # takes a line for the user
Report = Callable[[str, int, int | None], None]  # split, rows written, rows wanted
LINE_SECONDS = 15.0  # between two lines of a StepLine if output is no terminal


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


class StepLine:
    """Where a long loop is, in one line that is written over on a terminal; elsewhere a new line every so often."""

    def __init__(self, steps: int, quiet: bool) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._steps = steps
        self._started = self._shown = time.monotonic()
        self._first: int | None = None

    def show(self, step: int, figures: str) -> None:
        """A step is done; `figures` says what else there is to know of it."""
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

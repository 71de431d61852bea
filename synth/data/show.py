"""Rows for people to read: `synth show`."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.record import Record


def show_rows(folder: Path, n: int, split: str | None, row_id: str | None) -> None:
    """Print the first `n` rows of a split, or the row with an id.

    Raises FolderError for a folder or split that cannot be read, UsageError for an id that is not there.
    """
    console = Console(highlight=False, soft_wrap=True)
    for where, record in _chosen(folder, n, split, row_id):
        console.rule(f"[bold]{escape(where)}[/]  {escape(record.id)}", align="left")
        for line in _lines(record):
            console.print(line)
        console.print()


def _chosen(folder: Path, n: int, split: str | None, row_id: str | None) -> Iterator[tuple[str, Record]]:
    splits = list(open_manifest(folder)["splits"])
    if not splits:
        raise FolderError(f"{folder} has no rows: see its rejected.jsonl for the reasons")
    if row_id is None:
        name = split or splits[0]
        yield from ((name, record) for record in islice(read(folder, name), n))
        return
    for name in [split] if split else splits:
        for record in read(folder, name):
            if record.id == row_id:
                yield name, record
                return
    raise UsageError(f"{folder} has no row {row_id!r}: synth show {folder} prints some ids")


def steps(record: Record) -> list[str]:
    """A rationale cut into its steps, as its dataset joins them: one a line, or with "; ". Sentences stay together."""
    text = record.rationale.strip()
    joint = "; " if "\n" not in text and ". " not in text else "\n"
    return [step for step in text.split(joint) if step]


def _lines(record: Record) -> Iterator[str]:
    yield f"[cyan]prompt[/]      {_indented(record.prompt)}"
    for number, step in enumerate(steps(record), start=1):
        yield f"[green]{f'step {number}':<11}[/] {_indented(step)}"
    yield f"[yellow]answer[/]      {_indented(record.answer)}"
    completion = record.completion.strip()
    if len(record.rationale) > 1:
        completion = completion.replace(record.rationale.strip(), "(the steps)")
    yield f"[dim]completion  {_indented(completion)}[/]"
    facts = "  ".join(f"{name}={value}" for name, value in record.meta.items() if value is not None)
    yield f"[dim]meta        {_indented(facts)}[/]"


def _indented(text: str) -> str:
    return escape(text.replace("\n", "\n" + " " * 12))

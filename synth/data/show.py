"""Rows, attempts and rejected rows for people to read: `synth show`.

What stands in a row is shown as far as it goes: files may have been edited by hand. A line that is no row is one line
with its place (FolderError).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import orjson
from rich.console import Console
from rich.markup import escape

from synth.data.counts import as_text
from synth.data.manifest import members, no_split, open_manifest
from synth.data.names import ATTEMPTS, REJECTED
from synth.data.reading import read
from synth.data.verdict import REWARD
from synth.errors import FolderError, UsageError
from synth.record import Record

T = TypeVar("T")
Line = Mapping[str, Any]  # of attempts.jsonl or rejected.jsonl
SKIPPED = ("request", "sampling", "verdicts")  # of provenance: hashes and settings, which nobody reads; shown apart


def show_rows(
    folder: Path, n: int, split: str | None = None, row_id: str | None = None, *,
    random: bool = False, attempts: bool = False, rejected: bool = False,
) -> None:  # fmt: skip
    """Print `n` rows of each dataset of a folder: the first, some drawn at random, or the row with an id.

    attempts: below each row every attempt at its question. rejected: what was left out, in place of rows. Raises
    FolderError for a folder, split or line that cannot be read, UsageError for an id that is not there.
    """
    console = Console(highlight=False, soft_wrap=True)
    datasets, found = members(folder), 0
    for name, dataset in datasets.items():
        inside = f"{name} " if len(datasets) > 1 else ""
        if rejected:
            shown = [(REJECTED, line) for line in _left_out(dataset, n, row_id, random)]
            _print_lines(console, dataset, inside, shown, attempts)
            found += len(shown)
        else:
            rows = list(_chosen(dataset, n, split, row_id, random))
            _print_rows(console, dataset, inside, rows, attempts)
            found += len(rows)
    if row_id is not None and not found:
        raise UsageError(f"{folder} has no row {row_id!r}: synth show {folder} prints some ids")
    if rejected and not found:
        raise FolderError(f"{folder} has no {REJECTED}: nothing was left out, or it did not come with the release")


def _print_rows(
    console: Console, folder: Path, inside: str, rows: Sequence[tuple[str, Record]], attempts: bool
) -> None:
    tried = _attempts(folder, {question_of(record) for _, record in rows}) if attempts else {}
    for where, record in rows:
        console.rule(f"[bold]{escape(inside + where)}[/]  {escape(str(record.id))}", align="left")
        for line in _lines(record):
            console.print(line)
        for attempt in tried.get(question_of(record), ()):
            console.print(_attempt(attempt))
        console.print()


def _print_lines(
    console: Console, folder: Path, inside: str, lines: Sequence[tuple[str, Line]], attempts: bool
) -> None:
    tried = _attempts(folder, {str(line.get("id")) for _, line in lines}) if attempts else {}
    for where, line in lines:
        console.rule(f"[bold]{escape(inside + where)}[/]  {escape(str(line.get('id')))}", align="left")
        for name, value in line.items():
            if name != "id" and value not in (None, ""):
                console.print(f"[cyan]{escape(f'{name:<11}')}[/] {_indented(value)}")
        for attempt in tried.get(str(line.get("id")), ()):
            console.print(_attempt(attempt))
        console.print()


def _chosen(folder: Path, n: int, split: str | None, row_id: str | None, random: bool) -> Iterator[tuple[str, Record]]:
    splits = list(open_manifest(folder)["splits"])
    if not splits:
        raise FolderError(f"{folder} has no rows: synth show {folder} --rejected has the reasons")
    if split is not None and split not in splits:
        raise FolderError(no_split(folder, split, splits))
    if row_id is None:
        name = split or splits[0]
        rows = read(folder, name)
        yield from ((name, record) for record in (_drawn(rows, n) if random else islice(rows, n)))
        return
    for name in [split] if split else splits:
        for record in read(folder, name):
            if record.id == row_id:
                yield name, record
                return


def _left_out(folder: Path, n: int, row_id: str | None, random: bool) -> list[Line]:
    """Lines of rejected.jsonl; none if there is no such file."""
    path = folder / REJECTED
    if not path.is_file():
        return []
    lines = (line for line in _read(path) if row_id in (None, line.get("id")))
    return _drawn(lines, n) if random else list(islice(lines, n))


def _drawn(found: Iterator[T], n: int) -> list[T]:
    """n of them at random, in their order, in one pass (Vitter 1985, algorithm R)."""
    draw, kept = Random(), list[tuple[int, T]]()
    for place, one in enumerate(found):
        if len(kept) < n:
            kept.append((place, one))
        elif (at := draw.randint(0, place)) < n:
            kept[at] = (place, one)
    return [one for _, one in sorted(kept, key=lambda pair: pair[0])]


def _attempts(folder: Path, questions: set[str]) -> dict[str, list[Line]]:
    """The attempts at some questions, by question."""
    path = folder / ATTEMPTS
    if not path.is_file():
        raise FolderError(f"{folder} has no {ATTEMPTS}: only what a teacher was asked for has attempts")
    found: dict[str, list[Line]] = defaultdict(list)
    for line in _read(path):
        if (name := str(line.get("id"))) in questions:
            found[name].append(line)
    return found


def _read(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                found = orjson.loads(line) if line.strip() else {}
            except orjson.JSONDecodeError as error:
                raise FolderError(f"{path} line {number} cannot be read: {error}") from error
            if not isinstance(found, dict):
                raise FolderError(f"{path} line {number} cannot be read: it is no object")
            if found:
                yield found


def question_of(record: Record) -> str:
    """The id that attempts at the question of a row have; "" for a question with its answer alone, which may have the
    id of another one in its source."""
    if not record.rationale:
        return ""
    source = record.meta.get("source_id") if isinstance(record.meta, Mapping) else None
    return str(record.id) if source is None else f"{record.task}/{source}"


def steps(record: Record) -> list[str]:
    """A rationale cut into its steps, as its dataset joins them: one a line, or with "; ". Sentences stay together."""
    text = record.rationale.strip()
    joint = "; " if "\n" not in text and ". " not in text else "\n"
    return [step for step in text.split(joint) if step]


def _lines(given: Record) -> Iterator[str]:
    record = as_text(given)
    yield f"[cyan]prompt[/]      {_indented(record.prompt)}"
    for number, step in enumerate(steps(record), start=1):
        yield f"[green]{f'step {number}':<11}[/] {_indented(step)}"
    yield f"[yellow]answer[/]      {_indented(record.answer)}"
    completion = record.completion.strip()
    if len(record.rationale) > 1:
        completion = completion.replace(record.rationale.strip(), "(the steps)")
    yield f"[dim]completion  {_indented(completion)}[/]"
    yield f"[dim]meta        {_indented(_facts(record.meta))}[/]"
    if record.provenance is not None:
        yield f"[dim]provenance  {_indented(_facts(record.provenance))}[/]"
    for verdict in _verdicts(record):
        yield f"[magenta]verdict[/]     {_indented(verdict)}"


def _facts(values: Any) -> str:
    if not isinstance(values, Mapping):
        return str(values)
    return "  ".join(
        f"{key}={value}" for key, value in values.items() if value not in (None, "") and key not in SKIPPED
    )


def _verdicts(record: Record) -> Iterator[str]:
    """What judges said: `equations: right (2 equations)`."""
    said = record.provenance.get("verdicts") if isinstance(record.provenance, Mapping) else None
    for one in said if isinstance(said, list) else []:
        if not isinstance(one, Mapping):
            yield str(one)
            continue
        model = f" ({one['model']})" if one.get("model") else ""
        detail = f": {one['detail']}" if one.get("detail") else ""
        yield f"{one.get('judge')}{model} says {_number(one) or one.get('verdict') or 'nothing'}{detail}"


def _number(said: Mapping[str, Any]) -> str:
    """The score of a reward, as text."""
    score = said.get("score") if str(said.get("judge")).startswith(REWARD) else None
    return f"{score:.4g}" if isinstance(score, int | float) else ""


def _attempt(attempt: Line) -> str:
    """An attempt: its number, what came of it, what it says."""
    marks = [str(attempt.get("outcome"))] + [name for name in ("kept", "hinted") if attempt.get(name)]
    said = attempt.get("text") or attempt.get("rationale") or attempt.get("error") or ""
    head = f"attempt {attempt.get('attempt')}"
    return f"[blue]{escape(f'{head:<11}')}[/] {escape(', '.join(marks))}\n            {_indented(said)}"


def _indented(text: Any) -> str:
    return escape(str(text).replace("\n", "\n" + " " * 12))

"""What a validation shows on the terminal: a table of expectations, and the first failures."""

from collections.abc import Iterator, Sequence

import typer
from rich.text import Text

from synth.base.terminal import show_table
from synth.data.names import VALIDATION
from synth.validating.suites import Outcome
from synth.validating.texts import overlap_name
from synth.validating.validate import Result

UNITS = {"splits": "split", "files": "file", "verdicts": "judge"}  # what an expectation is about, if not rows


def show(result: Result, several: bool) -> None:
    """Print what came out: a table of expectations, rows and failures, and below it whole ids of the first failures."""
    title = str(result.folder) if several else None
    show_table(("expectation", "rows", "failures"), map(_cells, result.outcomes), title=title)
    for line in _below(result):
        typer.echo(line)
    typer.echo(_summary(result))
    if result.cleaned is not None:
        typer.echo(result.cleaned)


def closing(results: Sequence[Result]) -> str:
    """One line over all datasets of a folder."""
    failed = [result.folder.name for result in results if not result.success]
    rows = sum(sum(result.report["rows"].values()) for result in results)
    warned = sum(any(not one.success for one in result.outcomes) for result in results if result.success)
    told = f"{len(failed)} failed ({', '.join(failed)})" if failed else "none failed"
    return f"{len(results)} datasets, {rows:,} rows: {told}" + (f"; {warned} with warnings" if warned else "")


def _cells(outcome: Outcome) -> list[str | Text]:
    style = "" if outcome.success else "bold red" if outcome.severity == "critical" else "yellow"
    failures = f"{outcome.failures:,}" if outcome.held else "1"
    return [Text(outcome.title, style), _looked_at(outcome), Text(failures, style)]


def _below(result: Result) -> Iterator[str]:
    """What is too long for the table: figures, ids of the first failures, and the words that overlaps consist of."""
    overlaps = {overlap_name(each): each["examples"] for each in result.report["contamination"]}
    for outcome in result.outcomes:
        said, examples = _said(outcome), [*outcome.examples]
        if outcome.name in overlaps:
            examples = [f"{e['id']} and {e['against_id']}: {e['ngram']}" for e in overlaps[outcome.name]]
        if said or examples:
            first = ", the first failures" if examples else ""
            yield f"{outcome.title}{f' ({said})' if said else ''}{first}{':' if examples else ''}"
            yield from (f"    {example}" for example in examples)


def _looked_at(outcome: Outcome) -> str:
    """How many rows were looked at, or of what else; nothing for an expectation about a column as a whole."""
    on = (outcome.expectation.meta or {}).get("on", "rows")
    if on == "rows":
        return f"{outcome.rows:,}" if outcome.elements else ""
    return f"{outcome.rows} {UNITS[on] if outcome.rows == 1 else UNITS[on] + 's'}"


def _said(outcome: Outcome) -> str | None:
    """A figure with what it is of, or the first thing that should not have been."""
    if outcome.observed is None and outcome.success:
        return None
    what = str((outcome.expectation.meta or {}).get("shows", "")).replace("_", " ")
    return f"{what} {outcome.said()}".strip() if outcome.said() else None


def _summary(result: Result) -> str:
    failed = [outcome for outcome in result.outcomes if not outcome.success]
    critical = [outcome.name for outcome in failed if outcome.severity == "critical"]
    warned = [outcome.name for outcome in failed if outcome.severity == "warning"]
    rows = sum(result.report["rows"].values())
    count = len(result.outcomes)
    told = f"{result.folder}: {rows:,} row{'' if rows == 1 else 's'}, {count} expectation{'' if count == 1 else 's'}, "
    told += f"{len(critical)} failed ({', '.join(critical)})" if critical else "none failed"
    told += f"; {len(warned)} warned ({', '.join(warned)})" if warned else ""
    where = f"{result.folder / VALIDATION}{f' and {result.docs}' if result.docs else ''}"
    return f"{told}; written to {where}"

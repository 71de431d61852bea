"""Pieces of Markdown: tables whose cells hold anything, fences that nothing in them can close, a row to read."""

import re
import textwrap
from collections.abc import Iterable, Sequence

import orjson

from synth.data.show import steps
from synth.record import Record

WIDTH = 110  # of a line in a fence: wider ones have to be scrolled on the Hub
SPECIAL = re.compile(r"([\\`*_\[\]|$])")


def cell(text: object, most: int = 60) -> str:
    """Text for a table or a sentence: in one line, shortened, with nothing in it that Markdown or HTML would read."""
    line = " ".join(str(text).split())
    line = line if len(line) <= most else line[: most - 3].rstrip() + "..."
    return SPECIAL.sub(r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose first column is words and whose others are numbers. Cells are taken as they are."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def fence(text: str, language: str = "") -> str:
    """Text between more backticks than it has itself."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text}\n{marks}"


def row(record: Record) -> str:
    """A row as `synth show` prints it, with every field of it."""
    parts = [("id", record.id), ("prompt", record.prompt)]
    parts += [(f"step {number}", step) for number, step in enumerate(steps(record), start=1)]
    parts += [("answer", record.answer)]
    completion = record.completion.strip()
    if len(record.rationale) > 1:  # it would be there twice
        completion = completion.replace(record.rationale.strip(), "(the steps)")
    parts += [("completion", completion), ("meta", _facts(record.meta))]
    if record.provenance is not None:
        parts.append(("provenance", _facts(record.provenance)))
    return fence("\n".join(line for name, text in parts for line in _labelled(name, text)))


def _labelled(name: str, text: str) -> list[str]:
    indent = " " * 12
    lines = [
        part
        for line in text.strip("\n").split("\n")
        for part in (textwrap.wrap(line, WIDTH - 12, break_on_hyphens=False) or [""])
    ]
    return [f"{name:<12}{lines[0]}".rstrip(), *(f"{indent}{line}".rstrip() for line in lines[1:])]


def _facts(values: object) -> str:
    text: str = orjson.dumps(values, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) > 600 else " ".join(text.split())


def number(value: float) -> str:
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def listed(names: Sequence[str]) -> str:
    """Names in one phrase: `a`, `b` and `c`."""
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)

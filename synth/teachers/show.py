"""Prints the catalogue of teachers: `synth teachers`."""

from datetime import date
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.teachers.catalogue import ALIASES, TEACHERS, Teacher


def show_teachers() -> None:
    columns = ("name", "$ a million tokens, in and out", "context", "remarks")
    show_table(columns, map(_row, TEACHERS), left=len(columns))
    typer.echo(f"Aliases: {', '.join(f'{alias} = {name}' for alias, name in ALIASES.items())}")


def _row(teacher: Teacher) -> list[str]:
    context = f"{teacher.context:,}" if teacher.context else "unknown"
    return [teacher.name, _price(teacher), context, "; ".join(_remarks(teacher))]


def teachers_listed() -> list[dict[str, Any]]:
    """The catalogue as a script reads it: prices in dollars a million tokens."""
    aliases = {name: [alias for alias, meant in ALIASES.items() if meant == name] for name in ALIASES.values()}
    return [
        {
            "name": teacher.name, "aliases": aliases.get(teacher.name, []), "base_url": teacher.base_url,
            "prompt_price": teacher.prompt_price, "completion_price": teacher.completion_price,
            "context": teacher.context, "reasons": teacher.reasons, "takes_temperature": teacher.takes_temperature,
            "shutdown": str(teacher.shutdown) if teacher.shutdown else None, "terms": teacher.terms,
        }
        for teacher in TEACHERS
    ]  # fmt: skip


def _price(teacher: Teacher) -> str:
    if teacher.prompt_price is None:
        return "unknown: depends on the server"
    return f"{teacher.prompt_price:.2f}  {teacher.completion_price:.2f}"


def _remarks(teacher: Teacher) -> list[str]:
    gone = teacher.shutdown is not None and teacher.shutdown <= date.today()
    return [
        *(
            [f"{'shut down' if gone else 'will be shut down'} {teacher.shutdown}: {teacher.stand_in}"]
            if teacher.shutdown
            else []
        ),
        *(["reasons before it answers"] if teacher.reasons else []),
        *(["takes no temperature"] if not teacher.takes_temperature else []),
        *(["needs --base-url"] if teacher.prompt_price is None else []),
    ]

"""Prints the catalogue of teachers: `synth teachers`."""

from datetime import date
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.teachers.catalogue import ALIASES, OPEN, Teacher, gone, listed
from synth.teachers.lifetimes import STAND_IN
from synth.teachers.makers import MAKERS


def show_teachers() -> None:
    columns = ("name", "$ a million tokens, in and out", "context", "key", "remarks")
    show_table(columns, map(_row, listed()), left=len(columns))
    typer.echo(f"Aliases: {', '.join(f'{alias} = {name}' for alias, name in ALIASES.items())}")
    named = ", ".join(maker.prefix for maker in MAKERS if maker.names)
    others = ", ".join(f"{maker.prefix}/" for maker in MAKERS)
    typer.echo(
        f"Any other name of a model of {named} works too, and any model behind {others}; all others with --base-url"
    )


def _row(teacher: Teacher) -> list[str]:
    context = f"{teacher.context:,}" if teacher.context else "unknown"
    key = "" if _needs_server(teacher) else teacher.key_variable
    return [teacher.name, _price(teacher), context, key, "; ".join(_remarks(teacher))]


def teachers_listed() -> list[dict[str, Any]]:
    """The catalogue as a script reads it: prices in dollars a million tokens."""
    aliases = {name: [alias for alias, meant in ALIASES.items() if meant == name] for name in ALIASES.values()}
    return [
        {
            "name": teacher.name, "aliases": aliases.get(teacher.name, []),
            "base_url": None if _needs_server(teacher) else teacher.base_url, "key": teacher.key_variable,
            "prompt_price": teacher.prompt_price, "completion_price": teacher.completion_price,
            "context": teacher.context, "reasons": teacher.reasons, "takes_temperature": teacher.takes_temperature,
            "shutdown": str(teacher.shutdown) if teacher.shutdown else None, "terms": teacher.terms,
        }
        for teacher in listed()
    ]  # fmt: skip


def _needs_server(teacher: Teacher) -> bool:
    """Whether it is an open model, which somebody has to serve."""
    return any(teacher.name == each.name for each in OPEN)


def _price(teacher: Teacher) -> str:
    if teacher.prompt_price is None:
        return "unknown: depends on the server"
    return f"{teacher.prompt_price:.2f}  {teacher.completion_price:.2f}"


def _remarks(teacher: Teacher) -> list[str]:
    verb = "shut down" if gone(teacher, date.today()) else "will be shut down"
    return [
        *([f"{verb} {teacher.shutdown}: {STAND_IN}"] if teacher.shutdown else []),
        *(["reasons before it answers"] if teacher.reasons else []),
        *(["takes no temperature"] if not teacher.takes_temperature else []),
        *(["needs --base-url"] if _needs_server(teacher) else []),
    ]

"""Turns settings (synth/base/config.py) into the options of a command and their values back into settings.

A field `min_length: int | None = option("shortest expression, in tokens", default=None)` becomes `--min-length`; a
Literal shows its words, and completes them on Tab; a bool becomes a switch; a tuple of texts or paths an option that
may be given several times; a tuple of numbers or of a Literal's words takes them with commas between.
"""

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
import typer.core

from synth import registry
from synth.base.config import hints, option, own_first, parts, settings, switch, with_commas
from synth.errors import UsageError

NUMBERS: dict[Any, str] = {int: "<int>", float: "<float>"}  # what help calls them


@settings
class AsJson:
    """For scripts: of commands alone, as Python functions return what they found."""

    json: bool = option("print it as JSON", default=False)


def command_from(name: str, run: Callable[..., None], *kinds: type, help: str = "") -> Any:
    """The command `name` that makes one of each kind of settings out of its words, and runs with them."""

    def command(**given: Any) -> None:
        run(*(kind(**{key: _read(key, given[key], hint) for key, hint in hints(kind).items()}) for kind in kinds))

    parameters = [_parameter(f, hints(kind)[f.name]) for kind in kinds for f in own_first(kind)]
    parameters.sort(key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = help or inspect.getdoc(run)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name=name, context_settings={"help_option_names": ["-h", "--help"]})(command)
    return typer.main.get_command(single)


def _parameter(f: "Field[Any]", hint: Any) -> inspect.Parameter:
    empty = inspect.Parameter.empty
    default = empty if f.default is MISSING else f.default
    facts: dict[str, Any] = {
        "help": _help(f),
        "show_default": False,
        "metavar": f.metadata["metavar"] or _metavar(hint),
    }
    if (complete := _completion(f, hint)) is not None:
        facts["autocompletion"] = complete
    if f.metadata["positional"]:
        kind: Any = typer.Argument(**facts)
    else:
        kind = typer.Option(_switches(f, hint), **facts)
    if default is not empty and _is_text(hint):
        default = None if f.default in (None, ()) else _as_text(f.default)
    return inspect.Parameter(
        f.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[_typer_kind(hint), kind]
    )


def _switches(f: "Field[Any]", hint: Any) -> str:
    kinds, optional = parts(hint)
    off = kinds == [bool] and (optional or f.default is True)  # may be switched off as well
    return f"{switch(f.name)}/--no-{f.name.replace('_', '-')}" if off else switch(f.name)


def _typer_kind(hint: Any) -> Any:
    """What typer is told: choices and numbers with commas are text, which is read by the settings themselves."""
    (kind, *_), optional = parts(hint)
    if _is_text(hint):
        plain: Any = str
    elif get_origin(kind) in (list, tuple):
        plain = list[get_args(kind)[0]]  # type: ignore[misc]
    else:
        plain = kind
    empty = _is_text(hint) and get_origin(kind) is tuple  # no numbers at all
    return plain | None if optional or empty else plain


def _is_text(hint: Any) -> bool:
    (kind, *_), _ = parts(hint)
    return kind in NUMBERS or get_origin(kind) is Literal or with_commas(hint)


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(item if isinstance(item, str) else f"{item:g}" for item in value)
    return str(value)


def _choices(kind: Any) -> tuple[str, ...]:
    """The words that a value, or each of several, may be; none of other kinds."""
    of = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return get_args(of) if get_origin(of) is Literal else ()


def _metavar(hint: Any) -> str | None:
    (kind, *_), _ = parts(hint)
    if choices := _choices(kind):
        return f"[{'|'.join(choices)}]{'' if get_origin(kind) is Literal else ',...'}"
    if get_origin(kind) in (list, tuple) and not _is_text(hint):
        return "<path>" if get_args(kind)[0] is Path else "<str>"
    return NUMBERS[kind] if kind in NUMBERS else "NUMBER,..." if _is_text(hint) else None


def _help(f: "Field[Any]") -> str:
    """The help of a field with its default, unless that stands in it already."""
    help, default = str(f.metadata["help"]), f.default
    if help.endswith("]") or default is MISSING or default is None or default is False or default == ():
        return help
    return f"{help}  [default: {'on' if default is True else _as_text(default)}]"


def _read(name: str, value: Any, hint: Any) -> Any:
    """A value as typer gives it, as settings take it."""
    (kind, *_), _ = parts(hint)
    if kind in NUMBERS and isinstance(value, str):
        return _number(kind, value)
    if get_origin(kind) is tuple and get_args(kind)[0] is float and isinstance(value, str):
        return _numbers(switch(name), value)
    if get_origin(kind) is tuple and not isinstance(value, str):
        return tuple(value or ())
    return value


def _number(kind: Any, text: str) -> Any:
    """The number, or the text, which the settings then refuse in their own words."""
    try:
        return kind(text)
    except ValueError:
        return text


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"{option} {text}: give numbers with commas between") from error


def _completion(f: "Field[Any]", hint: Any) -> Callable[[str], list[str]] | None:
    (kind, *_), _ = parts(hint)
    if choices := _choices(kind):
        return _beginning(lambda: choices)
    return _beginning(COMPLETE[f.metadata["complete"]]) if f.metadata["complete"] else None


def _beginning(names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def _tasks() -> list[str]:
    from synth.questions.find import task_names

    return task_names()


def _teachers() -> list[str]:
    from synth.teachers.catalogue import LISTED, OPEN

    return [*LISTED, *(teacher.name for teacher in OPEN)]


COMPLETE: dict[str, Callable[[], Iterable[str]]] = {
    "tasks": _tasks,
    "teachers": _teachers,
    **{kind: lambda kind=kind: registry.names(kind) for kind in ("builders", "judges", "rewards", "trainers")},  # type: ignore[misc]
}


def print_json(figures: Any) -> None:
    """Print figures for a script: as indented JSON, in the order in which they were made."""
    typer.echo(json.dumps(figures, indent=2, ensure_ascii=False, default=str))


class Named(typer.core.TyperGroup):
    """`synth build NAME`: one command for each file in a folder, imported only when it is named."""

    folder, heading = "builders", "Datasets"

    def single(self, name: str) -> Any:
        """The command of one name."""
        raise NotImplementedError

    def list_commands(self, ctx: Any) -> list[str]:
        return registry.names(self.folder)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return self.single(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section(self.heading):
            formatter.write_dl([(name, registry.summary(self.folder, name)) for name in self.list_commands(ctx)])

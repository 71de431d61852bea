"""Turns a Config dataclass into the options of a command, so that a builder or a trainer is one file.

A field `min_length: int | None = option("shortest expression, in tokens", None)` becomes `--min-length`; a Literal
becomes a choice; a bool becomes a switch; a list an option that may be given several times. Help, default and allowed
values come from the field.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Annotated, Any, get_type_hints

import typer


def command_from(
    config_type: Any,
    common: Mapping[str, tuple[Any, Any, str]],
    run: Callable[[Any, dict[str, Any]], None],
    help: str,
) -> Callable[..., None]:
    """A function with one keyword parameter for each field of `config_type` and each common option."""
    hints = get_type_hints(config_type)
    given = {f.name: (hints[f.name], f.default, f.metadata["help"]) for f in fields(config_type)}

    def command(**values: Any) -> None:
        config = config_type(**{name: values[name] for name in given})
        run(config, {name: values[name] for name in common})

    parameters = [_parameter(name, *facts) for name, facts in {**given, **common}.items()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = help
    return command


def _parameter(name: str, kind: Any, default: Any, help: str) -> inspect.Parameter:
    switch = f"--{name.replace('_', '-')}"
    if kind == bool | None or (kind is bool and default is True):  # may be switched off as well
        switch = f"{switch}/--no-{name.replace('_', '-')}"
    least = 1 if name == "workers" else None
    option = typer.Option(switch, help=help, min=least, show_default=default not in (None, False, MISSING))
    empty = inspect.Parameter.empty
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=empty if default is MISSING else default,
        annotation=Annotated[kind, option],
    )

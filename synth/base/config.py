"""Settings: one frozen dataclass a verb. Its fields are the options of the command, the keywords of the Python
function, the settings in the manifest, and the words of the command that makes the thing again.

    @settings
    class Export:
        folder: AnyPath = argument("a dataset folder", kw_only=False)
        to: Literal["messages", "dpo"] = option("the form of the rows")
        workers: int | None = option("processes  [default: the cores]", default=None, least=1, again=False)

    export = verb("export", Export, run)   export("data", to="dpo") is run(Export("data", to="dpo")), and is typed so
    Export("data", to="dpo")               checked, texts made paths; a mistake is a UsageError that lists all of them
    words(Export("data", to="dpo"))        ["data", "--to", "dpo"], which synth/commands/options.py reads back

A field is a text, a number, a switch, a path, one of a few words (Literal), perhaps None, or a tuple or list of those.
A tuple of numbers or of such words is one text on the command line, with commas between.
"""

import functools
import inspect
import math
import os
import shlex
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from synth.base import stores
from synth.errors import UsageError, closest

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S")
R = TypeVar("R")
if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    class AnyPath:
        """Type checkers: a text or a path goes in, a Path comes out."""

        def __get__(self, instance: object, owner: Any) -> Path: ...
        def __set__(self, instance: object, value: str | os.PathLike[str]) -> None: ...

    class MaybePath:
        """Type checkers: the same, and None."""

        def __get__(self, instance: object, owner: Any) -> Path | None: ...
        def __set__(self, instance: object, value: str | os.PathLike[str] | None) -> None: ...

    class Paths:
        """One, or several."""

        def __get__(self, instance: object, owner: Any) -> tuple[Path, ...]: ...
        def __set__(
            self, instance: object, value: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
        ) -> None: ...

    class AnyText:
        """A text; a path, such as that of a dataset or a run, is one too."""

        def __get__(self, instance: object, owner: Any) -> str: ...
        def __set__(self, instance: object, value: str | os.PathLike[str]) -> None: ...

    class MaybeText:
        """The same, and None."""

        def __get__(self, instance: object, owner: Any) -> str | None: ...
        def __set__(self, instance: object, value: str | os.PathLike[str] | None) -> None: ...

    class Texts:
        """One text, or several."""

        def __get__(self, instance: object, owner: Any) -> tuple[str, ...]: ...
        def __set__(self, instance: object, value: str | Sequence[str]) -> None: ...

    class Numbers:
        """One number, or several with commas between on the command line."""

        def __get__(self, instance: object, owner: Any) -> tuple[float, ...]: ...
        def __set__(self, instance: object, value: float | Sequence[float]) -> None: ...
else:
    AnyPath, MaybePath, AnyText, MaybeText = Path, Path | None, str, str | None
    Paths, Texts, Numbers = tuple[Path, ...], tuple[str, ...], tuple[float, ...]

    def dataclass_transform(**_: Any) -> Any:
        return lambda decorator: decorator


def option(  # noqa: PLR0913 - each is a fact about an option
    help: str,
    *,
    default: Any = MISSING,
    least: float | None = None,
    most: float | None = None,
    named: bool = False,
    recipe: bool = True,
    again: bool = True,
    complete: str | None = None,
    metavar: str | None = None,
    kw_only: bool = True,
    store: bool = False,
) -> Any:
    """A field that is an option of a command.

    least, most: of numbers. named: stands in the id of a row even when it is the default. recipe: decides the text of a
    row (numbers of rows do not). again: stands in the command that makes the thing again (folders to write to,
    processes and `quiet` do not). complete: what completes its values on Tab (COMPLETE in synth/commands/options.py).
    store: a folder that may be in an object store (synth/base/stores.py).
    """
    facts = {"help": help, "least": least, "most": most, "named": named, "recipe": recipe, "again": again}
    metadata = {**facts, "complete": complete, "metavar": metavar, "positional": False, "store": store}
    return field(default=default, metadata=metadata, kw_only=kw_only)


def argument(
    help: str,
    *,
    default: Any = MISSING,
    complete: str | None = None,
    metavar: str | None = None,
    kw_only: bool = False,
    store: bool = False,
) -> Any:
    """A field that is given by its place: `synth show FOLDER`."""
    metadata = {"help": help, "least": None, "most": None, "again": True, "complete": complete, "metavar": metavar}
    return field(default=default, metadata={**metadata, "positional": True, "store": store}, kw_only=kw_only)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(option, argument))
def settings(kind: type[T]) -> type[T]:
    """A frozen dataclass whose values are checked, and made what their annotation says, when it is made.

    A method `conflicts(self) -> list[str]` may say what does not go together. All mistakes are one UsageError.
    """
    conflicts: Callable[[Any], list[str]] = getattr(kind, "conflicts", lambda self: [])
    own: Any = kind  # not that of `self`, which may be a subclass with fields and checks of its own

    def check(self: Any) -> None:
        values, wrong = as_declared(own, {name: getattr(self, name) for name in hints(own)})
        # What cannot be is taken for the default, so that conflicts are looked for all the same, if it has a default.
        values = {f.name: f.default for f in fields(own) if f.default is not MISSING} | values
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if wrong := [*wrong, *(conflicts(self) if len(values) == len(hints(own)) else [])]:
            raise UsageError("; ".join(wrong))

    kind.__post_init__ = check  # type: ignore[attr-defined]
    return dataclass(frozen=True)(kind)


def verb(name: str, kind: Callable[P, S], run: Callable[[S], R]) -> Callable[P, R]:
    """The Python function of a verb: its keywords are the fields of its settings, its docstring is that of `run` with a
    line for each keyword."""
    names = [f.name for f in fields(kind) if not f.kw_only]  # type: ignore[arg-type]

    @functools.wraps(run)
    def function(*given: P.args, **named: P.kwargs) -> R:
        if len(given) > len(names):
            raise UsageError(f"synth.{name} takes {len(names)} values without a keyword, not {len(given)}")
        asked: Any
        (asked,) = made(f"synth.{name}", {**dict(zip(names, given, strict=False)), **named}, kind)
        return run(asked)

    del function.__wrapped__  # its signature is not this one's
    function.__name__ = function.__qualname__ = name
    function.__signature__ = _signature(kind, inspect.signature(run).return_annotation)  # type: ignore[attr-defined, arg-type]
    lines = [f"    {f.name}: {f.metadata['help']}" for f in own_first(kind)]  # type: ignore[arg-type]
    function.__doc__ = "\n".join([inspect.cleandoc(run.__doc__ or ""), "", *lines])
    return function


def _signature(kind: type, returned: Any) -> inspect.Signature:
    """The keywords as a notebook shows them: first those of the verb itself; paths may be texts."""
    plain = {Path: str | os.PathLike, Path | None: str | os.PathLike | None}
    kinds = {False: inspect.Parameter.POSITIONAL_OR_KEYWORD, True: inspect.Parameter.KEYWORD_ONLY}
    parameters = [
        inspect.Parameter(
            f.name,
            kinds[bool(f.kw_only)],
            default=inspect.Parameter.empty if f.default is MISSING else f.default,
            annotation=plain.get(hints(kind)[f.name], hints(kind)[f.name]),
        )
        for f in sorted(own_first(kind), key=lambda f: bool(f.kw_only))
    ]
    return inspect.Signature(parameters, return_annotation=returned)


def made(what: str, given: Mapping[str, Any], *kinds: Any) -> tuple[Any, ...]:
    """One of each kind of settings, from the keywords of a call that nobody has checked.

    Raises UsageError for a keyword that none of them has, or that is missing; `what` was called: `synth.build`.
    """
    known = {f.name: f for kind in kinds for f in fields(kind)}
    wrong = [f"{what} has no keyword {name}{closest(name, list(known))}" for name in given if name not in known]
    missing = [name for name, f in known.items() if f.default is MISSING and name not in given]
    wrong += [f"{what} needs {name}: {known[name].metadata['help']}" for name in missing]
    if wrong:
        raise UsageError("; ".join(wrong))
    return tuple(kind(**{f.name: given[f.name] for f in fields(kind) if f.name in given}) for kind in kinds)


def as_declared(kind: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The values converted to their annotations, and a message for each value that cannot be converted."""
    values, wrong = {}, []
    known = {f.name: f for f in fields(kind)}
    for name, hint in hints(kind).items():
        facts = known[name].metadata
        try:
            values[name] = _value(stores.placed(given[name], facts["store"]), hint)
            _check_size(values[name], facts)
        except ValueError as error:
            wrong.append(f"{label(known[name])} {stores.without_keys(_written(given[name]))}: {error}")
    return values, wrong


@cache
def hints(kind: type) -> dict[str, Any]:
    """Field -> its annotation."""
    annotations = get_type_hints(kind)
    return {f.name: annotations[f.name] for f in fields(kind)}


def parts(hint: Any) -> tuple[list[Any], bool]:
    """The kinds that a value may have, and whether it may be None."""
    kinds = list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]
    return [kind for kind in kinds if kind is not type(None)], type(None) in kinds


def _value(value: Any, hint: Any) -> Any:
    (kind, *_), optional = parts(hint)
    if value is None and optional:
        return None
    if get_origin(kind) in (list, tuple):
        return _several(value, kind)
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}{closest(str(value), choices)}")
        return value
    return READ[kind](value)


def _several(value: Any, kind: Any) -> Any:
    """A list or a tuple; one value alone is a list of one. Of a few words several may stand in one text."""
    values = value if isinstance(value, list | tuple) else [] if value is None else [value]
    if _are_words(kind):
        values = [word.strip() for item in values for word in (item.split(",") if isinstance(item, str) else [item])]
    return get_origin(kind)(_value(item, get_args(kind)[0]) for item in values)


def with_commas(hint: Any) -> bool:
    """Whether several values of a field stand in one text: numbers, or some of a few words."""
    (kind, *_), _ = parts(hint)
    return get_origin(kind) is tuple and (get_args(kind)[0] is float or _are_words(kind))


def _are_words(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal


def _check_size(value: Any, facts: Mapping[str, Any]) -> None:
    for number in value if isinstance(value, list | tuple) else [value]:
        if isinstance(number, int | float) and not isinstance(number, bool):
            if facts["least"] is not None and not number >= facts["least"]:
                raise ValueError(f"{_written(float(facts['least']))} at least")
            if facts["most"] is not None and not number <= facts["most"]:
                raise ValueError(f"{_written(float(facts['most']))} at most")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    raise ValueError("a text")


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("True or False")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a whole number")


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError("a number")


def _path(value: Any) -> Path:
    if isinstance(value, str | os.PathLike):
        return stores.as_path(value)
    raise ValueError("a path")


READ: dict[Any, Callable[[Any], Any]] = {str: _text, bool: _switch, int: _whole, float: _number, Path: _path}


def switch(name: str) -> str:
    """The option of a field; `with_` is --with and `from_` --from, words that no field can be called."""
    return f"--{name.rstrip('_').replace('_', '-')}"


def label(f: "Field[Any]") -> str:
    """What a field is called in a message about a mistake: `--max-attempts`, `FOLDER`."""
    return str(f.metadata["metavar"] or f.name.upper()) if f.metadata["positional"] else switch(f.name)


def own_first(kind: type) -> list["Field[Any]"]:
    """The fields of settings: what is special about a verb before what it shares with others."""
    return sorted(fields(kind), key=lambda f: f.name not in kind.__annotations__)


def words(config: Any, leave_out: Callable[["Field[Any]"], bool] = lambda f: False) -> list[str]:
    """The words of the command that these settings are: arguments, then every option that is not the default."""
    arguments, options = [], []
    kind: Any = type(config)
    known = hints(kind)
    for f in own_first(kind):
        value = getattr(config, f.name)
        if f.metadata["positional"]:
            arguments += [_written(item) for item in (value if isinstance(value, tuple) else [value])]
        elif value != f.default and not leave_out(f):
            options += _option_words(f, value, with_commas(known[f.name]))
    dashed = any(word.startswith("-") for word in arguments)
    return [*options, "--", *arguments] if dashed else [*arguments, *options]


def _option_words(f: "Field[Any]", value: Any, in_one: bool) -> list[str]:
    if isinstance(value, bool):
        return [switch(f.name) if value else f"--no-{f.name.replace('_', '-')}"]
    if value is None:  # the default is another one
        return []
    values = value if isinstance(value, list | tuple) and not (in_one and value) else [value]
    return [word for item in values for word in _joined(switch(f.name), _written(item))]


def _joined(name: str, text: str) -> list[str]:
    """Name and value as two words; as one if the value could be taken for an option."""
    return [f"{name}={text}"] if text.startswith("-") else [name, text]


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_written, value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def shown(config: Any) -> dict[str, Any]:
    """The settings as a manifest keeps them: of a path the last part, so that no machine's folders get out."""
    return {f.name: without_folders(getattr(config, f.name)) for f in fields(config)}


def without_folders(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(without_folders, value))
    if isinstance(value, Path):
        return value.resolve().name
    if isinstance(value, str) and "/" in value and (Path(value).exists() or Path(value).is_absolute()):
        return Path(value).resolve().name
    return value


def command(program: str, *configs: Any) -> str:
    """The command that makes a thing again: no folders of this machine, nothing that does not decide what comes out."""
    said = program.split()
    for config in configs:
        told = object.__new__(type(config))  # not checked again: a list of folders is a list of names here
        for name, value in shown(config).items():
            object.__setattr__(told, name, value)
        said += words(told, leave_out=lambda f: not f.metadata["again"])
    return shlex.join(said)

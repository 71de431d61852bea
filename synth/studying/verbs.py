"""What the options of a study's stages are: those of the verbs, checked by the verbs' own settings.

The options of a stage come in layers, later ones before earlier ones: those of the verb for all cells, those of each
axis value, those of the block. Each layer knows where it stands in the file, so that a mistake is told with its table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from synth.base.config import as_declared, hints, parts, words
from synth.building.options import Options
from synth.data import builder
from synth.distilling.options import Distill
from synth.errors import UsageError, closest
from synth.evaluating.options import Evaluate
from synth.importing.build import is_task
from synth.importing.options import Import, Questions
from synth.judging.options import Judging
from synth.measuring.options import Difficulty
from synth.training import trainer
from synth.training.options import Train

NAMED = ("build", "train")  # verbs whose first word is a name: of a builder, of a trainer
SET = ("out", "resume", "overwrite", "quiet", "dry_run", "cancel", "runs", "folder", "verdicts")  # by the study itself
SET_TOO = {
    "eval": ("data",), "difficulty": ("data", "task", "source"), "judge": ("against",), "attribution": ("against",),
}  # fmt: skip
PLAIN: dict[str, type] = {
    "distill": Distill, "import": Import, "eval": Evaluate, "judge": Judging, "attribution": Judging,
    "difficulty": Difficulty,
}  # fmt: skip
JUDGES = ("judge", "attribution")  # both are synth judge: of rows, and of errors


class Layer(NamedTuple):
    """Options, and the table of the file where they stand."""

    where: str
    table: Mapping[str, Any]


@cache
def kinds(verb: str, name: str | None) -> tuple[type, ...]:
    """The settings of a verb. Raises UsageError for the name of no builder or trainer."""
    if verb == "build":
        return (Questions,) if is_task(str(name)) else (builder.find(str(name)).config, Options)
    if verb == "train":
        return (trainer.find(str(name)).config, Train)
    return (PLAIN[verb],)


def has(verb: str, name: str | None, option: str) -> bool:
    """Whether a verb has an option that a study may give."""
    known = {f.name for kind in kinds(verb, name) for f in fields(kind)}
    return option in known and option not in (*SET, *SET_TOO.get(verb, ()))


def settled(verb: str, layers: Sequence[Layer]) -> dict[str, Any]:
    """The options of a stage, put together from their layers, `name` among them.

    Raises UsageError with the table, for what the verb has not, or takes otherwise.
    """
    given = {key: value for layer in layers for key, value in layer.table.items()}
    name = given.get("name")
    if verb in NAMED and not isinstance(name, str):
        where = layers[-1].where if layers else f"[{verb}]"
        raise UsageError(f'{where}: synth {verb} needs name = "...", a {"builder" if verb == "build" else "trainer"}')
    for where, table in layers:
        try:
            _check(verb, name if verb in NAMED else None, table)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
    return given


def _check(verb: str, name: str | None, table: Mapping[str, Any]) -> None:
    own = (*SET, *SET_TOO.get(verb, ()))
    known = {f.name: f for kind in kinds(verb, name) for f in fields(kind) if f.name not in own}
    said = f"synth {_command(verb)} {name}" if name else f"synth {_command(verb)}"
    wrong = []
    for key, value in table.items():
        if key == "name" and name is not None:
            continue
        if key in own:
            wrong.append(f"{key} is set by the study: leave it out")
        elif key not in known:
            wrong.append(f"{said} has no option {key}{closest(key, known)}")
        elif not is_reference(value):
            wrong += _wrong_value(verb, name, key, _frozen(value))
    if wrong:
        raise UsageError("; ".join(wrong))


@lru_cache(maxsize=None, typed=True)  # a study says the same of many cells
def _wrong_value(verb: str, name: str | None, option: str, value: Any) -> list[str]:
    """What the settings say of one value alone."""
    kind = next(kind for kind in kinds(verb, name) if option in hints(kind))
    others = {one.name: _stand_in(kind, one) for one in fields(kind)}
    return as_declared(kind, {**others, option: value})[1]


def _frozen(value: Any) -> Any:
    """A value that can be looked up: of a list a tuple, of anything else that TOML has its text."""
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return value if isinstance(value, str | int | float) else str(value)


def _stand_in(kind: type, f: "Field[Any]") -> Any:
    """A value that a field takes: its default, or any if it has none."""
    if f.default is not MISSING:
        return f.default
    (of, *_), _ = parts(hints(kind)[f.name])
    return {str: "x", Path: "x"}.get(of, ["x"])


def is_reference(value: Any) -> bool:
    """Whether a value is "$NAME": a source, or the folder of another stage of the cell."""
    return isinstance(value, str) and value.startswith("$")


def words_of(verb: str, given: Mapping[str, Any]) -> list[str]:
    """The words of the command after `synth`, from options with their folders.

    Raises UsageError for options that do not go together, or that are missing.
    """
    return [_command(verb), *_name(verb, given), *(word for one in made(verb, given) for word in words(one))]


def check_words(verb: str, given: Mapping[str, Any]) -> None:
    """See that the options of a stage go together, those that its folder gives left aside.

    Raises UsageError.
    """
    out = {"verdicts": "x"} if verb in JUDGES else {"out": "x"}
    first, *_ = made(verb, {**given, **out})
    if verb == "train":
        trainer.find(str(given["name"])).settled(first)
    if verb == "build" and not is_task(str(given["name"])) and (made_by := builder.find(str(given["name"]))).drawn:
        made_by.check(first)  # of those that read a source it may not be there yet


def _command(verb: str) -> str:
    return "judge" if verb in JUDGES else verb


def _name(verb: str, given: Mapping[str, Any]) -> list[str]:
    """The name that the first word is, if the verb has one."""
    return [str(given["name"])] if verb in NAMED else []


def made(verb: str, given: Mapping[str, Any]) -> list[Any]:
    """The settings of a verb. Raises UsageError for options that do not go together, or that are missing."""
    named = _name(verb, given)
    options = {key: value for key, value in given.items() if not (named and key == "name")}
    known = kinds(verb, named[0] if named else None)
    missing = [f.name for kind in known for f in fields(kind) if f.default is MISSING and f.name not in options]
    if missing:
        raise UsageError(f"synth {' '.join([_command(verb), *named])} needs {', '.join(missing)}")
    return [kind(**{f.name: options[f.name] for f in fields(kind) if f.name in options}) for kind in known]

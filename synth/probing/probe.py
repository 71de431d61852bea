"""Looks inside a model: `synth probe KIND RUN DATA`."""

import importlib
import os
from collections.abc import Sequence
from typing import Any

from synth.base.config import made
from synth.errors import UnknownNameError
from synth.probing import options
from synth.probing.folder import Result

# Each kind is a file of this room with a function `run`: what its settings are, and what it shows.
KINDS: dict[str, tuple[type[options.Probe], str]] = {
    "answer": (options.Answer, "How likely the answer is after each prefix of a rationale."),
    "attention": (options.Attention, "What a model looks at while it writes: facts, question, its own steps."),
    "faithful": (options.Faithful, "Whether the answer follows the rationale when that is changed."),
}
Name = str | os.PathLike[str]


def probe(kind: str, run: Name | Sequence[Name], data: Name, **given: Any) -> list[Result]:
    """Look inside a model: `probe("answer", "runs/with", "data/listops", limit=50)`.

    kind: answer, faithful or attention. run: a run, a checkpoint's folder or a name on the Hub; of faithful several.
    given: the options of `synth probe KIND`. Returns a result for each run, whose folder has the figures, a line for
    each row, and pictures. Raises UsageError for keywords that do not go together, FolderError, SourceError and
    MissingExtraError for what is not there.
    """
    settings = settings_of(kind)
    several = "runs" in settings.__annotations__
    (asked,) = made(f"synth.probe({kind!r})", {("runs" if several else "run"): run, "data": data, **given}, settings)
    return carry_out(kind, asked)


def settings_of(kind: str) -> type[options.Probe]:
    """Raises UnknownNameError for a kind that there is not."""
    if kind not in KINDS:
        raise UnknownNameError("kind of probe", kind, list(KINDS))
    return KINDS[kind][0]


def carry_out(kind: str, asked: Any) -> list[Result]:
    """Probe with these settings; a result for each run."""
    results: list[Result] = importlib.import_module(f"synth.probing.{kind}").run(asked)
    return results

"""Builds datasets by name: by a program of builders/, or of a task its questions with their answers: `synth build`.

The questions of a task need no builder: they are what `synth import --no-rationale` takes in, under the other name.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

from synth import registry
from synth.base.config import made
from synth.building import build as building
from synth.data.handles import Dataset
from synth.errors import UnknownNameError, closest
from synth.importing import import_data
from synth.importing.options import Import, Questions
from synth.questions.find import known_task, task_names


def build(name: str, **given: Any) -> Dataset:
    """Build a dataset: `build("listops", explain="medium", train=1000, out="data/listops")`.

    name: of a builder, or of a task, of which the questions with their answers are taken: `build("gsm8k",
    source="test.jsonl", split="test", out="data/gsm8k")`, `build("gym:chain_sum", source="500,seed=7", ...)`.
    given: the options of `synth build NAME`. Returns the dataset, or the folder of several that one call writes. Raises
    UsageError for options that cannot be, FolderError if a folder cannot be written or holds something else,
    SourceError for input data.
    """
    if not is_task(name):
        return building.build(name, **given)
    (asked,) = made(f"synth.build({name!r})", given, Questions)
    return import_data.run(as_import(name, asked)).dataset


def is_task(name: str) -> bool:
    """Whether a name is that of a task, or of a file of one, and not of a builder.

    Raises UnknownNameError for a name that is near to a task's, and to no builder's.
    """
    if registry.has("builders", name):
        return False
    if Path(name).suffix in (".toml", ".py") or known_task(name) is not None:
        return True
    if not closest(name, registry.names("builders")) and closest(name, tasks := task_names()):
        raise UnknownNameError("builder or task", name, [*registry.names("builders"), *tasks])
    return False


def as_import(task: str, asked: Questions) -> Import:
    """The import that takes these questions in."""
    return Import(task=task, no_rationale=True, **{f.name: getattr(asked, f.name) for f in fields(asked)})

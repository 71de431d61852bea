"""The plan of a study: its cells, and the stages that make them, each stage once however many cells share it.

A cell is one combination of values. Its stages are commands: the data are built, imported or distilled; a model learns
from them; it is measured; beside them the data may be judged and their difficulty measured. A stage depends on the
axes that say something of its options or of the stages before it: its folder is named after those, and cells that
differ in other axes share it. Two stages are the same if their words are, and those of the stages before them.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from synth.data.names import CACHE, VERDICTS
from synth.errors import UsageError, closest
from synth.studying.file import Block, StudyFile, Value
from synth.studying.verbs import JUDGES, made, words_of

# How axes are ordered in names; others stand before `seed`, in the order of the block.
FIRST, LAST = ("task", "teacher", "annotator", "length", "mixture", "target", "model"), ("prompting", "seed")
ROOMS = {"build": "data", "import": "data", "distill": "data", "train": "runs", "eval": "evals", "judge": "quality",
         "attribution": "attribution", "difficulty": "difficulty", "report": "report"}  # fmt: skip

Axes = dict[str, Value]


@dataclass(frozen=True)
class At:
    """In options: the folder of another stage, with what stands behind it."""

    stage: "Stage"
    behind: str = ""  # ":2", the weight of data in a mixture; "/verdicts.jsonl"

    def place(self, out: Path) -> str:
        return f"{out / self.stage.folder}{self.behind}"


@dataclass(frozen=True)
class Source:
    """In options: a file of the user."""

    name: str
    path: str | None  # None: not given

    def place(self, out: Path) -> str:
        return f"${self.name}" if self.path is None else self.path


@dataclass(frozen=True, eq=False)
class Stage:
    """One command of a study, and the folder that it writes."""

    folder: str  # in the folder of the study
    verb: str
    given: dict[str, Any]  # its options, with At and Source
    axes: Axes = field(default_factory=dict)  # those that it depends on

    @property
    def inputs(self) -> list["Stage"]:
        """The stages that have to be done before."""
        found = [value.stage for value in _values(self.given) if isinstance(value, At)]
        return list({stage.folder: stage for stage in found}.values())

    @property
    def is_paid(self) -> bool:
        """Whether it asks a teacher."""
        return self.verb in ("distill", *JUDGES) and self.given.get("teacher") is not None

    @property
    def sources(self) -> list[Source]:
        """The files of the user that it reads."""
        return [value for value in _values(self.given) if isinstance(value, Source)]

    @property
    def missing(self) -> list[Source]:
        """Those that nobody named."""
        return [source for source in self.sources if source.path is None]

    def words(self, out: Path) -> list[str]:
        """The words after `synth`, with the study in the folder `out`."""
        return words_of(self.verb, self.options(out))

    def options(self, out: Path) -> dict[str, Any]:
        """Its options, with the folders they name."""
        folder = out / self.folder
        judged = {"verdicts": folder / VERDICTS, "cache": folder / CACHE}
        own = judged if self.verb in JUDGES else {"out": folder}
        return {**{key: shown(value, out) for key, value in self.given.items()}, **own}

    def settings(self, out: Path) -> Any:
        """The settings of its verb; of build and train those of the builder or trainer."""
        return made(self.verb, self.options(out))[0]

    @property
    def told(self) -> dict[str, Any]:
        """Its options as they say what it makes, wherever other stages lie."""
        return {key: _map(value, _told) for key, value in self.given.items()}

    @cached_property
    def identity(self) -> str:
        """A hash of its words, wherever its folder is, and of those of all stages before it.

        An option that has its default is no word, so it is the same stage with and without it.
        """
        own = {"verdicts": "x"} if self.verb in JUDGES else {"out": "x"}
        said = words_of(self.verb, {**self.told, **own})
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Cell:
    """One combination of values, and what makes it."""

    block: str
    axes: Axes
    data: Stage | str  # a folder that was there is a text
    run: Stage | None
    evaluations: list[Stage]
    quality: Stage | None = None
    difficulty: Stage | None = None
    attribution: Stage | None = None

    @property
    def stages(self) -> list[Stage]:
        """Its stages and those before them, first things first."""
        own = [self.data, self.quality, self.difficulty, self.run, *self.evaluations, self.attribution]
        return in_order(stage for stage in own if isinstance(stage, Stage))


@dataclass(frozen=True)
class Plan:
    """All cells of a study, and their stages in an order in which they can be run."""

    file: StudyFile
    cells: list[Cell]

    @property
    def stages(self) -> list[Stage]:
        return in_order(stage for cell in self.cells for stage in cell.stages)


def in_order(stages: Iterator[Stage]) -> list[Stage]:
    """Stages, each once, behind those that they need."""
    found: dict[str, Stage] = {}

    def add(stage: Stage) -> None:
        if stage.folder not in found:
            for before in stage.inputs:
                add(before)
            found[stage.folder] = stage

    for stage in stages:
        add(stage)
    return list(found.values())


def combinations(block: Block) -> list[Axes]:
    """The cells of a block: every combination of values that it does not skip."""
    every = [dict(zip(block.axes, values, strict=True)) for values in itertools.product(*block.axes.values())]
    return [axes for axes in every if not any(skip.items() <= axes.items() for skip in block.skip)]


def only(plan: Plan, wanted: Sequence[str]) -> Plan:
    """The cells of some blocks or of some values; of several values of one axis any. Optional blocks have to be named.

    Raises UsageError for what no cell has.
    """
    blocks = [text for text in wanted if "=" not in text]
    values: dict[str, list[str]] = {}
    for text in wanted:
        axis, sign, value = text.partition("=")
        if sign:
            values.setdefault(axis, []).append(value)
    _known(plan, blocks, values)
    left_out = {block.name for block in plan.file.blocks if block.optional}
    kept = [cell for cell in plan.cells if (cell.block in blocks if blocks else cell.block not in left_out)
            and all(str(cell.axes.get(axis)) in some for axis, some in values.items())]  # fmt: skip
    if not kept and not wanted:
        raise UsageError(f"every block of {plan.file.name} is optional: name one, as --only {plan.file.blocks[0].name}")
    if not kept:
        raise UsageError(f"--only {' --only '.join(wanted)}: no cell is all of that")
    return Plan(plan.file, kept)


def _known(plan: Plan, blocks: Sequence[str], values: Mapping[str, Sequence[str]]) -> None:
    names = [block.name for block in plan.file.blocks]
    for name in blocks:
        if name not in names:
            raise UsageError(
                f"--only {name}: there is no block {name}: there are {', '.join(names)}{closest(name, names)}"
            )
    axes = dict.fromkeys(axis for cell in plan.cells for axis in cell.axes)
    for axis, some in values.items():
        if axis not in axes:
            said = f"no cell has an axis {axis}: there are {', '.join(axes)}{closest(axis, axes)}"
            raise UsageError(f"--only {axis}={some[0]}: {said}")
        there = list(dict.fromkeys(str(cell.axes[axis]) for cell in plan.cells if axis in cell.axes))
        for value in some:
            if value not in there:
                raise UsageError(
                    f"--only {axis}={value}: the values of {axis} are {', '.join(there)}{closest(value, there)}"
                )


def sorted_axes(axes: Axes) -> Axes:
    """The axes in the order in which names have them."""
    order = [name for name in FIRST if name in axes]
    order += [name for name in axes if name not in (*FIRST, *LAST)]
    return {name: axes[name] for name in [*order, *(name for name in LAST if name in axes)]}


def name_of(axes: Axes) -> str:
    """The values of axes as a name of a folder: sums-rationale-tiny-0."""
    return "-".join(re.sub(r"[^\w.+-]+", "_", str(value)).strip("_.") or "_" for value in sorted_axes(axes).values())


def _values(given: Any) -> Iterator[Any]:
    """All values in options, those in lists too."""
    for value in given.values() if isinstance(given, dict) else given:
        if isinstance(value, list | tuple):
            yield from _values(value)
        else:
            yield value


def _map(value: Any, of: Any) -> Any:
    """A value of an option with each At and Source in it made something else."""
    if isinstance(value, list | tuple):
        return [_map(one, of) for one in value]
    return of(value) if isinstance(value, At | Source) else value


def shown(value: Any, out: Path = Path()) -> Any:
    """The value of an option as the verb takes it, with the study in the folder `out`."""
    return _map(value, lambda one: one.place(out))


def _told(value: At | Source) -> str:
    """What stands for it in the identity of a stage: no folders of this machine."""
    if isinstance(value, At):
        return f"{value.stage.identity}{value.behind}"
    return f"${value.name} {Path(value.path or '').name}"

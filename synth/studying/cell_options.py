"""Which options each verb has in a cell: those for all cells, those of its axis values, those of its block."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synth.errors import UsageError, closest
from synth.studying.file import Block, StudyFile
from synth.studying.plan import FIRST, LAST, Axes
from synth.studying.verbs import Layer, has

# The option without which a verb has no stage in a cell.
NEEDED = {"build": "name", "import": "source", "data": "folder", "distill": "source", "judge": "judge",
          "attribution": "teacher", "difficulty": "model"}  # fmt: skip
# A value without a table is the option of its axis' name, of the first of these that has it.
HOMES = ("train", "eval", "distill", "build", "import", "judge", "difficulty")
ALIASES = {"length": ("length", "explain"), "target": ("target",)}  # how verbs call what an axis is called


@dataclass
class CellOptions:
    """The options of one cell."""

    file: StudyFile
    block: Block
    axes: Axes

    def layers(self, verb: str) -> list[Layer]:
        """The options of a verb for this cell, from those for all cells to those of the block."""
        found = [Layer(f"[{verb}]", self.file.tables[verb])] if verb in self.file.tables else []
        for axis, value in self.axes.items():
            if (table := self.table(axis)) is not None:
                found += [Layer(f"axes.{axis}.{value}.{verb}", table[verb])] if verb in table else []
            elif (home := self.home(axis))[0] == verb:
                found.append(Layer(f"block {self.block.name}, {axis}", {home[1]: value}))
        found += [
            Layer(f"block {self.block.name}, axes.{axis}.{self.axes[axis]}.{verb}", own[verb])
            for axis, own in self.own() if verb in own
        ]  # fmt: skip
        if verb in self.block.tables:
            found.append(Layer(f"block {self.block.name}, {verb}", self.block.tables[verb]))
        return [layer for layer in found if isinstance(layer.table, Mapping)]

    def table(self, axis: str) -> Mapping[str, Any] | None:
        """What a value stands for; None if its axis has no tables."""
        if axis not in self.file.axes:
            return None
        value = str(self.axes[axis])
        if value not in self.file.axes[axis]:
            raise UsageError(f"block {self.block.name}: there is no axes.{axis}.{value}: there are "
                             f"{', '.join(self.file.axes[axis])}")  # fmt: skip
        return self.file.axes[axis][value]

    def own(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What the values of this cell mean in this block alone, axis by axis."""
        values = self.block.values
        return [
            (axis, values[axis][str(self.axes[axis])])
            for axis in self.axes
            if str(self.axes[axis]) in values.get(axis, {})
        ]

    def written(self, verb: str) -> dict[str, Any]:
        """The options of a verb as tables give them, without values that have none."""
        tables = [self.file.tables.get(verb), *(table.get(verb) for axis in self.axes if (table := self.table(axis)))]
        tables += [*(table.get(verb) for _, table in self.own()), self.block.tables.get(verb)]
        return {key: value for table in tables if table for key, value in table.items()}

    def home(self, axis: str) -> tuple[str, str]:
        """Verb and option that a value without a table is given to.

        Raises UsageError if no verb of the cell has such an option.
        """
        for verb in HOMES:
            if verb in ("train", "eval") or self.is_there(verb):
                name = self.written(verb).get("name") if verb in ("build", "train") else None
                if verb == "train" and (name is None or self.is_untrained()):
                    continue
                for option in ALIASES.get(axis, (axis,)):
                    if has(verb, name, option):
                        return verb, option
        usual = [name for name in (*self.file.axes, *FIRST, *LAST) if name != axis]
        raise UsageError(f"block {self.block.name}: no verb of its cells has an option {axis}: write [axes.{axis}] "
                         f"with {self.axes[axis]}.VERB = {{ ... }}{closest(axis, usual)}")  # fmt: skip

    def says(self, axis: str, verb: str) -> bool:
        """Whether the value of an axis says something of a verb's options."""
        table = self.table(axis)
        here = verb in table if table is not None else self.home(axis)[0] == verb
        return here or verb in dict(self.own()).get(axis, {})

    def is_there(self, verb: str) -> bool:
        """Whether the cell has a stage of a verb that not every cell has."""
        return NEEDED[verb] in self.written(verb)

    def is_untrained(self) -> bool:
        """Whether the model of the cell is asked as it is."""
        tables = [self.block.tables, *(table for axis in self.axes if (table := self.table(axis)) is not None)]
        tables += [table for _, table in self.own()]
        off = [table.get("train") for table in tables]
        return False in off or "model" in self.written("eval") or ("train" not in self.file.tables and not any(off))

    def named(self) -> str:
        """The cell, for a message."""
        said = ", ".join(f"{axis}={value}" for axis, value in self.axes.items())
        return f"block {self.block.name} ({said})"

    def check_axes(self) -> None:
        """Raises UsageError for a value that says nothing of any stage of the cell."""
        trained = () if self.is_untrained() else ("train",)
        there = ("eval", *trained, *(verb for verb in NEEDED if self.is_there(verb)))
        for axis in self.axes:
            if not any(self.says(axis, verb) for verb in there) and not (axis == "model" and not trained):
                raise UsageError(
                    f"{self.named()}: {axis} = {self.axes[axis]} says nothing of {', '.join(there)}, which is all that "
                    "the cell has"
                )

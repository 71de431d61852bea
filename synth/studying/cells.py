"""Cells become stages: which options each stage has, what it reads, what its folder is called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from synth.errors import UsageError
from synth.studying.cell_options import CellOptions
from synth.studying.file import Block, StudyFile
from synth.studying.plan import ROOMS, At, Axes, Cell, Plan, Source, Stage, combinations, name_of, shown, sorted_axes
from synth.studying.verbs import Layer, check_words, is_reference, settled

QUESTIONS = ("build", "import", "data")  # verbs that give questions with their answers
SIDES = {"target": ("rationale", "answer"), "prompting": ("rationale", "direct")}  # with rationales, and without


def planned(file: StudyFile, sources: Mapping[str, str]) -> Plan:
    """All cells of a study with their stages; sources: NAME -> path, in place of what the file says.

    Raises UsageError, with the table of the file, for options that cannot be.
    """
    stages = _Stages(file)
    made = [_Cell(file, block, sorted_axes(axes), sources, stages) for block in file.blocks for axes in _some(block)]
    return Plan(file, _attributed(made, [one.cell() for one in made]))


def _some(block: Block) -> list[Axes]:
    found = combinations(block)
    if not found:
        raise UsageError(f"block {block.name}: skip leaves no cell")
    return found


def _attributed(made: "Sequence[_Cell]", cells: Sequence[Cell]) -> list[Cell]:
    """The cells, those with rationales with a stage that sorts what they get wrong and answers alone get right.

    Raises UsageError if that is asked for and no cell has a counterpart with answers alone.
    """
    wanted = [one.is_there("attribution") for one in made]
    found = [
        replace(cell, attribution=one.attribution(cell, cells)) if wants else cell
        for one, cell, wants in zip(made, cells, wanted, strict=True)
    ]
    for name in dict.fromkeys(cell.block for cell, wants in zip(cells, wanted, strict=True) if wants):
        if not any(cell.attribution for cell in found if cell.block == name):
            raise UsageError(
                f"block {name}: attribution sorts errors of cells of target rationale beside those of target answer: "
                "no cell has one whose other axes are the same"
            )
    return found


@dataclass
class _Stages:
    """The stages so far, by identity; no two have one folder."""

    file: StudyFile
    known: dict[str, Stage] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)  # in small letters: some disks know no others

    def add(self, verb: str, given: dict[str, Any], axes: Axes, block: str, folder: str) -> Stage:
        """The stage with these options: one that is there, or a new one in `folder` or, if that is taken, beside it."""
        made = Stage(folder, verb, given, axes)
        if made.identity not in self.known:
            free = (name for name in _names(folder, block) if name.lower() not in self.folders)
            self.known[made.identity] = Stage(next(free), verb, given, axes)
            self.folders.add(self.known[made.identity].folder.lower())
        return self.known[made.identity]


def _names(folder: str, block: str) -> Any:
    yield folder
    yield f"{folder}-{name_of({'block': block})}"
    number = 2
    while True:
        yield f"{folder}-{name_of({'block': block})}-{number}"
        number += 1


@dataclass
class _Cell(CellOptions):
    """One cell on its way."""

    sources: Mapping[str, str]
    stages: _Stages

    def cell(self) -> Cell:
        learned, asked = self.data()
        self.check_axes()
        run = self.run(learned)
        names = self.block.evals or list(self.file.evals) or [""]
        evaluations = [self.evaluation(name, run, learned, asked) for name in names]
        extra = self.beside("judge", "folder", learned), self.beside("difficulty", "data", asked)
        return Cell(self.block.name, self.axes, learned, run, evaluations, *extra)

    # Data

    def data(self) -> "tuple[Stage | str, Stage | str]":
        """What is learned from, and what is asked: of distilled data the questions beside them."""
        asked = self.questions({}, "questions" if self.is_there("distill") else "")
        distilled = self.stage("distill", {"build": asked, "import": asked}) if self.is_there("distill") else None
        found = distilled or asked
        if found is None:
            raise UsageError(
                f"{self.named()} has no data: give the value of an axis, or the study, [build] with name, [import] or "
                "[distill] with source, or [data] with folder"
            )
        return found, asked or found

    def questions(self, changes: Mapping[str, Any], ending: str) -> "Stage | str | None":
        """The stage that gives questions, whose name ends so.

        changes: verb -> options of an evaluation whose data are others.
        """
        there = [verb for verb in QUESTIONS if verb in changes] or [verb for verb in QUESTIONS if self.is_there(verb)]
        if len(there) > 1:
            raise UsageError(f"{self.named()} has data of [{there[0]}] and of [{there[1]}]: leave one of them out")
        if not there:
            return None
        (verb,) = there
        more = [Layer(f"evals.{ending}.{verb}", changes[verb])] if verb in changes else []
        return self.stage(verb, {}, more, ending) if verb != "data" else self.folder(more)

    def folder(self, more: list[Layer]) -> str:
        given = {key: value for layer in [*self.layers("data"), *more] for key, value in layer.table.items()}
        if set(given) != {"folder"} or not isinstance(given["folder"], str):
            raise UsageError(f'{self.named()}: [data] has folder = "PATH" and nothing else')
        return str(self.value(given["folder"], {}))

    # What is made of them

    def run(self, learned: "Stage | str") -> Stage | None:
        if self.is_untrained():
            return None
        layers = self.layers("train")
        given = settled("train", layers)
        parts = given.get("data", [])
        if not isinstance(parts, list):
            raise UsageError(f'{self.named()}: train.data is a list, as ["task=sums", "task=products:2"]')
        data = [self.part(str(part)) for part in parts] or [_at(learned)]
        mixed = {str(part).partition("=")[0] for part in parts}
        return self.made("train", {**given, "data": data}, {}, without=mixed)

    def part(self, text: str) -> Any:
        """A part of a mixture: the data that the cell has with another value of an axis, `task=sums:2`."""
        axis, sign, said = text.partition("=")
        if not sign:
            return text
        value, colon, weight = said.partition(":")
        other = _Cell(self.file, self.block, {**self.axes, axis: value}, self.sources, self.stages)
        found, _ = other.data()
        return _at(found, colon + weight)

    def evaluation(self, name: str, run: Stage | None, learned: "Stage | str", asked: "Stage | str") -> Stage:
        """One evaluation of a run, or of a model that nobody trained here."""
        where = f"[evals.{name}]"
        table = self.file.evals.get(name, {})
        changes = {verb: table[verb] for verb in QUESTIONS if verb in table}
        asked = (self.questions(changes, name) if changes else None) or asked
        own = {key: value for key, value in table.items() if key not in changes}
        layers = self.layers("eval")
        place = int("eval" in self.file.tables)  # behind those of [eval]
        given = settled("eval", [*layers[:place], Layer(where, own), *layers[place:]])
        given |= {"data": _at(asked), "model": given.get("model") or (At(run) if run else self.base_model())}
        inputs = {"run": run, "data": learned, "questions": asked}
        return self.made("eval", given, inputs, name or str(given.get("split", "test")))

    def base_model(self) -> Any:
        """The model of a cell that trains nothing."""
        given = {key: value for layer in self.layers("train") for key, value in layer.table.items()}
        if "model" not in given:
            raise UsageError(f'{self.named()} trains nothing and has no model: give [eval] or [train] model = "..."')
        return given["model"]

    def beside(self, verb: str, option: str, data: "Stage | str") -> Stage | None:
        """Judging of what is learned from, and the difficulty of what is asked."""
        if not self.is_there(verb):
            return None
        return self.made(verb, {**settled(verb, self.layers(verb)), option: _at(data)}, {"data": data})

    def attribution(self, cell: Cell, cells: Sequence[Cell]) -> Stage | None:
        """Sorting the errors of its first evaluation that the same one of its counterpart has not."""
        others = [other for other in cells if _is_counterpart(cell, other)]
        others.sort(key=lambda other: other.block != cell.block)
        own = cell.evaluations[0]
        for against in (one for other in others for one in other.evaluations if _asked(one) == _asked(own)):
            given = {"judge": "attribution", **settled("attribution", self.layers("attribution"))}
            return self.made("attribution", {**given, "folder": At(own), "against": At(against)}, {})
        return None

    # Stages

    def stage(self, verb: str, inputs: Mapping[str, Any], more: "list[Layer] | None" = None, ending: str = "") -> Stage:
        given = settled(verb, [*self.layers(verb), *(more or [])])
        return self.made(verb, given, inputs, ending)

    def made(
        self, verb: str, given: dict[str, Any], inputs: Mapping[str, Any], ending: str = "",
        without: Collection[str] = (),
    ) -> Stage:  # fmt: skip
        """A stage from its options: references are put in, and its folder is named after the axes it depends on.

        without: axes that the stages before it have and it has not, as it has several values of them.
        """
        placed = {key: self.value(value, inputs) for key, value in given.items()}
        own = (verb,) if verb in ("build", "import", "distill") else (verb, "data")
        axes = {axis: self.axes[axis] for axis in self.axes if any(self.says(axis, one) for one in own)}
        before = Stage("", verb, placed).inputs
        depends = sorted_axes({axis: value for stage in before for axis, value in stage.axes.items()
                               if self.axes.get(axis) == value and axis not in without} | axes)  # fmt: skip
        try:
            check_words(verb, {key: shown(value) for key, value in placed.items()})
        except UsageError as error:
            raise UsageError(f"{self.named()}, {verb}: {error}") from error
        folder = self.place(verb, placed, depends, ending)
        return self.stages.add(verb, placed, depends, self.block.name, folder)

    def place(self, verb: str, given: Mapping[str, Any], axes: Axes, ending: str) -> str:
        """What the folder of a stage is called: an evaluation lies in its run."""
        model = given.get("model")
        inside = isinstance(model, At) and verb == "eval"
        own = {axis: value for axis, value in axes.items() if not (inside and axis in model.stage.axes)}  # type: ignore[union-attr]
        if not own and not inside:
            own = {"name": str(given.get("name") or given.get("task") or verb)}
        name = "-".join(part for part in (name_of(own), ending) if part)
        return f"{model.stage.folder}/eval/{name}" if inside else f"{ROOMS[verb]}/{name}"  # type: ignore[union-attr]

    def value(self, value: Any, inputs: Mapping[str, Any]) -> Any:
        """An option's value with "$NAME" made what it stands for."""
        if isinstance(value, list):
            return [self.value(one, inputs) for one in value]
        if not is_reference(value):
            return value
        name = value[1:]
        if inputs.get(name) is not None:
            return _at(inputs[name])
        if name in self.file.sources:
            path = self.sources.get(name) or self.file.sources[name].get("path")
            return Source(name, path)
        known = [f"${one}" for one in (*self.file.sources, *(key for key in inputs if inputs[key] is not None))]
        raise UsageError(f"{self.named()}: there is no {value}: there is {', '.join(known) or 'no source'}")


def _is_counterpart(cell: Cell, other: Cell) -> bool:
    """Whether one cell has rationales, the other answers alone, and nothing else tells them apart."""
    return any(
        (cell.axes.get(axis), other.axes.get(axis)) == sides and {**cell.axes, axis: None} == {**other.axes, axis: None}
        for axis, sides in SIDES.items()
    )


def _asked(evaluation: Stage) -> dict[str, Any]:
    """What was asked in an evaluation, whoever answered."""
    return {key: value for key, value in evaluation.told.items() if key not in ("model", "prompting")}


def _at(data: "Stage | str", behind: str = "") -> Any:
    return f"{data}{behind}" if isinstance(data, str) else At(data, behind)

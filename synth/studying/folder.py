"""The folder of a study:

    STUDY/
    ├── study.json     the cells with what makes each, and of each stage its words, state, seconds and dollars
    ├── data/  runs/  evals/  quality/  attribution/  difficulty/      a folder a stage, named after its axes
    ├── logs/          what each stage said
    └── report/        the page over all of it

study.json is written whole, when the study begins and after every stage. Which stages are done it knows by their words
and those of the stages before them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from synth.base.files import as_json, facts_if_whole, read_facts, write_whole
from synth.data.names import (
    ATTRIBUTION,
    CACHE,
    CARD,
    CHECKPOINTS,
    DIFFICULTY,
    FIGURES,
    MANIFEST,
    METRICS,
    RUN,
    STUDY,
    VERDICTS,
)
from synth.distilling.paid import spent
from synth.errors import FolderError
from synth.studying.plan import Cell, Plan, Stage
from synth.teachers.given import Given, teacher_from

State = Literal["planned", "running", "done", "failed", "left out", "optional"]
LOGS = "logs"


@dataclass
class Made:
    """What became of a stage."""

    state: State = "planned"
    why: str | None = None  # it is not done
    seconds: float | None = None  # all times it was run
    dollars: float | None = None  # paid for it


@dataclass
class Folder:
    """The folder of a study and what its study.json says."""

    path: Path
    earlier: dict[str, Any]  # folder of a stage -> what study.json had of it before
    begun: frozenset[str] = frozenset()  # blocks of which earlier runs carried something out

    @classmethod
    def open(cls, path: Path, plan: Plan) -> "Folder":
        """Raises FolderError for a folder that holds something else."""
        facts = read_facts(path / STUDY, "what synth study writes", "give another --out", _is_study)
        if facts is None and path.exists():
            if not path.is_dir():
                raise FolderError(f"{path} is a file: give --out a folder")
            if any(path.iterdir()):
                raise FolderError(f"{path} holds files that are not of a study: give another --out")
        if facts is not None and facts["study"] != plan.file.name:
            raise FolderError(f"{path} holds the study {facts['study']}, not {plan.file.name}: give another --out")
        begun = frozenset(cell["block"] for cell in (facts or {}).get("cells", [])
                          if cell.get("state") not in ("planned", "optional"))  # fmt: skip
        return cls(path, {stage["folder"]: stage for stage in (facts or {}).get("stages", [])}, begun)

    def state(self, stage: Stage) -> Made:
        """What became of a stage in earlier runs of the study: done, or planned; its costs count on."""
        was = self.earlier.get(stage.folder, {})
        done = was.get("state") == "done" and was["identity"] == stage.identity and self.is_whole(stage)
        return Made(
            "done" if done else "planned", None, was.get("seconds"), self.paid(stage) if stage.is_paid else None
        )

    def is_whole(self, stage: Stage) -> bool:
        """Whether the folder of a stage has what the verb writes last."""
        folder = self.path / stage.folder
        if stage.verb == "attribution":  # what the report reads lies beside the predictions
            evaluated: Stage = stage.given["folder"].stage
            return (self.path / evaluated.folder / ATTRIBUTION).is_file()
        if stage.verb == "train":
            return facts_if_whole(folder / RUN).get("complete") is True
        return any((folder / name).is_file() for name in WRITTEN_LAST.get(stage.verb, (MANIFEST, CARD)))

    def is_half_done(self, stage: Stage) -> bool:
        """Whether a run was begun and goes on with --resume."""
        facts = facts_if_whole(self.path / stage.folder / RUN) if stage.verb == "train" else {}
        return facts.get("complete") is False

    def differences(self, stages: Sequence[Stage]) -> list[str]:
        """A line for each stage that is there with other words than now, and whose inputs are as they were."""
        changed = self.changed(stages)
        first = [stage for stage in stages if stage.folder in changed
                 and not changed & {before.folder for before in stage.inputs}]  # fmt: skip
        return [
            f"{self.path / stage.folder} {difference(self.earlier[stage.folder]['words'], stage.words(Path()))}"
            for stage in first
        ]

    def changed(self, stages: Sequence[Stage]) -> frozenset[str]:
        """The folders that are there and were made with other words, or out of what was."""
        return frozenset(
            stage.folder for stage in stages
            if stage.folder in self.earlier and self.earlier[stage.folder]["identity"] != stage.identity
            and self.is_kept(stage)
        )  # fmt: skip

    def is_kept(self, stage: Stage) -> bool:
        """Whether what is in a stage's folder would be lost or refused if its words were others."""
        return self.is_whole(stage) or (self.path / stage.folder / CHECKPOINTS).is_dir()

    def write(self, plan: Plan, made: Mapping[str, Made], asked: Collection[str] = ()) -> None:
        """Write study.json; asked: the blocks that are carried out now. Raises FolderError."""
        left = {block.name for block in plan.file.blocks if block.optional} - {*asked, *self.begun}
        stages = [
            {"folder": stage.folder, "verb": stage.verb, "words": stage.words(Path()), "identity": stage.identity,
             "axes": stage.axes, **asdict(made.get(stage.folder, Made()))}
            for stage in plan.stages
        ]  # fmt: skip
        facts = {
            "study": plan.file.name,
            "about": plan.file.about,
            "made_by": f"rationale-synth {version('rationale-synth')}",
            "file": plan.file.digest,
            "cells": [cell_facts(cell, made, cell.block in left) for cell in plan.cells],
            "stages": stages,
        }
        try:
            write_whole(self.path / STUDY, as_json(facts))
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.path}") from error

    def log(self, stage: Stage) -> Path:
        return self.path / LOGS / f"{stage.folder.replace('/', '--')}.log"

    def paid(self, stage: Stage) -> float | None:
        """Dollars that a stage has paid in all its runs, also in one that was killed; None if no price is known."""
        asked = stage.settings(self.path)
        if not isinstance(asked, Given) or stage.given.get("teacher") is None:
            return None
        teacher = teacher_from(str(stage.given["teacher"]), asked)
        return spent(asked.cache or self.path / stage.folder / CACHE, teacher)


WRITTEN_LAST = {"eval": (METRICS,), "judge": (VERDICTS,), "difficulty": (DIFFICULTY,), "report": (FIGURES,)}


def _is_study(facts: Mapping[str, Any]) -> bool:
    return isinstance(facts.get("study"), str) and isinstance(facts.get("cells"), list)


def cell_facts(cell: Cell, made: Mapping[str, Made], optional: bool = False) -> dict[str, Any]:
    """A cell as study.json has it; its paths are in the folder of the study.

    optional: nobody has asked for its block, so it is not planned unless it is done.
    """
    state, why = cell_state(cell, made)
    state = "optional" if optional and state == "planned" else state
    return {
        "block": cell.block,
        "axes": cell.axes,
        "data": cell.data.folder if isinstance(cell.data, Stage) else cell.data,
        "run": cell.run.folder if cell.run else None,
        "evaluations": [stage.folder for stage in cell.evaluations],
        "difficulty": cell.difficulty.folder if cell.difficulty else None,
        "quality": cell.quality.folder if cell.quality else None,
        "attribution": cell.attribution.folder if cell.attribution else None,
        "state": state,
        "why": why,
    }


def cell_state(cell: Cell, made: Mapping[str, Made]) -> tuple[State, str | None]:
    """The state of a cell: the worst of its stages, with why; planned until all are done."""
    own = [made.get(stage.folder, Made()) for stage in cell.stages]
    for state in ("failed", "left out"):
        for one in own:
            if one.state == state:
                return one.state, one.why
    return ("done" if all(one.state == "done" for one in own) else "planned"), None


def difference(was: Sequence[str], now: Sequence[str]) -> str:
    """How the words of a stage differ, for a person: was made with --lr 0.003, the study says --lr 0.001."""
    before, after = _options(was), _options(now)
    gone = " ".join(option for option in before if option not in after)
    new = " ".join(option for option in after if option not in before)
    if not gone and not new:
        return "was made from other data"
    return f"was made {f'with {gone}' if gone else 'without options'}, the study says {new or 'none of that'}"


def _options(words: Sequence[str]) -> list[str]:
    """Each option with its value: `--lr 0.003`; the first words stand alone."""
    found: list[str] = []
    for word in words:
        opens = word.startswith("--") or not found or not found[-1].startswith("--") or " " in found[-1]
        found += [word] if opens else []
        found[-1] += "" if opens else f" {word}"
    return found

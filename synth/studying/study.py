"""`synth study`: a matrix of conditions out of one file, each condition made by the other verbs.

What is done is not done again, what is half done goes on, what fails is named and the rest goes on.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.base.config import verb
from synth.base.files import hold
from synth.base.terminal import Say, sayer
from synth.data.names import PAGE
from synth.errors import FolderError, UsageError, closest
from synth.studying.cells import planned
from synth.studying.cost import Cost, cost
from synth.studying.file import StudyFile, find, read_study
from synth.studying.folder import Folder, Made, cell_facts
from synth.studying.needs import is_gone, needs
from synth.studying.options import Study
from synth.studying.plan import Plan, only
from synth.studying.run import Running


@dataclass(frozen=True)
class Studied:
    """A study and what became of it."""

    folder: Path | None  # None: nothing was run
    cells: list[dict[str, Any]]  # as study.json has them: "block", "axes", "data", "run", "evaluations", "state", ...
    stages: dict[str, Made] = field(default_factory=dict)  # folder -> what became of it
    plan: Plan | None = None  # of a dry run
    cost: Cost | None = None  # what it would take
    missing: list[str] = field(default_factory=list)  # what it would need

    @property
    def failed(self) -> dict[str, str]:
        """Stages that failed or were left out, and why."""
        return {name: made.why or "" for name, made in self.stages.items() if made.state in ("failed", "left out")}


def run(asked: Study) -> Studied:
    """Carry out a study: a matrix of conditions out of one file, made by the other verbs.

    Returns the cells and what became of each stage; the folder has all of it, and a report. Raises UsageError for a
    file that cannot be, FolderError for a folder that holds something else or stages that other options made,
    StoppedError after Ctrl-C.
    """
    file = read_study(find(asked.study))
    plan = planned(file, sources_of(asked, file))
    some = only(plan, asked.only)
    if asked.dry_run:
        return dry(plan, some, asked)
    if asked.out is None:
        raise UsageError("give --out FOLDER, where the study is carried out, or --dry-run to see what it takes")
    check_sources(some)
    folder = Folder.open(asked.out, plan)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {asked.out}") from error
    with hold(asked.out):
        return carry_out(plan, some, folder, asked, sayer(asked.quiet))


def dry(plan: Plan, some: Plan, asked: Study) -> Studied:
    """What a study would do and take, and what is missing for it; nothing is run and nothing is written."""
    folder = Folder.open(asked.out, plan) if asked.out else Folder(Path("OUT"), {})
    made = {stage.folder: folder.state(stage) for stage in some.stages}
    todo = [stage for stage in some.stages if made[stage.folder].state != "done"]
    needed = needs(plan, todo, folder.path, asked.budget is not None)
    cells = [cell_facts(cell, made) for cell in some.cells]
    return Studied(None, cells, made, some, cost(todo, folder.path), needed)


def carry_out(plan: Plan, some: Plan, folder: Folder, asked: Study, say: Say) -> Studied:
    """Run the stages of some cells, then the report."""
    changed = folder.differences(some.stages)
    if changed and not asked.overwrite:
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise FolderError(f"{changed[0]}{more}: --overwrite makes it again, another --out keeps it")
    again = folder.changed(some.stages) if changed else frozenset()
    blocks = frozenset(cell.block for cell in some.cells)
    running = Running(plan, folder, asked.jobs, say, asked.budget, again, blocks)
    before = Counter(made.state for made in running.made.values())
    running.carry_out(some.stages)
    if running.has_evaluations() and (running.total or not (folder.path / "report" / PAGE).is_file()):
        running.report()
    say(f"{folder.path}: {_counted(running.made)}" + (f"; {before['done']} were there" if before["done"] else ""))
    return Studied(folder.path, [cell_facts(cell, running.made) for cell in some.cells], running.made)


def _counted(made: Mapping[str, Made]) -> str:
    return ", ".join(f"{count} {state}" for state, count in Counter(one.state for one in made.values()).items())


def sources_of(asked: Study, file: StudyFile) -> dict[str, str]:
    """The files that --source names. Raises UsageError for one that the study does not ask for."""
    given = {name: path for name, _, path in (text.partition("=") for text in asked.source)}
    for name in given:
        if name not in file.sources:
            there = ", ".join(file.sources) or "nothing"
            raise UsageError(f"--source {name}: {file.name} asks for {there}{closest(name, file.sources)}")
    return given


def check_sources(plan: Plan) -> None:
    """Raises UsageError for files that the study needs and that nobody named, or that are not there."""
    missing = {source.name for stage in plan.stages for source in stage.missing}
    if missing:
        said = [f"--source {name}=PATH" + (f" ({about})" if (about := plan.file.sources[name].get("about")) else "")
                for name in sorted(missing)]  # fmt: skip
        raise UsageError(f"the study {plan.file.name} needs {', '.join(said)}")
    for source in (one for stage in plan.stages for one in stage.sources):
        if is_gone(source.path or ""):
            raise UsageError(f"--source {source.name}={source.path}: there is no such file or folder")


study = verb("study", Study, run)

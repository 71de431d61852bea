"""Carries out a distillation: of one dataset, or of a folder of configurations, one of each length and annotator.

    data/anli/
    ├── steps-A/  steps-B/  brief-A/  brief-B/    a dataset each
    ├── requests.sqlite                           one request store
    └── README.md                                 each dataset is a configuration

The configurations are asked one after the other, by one teacher's client within one budget. What ends one of them ends
all: the same command goes on in the middle.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from synth.base import loops
from synth.base.terminal import Say
from synth.data.frontmatter import folder_card
from synth.data.manifest import members, read_manifest
from synth.data.names import CACHE, MANIFEST
from synth.distilling.job import Job, check, count_questions, job_from
from synth.distilling.options import Distill
from synth.distilling.outcome import Outcome, Report, together
from synth.distilling.run import Run, there
from synth.distilling.shares import shared_out
from synth.distilling.visit import visit
from synth.errors import FolderError
from synth.teachers.asker import Asker

Jobs = Mapping[str, Job]  # by the name of the configuration; "" of a dataset alone


def jobs_from(asked: Distill) -> dict[str, Job]:
    """The jobs of some options, by the names of their configurations. Raises what `job_from` does."""
    found: dict[str, Job] = {}
    asked, axes = shared_out(asked), asked.axes()
    for name, (length, annotator) in zip(names(axes), axes, strict=True):
        job = job_from(_placed(replace(asked, length=(length,), annotator=(annotator,)), name))
        first = next(iter(found.values()), None)
        found[name] = job if first is None else replace(job, shared=first.source)
    return found


def names(axes: Sequence[tuple[str, str]]) -> list[str]:
    """`steps-A`, or `steps` or `A` if nothing else is given twice; nothing for a dataset alone."""
    several = [len(set(values)) > 1 for values in zip(*axes, strict=True)]
    return ["-".join(value for value, varies in zip(pair, several, strict=True) if varies) for pair in axes]


def _placed(asked: Distill, name: str) -> Distill:
    """A configuration is written below the folder, and shares its request store with the others."""
    if not name or asked.out is None:
        return asked
    return replace(asked, out=asked.out / name, cache=asked.cache or asked.out / CACHE)


def carry_out(jobs: Jobs, out: Path, say: Say, report: Report) -> Outcome:
    """Run to the end, or until the budget, the wanted rows or Ctrl-C end it; what is settled by then is written.

    `say` takes lines for the user, `report` the meter and what came out so far.
    """
    alone = "" in jobs
    if not alone and read_manifest(out) is not None:
        raise FolderError(f"{out} is a dataset folder, several do not fit into it: give another --out")
    for job in jobs.values():
        check(job)
    found = {name: there(job, say) for name, job in jobs.items()}  # refuse before anything is asked
    left = {name: job for name, job in jobs.items() if found[name] is None}
    outcomes = {name: outcome for name, outcome in found.items() if outcome is not None}
    if left:
        first = next(iter(left.values()))
        total = count_questions(first)  # a source that cannot be read to its end is found out before it is paid for
        for told in first.source.lines():
            say(told)
        runs = {name: Run(job, total, say, report) for name, job in left.items()}
        outcomes |= {name: run.outcome for name, run in runs.items()}
        ordered = {name: outcomes[name] for name in jobs}
        if not alone:
            for run in runs.values():
                run.report = lambda meter, _: report(meter, together(out, ordered))
        try:
            written = (lambda: None) if alone else (lambda: list_configurations(out))
            loops.run(_carry_out(list(runs.values()), say, written))
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {out}") from error
    return outcomes[""] if alone else together(out, {name: outcomes[name] for name in jobs})


async def _carry_out(runs: Sequence[Run], say: Say, written: Callable[[], None]) -> None:
    first = runs[0].job
    if first.asked.batch:
        await visit(runs, say)
        written()
        return
    async with Asker(first.teacher, runs[0].cache, first.asked, say) as asker:
        for run in runs:
            if asker.stopping:
                run.outcome.why, run.outcome.begun = asker.why, False
                continue
            await run.go(asker)
            written()


def list_configurations(folder: Path) -> None:
    """Name every dataset that is there on the card of the folder."""
    if any(folder.glob(f"*/{MANIFEST}")):
        folder_card(folder, list(members(folder)))

"""A training run from its first line to its last: rows of dataset folders, one student, one run folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from synth.base import terminal
from synth.models import load
from synth.releasing.model import check_name, push
from synth.training import finish, mixture
from synth.training.facts import facts
from synth.training.fit import fit, save
from synth.training.folder import Job, Run
from synth.training.model import starting_model
from synth.training.rows import prepare
from synth.training.settings import Settings, Settled
from synth.training.trainer import Trainer

if TYPE_CHECKING:  # imports torch
    from synth.training.loop import Place


def fine_tune(trainer: Trainer, config: Settings, job: Job) -> Path:
    """Fine-tune a student and return the run folder, which then holds it.

    Raises FolderError, SourceError, UsageError, TrainingError; what was done up to the last checkpoint is kept.
    """
    settled = trainer.settled(config)
    check_name(job.push)
    load.quiet_libraries()
    from synth.training import loop

    place = loop.place()
    with Run(job.out, place.main) as run:
        _carry_out(trainer, settled, job, place, run)
        if place.main and job.push:
            push(job.out, job.push)
    return job.out


def _carry_out(trainer: Trainer, config: Settled, job: Job, place: "Place", run: Run) -> None:
    """Train, unless this very run is complete already."""
    say = terminal.sayer(job.quiet or not place.main)
    parts = mixture.load(config.data, config.split, config.limit)
    begun = facts(trainer.name, config, parts)
    if run.is_done(begun, job):
        say(f"{job.out} is there already")
        return
    place.wait()  # until all processes have looked at the folder
    held = mixture.records_of(mixture.load_where_there(config.data, config.validation_split, config.eval_rows))
    architecture = trainer.architecture
    prepared = prepare(architecture, config, parts, held, say)
    model = starting_model(architecture, config, prepared)
    run.begin(begun, job.resume)
    place.wait()
    fitted = fit(architecture, config, prepared, model, run, place, resume=job.resume, quiet=job.quiet)
    finish.complete(fitted, architecture, begun, save(fitted, architecture, config))
    place.wait()
    say(f"{job.out}: {fitted.steps:,} steps, loss {fitted.diary.loss:.4f}{fitted.diary.held}")

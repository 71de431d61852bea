"""A training run from its first line to its last: rows of dataset folders, one student, one run folder."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.base import terminal
from synth.base.config import made, words
from synth.base.terminal import Say
from synth.data import handles
from synth.errors import UsageError
from synth.models import load
from synth.releasing.model import check_name, push
from synth.training import finish, forms, mixture
from synth.training.agree import alike, seen, together
from synth.training.facts import facts
from synth.training.fit import fit, save
from synth.training.folder import Job, Run
from synth.training.launch import heard, launched
from synth.training.model import starting_model
from synth.training.options import Train
from synth.training.rows import Prepared, prepare
from synth.training.settings import Settings, Settled
from synth.training.trainer import Architecture, Trainer, find

if TYPE_CHECKING:  # imports torch
    from synth.training.loop import Place


def train(name: str, **given: Any) -> handles.Run:
    """Fine-tune a model: `train("t5", data="data/listops", model="google-t5/t5-small", out="runs/with")`.

    given: the options of `synth train NAME`: those of the trainer, and `out`, `resume`, `overwrite`, `push`, `quiet`.
    Returns the run, whose folder holds the model. Raises UsageError, FolderError, SourceError, TrainingError; what was
    done up to the last checkpoint is kept.
    """
    trainer = find(name)
    config, asked = made(f"synth.train({name!r})", given, trainer.config, Train)
    return handles.Run(start(trainer, config, asked))


def start(trainer: Trainer, config: Settings, asked: Train, show: bool = False) -> Path:
    """Train in this process, or in several that are launched for it; with `show` only print their command.

    Returns the folder of the run. Raises UsageError without one, and what `launched` and the trainer raise.
    """
    if asked.out is None:
        raise UsageError("give --out FOLDER, where the run is to be written")
    settled = trainer.settled(config)
    if trainer.architecture is None and ((settled.machines or 1) > 1 or asked.machine is not None or asked.head):
        raise UsageError(
            f"synth train {trainer.name} asks its model questions between trainings, on one machine: leave out "
            "--machines, --machine and --head"
        )
    command = ["train", trainer.name, *words(config), *words(replace(asked, machine=None, head=None))]
    # a loop launches its trainings, one after the other
    alone = trainer.architecture is None and not show
    if alone or not launched(settled, asked, command, show):
        job = Job(asked.out, asked.resume, asked.overwrite, asked.push, asked.quiet)
        with heard():
            trainer.train(trainer, config, job)
    return asked.out


def fine_tune(trainer: Trainer, config: Settings, job: Job) -> Path:
    """Fine-tune a student and return the run folder, which then holds it.

    Raises FolderError, SourceError, UsageError, TrainingError; what was done up to the last checkpoint is kept.
    """
    settled = trainer.settled(config)
    check_name(job.push)
    load.quiet_libraries()
    from synth.training import loop

    place = loop.place()
    with ExitStack() as holding:
        run = together(place, lambda: holding.enter_context(Run(job.out, place.main)))
        _carry_out(trainer, settled, job, place, run)
        if place.main and job.push:
            push(job.out, job.push)
    return job.out


def _carry_out(trainer: Trainer, config: Settled, job: Job, place: "Place", run: Run) -> None:
    """Train, unless this very run is complete already."""
    say = terminal.sayer(job.quiet or not place.main)
    parts = together(place, lambda: forms.in_form(mixture.load(config.data, config.split, config.limit), config.form))
    begun = facts(trainer.name, config, parts)
    alike(place, begun, job)
    seen(place, job.out)
    if together(place, lambda: run.is_done(begun, job)):
        say(f"{job.out} is there already")
        return
    architecture = trainer.student()
    prepared, model = together(place, lambda: _ready(architecture, config, parts, say))
    together(place, lambda: run.begin(begun, job.resume))
    fitted = fit(architecture, config, prepared, model, run, place, resume=job.resume, quiet=job.quiet)
    finish.complete(fitted, architecture, begun, save(fitted, architecture, config))
    place.wait()
    say(f"{job.out}: {fitted.steps:,} steps, loss {fitted.diary.loss:.4f}{fitted.diary.held}")


def _ready(
    architecture: Architecture, config: Settled, parts: Sequence[mixture.Part], say: Say
) -> tuple[Prepared, Any]:
    """Rows and model before the first step."""
    held = mixture.load_where_there(config.data, config.validation_split, config.eval_rows)
    records = mixture.records_of(forms.in_form(held, config.form))
    prepared = prepare(architecture, config, parts, records, say)
    return prepared, starting_model(architecture, config, prepared)

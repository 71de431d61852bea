"""What loops over runs of other trainers share: their folder is begun or found, the best model is put on top of it."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from synth.base import terminal
from synth.base.terminal import Report, Say
from synth.bootstrapping.stages import CHANGED
from synth.cards import model as model_card
from synth.data.names import CARD, LOG, RUN
from synth.models.faults import gpu_may_fail
from synth.releasing.model import push
from synth.training.facts import last_losses
from synth.training.folder import Job, Run
from synth.training.trainer import Trainer


def in_folder(
    job: Job, begun: Mapping[str, Any], say: Say, work: Callable[[Run, Report, dict[str, Any]], None]
) -> Path:
    """Carry a loop out in its folder, unless it is there already; returns the folder. begun: facts of synth-run.json.

    Raises FolderError and UsageError for a folder that holds something else, TrainingError for a GPU that fails; what
    was done is kept, and --resume goes on from there.
    """
    facts = orjson.loads(orjson.dumps(begun))  # as it is read back: tuples are lists
    with Run(job.out, free=CHANGED) as run, gpu_may_fail("what was done is kept, --resume goes on from there"):
        if run.is_done(facts, job):
            say(f"{job.out} is there already")
        else:
            run.begin(facts, job.resume)
            with terminal.progress(job.quiet) as report:
                work(run, report, facts)
    if job.push:
        push(job.out, job.push)
    return job.out


def put_on_top(
    run: Run,
    source: Path,
    student: Trainer,
    facts: Mapping[str, Any],
    shown: Mapping[str, Any],
    example: tuple[str, str],
) -> None:
    """Put the model of a stage on top of the folder, with what made it and a card.

    facts: of synth-run.json, over those of the stage. shown: what the card says beside them. example: a prompt and what
    is written.
    """
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in (RUN, LOG, CARD) and not path.name.startswith("."):
            shutil.copyfile(path, run.folder / path.name)
    trained = orjson.loads((source / RUN).read_bytes())
    final = {**trained, **facts, "complete": True}
    architecture = student.student()
    words = model_card.Words(architecture.words, architecture.classes().model.__name__)
    losses = last_losses(Run(source).log(), trained["config"]["log_steps"])
    model_card.write(run.folder, {**final, **losses, **shown}, example, words)
    run.write(final)

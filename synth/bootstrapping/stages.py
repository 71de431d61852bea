"""The stages of a loop: a training, a measurement. Each is done once, whatever stops the loop between."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from synth.base.files import facts_if_whole
from synth.base.terminal import Report, Say
from synth.bootstrapping import weights
from synth.bootstrapping.folder import HELD
from synth.bootstrapping.options import Looped
from synth.data.names import RUN
from synth.evaluating.job import Job
from synth.evaluating.run import carry_out
from synth.models.generate import Decoding
from synth.shots.options import ShotOptions
from synth.training.options import Train
from synth.training.settings import Settings
from synth.training.train import start
from synth.training.trainer import Trainer

CHANGED = ("lr", "warmup", "bf16")  # may be others when a loop is resumed: after a loss that is not a number
SPLIT = "test"  # of the folder of rows that are measured on
OF_LOOP = {"preset", "epochs", "split", "limit", "warmup_steps"}  # settings of the loop, not of its trainings


@dataclass(frozen=True)
class Stages:
    """How the models of a loop are trained and measured."""

    run: Path
    trainer: Trainer
    config: Looped
    say: Say
    report: Report

    def train(self, out: Path, data: Sequence[str], steps: int, **changed: Any) -> dict[str, Any]:
        """Train a model, or find that it is trained; what synth-run.json says of it.

        Raises what a training raises: TrainingError, FolderError, UsageError, SourceError.
        """
        begun = facts_if_whole(out / RUN)
        if not begun.get("complete"):
            if (rise := self.config.warmup_steps) is not None:
                changed["warmup"] = min(1.0, rise / steps)
            settings = settings_for(self.trainer, self.config, data=list(data), max_steps=steps, **changed)
            if self._anew(out, begun, settings):
                shutil.rmtree(out)
                begun = {}
            start(self.trainer, settings, Train(out=out, resume=bool(begun), quiet=True))
        if self.config.keep_weights == "best":
            weights.remove_checkpoints(out)
        return facts_if_whole(out / RUN)

    def _anew(self, out: Path, begun: Mapping[str, Any], settings: Settings) -> bool:
        """Whether a training begins again: it was killed before its first line, or has another learning rate now."""
        if not begun:
            return out.is_dir()
        now = asdict(self.trainer.settled(settings))
        return any(begun["config"].get(name) != now[name] for name in CHANGED)

    def measure(self, model: Path, out: Path, shots: ShotOptions | None = None) -> dict[str, Any]:
        """Have a model answer the rows that are measured on, behind demonstrations if some are given; what metrics.json
        says."""
        job = Job(
            model=str(model), data=self.run / HELD, out=out, split=SPLIT, plain=True,
            decoding=Decoding(max_new_tokens=self.config.max_new_tokens), shots=shots or ShotOptions(),
        )  # fmt: skip
        return carry_out(job, lambda line: None, self.report).metrics


def settings_for(trainer: Trainer, config: Looped, **changed: Any) -> Settings:
    """The settings of one training: those of the loop, as the trainer has them."""
    names = {f.name for f in fields(trainer.config)} - OF_LOOP
    given = {name: value for name, value in asdict(config).items() if name in names}
    return trainer.config(**{**given, **changed})


def steps_of(config: Looped, iteration: int) -> int:
    """Steps of an iteration's training, counted from 1: start_steps * grow^(n - 1) + add * (n - 1), at most cap_steps.

    Zelikman et al. 2022, section 4: 40 x 1.2^(n - 1); with rationalization on arithmetic 300 + 20 each.
    """
    steps = int(config.start_steps * config.grow ** (iteration - 1)) + config.add * (iteration - 1)
    return min(steps, config.cap_steps or steps)


def with_base(config: Looped, base: Path) -> Looped:
    """The settings of trainings that begin with a model that this loop made."""
    return replace(config, model=str(base), from_scratch=None)

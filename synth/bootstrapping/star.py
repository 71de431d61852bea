"""A loop from its first line to its last: questions, base, iterations until it levels off, controls, the best model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import orjson

from synth.base import terminal
from synth.base.terminal import Report, Say
from synth.bootstrapping import controls, figures, folder, notices, weights
from synth.bootstrapping.attempts import Reading
from synth.bootstrapping.checks import check_models, check_questions
from synth.bootstrapping.engines import writer_for
from synth.bootstrapping.loop import Loop
from synth.bootstrapping.options import Looped, Star, check
from synth.bootstrapping.questions import Questions, gather, hinted
from synth.bootstrapping.stages import SPLIT, Stages, with_base
from synth.bootstrapping.whole import in_folder, put_on_top
from synth.data.names import LOG
from synth.evaluating.prompts import Asking
from synth.models import load
from synth.releasing.model import check_name
from synth.training import mixture
from synth.training.facts import facts
from synth.training.folder import Job, Run
from synth.training.settings import SCRATCH, Settings
from synth.training.trainer import Trainer, find
from synth.validating.checker import settings_of


def settle(trainer: Trainer, config: Settings) -> Looped:
    """The settings with the preset's values, and those that a new model needs, written out.

    Raises UsageError for settings that do not go together.
    """
    check(cast(Star, config))
    typed = asdict(config)
    given = {name: typed[name] for name in trainer.presets["none"] if typed[name] is not None}
    preset = dict(trainer.presets[config.preset])
    if config.from_scratch:  # what a preset says of a trained model's learning rate is not for a new one
        preset |= {**SCRATCH[config.from_scratch], **trainer.presets["new"]}
    return cast(Looped, replace(config, **{**preset, **given}))


def bootstrap(trainer: Trainer, config: Settings, job: Job) -> Path:
    """Have a model teach itself, and return the run folder, which then holds the best one.

    Raises FolderError, SourceError, UsageError, TrainingError; what was done is kept, and --resume goes on from there.
    """
    settled = settle(trainer, config)
    check_name(job.push)
    load.quiet_libraries()
    student = find(student_name(settled))
    check_models(settled, student)
    say = terminal.sayer(job.quiet)
    questions = gather(settled)
    check_questions(settled, questions)
    asked = mixture.of_rows(_name(settled), questions.asked)

    def work(run: Run, report: Report, begun: Mapping[str, Any]) -> None:
        _Work(run, settled, student, questions, say, report).go(begun)

    return in_folder(job, facts(trainer.name, config, [asked]), say, work)


def student_name(config: Looped) -> str:
    """The trainer of the iterations: as asked for, or by what the model is."""
    if config.trainer:
        return config.trainer
    if config.model is None:
        return "llama"
    return "t5" if load.shape(load.fetch(config.model)).is_encoder_decoder else "llama"


def _name(config: Looped) -> str:
    return "+".join(Path(folder).resolve().name for folder in config.data) or Path(str(config.source)).name


@dataclass
class _Work:
    """What is done once the folder is ready."""

    run: Run
    config: Looped
    student: Trainer
    questions: Questions
    say: Say
    report: Report

    def go(self, begun: Mapping[str, Any]) -> None:
        out = self.run.folder
        stages = Stages(out, self.student, self.config, self.say, self.report)
        folder.write_rows(out / folder.HELD, self.questions.held, self.questions.like, SPLIT)
        shots = self._shots(out)
        base = self._base(stages, shots)
        config = with_base(self.config, base)
        asking = Asking(trained=True, line_break=config.line_break, config=self.questions.like.get("config") or {},
                        task=self.questions.task)  # fmt: skip
        reading = Reading(asking, self.questions.task, config, settings_of(self.questions.like))
        mixed = [*(shots if self.config.from_scratch else ()), *config.keep]
        stages = replace(stages, config=config)
        writer = writer_for(self.config, self.questions.asked, self.report, self.say)
        new = bool(self.config.from_scratch)
        loop = Loop(out, config, self.questions, stages, writer, reading, base, mixed, new, begun)
        best = self._iterate(loop)
        controls.run_all(loop, best, shots, self.say)
        self._finish(begun, best)

    def _shots(self, out: Path) -> list[str]:
        """The demonstrations as dataset folders: plain, and with the hints that a new model has to know."""
        if self.questions.shots is None:
            return []
        shots, like = self.questions.shots.rows, self.questions.like
        written = [folder.write_rows(out / folder.SHOTS / folder.PLAIN, shots, like, "train")]
        if self.config.rationalize and self.config.from_scratch:
            told = [replace(one, id=f"{one.id}/hinted", prompt=hinted(one, self.questions.task) or "") for one in shots]
            written.append(folder.write_rows(out / folder.SHOTS / "hinted", told, like, "train"))
        return [str(path) for path in written]

    def _base(self, stages: Stages, shots: list[str]) -> Path:
        """The model that each training begins with; a new one learns the form from the demonstrations."""
        if self.config.model:
            return load.fetch(self.config.model)
        base = self.run.folder / folder.BASE
        found = stages.train(base, shots, self.config.base_steps)
        rows = sum(int(part["rows"]) for part in found["data"])
        self.say(f"base: {found['steps']:,} steps on {rows:,} rows, loss {found['loss']:.4f}")
        return base

    def _iterate(self, loop: Loop) -> int:
        """Go on until it levels off; returns the best iteration of all that are done."""
        there = len(folder.iterations(self.run.folder))  # more than are asked for, if a longer run is resumed
        done = [loop.measure_base()]
        self.say(notices.base_line(done[0]))
        for warning in notices.of_base(done[0], self.config):
            self.say(f"warning: {warning}")
        while len(done) < there or (len(done) <= self.config.iterations and not self._level(done)):
            done.append(loop.iterate(len(done)))
            if self.config.keep_weights == "best":
                weights.remove_unneeded(self.run.folder, done)
            self._log(done)
            self.say(notices.line(done[-1]))
            for warning in notices.warnings(done, self.config):
                self.say(f"warning: {warning}")
        return weights.best_of(done)

    def _level(self, done: list[dict[str, Any]]) -> bool:
        """Whether no iteration of the last ones was better than all before."""
        if len(done) <= self.config.patience + 1:
            return False
        accuracies = [figures.accuracy(one) for one in done]
        return max(accuracies[-self.config.patience :]) <= max(accuracies[: -self.config.patience])

    def _log(self, done: list[dict[str, Any]]) -> None:
        steps, written = 0, []
        for one in done[1:]:
            steps += one["trained"]["steps"]
            told = {"step": steps, "loss": one["trained"]["loss"], "accuracy": figures.accuracy(one)}
            written.append(orjson.dumps({**told, **one}) + b"\n")
        folder.write_facts(self.run.folder / LOG, written)

    def _finish(self, begun: Mapping[str, Any], best: int) -> None:
        """Put the best model on top, with what made it."""
        out = self.run.folder
        done = folder.iterations(out)
        told = {"best": best, "iterations": len(done) - 1, "accuracy": [figures.accuracy(one) for one in done]}
        final = {**begun, "stopped_early": not self._level(done), "star": told}
        row = next(iter(self.questions.shots.rows if self.questions.shots else self.questions.asked))
        shown = {"loop": folder.for_card(out, best)}
        put_on_top(self.run, folder.model_of(out, best, out), self.student, final, shown, (row.prompt, row.completion))
        said = f"{figures.accuracy(done[best]):.1%} of {len(self.questions.held):,} held-out rows right"
        self.say(f"{out}: the model of iteration {best}, {said} (base {figures.accuracy(done[0]):.1%})")

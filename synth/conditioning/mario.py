"""A run of rounds from its first line to its last: rows and rewards, rounds, the best model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import orjson

from synth.base import terminal
from synth.base.files import facts_if_whole
from synth.base.terminal import Report, Say
from synth.bootstrapping.folder import write_facts, write_rows
from synth.bootstrapping.stages import SPLIT, Stages
from synth.bootstrapping.whole import in_folder, put_on_top
from synth.bootstrapping.write import Writer
from synth.conditioning import folder, health
from synth.conditioning.folder import HELD
from synth.conditioning.options import BARE, Conditioned, Mario, check, rewards_of, rounds_of
from synth.conditioning.questions import Questions, gather, source_name
from synth.conditioning.rounds import Rounds, quality
from synth.conditioning.samples import Reader
from synth.data.names import LOG, RUN
from synth.errors import UsageError
from synth.evaluating.prompts import Asking
from synth.models import load
from synth.releasing.model import check_name
from synth.rewarding.reward import Reward
from synth.training import checks, mixture
from synth.training.facts import facts
from synth.training.folder import Job, Run
from synth.training.settings import Settings
from synth.training.trainer import Trainer, find

GIVE = "give --{} the folder of a run, or a model by its folder or its id on the Hub"


def settle(trainer: Trainer, config: Settings) -> Conditioned:
    """The settings with the preset's values written out. Raises UsageError for settings that do not go together."""
    check(cast(Mario, config))
    typed = asdict(config)
    given = {name: typed[name] for name in trainer.presets["none"] if typed[name] is not None}
    asked = cast(Mario, config)
    start = asked.model or asked.start
    reference = None if asked.layout == "sft" else asked.reference or asked.start or asked.model
    settled = replace(asked, **{**trainer.presets[config.preset], **given}, model=start, reference=reference)
    return cast(Conditioned, settled)


def run_rounds(trainer: Trainer, config: Settings, job: Job) -> Path:
    """Have a model learn from what it writes, sorted by rewards; returns the run folder, which then holds the best one.

    Raises FolderError, SourceError, UsageError, TrainingError; what was done is kept, and --resume goes on from there.
    """
    settled = settle(trainer, config)
    check_name(job.push)
    paid, audit = rewards_of(settled)
    load.quiet_libraries()
    start = load.fetch(str(settled.model), GIVE.format("model" if settled.start is None else "start"))
    encoder_decoder = bool(load.shape(start).is_encoder_decoder)
    student = find(settled.trainer or ("t5" if encoder_decoder else "llama"))
    if settled.codes is None and settled.layout not in BARE:
        settled = replace(settled, codes="decoder" if encoder_decoder else "prompt")
    _check_start(start)
    _check_reference(settled, start, encoder_decoder)
    say = terminal.sayer(job.quiet)
    questions = gather(settled)

    def work(run: Run, report: Report, begun: Mapping[str, Any]) -> None:
        _Work(run, settled, student, questions, (paid, audit), start, say, report).go(begun)

    return in_folder(job, _facts(trainer, config, questions), say, work)


def _facts(trainer: Trainer, config: Settings, questions: Questions) -> dict[str, Any]:
    """What synth-run.json says before the run begins."""
    asked = cast(Mario, config)
    part = mixture.of_rows(source_name(cast(Conditioned, config)), questions.teacher)
    start, reference = (text and Path(text).name for text in (asked.start, asked.reference))
    found = facts(trainer.name, replace(asked, start=start, reference=reference), [part])
    names = {"rewards": list(asked.reward), "audit": list(asked.audit)}
    return {**found, "model": found["config"]["model"] or Path(str(asked.start)).name, **names}


def _check_start(start: Path) -> None:
    """Raises UsageError for a run that learned to write no rationales; a model that is no run may do so."""
    target = facts_if_whole(start / RUN).get("target", "rationale")
    if target != "rationale":
        raise UsageError(
            f"--start: {start} learned to write no rationales (--target {target}): give a run of synth train t5 or "
            "llama on rows with rationales"
        )


def _check_reference(config: Conditioned, start: Path, encoder_decoder: bool) -> None:
    """Raises UsageError for a reference of another vocabulary, before anything runs."""
    if config.reference is None:
        return
    own, its = (
        load.load_tokenizer(folder, not encoder_decoder)
        for folder in (start, load.fetch(config.reference, GIVE.format("reference")))
    )
    checks.vocabulary(own, its)


@dataclass
class _Work:
    """What is done once the folder is ready."""

    run: Run
    config: Conditioned
    student: Trainer
    questions: Questions
    rewards: tuple[list[Reward], list[Reward]]
    start: Path
    say: Say
    report: Report

    def go(self, begun: Mapping[str, Any]) -> None:
        rounds, done = self._rounds(), list[dict[str, Any]]()
        rounds.teachers()
        collapsed = ""
        for number in range(1, rounds_of(self.config) + 1):
            done.append(rounds.round(number))
            self._tell(done)
            rounds.forget(_best(done), number)
            if collapsed := health.collapse(done[-1]):
                self.say(
                    f"warning: the model of round {number - 1} has collapsed, {collapsed}: the run stops here; the "
                    "best model of before is kept. Raise --kl, lower --lr, or look at what the rewards pay for"
                )
                break
        self._finish(rounds, begun, done, collapsed)

    def _rounds(self) -> Rounds:
        out, paid, audit = self.run.folder, *self.rewards
        config = self.config
        like, task = self.questions.like, self.questions.task
        write_rows(out / HELD, self.questions.held, like, SPLIT)
        asking = Asking(trained=True, line_break=config.line_break, config=like.get("config") or {}, task=task)
        stages = Stages(out, self.student, cast(Any, replace(config, warmup_steps=None)), self.say, self.report)
        reader = Reader(like, task, asking, [*paid, *audit])
        return Rounds(out, config, self.questions, stages, Writer(self.report), reader, self.start, paid, audit)

    def _tell(self, done: list[dict[str, Any]]) -> None:
        """The line of a round, its warnings, and the log anew."""
        self.say(health.line(done[-1]))
        for warning in health.warnings(done[-1], done[-2] if len(done) > 1 else None):
            self.say(f"warning: {warning}")
        steps, lines = 0, []
        for found in done:
            steps += found["trained"]["steps"]
            told = {"step": steps, "loss": found["trained"]["loss"], **found}
            lines.append(orjson.dumps(told) + b"\n")
        write_facts(self.run.folder / LOG, lines)

    def _finish(self, rounds: Rounds, begun: Mapping[str, Any], done: list[dict[str, Any]], collapsed: str) -> None:
        """Put the best model on top, with what made it."""
        out, best = self.run.folder, _best(done)
        told = {"best": best, "rounds": len(done), "collapsed": collapsed, "quality": [quality(one) for one in done]}
        final = {**begun, "stopped_early": bool(collapsed), "mario": told}
        row = self.questions.teacher[0]
        shown = {"in_rounds": folder.for_card(self.config.layout, done, told)}
        put_on_top(self.run, rounds.model(best), self.student, final, shown, (row.prompt, row.completion))
        held = done[best - 1]["held"]["accuracy"]
        said = f", {held['value']:.1%} of {held['n']:,} held-out rows right" if held else ""
        self.say(f"{out}: the model of round {best}{said}")


def _best(done: list[dict[str, Any]]) -> int:
    """The best round, counted from 1; of equal ones the last."""
    return max(range(1, len(done) + 1), key=lambda number: (quality(done[number - 1]), number))

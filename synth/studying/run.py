"""The stages of a study, carried out: each when those before it are done, several at the same time."""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta

from synth.base.loops import terminable
from synth.base.terminal import Say
from synth.data.names import CHECKPOINTS
from synth.errors import SynthError
from synth.studying.folder import LOGS, Folder, Made
from synth.studying.plan import Plan, Stage
from synth.studying.processes import Processes, last_line
from synth.studying.verbs import JUDGES

CAN_REPLACE = ("build", "import", "distill", "train", "eval")  # verbs with --overwrite


class StoppedError(SynthError):
    """Stopped by the user; what was done is kept."""

    exit_code = 130


@dataclass
class Running:
    """A study on its way."""

    plan: Plan  # the whole study, which study.json has
    folder: Folder
    jobs: int
    say: Say
    budget: float | None = None
    replace: frozenset[str] = frozenset()  # folders of stages that are made again
    asked: frozenset[str] = frozenset()  # blocks that are carried out

    def __post_init__(self) -> None:
        self.made = {stage.folder: self.folder.state(stage) for stage in self.plan.stages}
        self.processes = Processes(self.jobs)
        self.done_seconds: list[tuple[str, float]] = []  # verb and seconds of the stages of this run

    def carry_out(self, stages: Sequence[Stage]) -> None:
        """Run what is not done. Raises StoppedError after Ctrl-C, once every stage has ended."""
        self.waiting = [stage for stage in stages if self.made[stage.folder].state != "done"]
        self.total, self.running = len(self.waiting), dict[Future[Made], Stage]()
        self.folder.write(self.plan, self.made, self.asked)
        with ThreadPoolExecutor(self.jobs) as pool, terminable():
            try:
                while self.begin(pool) or self.running:
                    self.end(wait(self.running, return_when=FIRST_COMPLETED).done)
            except KeyboardInterrupt:
                self.interrupted()

    def begin(self, pool: ThreadPoolExecutor) -> bool:
        """Start what can be started; whether anything was, or was left out."""
        before = len(self.waiting)
        for stage in list(self.waiting):
            if why := self.cannot(stage):
                self.waiting.remove(stage)
                self.told(stage, Made("left out", why))
            elif len(self.running) < self.jobs and self.is_ready(stage):
                self.waiting.remove(stage)
                self.running[pool.submit(self.one, stage)] = stage
        return len(self.waiting) < before

    def cannot(self, stage: Stage) -> str | None:
        """Why a stage will not be run."""
        for before in stage.inputs:
            made = self.made[before.folder]
            if made.state in ("failed", "left out"):
                return made.why if made.state == "left out" else f"{before.folder} is not there: {made.why}"
        if stage.is_paid and self.left() == 0 and not self.paying():
            return f"the budget of ${self.budget:g} is spent"
        return None

    def is_ready(self, stage: Stage) -> bool:
        """Whether everything before a stage is done; with a budget, stages that cost money wait for one another."""
        if any(self.made[before.folder].state != "done" for before in stage.inputs):
            return False
        return self.budget is None or not (stage.is_paid and self.paying())

    def paying(self) -> bool:
        return any(stage.is_paid for stage in self.running.values())

    def left(self) -> float | None:
        """Dollars that may still be spent; None without a budget."""
        if self.budget is None:
            return None
        return max(0.0, self.budget - sum(made.dollars or 0.0 for made in self.made.values()))

    def has_evaluations(self) -> bool:
        """Whether there is anything to report."""
        return any(stage.verb == "eval" and self.made[stage.folder].state == "done" for stage in self.plan.stages)

    def report(self) -> None:
        """Write the report over everything that is there; that it cannot be written fails no stage."""
        out, log = self.folder.path, self.folder.path / LOGS / "report.log"
        words = ["report", str(out), "--out", str(out / "report"), "--quiet"]
        code = self.processes.run(lambda: words, log, lambda: self.wait_for("report"))
        self.say(f"report/index.html {'written' if code == 0 else f'was not written: {last_line(log)}'}")

    def one(self, stage: Stage) -> Made:
        """Run one stage, in a thread of its own."""
        was, log = self.made[stage.folder], self.folder.log(stage)
        (self.folder.path / stage.folder).parent.mkdir(parents=True, exist_ok=True)
        if stage.verb in JUDGES:
            (self.folder.path / stage.folder).mkdir(exist_ok=True)
        started = time.monotonic()
        code = self.processes.run(lambda: self.words(stage), log, lambda: self.wait_for(stage.folder))
        seconds = round((was.seconds or 0.0) + time.monotonic() - started, 2)
        dollars = (self.folder.paid(stage) if stage.is_paid else None) or was.dollars
        if code == 0:
            self.clear(stage)
            return Made("done", None, seconds, dollars)
        if self.processes.stopping:
            return Made("planned", None, seconds, dollars)
        return Made("failed", last_line(log), seconds, dollars)

    def wait_for(self, folder: str) -> None:
        self.say(f"{folder} is still being made by a process of a run that was killed: waiting until it ends")

    def clear(self, stage: Stage) -> None:
        """Remove the checkpoints of a training that is done, unless the study says how many are kept."""
        if stage.verb == "train" and "keep_checkpoints" not in stage.given:
            shutil.rmtree(self.folder.path / stage.folder / CHECKPOINTS, ignore_errors=True)

    def words(self, stage: Stage) -> list[str]:
        """The words of a stage as it is run now."""
        words = stage.words(self.folder.path)
        again = stage.folder in self.replace
        if again and stage.verb in CAN_REPLACE:
            words.append("--overwrite")
        elif self.folder.is_half_done(stage):
            words.append("--resume")
        if stage.is_paid and (left := self.left()) is not None:
            own = stage.given.get("budget")
            paid = self.made[stage.folder].dollars or 0.0
            words = [*_without(words, "--budget"), "--budget", f"{left if own is None else min(left, own - paid):.6f}"]
        return words

    def end(self, done: set[Future[Made]]) -> None:
        for future in done:
            stage = self.running.pop(future)
            self.told(stage, future.result())

    def told(self, stage: Stage, made: Made) -> None:
        """Keep what became of a stage, and say it in a line."""
        self.made[stage.folder] = made
        self.folder.write(self.plan, self.made, self.asked)
        gone = self.total - len(self.waiting) - len(self.running)
        took = f" in {_clock(made.seconds)}" if made.seconds is not None else ""
        if made.state == "done":
            self.done_seconds.append((stage.verb, made.seconds or 0.0))
        why = f": {made.why}" if made.why else ""
        left = self.time_left()
        ahead = f", about {_clock(left)} left" if left and made.state == "done" else ""
        self.say(f"{gone} of {self.total}  {made.state} {stage.folder}{took}{why}{ahead}")

    def time_left(self) -> float | None:
        """Seconds that the stages still take, by the mean of their verb in this run; None if nothing is known."""
        if not self.done_seconds:
            return None
        ahead = [*self.waiting, *self.running.values()]
        return sum(self.mean(stage.verb) for stage in ahead) / self.jobs

    def mean(self, verb: str) -> float:
        own = [seconds for name, seconds in self.done_seconds if name == verb]
        every = own or [seconds for _, seconds in self.done_seconds]
        return sum(every) / len(every)

    def interrupted(self) -> None:
        """Wait until every stage has ended; another Ctrl-C asks more firmly."""
        while True:
            self.processes.stop()
            try:
                self.end(wait(self.running).done)
                break
            except KeyboardInterrupt:
                continue
        done = sum(made.state == "done" for made in self.made.values())
        raise StoppedError(
            f"interrupted: {done} of {len(self.made)} stages are done and kept; the same command goes on"
        )


def _without(words: Sequence[str], option: str) -> list[str]:
    """Words without an option and its value."""
    skip = {place + step for place, word in enumerate(words) if word == option for step in (0, 1)}
    return [word for place, word in enumerate(words) if place not in skip]


def _clock(seconds: float | None) -> str:
    return str(timedelta(seconds=round(seconds or 0)))

"""The folder of a training run: what it was made from, its log, its checkpoints, and in the end the model.

    RUN/
    ├── config.json  model.safetensors  tokenizer.json ...   the model, once the run is complete
    ├── synth-run.json                                       what made it, every setting, data, seed, versions, counts
    ├── log.jsonl                                            one object a logging step and an evaluation
    ├── README.md                                            the model card
    └── checkpoints/checkpoint-N/                            whole states to resume from

A checkpoint counts once `synth-checkpoint.json` is in it, which is written last with the sizes of the others: one
that was cut short, or has lost a file since, is thrown away.
"""

import math
import shutil
import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from synth.base.config import switch
from synth.base.files import as_json, facts_if_whole, hold, read_facts, write_whole
from synth.data.names import CHECKPOINTS, LOG, MARK, RUN
from synth.errors import FolderError, UsageError

# Settings that do not change what is learned; a run may be resumed with others.
FREE = {
    "log_steps",
    "save_steps",
    "keep_checkpoints",
    "keep_weights",
    "max_seconds",
    "iterations",
    "patience",
    "report_to",
    "launch",
    "reload_url",
    "reload_body",
}
STEP = ("batch_size", "accumulate", "processes", "machines")  # rows of a step are their product


@dataclass(frozen=True)
class Job:
    """How a run is carried out, whatever the trainer."""

    out: Path
    resume: bool = False
    overwrite: bool = False
    push: str | None = None
    quiet: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """A state of a run that training can resume from."""

    folder: Path
    step: int
    seconds: float  # of training up to here, over all resumptions
    cpu_seconds: float


class Run:
    """A run folder; `with Run(...)` keeps other commands from writing to it.

    `main` is false in all processes of a run but the first; those write nothing. free: more settings that may be others
    when an unfinished run is resumed.
    """

    def __init__(self, folder: Path, main: bool = True, free: Collection[str] = ()) -> None:
        self.folder, self.main, self.free = folder, main, {*FREE, *free}
        self.checkpoints = folder / CHECKPOINTS
        self._stack, self._held = ExitStack(), False

    def __enter__(self) -> "Run":
        try:
            self._hold()
        except OSError as error:
            raise FolderError.from_os(error, str(self.folder)) from error
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _hold(self) -> None:
        """Hold the folder, once it is there.

        Raises FolderError if another process holds it.
        """
        if self.main and not self._held and self.folder.is_dir():
            self._stack.enter_context(hold(self.folder))
            self._held = True

    def facts(self) -> dict[str, Any] | None:
        """What synth-run.json says, or None if there is none.

        Raises FolderError if it cannot be read.
        """
        return read_facts(self.folder / RUN, "what synth train writes", "begin the run again with --overwrite")

    def is_done(self, facts: Mapping[str, Any], job: Job) -> bool:
        """Whether this very run is complete already.

        Raises FolderError or UsageError if the folder is not to be written to as the job says.
        """
        begun = self.facts()
        if begun is None:
            self._check_empty(job)
            return False
        unfinished = job.resume and not begun["complete"]
        other = differences(begun, facts, self.free if unfinished else FREE)
        if job.overwrite and not job.resume:
            return False
        if begun["complete"] and not other and not (job.resume and begun.get("stopped_early")):
            return True
        if job.resume and other:
            raise UsageError(f"--resume: {self.folder} was begun otherwise: {'; '.join(other[:3])}")
        if job.resume:
            return False
        if begun["complete"]:
            raise FolderError(f"{self.folder} holds another run ({other[0]}): give another --out, or --overwrite")
        raise FolderError(
            f"{self.folder} holds a run that did not get to its end: --resume continues it, --overwrite begins anew"
        )

    def _check_empty(self, job: Job) -> None:
        if job.resume:
            raise UsageError(f"--resume: there is no run in {job.out}: leave --resume out to begin one")
        try:
            if self.folder.exists() and any(self.folder.iterdir()):
                raise FolderError(f"{self.folder} holds files that are not of a run: give another --out")
        except OSError as error:
            raise FolderError.from_os(error, str(self.folder)) from error

    def begin(self, facts: Mapping[str, Any], resume: bool) -> None:
        """Make the folder ready: a new run empties it, a resumed one cuts the log at the step from which it resumes."""
        if not self.main:
            return
        try:
            self._make()
            if resume:
                last = self.last()
                self._cut_log(last.step if last else 0)
            else:
                self._clear()
                self.write({**facts, "complete": False})
            self._drop_broken()
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.folder}") from error

    def _make(self) -> None:
        """Make the folder, unless it was there and held from the start."""
        if not self._held:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._hold()
            if any(self.folder.iterdir()):
                raise FolderError(f"another process has just written to {self.folder}: give another --out")

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _cut_log(self, step: int) -> None:
        """Leave out what was logged after the checkpoint, and a line that was cut short."""
        kept = [line for line in self.log() if line["step"] <= step]
        write_whole(self.folder / LOG, b"".join(orjson.dumps(line) + b"\n" for line in kept))

    def log(self) -> list[dict[str, Any]]:
        path = self.folder / LOG
        lines = path.read_bytes().splitlines() if path.exists() else []
        read = []
        for line in lines:
            try:
                read.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                break  # the run died while it wrote
        return read

    def add_to_log(self, line: Mapping[str, Any]) -> None:
        if self.main:
            with (self.folder / LOG).open("ab") as file:
                file.write(orjson.dumps(line) + b"\n")

    def write(self, facts: Mapping[str, Any]) -> None:
        if self.main:
            write_whole(self.folder / RUN, as_json(facts))

    def plan(self, steps: int) -> None:
        """Write down how many steps there will be, for whoever looks on; a run that is complete says what it had."""
        if self.main and (facts := self.facts()):
            self.write({**facts, "planned_steps": steps})

    def last(self) -> Checkpoint | None:
        """The newest checkpoint that is whole."""
        whole = filter(None, map(_checkpoint, self.checkpoints.glob("*")))
        return max(whole, key=lambda checkpoint: checkpoint.step, default=None)

    @property
    def kept(self) -> str:
        """From where a run that has stopped can go on, as a part of a line."""
        last = self.last()
        return f"--resume continues from step {last.step}" if last else "there is no checkpoint yet"

    def mark(self, step: int, seconds: float, cpu_seconds: float) -> None:
        """Declare the checkpoint of a step whole."""
        if self.main:
            folder = self.checkpoints / f"checkpoint-{step}"
            facts = {"step": step, "seconds": seconds, "cpu_seconds": cpu_seconds, "files": _sizes(folder)}
            write_whole(folder / MARK, orjson.dumps(facts))

    def _drop_broken(self) -> None:
        for path in self.checkpoints.glob("*"):
            if _checkpoint(path) is None:
                shutil.rmtree(path)

    def drop_broken(self) -> None:
        """Remove checkpoints that were cut short, to give their space back."""
        if self.main:
            self._drop_broken()

    def install(self, partial: Path) -> None:
        """Move the files of the finished model to the top of the folder, with the rights that files get here.

        safetensors lets nobody but the owner read its own, whatever the umask.
        """
        mode = stat.S_IMODE((self.folder / RUN).stat().st_mode)
        for path in sorted(partial.iterdir()):
            path.chmod(mode)
            path.replace(self.folder / path.name)
        partial.rmdir()


def _checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder; None if it was cut short, or has lost a file or a part of one since."""
    mark = facts_if_whole(folder / MARK)
    if not mark or mark.pop("files", {}).items() - _sizes(folder).items():
        return None
    return Checkpoint(folder, **mark)


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file, but for the random states, which every process writes by itself."""
    files = [path for path in folder.iterdir() if not path.name.startswith(("rng_state", MARK))]
    return {path.name: path.stat().st_size for path in files if path.is_file()}


def differences(old: Mapping[str, Any], new: Mapping[str, Any], free: Collection[str] = FREE) -> list[str]:
    """What a run was begun with that is another now, in words: `lr was 0.001 and is 0.0003`."""
    changed = []
    if old["trainer"] != new["trainer"]:
        changed.append(f"it was begun with synth train {old['trainer']}")
    steps = [_rows_of_step(facts["config"]) for facts in (old, new)]
    if None not in steps and steps[0] != steps[1]:
        changed.append(f"a step had {steps[0]} rows and has {steps[1]}: {' '.join(map(switch, STEP))} make them")
    named = {*free, "data", *(STEP[2:] if None in steps else STEP)}
    for name in sorted({*old["config"], *new["config"]} - named):
        was, now = old["config"].get(name), new["config"].get(name)
        if was != now:
            changed.append(f"{switch(name)} was {was} and is {now}")
    return changed + _other_data(old["data"], new["data"])


def _rows_of_step(config: Mapping[str, Any]) -> int | None:
    """Rows of a step over all processes of all machines; None of a loop, which leaves them to its trainings."""
    counts = [config.get(name) for name in STEP]
    return math.prod(count or 1 for count in counts) if all(counts[:3]) else None


def _other_data(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    was, now = (", ".join(map(_named, data)) for data in (old, new))
    if was != now:
        return [f"--data was {was} and is {now}"]
    changed = [was["folder"] for was, now in zip(old, new, strict=True) if was != now]
    return [f"the rows of {name} have changed since" for name in dict.fromkeys(changed)]


def _named(data: Mapping[str, Any]) -> str:
    return f"{data['folder']}:{data['weight']:g} ({data['split']})"

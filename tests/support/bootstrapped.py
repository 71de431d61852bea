"""A loop whose models are stand-ins: it writes all its folders, and neither trains nor generates; or it does both, and
what models of a few steps wrote is replaced by something better.

loop = StandIns(micro_run, lambda record, hint: record.completion)
with loop.in_place():
    ...  # run the loop; loop.trainings, loop.asked and loop.measured have what it was asked for
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from synth.bootstrapping.stages import Stages
from synth.bootstrapping.write import Writer
from synth.data.reading import read
from synth.evaluating.prompts import Asking
from synth.models.generate import Decoding, Output
from synth.record import Record
from synth.training.folder import Job
from synth.training.mixture import weighted
from synth.training.trainer import find

# A loop of two iterations that takes seconds, on sums of one digit.
SMALL: dict[str, Any] = {
    "from_scratch": "tiny", "rationalize": True, "iterations": 2, "base_rows": 40, "base_steps": 200, "start_steps": 12,
    "max_new_tokens": 40, "eval_rows": 6, "keep_weights": "all",
}  # fmt: skip


@dataclass(frozen=True)
class Training:
    out: Path
    data: Sequence[str]
    steps: int
    changed: Mapping[str, Any]
    rows: Mapping[str, Sequence[Record]]  # of each folder, as they were then


@dataclass(frozen=True)
class Asked:
    asking: Asking
    records: Sequence[Record]
    decoding: Decoding
    name: str
    model: Path

    @property
    def prompts(self) -> list[str]:
        return [self.asking.text(record) for record in self.records]


@dataclass
class StandIns:
    """What stands in for the models of a loop. run: a whole run folder, that every training leaves a copy of."""

    run: Path
    reply: Callable[[Record, int], str]  # (row, sample from 1) -> output
    accuracies: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    trainings: list[Training] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    measured: list[Any] = field(default_factory=list)

    @contextmanager
    def in_place(self) -> Iterator["StandIns"]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Stages, "train", lambda stages, *given, **named: self._train(*given, **named))
            patch.setattr(Stages, "measure", lambda stages, *given: self._measure(*given))
            patch.setattr(Writer, "write", lambda writer, *given: self._write(writer.model, *given))
            yield self

    def _train(self, out: Path, data: Sequence[str], steps: int, **changed: Any) -> dict[str, Any]:
        rows = {given: list(read(weighted(given)[0], "train")) for given in data}
        self.trainings.append(Training(out, list(data), steps, changed, rows))
        shutil.copytree(self.run, out)
        facts: dict[str, Any] = orjson.loads((out / "synth-run.json").read_bytes())
        return {**facts, "steps": steps}

    def _measure(self, model: Path, out: Path, shots: Any = None) -> dict[str, Any]:
        value = self.accuracies[min(len(self.measured), len(self.accuracies) - 1)]
        self.measured.append((model, shots))
        return {"metrics": {"accuracy": {"value": value, "low": value, "high": value, "n": 8}}, "by": {}}

    def _write(
        self, model: Path, asking: Asking, records: Sequence[Record], decoding: Decoding, folder: Path, name: str,
        recipe: Mapping[str, Any],
    ) -> list[list[Output]]:  # fmt: skip
        self.asked.append(Asked(asking, list(records), decoding, name, model))
        samples = range(1, decoding.samples + 1)
        return [[Output(self.reply(record, sample), 9, False) for sample in samples] for record in records]


@contextmanager
def taught(reply: Callable[[Record, int], str]) -> Iterator[list[Asked]]:
    """Loops generate, train and measure; but what is read is not what the model wrote."""
    original, asked = Writer.write, []

    def write(
        writer: Writer, asking: Asking, records: Sequence[Record], decoding: Decoding, *rest: Any
    ) -> list[list[Output]]:
        asked.append(Asked(asking, list(records), decoding, rest[1], writer.model))
        written = original(writer, asking, records, decoding, *rest)
        assert [len(each) for each in written] == [decoding.samples] * len(records), "no prompt is too long"
        return [
            [Output(reply(record, n), one.tokens, False) for n, one in enumerate(each, start=1)]
            for record, each in zip(records, written, strict=True)
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writer, "write", write)
        yield asked


def star(out: Path, resume: bool = False, **given: Any) -> Path:
    """Run a loop in this process."""
    trainer = find("star")
    return trainer.train(trainer, trainer.config(**given), Job(out, resume=resume, quiet=True))


def half(whole: Path, out: Path, **changed: Any) -> Path:
    """A run as it stood after its first iteration. changed: settings that it is said to have been begun with."""
    shutil.copytree(whole, out)
    shutil.rmtree(out / "iterations" / "002")
    return _undone(whole, out, changed)


def begun(whole: Path, out: Path, **changed: Any) -> Path:
    """A run whose base is made, and no more."""
    for name in ("base", "shots", "held"):
        shutil.copytree(whole / name, out / name)
    return _undone(whole, out, changed)


def _undone(whole: Path, out: Path, changed: Mapping[str, Any]) -> Path:
    facts = orjson.loads((whole / "synth-run.json").read_bytes())
    config = {**facts["config"], **changed}
    (out / "synth-run.json").write_bytes(orjson.dumps({**facts, "config": config, "complete": False}))
    return out

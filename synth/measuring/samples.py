"""What a model wrote to the questions: had once, kept as a line for each sample, and read again from there.

    OUT/samples.jsonl    {"id", "sample", "text", "rationale", "answered", "output_tokens", "cut_off"}

The rationale is the text up to the closing form and, where the model went on to another question, up to that. A text
that comes to no answer is all rationale, one that is an answer alone has none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import write_whole
from synth.base.terminal import Report, Say
from synth.data.names import OUTPUTS, SAMPLES
from synth.errors import FolderError
from synth.evaluating.job import Job, decisive
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.evaluating.writing import kept, write
from synth.measuring.questions import Questions
from synth.models.generate import BATCH_TOKENS, Output
from synth.record import Record
from synth.validating.checker import Checker, as_reply, reader_of
from synth.validating.ends import ended

CLOSING = "The answer is {answer}"  # of a built dataset's question to a model that does not know its form


@dataclass(frozen=True)
class Writing:
    """A model, the questions that it is asked, and how."""

    job: Job
    questions: Questions
    records: Sequence[Record]
    asking: Asking

    def recipe(self) -> dict[str, Any]:
        """Everything that decides what is written; of a server its model's name, as addresses change."""
        job, shots = self.job, self.asking.shots
        weights = [] if job.is_url else sorted(Path(job.model).glob("*.safetensors"))
        return {
            "model": job.served or (Path(job.model).resolve().name if weights else job.model),
            "weights": [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in weights],
            "questions": [[record.id, record.prompt] for record in self.records],
            "shots": None if shots is None else shots.facts(), "decoding": decisive(job.decoding),
            "batch_tokens": BATCH_TOKENS, "extra": job.limits.extra or None,
            "trained": self.asking.trained, "line_break": self.asking.line_break,
        }  # fmt: skip

    def write(self, recipe: Mapping[str, Any], say: Say, report: Report) -> None:
        """Have everything written that is not there yet, and keep it in SAMPLES.

        Raises FolderError if another measurement lies in the folder, and what `write` of synth/evaluating does.
        """
        with Partial(self.job, recipe) as partial, kept(partial, len(self.records)):
            faults = write(self.job, self.asking, self.records, partial, say, report)
            lines = [line for row in range(len(self.records)) for line in self._lines(row, partial, faults)]
            try:
                write_whole(self.job.out / SAMPLES, b"".join(orjson.dumps(line) + b"\n" for line in lines))
            except OSError as error:
                raise FolderError.from_os(error, f"cannot write {self.job.out / SAMPLES}") from error
        (self.job.out / OUTPUTS).unlink(missing_ok=True)

    def _lines(self, row: int, partial: Partial, faults: Mapping[int, str]) -> Iterator[dict[str, Any]]:
        record = self.records[row]
        if row in faults:
            yield {"id": record.id, "sample": None, "fault": faults[row]}
            return
        reader = self._reader(record)
        for sample, output in enumerate(partial.outputs(row)):
            yield {"id": record.id, "sample": sample, **self._read(record, output, reader)}

    def _reader(self, record: Record) -> Checker:
        """A built dataset's outputs are replies like those of any task: the model was not shown its form."""
        reader = reader_of(record.task, self.questions.task)
        if self.asking.trained or reader.reads is as_reply:
            return reader
        return replace(reader, reads=as_reply, closing=CLOSING)

    def _read(self, record: Record, output: Output, reader: Checker) -> dict[str, Any]:
        whole = replace(output, text=self.asking.restored(record, output.text))
        end = ended(whole, record, reader, self.job.stop, self.asking.of(record)).output
        found = reader.read_output(record, end.text, end.cut_off)
        return {
            "text": output.text, "rationale": found.rationale, "answered": found.answer is not None,
            "output_tokens": output.tokens, "cut_off": end.cut_off,
        }  # fmt: skip


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """Raises FolderError for a file that is not as `Writing.write` leaves it."""
    path = folder / SAMPLES
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} is not JSON ({error}): add --overwrite to have it written again") from error
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error

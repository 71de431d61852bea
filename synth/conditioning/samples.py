"""What a model wrote, as lines of the pool: read as its data set is read, and scored by every reward."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synth.bootstrapping.attempts import completion_of
from synth.conditioning.folder import Line
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.questions.task import Task
from synth.record import Record
from synth.rewarding import kept
from synth.rewarding.reward import Reward
from synth.rewarding.scoring import score
from synth.validating.checker import reader_of
from synth.validating.ends import ended


@dataclass(frozen=True)
class Reader:
    """Reads and scores texts. rewards: all of them, audits too."""

    like: Mapping[str, Any]
    task: Task | None
    asking: Asking
    rewards: Sequence[Reward]

    def teachers(self, rows: Sequence[Record]) -> list[Line]:
        """The rows of a teacher, the first lines of the pool."""
        lines = [
            Line(row.id, row.id, 0, 1, row.completion, row.rationale, row.answer, 0, {}) for row in rows
        ]  # fmt: skip
        return self.scored(lines, {row.id: row for row in rows})

    def own(
        self, number: int, records: Sequence[Record], outputs: Sequence[Sequence[Output]]
    ) -> tuple[list[Line], dict[str, int]]:
        """What a model wrote in a round, and how much of it is left out, by reason: texts that come to no answer
        teach nobody how to close. Not scored yet."""
        lines, left_out = [], Counter[str]()
        for record, written in zip(records, outputs, strict=True):
            for sample, output in enumerate(written, start=1):
                line = self._line(number, record, output, sample)
                if isinstance(line, str):
                    left_out[line] += 1
                else:
                    lines.append(line)
        return lines, dict(left_out)

    def _line(self, number: int, record: Record, output: Output, sample: int) -> Line | str:
        reader = reader_of(record.task, self.task)
        text = self.asking.restored(record, output.text)
        end = ended(replace(output, text=text), record, reader).output
        found = reader.read_output(record, end.text, end.cut_off)
        if found.answer is None:
            return "truncated" if end.cut_off else "no_answer"
        answer = reader.as_stored(found.answer) or found.answer
        completion = completion_of(reader, record, end.text, answer)
        return Line(
            f"{record.id}/{number}/{sample}", record.id, number, sample, completion, found.rationale, answer,
            output.tokens, {},
        )  # fmt: skip

    def scored(self, lines: Sequence[Line], rows: Mapping[str, Record]) -> list[Line]:
        """The lines with their scores. rows: by the id that a line has as its question."""
        records = [rows[line.question] for line in lines]
        found = score(self.rewards, records, [line.completion for line in lines], self.like)
        kept.release()  # the next that needs the GPU is a training, or the model that writes
        return [
            replace(line, scores={name: values[at] for name, values in found.items()}) for at, line in enumerate(lines)
        ]


def row_of(record: Record, line: Line, codes: Sequence[str]) -> Record:
    """A line of the pool as a row that is learned from, with its control tokens."""
    words = {"words": len(line.rationale.split())} if "words" in record.meta else {}
    own = {"gold": record.answer, "round": line.round, "sample": line.sample, "scores": dict(line.scores)}
    provenance = own if line.round else {**(record.provenance or {}), **own}
    return replace(
        record, id=line.id, rationale=line.rationale, answer=line.answer or "", completion=line.completion,
        meta={**record.meta, **words, "codes": list(codes)}, provenance=provenance,
    )  # fmt: skip

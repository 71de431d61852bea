"""What a model of a loop reads: the prompt of a row as it stands, with its hint, behind demonstrations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth.bootstrapping.questions import Questions, hinted
from synth.record import Record
from synth.shots.forms import plain


@dataclass(frozen=True)
class Prompts:
    """How the questions of a stage are written. With hints, those of the demonstrations are given as well."""

    questions: Questions
    shown: bool
    hint: bool = False

    def of(self, records: Sequence[Record]) -> list[Record]:
        """The rows with the prompts that are read."""
        return [replace(record, prompt=self._prompt(record)) for record in records]

    def _prompt(self, record: Record) -> str:
        shots = self.questions.shots.of(record) if self.shown and self.questions.shots else []
        return plain([self._told(shot) for shot in shots], self._told(record).prompt)

    def _told(self, record: Record) -> Record:
        return replace(record, prompt=hinted(record, self.questions.task) or "") if self.hint else record

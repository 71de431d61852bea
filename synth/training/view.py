"""How a record becomes a row of one run."""

from dataclasses import dataclass
from typing import Any

from synth.record import Record
from synth.training import encoding, targets
from synth.training.settings import Settled
from synth.training.trainer import Architecture


@dataclass(frozen=True)
class View:
    """A record as the texts and as the tokens that a model of this run sees."""

    architecture: Architecture
    config: Settled
    tokenizer: Any
    blanks: int  # blank tokens that stand for a rationale, with --target blank

    def texts(self, record: Record) -> tuple[str, str]:
        """Prompt and target."""
        target = targets.text(record, self.config.target, self.blanks)
        prompt, target = (encoding.broken(text, self.config.line_break) for text in (record.prompt, target))
        return prompt, self.architecture.follow(prompt, target)

    def whole(self, record: Record) -> encoding.Encoded:
        """The row as long as it is."""
        return self.architecture.encode(self.tokenizer, *self.texts(record))

    def cut(self, row: encoding.Encoded) -> encoding.Encoded:
        """The row as the limits leave it."""
        return self.architecture.cut(row, self.architecture.longest(self.config))

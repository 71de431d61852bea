"""How a record becomes a row of one run."""

from dataclasses import dataclass, replace
from typing import Any

from synth.models.codes import COLUMN, ids_of, start_of
from synth.record import Record
from synth.training import encoding, targets
from synth.training.settings import Settled
from synth.training.trainer import Architecture

# What stands in the place of every prompt with --no-input. It says nothing of the row; it is not empty, as a decoder
# whose tokenizer has no start token has nothing to write its first token behind.
NO_INPUT = "Answer:"


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
        asked = NO_INPUT if self.config.no_input else record.prompt
        prompt, target = (encoding.broken(text, self.config.line_break) for text in (asked, target))
        return prompt, self.architecture.follow(prompt, target)

    def whole(self, record: Record) -> encoding.Encoded:
        """The row as long as it is."""
        row = self.architecture.encode(self.tokenizer, *self.texts(record))
        return self._coded(row, record) if self.config.codes else row

    def _coded(self, row: encoding.Encoded, record: Record) -> encoding.Encoded:
        """The row with its control tokens: in front of the prompt, or of what is written."""
        names = record.meta.get(COLUMN)
        codes = ids_of(self.tokenizer, names if isinstance(names, list) else [])
        if self.config.codes == "prompt":
            return replace(row, codes=codes, at=start_of(row.input_ids, self.tokenizer.bos_token_id))
        written = None if self.architecture.encoder_decoder else len(row.labels) - len(row.learned)
        return replace(row, codes=codes, at=written)

    def cut(self, row: encoding.Encoded) -> encoding.Encoded:
        """The row as the limits leave it."""
        return self.architecture.cut(row, self.architecture.longest(self.config))

"""What a model writes about each row, greedily, or what it should have written; as tokens, and read as an output is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from synth.evaluating.predictions import Judge
from synth.models.generate import Decoding, Output
from synth.probing.options import Probe
from synth.probing.subject import Start, Subject
from synth.record import Record
from synth.training import targets

Whose = Literal["own", "gold"]


@dataclass(frozen=True)
class Told:
    """What was written about a row, and what became of it."""

    record: Record
    start: Start
    ids: list[int]  # with the end token, if there is one; empty if nothing could be written
    line: Mapping[str, Any]  # as predictions.jsonl has it

    @property
    def outcome(self) -> str:
        """right, loops or wrong."""
        return "right" if self.line["correct"] else "loops" if self.line["loop"] else "wrong"


def told(subject: Subject, asked: Probe, whose: Whose, records: list[Record]) -> list[Told]:
    """What the model writes about each row, or the gold target of it."""
    starts = subject.starts(records)
    ids = _gold(subject, records) if whose == "gold" else _own(subject, starts, records, asked)
    judge = Judge(subject.asking, subject.settings, subject.target in (None, "rationale"), sampled=False)
    outputs = [[subject.checkpoint.output(own)] if own else [] for own in ids]
    lines = judge.predictions(records, outputs, [None if own else "prompt_too_long" for own in ids])
    return [Told(*each) for each in zip(records, starts, ids, lines, strict=True)]


def _own(subject: Subject, starts: list[Start], records: list[Record], asked: Probe) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in starts]
    decoding = Decoding(max_new_tokens=asked.max_new_tokens)
    for rows, heads in subject.batched(starts, decoding):
        names = [records[row].id for row in rows]
        written = subject.checkpoint.written([starts[row].read for row in rows], names, decoding, heads=heads)
        for row, ids in zip(rows, written, strict=True):
            found[row] = subject.checkpoint.own(ids)
    return found


def _gold(subject: Subject, records: list[Record]) -> list[list[int]]:
    """The tokens of what training has the model write: with rationales or without, as the model learned it."""
    target: targets.Target = "answer" if subject.target == "answer" else "rationale"
    end = subject.checkpoint.tokenizer.eos_token_id
    found = []
    for record in records:
        ids, _ = subject.encode(record, subject.follows(record, targets.text(record, target)))
        found.append([*ids, end])
    return found


def output_of(subject: Subject, told: Told) -> Output:
    """What was written as text, in the model's own line breaks."""
    return subject.checkpoint.output(told.ids)

"""rows as the model sees them, and all that is looked at before the first step"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synth.errors import UsageError
from synth.record import Record
from synth.training import encoding, targets
from synth.training.mixture import Part


def blanks(tokenizer: Any, records: Sequence[Record], target: str, line_break: str | None) -> int:
    """How many blank tokens stand for a rationale: its mean length in this tokenizer's tokens; 0 for other targets.

    Raises UsageError where no row has a rationale.
    """
    if target != "blank":
        return 0
    steps = [found.steps for found in map(targets.parts, records) if found.steps]
    if not steps:
        raise UsageError("--target blank: the rows have no rationales that blanks could stand for")
    texts = (encoding.broken(each, line_break) for each in steps)
    return targets.mean_length(len(tokenizer(each, add_special_tokens=False)["input_ids"]) for each in texts)


def without_long(
    parts: Sequence[Part], rows: Sequence[encoding.Encoded], cut: Callable[[encoding.Encoded], encoding.Encoded]
) -> tuple[list[Part], list[Record], list[encoding.Encoded]]:
    """Leave out the rows whose prompt or target a limit would cut.

    Raises UsageError where no row of a dataset is left.
    """
    kept_parts, kept_rows, start = [], [], 0
    for part in parts:
        pairs = zip(part.records, rows[start : start + len(part.records)], strict=True)
        kept = [(record, row) for record, row in pairs if cut(row) == row]
        if not kept:
            raise UsageError(f"--drop-long leaves no row of {part.folder}: give longer length limits")
        kept_parts.append(replace(part, records=[record for record, _ in kept]))
        kept_rows += [row for _, row in kept]
        start += len(part.records)
    return kept_parts, [record for part in kept_parts for record in part.records], kept_rows


@dataclass(frozen=True)
class Prepared:
    """The data as the model will see them."""

    tokenizer: Any
    new_tokens: range  # ids that the tokenizer got for this run
    blank_tokens: int
    parts: Sequence[Part]
    records: Sequence[Record]
    rows: Sequence[encoding.Encoded]  # one for each record, as the limits leave it
    held: Sequence[encoding.Encoded]  # of the validation split
    example: tuple[str, str]  # a prompt and its target

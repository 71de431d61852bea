"""What the student is to write: with the rationale, the answer alone, or with blank rationales.

The three targets of Zhu et al. 2025 (RAFT) over the same rows. A completion is taken apart into what stands before the
rationale, the rationale, and the closing form with the answer, which is the same in all three, so that answers are read
in the same way whatever a model was trained on:

    rationale   SUM, add [15 27 1], sum is 43, answer is 3
    answer      answer is 3
    blank       <Think_0><Think_1>...<Think_24>, answer is 3
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from synth.record import Record

Target = Literal["rationale", "answer", "blank"]
BLANK = "<Think_{}>"  # as in RAFT
BOUNDARY = re.compile(r"\n|; |, |\. ")  # where the closing form may begin inside a rationale that includes it


@dataclass(frozen=True, slots=True)
class Parts:
    """A completion is `before + steps + after`; `closing` is what of `after` is left without its separator."""

    before: str
    steps: str
    after: str

    @property
    def closing(self) -> str:
        return self.after.lstrip(" \n;,.")


def parts(record: Record) -> Parts:
    """Take a completion apart. A row without a rationale, or whose completion does not contain it, is all closing."""
    if not record.rationale or record.rationale not in record.completion:
        return Parts("", "", record.completion)
    before, after = record.completion.split(record.rationale, 1)
    if after.strip():
        return Parts(before, record.rationale, after)
    cut = _closing_start(record.rationale, record.answer)
    return Parts(before, record.rationale[:cut], record.rationale[cut:] + after)


def _closing_start(rationale: str, answer: str) -> int:
    """Where the closing form begins that the rationale itself ends with, its separator included.

    It is the shortest end of the rationale that begins after a separator and has the answer in it; all of the
    rationale if there is none.
    """
    starts = [match.start() for match in BOUNDARY.finditer(rationale) if answer in rationale[match.end() :]]
    return starts[-1] if starts else 0


def text(record: Record, target: Target, blanks: int = 0) -> str:
    """The target of a row; `blanks` is the number of blank tokens for `--target blank`."""
    if target == "rationale":
        return record.completion
    taken = parts(record)
    if not taken.steps:
        return record.completion
    if target == "answer":
        return taken.closing
    return taken.before + "".join(blank_tokens(blanks)) + taken.after


def blank_tokens(count: int) -> list[str]:
    return [BLANK.format(number) for number in range(count)]


def mean_length(lengths: Iterable[int]) -> int:
    """How many blank tokens stand for rationales of these lengths in tokens: their mean, rounded, and at least one."""
    known = list(lengths)
    return max(1, round(sum(known) / len(known)))

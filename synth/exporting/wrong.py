"""Wrong rationales for built rows, by program: what a solver that makes one mistake would have written.

- listops: one operator takes another value (another of its numbers; a sum that is off by one or two), and everything
  after it is worked out with that value.
- arithmetic: one digit of the result comes out wrong, and is carried along to the end.
- 2wiki: a comparison ends with the other thing or with the opposite; a chain stops one question early.

The answer is always a wrong one. Which mistake it is depends on the id of the row alone. Of each row the mistakes are
tried in turn until the dataset's own step checker objects to one; a row without such a mistake gives none.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from synth import registry
from synth.record import Record
from synth.validating.faults import Fault, Mistake
from synth.validators.arithmetic.mistakes import _arithmetic
from synth.validators.listops.mistakes import _listops
from synth.validators.twowiki.mistakes import _twowiki


@cache
def _checker(kind: str) -> Callable[..., Fault | None]:
    """Found once: looking through the registry takes longer than a row."""
    check: Callable[..., Fault | None] = registry.load("validators", kind).check
    return check


def wrong_completion(record: Record, kind: str, settings: Mapping[str, Any]) -> str | None:
    """A completion with one mistake in it that the step checker of this kind objects to; None where none is found."""
    check = _checker(kind)
    for rationale, answer in MISTAKES[kind](record, Random(f"wrong/{record.id}"), settings):
        completion = rewritten(record, rationale, answer)
        wrong = replace(record, rationale=rationale, answer=answer, completion=completion)
        if answer != record.answer and check(wrong, **settings) is not None:
            return completion
    return None


def rewritten(record: Record, rationale: str, answer: str) -> str:
    """The completion of a row with another rationale and another answer, in the same closing form."""
    before, _, closing = record.completion.partition(record.rationale)
    places = list(re.finditer(rf"(?<!\w){re.escape(record.answer)}(?!\w)", closing))
    if places:
        closing = closing[: places[-1].start()] + answer + closing[places[-1].end() :]
    return before + rationale + closing


MISTAKES: dict[str, Callable[[Record, Random, Mapping[str, Any]], Iterator[Mistake]]] = {
    "2wiki": _twowiki,
    "arithmetic": _arithmetic,
    "listops": _listops,
}

"""Wrong completions for built rows: what a solver that makes one mistake would have written.

The mistakes come from the checker of the dataset (`Checker.mistakes`). The answer is always a wrong one. Which mistake
it is depends on the id of the row alone. The mistakes of a row are tried in turn until the step checker of the dataset
objects to one; a row without such a mistake gives no wrong completion.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.checker import Checker


def with_mistake(record: Record, checker: Checker, settings: Mapping[str, Any]) -> Record | None:
    """The row with one mistake in it that the step checker objects to; None if none is found."""
    if checker.mistakes is None or checker.check is None:
        return None
    for rationale, answer in checker.mistakes(record, Random(f"wrong/{record.id}"), settings):
        wrong = rewritten(record, rationale, answer)
        if answer != record.answer and checker.check(wrong, **settings) is not None:
            return wrong
    return None


def rewritten(record: Record, rationale: str, answer: str) -> Record:
    """The row with another rationale and another answer, its completion in the same closing form."""
    before, _, closing = record.completion.partition(record.rationale)
    places = list(re.finditer(rf"(?<!\w){re.escape(record.answer)}(?!\w)", closing))
    if places:
        closing = closing[: places[-1].start()] + answer + closing[places[-1].end() :]
    return replace(record, rationale=rationale, answer=answer, completion=before + rationale + closing)

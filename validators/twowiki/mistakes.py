"""Rationales of 2WikiMultiHopQA with one mistake in them.

A comparison ends with the other thing, spelled as the question spells it, or with the opposite; a chain stops one
question early.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.faults import Mistake
from synth.validators.twowiki import reading
from synth.validators.twowiki.words import as_written, plain

OPPOSITE = {"yes": "no", "no": "yes"}


def mistakes(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    """Rationales with another end than the right one, and the answers they come to."""
    try:
        row = reading.read(record)
    except reading.Unsound:
        return
    steps = row.steps or ()
    if record.answer in OPPOSITE:
        yield record.rationale, OPPOSITE[record.answer]
        return
    if "comparison" in str(record.meta["type"]):
        # as the question writes them, as it does the right one: their capitals tell nothing
        named = {as_written(step.subject, row.question) for step in steps}
        others = sorted(name for name in named if name in row.question and plain(name) != plain(record.answer))
        for other in draw.sample(others, len(others)):
            yield record.rationale, other
        return
    line_break = record.completion.removeprefix(" Yes.").partition(record.rationale)[0]
    shorter, _, _ = record.rationale.rpartition(f"{line_break}Follow up: ")
    if shorter and len(steps) > 1:
        yield shorter, steps[-2].object

"""Rationales of 2WikiMultiHopQA with one mistake in them.

A comparison ends with the other thing, or with the opposite; a chain stops one question early.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.faults import Mistake
from synth.validators.twowiki import reading
from synth.validators.twowiki.words import mentions, plain

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
        named = [step.subject for step in steps if mentions(row.question, step.subject)]
        others = sorted({name for name in named if plain(name) != plain(record.answer)})
        for other in draw.sample(others, len(others)):
            yield record.rationale, other
        return
    line_break = record.completion.removeprefix(" Yes.").partition(record.rationale)[0]
    shorter, _, _ = record.rationale.rpartition(f"{line_break}Follow up: ")
    if shorter and len(steps) > 1:
        yield shorter, steps[-2].object

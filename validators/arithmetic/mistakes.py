"""Scratchpads with one mistake in them: one digit of the result comes out wrong and is carried along to the end."""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.faults import Mistake

SO_FAR = re.compile(r"((?:\d )*)([CB]: \d)$")  # of a scratchpad's line: the digits of the result so far, and the carry


def mistakes(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    """Rationales with one wrong digit, and the answers they come to.

    The mistake of a product is in the last pass, the only one whose digits go into no other product.
    """
    lines, digits = record.rationale.split("\n"), int(str(record.meta["digits"] or 0))
    product = record.meta["operation"] == "multiply"
    final = digits - 1 if product else 0  # digits that are settled before the last pass
    header = 2 + final * (digits + 1) if product else 1
    for place in draw.sample(range(final, final + digits), digits):
        digit = draw.choice([other for other in "0123456789" if other != lines[-2].split()[-1 - place]])
        last = [_with_digit(line, place, digit) for line in lines[header + 1 : -1]]
        yield "\n".join([*lines[: header + 1], *last, lines[-1]]), " ".join(str(int(last[-1].replace(" ", ""))))


def _with_digit(line: str, place: int, digit: str) -> str:
    """A line whose digits so far have another one at a place, counted from the right, if they reach so far."""
    so_far = SO_FAR.search(line)
    start, end = (so_far.start(1), so_far.end(1)) if so_far else (0, len(line))
    written = line[start:end].split()
    if len(written) > place:
        written[-1 - place] = digit
    return f"{line[:start]}{' '.join(written)}{' ' if so_far and written else ''}{line[end:]}"

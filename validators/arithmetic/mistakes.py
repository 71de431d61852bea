"""Scratchpads with one mistake in them: one digit of the result comes out wrong and is carried along to the end."""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.faults import Mistake

SO_FAR = re.compile(r"((?:\d )*)([CB]: \d)$")  # of a scratchpad's line: the digits of the result so far, and the carry


def mistakes(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    """Of a product the mistake is in the last pass, the only one whose digits go into no other product."""
    lines, digits = record.rationale.split("\n"), int(record.meta["digits"] or 0)
    product = record.meta["operation"] == "multiply"
    final = digits - 1 if product else 0  # digits that are settled before the last pass
    header = 2 + final * (digits + 1) if product else 1
    for place in draw.sample(range(final, final + digits), digits):
        digit = draw.choice([each for each in "0123456789" if each != lines[-2].split()[-1 - place]])
        last = [_with_digit(line, place, digit) for line in lines[header + 1 : -1]]
        yield "\n".join([*lines[: header + 1], *last, lines[-1]]), " ".join(str(int(last[-1].replace(" ", ""))))


def _with_digit(line: str, place: int, digit: str) -> str:
    """A line whose digits so far have another one at a place, counted from the right, where they reach so far."""
    found = SO_FAR.search(line)
    start, end = (found.start(1), found.end(1)) if found else (0, len(line))
    written = line[start:end].split()
    if len(written) > place:
        written[-1 - place] = digit
    return f"{line[:start]}{' '.join(written)}{' ' if found and written else ''}{line[end:]}"

"""Rationales of ListOps with one mistake in them.

One operator takes another value (another of its numbers; a sum that is off by one or two), and everything after it is
worked out with that value.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.faults import Mistake
from synth.validators.listops.expressions import INNERMOST, Reduction, parenthesised, reduce, without_parentheses


def mistakes(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    """Rationales in the form of the row with one mistake, and the answers they come to."""
    modulus = settings["modulus"]
    before = without_parentheses(record.prompt)
    right = list(reduce(before, modulus))
    spelled = parenthesised if before != record.prompt else str
    forms: tuple[Callable[[Reduction], str], ...] = (
        Reduction.short, Reduction.medium, lambda step: replace(step, rest=_spelled(step.rest, spelled)).long(modulus),
    )  # fmt: skip
    form = next((form for form in forms if "; ".join(map(form, right)) == record.rationale), None)
    if form is None:
        return
    for place in draw.sample(range(len(right)), len(right)):
        expression = right[place - 1].rest if place else before
        for wrong in _wrong_reductions(right[place], expression, draw, modulus):
            steps = [wrong, *reduce(wrong.rest, modulus)]
            if str(steps[-1].value) != record.answer:  # most mistakes are lost on the way: spell out those that are not
                yield "; ".join(map(form, [*right[:place], *steps])), str(steps[-1].value)


def _wrong_reductions(right: Reduction, expression: str, draw: Random, modulus: int) -> Iterator[Reduction]:
    """The next reduction of an expression with other values than the right one, and what remains then."""
    for value, between in _values(right, draw, modulus):
        rest = INNERMOST.sub(str(value), expression, count=1)
        yield replace(right, between=between, value=value, rest=rest)


def _spelled(rest: str, spelled: Callable[[str], str]) -> str:
    return spelled(rest) if "[" in rest else rest


def _values(step: Reduction, draw: Random, modulus: int) -> Iterator[tuple[int, str]]:
    """What an operator may be taken for, and what its step passes on the way there."""
    numbers = [int(number) for number in step.numbers.split()]
    if step.operator == "SUM":
        for off in draw.sample((-2, -1, 1, 2), 4):
            total = sum(numbers) + off
            if total >= 0 and total % modulus != step.value:
                yield total % modulus, str(total)
        return
    if step.operator == "MED":
        yield from _middles(sorted(numbers), step.value, draw)
        return
    others = sorted({number for number in numbers if number != step.value}) or [step.value + 1]
    yield from ((value, str(value)) for value in draw.sample(others, len(others)))


def _middles(numbers: list[int], right: int, draw: Random) -> Iterator[tuple[int, str]]:
    """Other places of a sorted list taken for its middle, two neighbours if the middle is two."""
    places = [*pairwise(numbers)] if len(numbers) % 2 == 0 else [(number, number) for number in numbers]
    wrong = sorted({place for place in places if sum(place) // 2 != right}) or [(right + 1, right + 1)]
    for low, high in draw.sample(wrong, len(wrong)):
        middle = f"{low}" if len(numbers) % 2 else f"{low} and {high}"
        yield (low + high) // 2, f"[{' '.join(map(str, numbers))}], middle is {middle}"

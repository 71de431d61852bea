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
from itertools import pairwise
from random import Random
from typing import Any

from synth import registry
from synth.builders._listops_language import parenthesised
from synth.faults import Fault
from synth.record import Record
from synth.validators import _twowiki_reading as twowiki_reading
from synth.validators._twowiki_meaning import mentions, plain
from synth.validators.listops import INNERMOST, Reduction, _reduce, _without_parentheses

Mistake = tuple[str, str]  # rationale, answer
SO_FAR = re.compile(r"((?:\d )*)([CB]: \d)$")  # of a scratchpad's line: the digits of the result so far, and the carry
OPPOSITE = {"yes": "no", "no": "yes"}


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


def _listops(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    modulus = settings["modulus"]
    before = _without_parentheses(record.prompt)
    right = list(_reduce(before, modulus))
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
            steps = [wrong, *_reduce(wrong.rest, modulus)]
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
    """Other places of a sorted list taken for its middle, two neighbours where the middle is two."""
    places = [*pairwise(numbers)] if len(numbers) % 2 == 0 else [(number, number) for number in numbers]
    wrong = sorted({place for place in places if sum(place) // 2 != right}) or [(right + 1, right + 1)]
    for low, high in draw.sample(wrong, len(wrong)):
        middle = f"{low}" if len(numbers) % 2 else f"{low} and {high}"
        yield (low + high) // 2, f"[{' '.join(map(str, numbers))}], middle is {middle}"


def _arithmetic(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
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


def _twowiki(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    try:
        row = twowiki_reading.read(record)
    except twowiki_reading.Unsound:
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


MISTAKES: dict[str, Callable[[Record, Random, Mapping[str, Any]], Iterator[Mistake]]] = {
    "2wiki": _twowiki,
    "arithmetic": _arithmetic,
    "listops": _listops,
}

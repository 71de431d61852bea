"""Checks sums of Roman numerals: every step is worked out again from the question."""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.checker import Checker
from synth.validating.faults import Fault, Mistake, first_other

PROMPT = re.compile(r"Add up: ([IVXLCDM]+(?: \+ [IVXLCDM]+)+)")
WORTH = dict(zip("IVXLCDM", (1, 5, 10, 50, 100, 500, 1000), strict=True))
DIGITS = ("", "a", "aa", "aaa", "ab", "b", "ba", "baa", "baaa", "ac")


def check(record: Record) -> Fault | None:
    """The first thing in a row that does not hold."""
    asked = PROMPT.fullmatch(record.prompt)
    if asked is None:
        return Fault("unreadable_prompt", f"{record.prompt!r} asks for no sum")
    due = added(asked[1].split(" + "))
    steps = record.rationale.split("; ") if record.rationale else []
    return _wrong_step(steps, due) or _wrong_end(record, due[-1])


def _wrong_step(steps: list[str], due: list[str]) -> Fault | None:
    place = first_other(steps, due)
    if place is not None and place >= len(due):
        return Fault("extra_step", f"step {place + 1} is {steps[place]!r}, no more are due", place)
    if place is not None:
        return Fault("wrong_step", f"step {place + 1} is {steps[place]!r}, {due[place]!r} is due", place)
    if len(steps) < len(due):
        return Fault("missing_step", f"there are {len(steps)} steps, {len(due)} are due")
    return None


def _wrong_end(record: Record, last: str) -> Fault | None:
    if record.answer != last.rpartition(" ")[2]:
        return Fault("answer_not_from_last_step", f"the answer is {record.answer!r} behind {last!r}")
    if record.completion != f"{record.rationale}\nThe sum is {record.answer}":
        return Fault("wrong_completion", "the completion is not the steps and the sum")
    return None


def mistakes(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
    """One addition is off by one, and what follows goes on from there."""
    terms = record.prompt.removeprefix("Add up: ").split(" + ")
    for place in draw.sample(range(1, len(terms)), len(terms) - 1):
        before = added(terms[: place + 1])
        wrong = spelled(value(before[-1].rpartition(" ")[2]) + draw.choice((-1, 1)))
        steps = [*before[:-1], f"{before[-1].rpartition(' ')[0]} {wrong}", *added([wrong, *terms[place + 1 :]])]
        yield "; ".join(steps), steps[-1].rpartition(" ")[2]


def added(terms: list[str]) -> list[str]:
    """The steps from the first numeral to the sum."""
    steps, so_far = [], terms[0]
    for term in terms[1:]:
        total = spelled(value(so_far) + value(term))
        steps.append(f"{so_far} + {term} = {total}")
        so_far = total
    return steps


def value(numeral: str) -> int:
    """A letter before one that is worth more is taken away."""
    worth = [WORTH[letter] for letter in numeral]
    return sum(-one if one < after else one for one, after in zip(worth, [*worth[1:], 0], strict=True))


def spelled(number: int) -> str:
    """Digit by digit, from the thousands down: each digit has its pattern of one, five and ten."""
    text = ""
    for place, (one, five, ten) in enumerate(("IVX", "XLC", "CDM", "M??")):
        digit = number // 10**place % 10
        text = DIGITS[digit].translate({ord("a"): one, ord("b"): five, ord("c"): ten}) + text
    return text


CHECKER = Checker(kind="text", closing="The sum is {answer}", step_break="; ", check=check, mistakes=mistakes)

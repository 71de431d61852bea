"""Rationales of 2WikiMultiHopQA in which one intermediate answer is another, and the answer that follows from it.

Of a chain that is the last one, which is the answer; of a comparison any one, after which it is made over again. What
follows is not guessed: the step checker has to accept it, with one more fact that says what the changed step says.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from synth.record import Record
from synth.validating.faults import Fault, Mistake
from synth.validators.twowiki import reading
from synth.validators.twowiki.reading import Row, Step
from synth.validators.twowiki.words import as_written, plain

FAR = (3, 12, 40)  # years by which a date is moved
NAME = re.compile(r"[A-Z][\w'-]+(?: (?:of |de |von )?[A-Z][\w'-]+)+")
ANSWER = re.compile(r"(?<=Intermediate answer: )")


def by(check: Callable[[Record], Fault | None]) -> Callable[[Record, Random, Mapping[str, Any]], Iterator[Mistake]]:
    """The corruptions that a step checker accepts the consequences of."""

    def corruptions(record: Record, draw: Random, settings: Mapping[str, Any]) -> Iterator[Mistake]:
        try:
            row = reading.read(record)
        except reading.Unsound:
            return
        steps = row.steps or ()
        for place in draw.sample(range(len(steps)), len(steps)):
            for value in _values(steps[place], steps, row, draw):
                rationale = _with(record.rationale, steps, place, value)
                for answer in _answers(value, steps, row):
                    changed = _told(record, row, steps[place], value, rationale, answer)
                    if plain(answer) != plain(record.answer) and check(changed) is None:
                        yield rationale, answer

    return corruptions


def _values(step: Step, steps: Sequence[Step], row: Row, draw: Random) -> Iterator[str]:
    """What an intermediate answer may be exchanged for: an earlier or later date, another name of the row."""
    year = re.search(r"\b\d{4}\b", step.object)
    if step.word == "When" and year:
        for far in draw.sample([sign * years for years in FAR for sign in (-1, 1)], 2 * len(FAR)):
            moved = str(int(year[0]) + far)
            yield f"{step.object[: year.start()]}{moved}{step.object[year.end() :]}"
        return
    others = [other.object for other in steps if other.relation == step.relation]
    known = {plain(step.object), *(plain(other.subject) for other in steps)}
    named = NAME.findall(" ".join(row.facts)) if step is steps[-1] else []
    found = [name for name in dict.fromkeys([*others, *named]) if plain(name) not in known]
    yield from draw.sample(found, len(found))


def _answers(value: str, steps: Sequence[Step], row: Row) -> list[str]:
    """The answers that may follow."""
    if row.answer in ("yes", "no"):
        return ["yes", "no"]
    things = {as_written(step.subject, row.question) for step in steps}
    return [value, *sorted(thing for thing in things if thing in row.question)]


def _with(rationale: str, steps: Sequence[Step], place: int, value: str) -> str:
    """The rationale with another intermediate answer at a place."""
    start = [found.end() for found in ANSWER.finditer(rationale)][place]
    return f"{rationale[:start]}{value}{rationale[start + len(steps[place].object) :]}"


def _told(record: Record, row: Row, step: Step, value: str, rationale: str, answer: str) -> Record:
    """The row as it would be if a fact said what the changed step says."""
    line_break = record.completion.removeprefix(" Yes.").partition(record.rationale)[0]
    at = record.prompt.rindex(f"{line_break}Question: ")
    fact = f"{line_break}Fact #{len(row.facts)}: {step.subject}: {value}."
    completion = line_break.join([" Yes.", rationale, f"So the final answer is: {answer}"])
    prompt = record.prompt[:at] + fact + record.prompt[at:]
    return replace(record, prompt=prompt, rationale=rationale, answer=answer, completion=completion)

"""Every way to change what a rationale of 2WikiMultiHopQA says that the row's text can give away."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from twowiki_rows import Parsed, rewritten, written

from synth.builders.twowiki.relations import QUESTION_WORDS, question_word
from synth.record import Record
from synth.validators.twowiki import countries, meaning
from synth.validators.twowiki.dates import has_numbers

WORDS = ("Who", "When", "Where", "What")
LONGEST_FIRST = sorted(QUESTION_WORDS, key=len, reverse=True)


def parsed(row: Record) -> Parsed:
    """The steps of a row, by the relations that its meta names."""
    lines, relations = row.rationale.split("\n"), str(row.meta["relations"]).split("; ")
    found = []
    for asked, answer, relation in zip(lines[::2], lines[1::2], relations, strict=True):
        word, rest = asked.removeprefix("Follow up: ").removesuffix("?").split(" is the ", 1)
        assert rest.startswith(f"{relation} of ")
        found.append((word, relation, rest[len(relation) + 4 :], answer.removeprefix("Intermediate answer: ")))
    return found


def mutants(row: Record, others: Sequence[Record], rng: random.Random) -> Iterator[tuple[str, Record]]:
    """Kind of change and changed row; names and dates are taken from the other rows."""
    steps = parsed(row)
    yield from _lines(row)
    yield from _pairs(row, steps)
    foreign = [step for other in others if other.meta["relations"] != row.meta["relations"] for step in parsed(other)]
    for at, step in enumerate(steps):
        for kind, changed in _step(row, step, foreign, rng):
            yield kind, written(row, [*steps[:at], *changed, *steps[at + 1 :]])
    answers = {each.answer for each in others} | {name for step in steps for name in step[2:]}
    for answer in sorted(answers):
        if not meaning.surely(answer, row.answer):
            yield "answer", written(row, steps, answer)
    yield "completion", replace(row, completion=row.completion + ".")
    yield "completion", replace(row, completion=row.completion.replace(" Yes.", " No."))
    yield "prompt", replace(row, prompt=row.prompt.replace("Fact #1: ", "Fact #2: "))
    yield "prompt", replace(row, prompt=row.prompt.replace("\nQuestion: ", "\nQ: "))


def _lines(row: Record) -> Iterator[tuple[str, Record]]:
    """Lines of a rationale lost or written twice."""
    lines = row.rationale.split("\n")
    for at in range(len(lines)):
        yield "unanswered", rewritten(row, lines[:at] + lines[at + 1 :])
        yield "unanswered", rewritten(row, lines[: at + 1] + lines[at:])


def _pairs(row: Record, steps: Parsed) -> Iterator[tuple[str, Record]]:
    """Two steps, or their answers alone, in each other's place."""
    for first, second in combinations(range(len(steps)), 2):
        swapped, exchanged = list(steps), list(steps)
        swapped[first], swapped[second] = steps[second], steps[first]
        yield "swapped", written(row, swapped)
        one, other = steps[first][3], steps[second][3]
        exchanged[first], exchanged[second] = (*steps[first][:3], other), (*steps[second][:3], one)
        if countries.same_country(one, other) is not True:
            yield "exchanged", written(row, exchanged)


def _step(
    row: Record, step: tuple[str, str, str, str], foreign: Parsed, rng: random.Random
) -> Iterator[tuple[str, Parsed]]:
    """One step changed: what stands in its place."""
    word, relation, subject, object = step
    yield "dropped", []
    twice = [f"{part} of {subject}" for part in (relation, relation.split(" of ")[-1])]
    for part in twice if " of " in relation else twice[:1]:
        yield "twice", [(word, relation, part, object)]
    yield "invented", [(word, relation, subject, "Zorbo Quux")]
    yield "doubled", [step, step]
    yield "word", [(rng.choice([each for each in WORDS if each != word]), relation, subject, object)]
    for other in LONGEST_FIRST:
        if question_word(other) != word and rng.random() < 0.3:
            yield "relation", [(word, other, subject, object)]
    if relation in ("date of birth", "date of death"):
        other = "date of death" if relation == "date of birth" else "date of birth"
        yield "relation", [(word, other, subject, object)]
    stranger = rng.choice([each for each in foreign if not meaning.may_be(each[2], f"{subject} {row.prompt}")])
    yield "subject", [(word, relation, stranger[2], object)]
    if word in ("Who", "When"):
        told = meaning.spoken_of if word == "Who" else has_numbers
        if known := [each[3] for each in foreign if each[0] == word and not told(each[3], row.prompt)]:
            yield "object", [(word, relation, subject, rng.choice(known))]
    for number in re.finditer(r"\d{4}", object):
        year = f"{int(number[0]) + rng.choice((-7, -1, 1, 11))}"
        if word == "When":
            yield "number", [(word, relation, subject, object[: number.start()] + year + object[number.end() :])]

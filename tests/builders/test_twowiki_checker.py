"""2WikiMultiHopQA: the step checker passes every built row and finds every change of meaning."""

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twowiki_rows import Parsed, kept, one, rewritten, written

from synth.builders.twowiki.perturb import PERTURBATIONS
from synth.builders.twowiki.relations import question_word
from synth.record import Record
from synth.validators import twowiki as checker
from synth.validators.twowiki import countries, meaning


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_every_row_passes_the_checker(style: str, how: str) -> None:
    rows = kept(style=style, perturb=how, max_prompt_tokens=0)
    assert len(rows) == 20
    assert [(row.id, fault) for row in rows if (fault := checker.check(row))] == []


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_every_real_row_passes_the_checker(style: str, how: str, shared_data: Path) -> None:
    source = str(shared_data / "2wiki" / "dev_sample.json")
    rows = kept(source=source, style=style, perturb=how, max_prompt_tokens=0)
    assert len(rows) >= 245
    assert [(row.id, fault) for row in rows if (fault := checker.check(row))] == []


ALL = kept(exemplars=0, max_prompt_tokens=0) + kept("train", exemplars=0, max_prompt_tokens=0)
RELATIONS = sorted({r for row in ALL for r in str(row.meta["relations"]).split("; ")}, key=len, reverse=True)


def parsed(row: Record) -> Parsed:
    lines = row.rationale.split("\n")
    found = []
    for asked, answer in zip(lines[::2], lines[1::2], strict=True):
        word, rest = asked.removeprefix("Follow up: ").removesuffix("?").split(" is the ", 1)
        relation = next(each for each in RELATIONS if rest.startswith(f"{each} of "))
        found.append((word, relation, rest[len(relation) + 4 :], answer.removeprefix("Intermediate answer: ")))
    return found


def line_mutants(row: Record) -> Iterator[tuple[str, Record]]:
    """Lines of a rationale lost or written twice."""
    lines = row.rationale.split("\n")
    for at in range(len(lines)):
        yield "unanswered", rewritten(row, lines[:at] + lines[at + 1 :])
        yield "unanswered", rewritten(row, lines[: at + 1] + lines[at:])


def pair_mutants(row: Record, steps: Parsed) -> Iterator[tuple[str, Record]]:
    """Two steps, or their answers alone, in each other's place."""
    for first, second in combinations(range(len(steps)), 2):
        swapped, exchanged = list(steps), list(steps)
        swapped[first], swapped[second] = steps[second], steps[first]
        yield "swapped", written(row, swapped)
        one, other = steps[first][3], steps[second][3]
        exchanged[first], exchanged[second] = (*steps[first][:3], other), (*steps[second][:3], one)
        if countries.same_country(one, other) is not True:
            yield "exchanged", written(row, exchanged)


def mutants(row: Record, rng: random.Random) -> Iterator[tuple[str, Record]]:
    """Every way to change what a rationale says that the row's text can give away."""
    steps = parsed(row)
    yield from line_mutants(row)
    yield from pair_mutants(row, steps)
    foreign = [step for other in ALL if other.meta["relations"] != row.meta["relations"] for step in parsed(other)]
    for at, (word, relation, subject, object) in enumerate(steps):
        before, after = steps[:at], steps[at + 1 :]
        yield "dropped", written(row, before + after)
        twice = [f"{part} of {subject}" for part in (relation, relation.split(" of ")[-1])]
        for part in twice if " of " in relation else twice[:1]:
            yield "twice", written(row, [*before, (word, relation, part, object), *after])
        yield "invented", written(row, [*before, (word, relation, subject, "Zorbo Quux"), *after])
        yield "doubled", written(row, [*before, steps[at], steps[at], *after])
        wrong = rng.choice([each for each in ("Who", "When", "Where", "What") if each != word])
        yield "word", written(row, [*before, (wrong, relation, subject, object), *after])
        for other in RELATIONS:
            if question_word(other) != word:
                yield "relation", written(row, [*before, (word, other, subject, object), *after])
        if relation in ("date of birth", "date of death"):
            other = "date of death" if relation == "date of birth" else "date of birth"
            yield "relation", written(row, [*before, (word, other, subject, object), *after])
        stranger = rng.choice([each for each in foreign if not meaning.may_be(each[2], f"{subject} {row.prompt}")])
        yield "subject", written(row, [*before, (word, relation, stranger[2], object), *after])
        if word in ("Who", "When"):
            told = meaning.spoken_of if word == "Who" else meaning.has_numbers
            known = [each[3] for each in foreign if each[0] == word and not told(each[3], row.prompt)]
            yield "object", written(row, [*before, (word, relation, subject, rng.choice(known)), *after])
        for number in re.finditer(r"\d{4}", object):
            year = f"{int(number[0]) + rng.choice((-7, -1, 1, 11))}"
            changed = object[: number.start()] + year + object[number.end() :]
            yield "number", written(row, [*before, (word, relation, subject, changed), *after])
    answers = {each.answer for each in ALL} | {name for step in steps for name in step[2:]}
    for answer in sorted(answers):
        if not meaning.surely(answer, row.answer):
            yield "answer", written(row, steps, answer)
    yield "completion", replace(row, completion=row.completion + ".")
    yield "completion", replace(row, completion=row.completion.replace(" Yes.", " No."))
    yield "prompt", replace(row, prompt=row.prompt.replace("Fact #1: ", "Fact #2: "))
    yield "prompt", replace(row, prompt=row.prompt.replace("Question: ", "Q: "))


@given(st.sampled_from(ALL), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_checker_finds_every_change_of_meaning(row: Record, rng: random.Random) -> None:
    assert checker.check(written(row, parsed(row))) is None
    for kind, mutant in mutants(row, rng):
        assert checker.check(mutant) is not None, (kind, mutant.rationale, mutant.answer)


NATIONS = ("Brackwater Ferry lies in Devon, England.", "Mother Tongue is an English-language film of New Zealand.")


@pytest.mark.parametrize(
    ("value", "facts", "contradicted"),
    [
        ("United Kingdom", NATIONS[0], False),  # close to it
        ("English", NATIONS[0], False),
        ("New Zealand", NATIONS[0], True),
        ("Nowhereland", NATIONS[0], True),
        ("Kingdom of Sardinia", NATIONS[0], False),  # not in the table, and it may be
        ("French", NATIONS[1], True),
        ("English", NATIONS[1], False),  # perhaps it is meant
        ("Scottish", NATIONS[1], True),
        ("New Zealander", NATIONS[1], False),
        ("Iran", "She was born in a village.", False),
    ],
)
def test_a_country_is_held_against_the_facts(value: str, facts: str, contradicted: bool) -> None:
    assert countries.contradicted(value, facts) is contradicted


def test_the_tables_of_countries_go_together() -> None:
    assert {name for family in countries.FAMILIES for name in family} <= set(countries.KNOWN.values())
    assert len(countries.KNOWN) == sum(map(len, countries.LINES))  # none in two lines


@cache
def reasons_found() -> dict[str, set[str]]:
    """What the checker says of every mutant of every row, by the kind of the mutation."""
    rng, found = random.Random(3), defaultdict[str, set[str]](set)
    for row in ALL:
        for kind, mutant in mutants(row, rng):
            if fault := checker.check(mutant):
                found[kind].add(fault.reason)
    return found


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("dropped", {"missing_step", "wrong_step", "answer_not_from_last_step"}),
        ("doubled", {"extra_step"}),
        ("word", {"wrong_step"}),
        ("swapped", {"steps_out_of_order", "wrong_step", "answer_not_from_last_step"}),
        ("answer", {"answer_not_from_last_step", "wrong_step"}),
        ("unanswered", {"unreadable_step"}),
        ("twice", {"unreadable_step"}),
        ("exchanged", {"wrong_step", "answer_not_from_last_step", "steps_out_of_order"}),
        ("invented", {"wrong_step", "answer_not_from_last_step"}),
        ("completion", {"wrong_completion"}),
        ("prompt", {"unreadable_prompt"}),
    ],
)
def test_a_fault_has_the_reason_of_its_kind(kind: str, reasons: set[str]) -> None:
    found = reasons_found()[kind]
    assert found <= reasons
    assert found


@pytest.mark.parametrize("changed", ["", "yes", "The Wrong Film", "3 March 1900"])
def test_a_direct_answer_that_cannot_be_one(changed: str) -> None:
    rows = kept(style="direct")
    for id in ("made-up-dev-02", "made-up-dev-10", "made-up-dev-11", "made-up-dev-17"):
        row = one(rows, id)
        fault = checker.check(replace(row, answer=changed, completion=f" {changed}"))
        assert fault is not None, (row, changed)
        assert fault.reason == "wrong_answer"
    yes_no = one(rows, "made-up-dev-13")
    assert checker.check(replace(yes_no, answer="Canada", completion=" Canada")) is not None

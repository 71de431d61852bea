"""2WikiMultiHopQA: the step checker passes every built row and finds every change of meaning."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twowiki_mutants import mutants, parsed
from twowiki_rows import kept, one, written

from synth.builders.twowiki.perturb import PERTURBATIONS
from synth.record import Record
from synth.validators import twowiki as checker
from synth.validators.twowiki import countries


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
    assert len(rows) == 229  # of 251; what became of the others is in test_twowiki_said.py
    assert [(row.id, fault) for row in rows if (fault := checker.check(row))] == []


ALL = kept(exemplars=0, max_prompt_tokens=0) + kept("train", exemplars=0, max_prompt_tokens=0)


@given(st.sampled_from(ALL), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_checker_finds_every_change_of_meaning(row: Record, rng: random.Random) -> None:
    assert checker.check(written(row, parsed(row))) is None
    for kind, mutant in mutants(row, ALL, rng):
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
        for kind, mutant in mutants(row, ALL, rng):
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


def test_a_comparison_without_what_is_asked_of_one_thing_has_its_gap_named() -> None:
    compared = [row for row in ALL if str(row.meta["type"]).endswith("comparison")]
    seen = 0
    for row in compared:
        steps = parsed(row)
        if len(steps) not in (2, 4):
            continue
        first, last = checker.check(written(row, steps[1:])), checker.check(written(row, steps[:-1]))
        assert first is not None, row
        assert (first.reason, first.step) == ("missing_step", 0), (row, first)
        assert last is not None, row
        assert (last.reason, last.step) == ("missing_step", None), (row, last)  # what is missing stands behind the last
        seen += 1
    assert seen >= 10


def test_a_comparison_that_stops_at_whom_the_two_things_lead_to_lacks_what_is_compared() -> None:
    seen = Counter[str]()
    for row in (row for row in ALL if row.meta["type"] == "bridge_comparison"):
        steps = parsed(row)
        if len(steps) == 4:
            fault = checker.check(written(row, steps[:2]))
            assert fault is not None
            assert (fault.reason, fault.step) == ("missing_step", None), (row, fault)
            seen[str(row.answer in ("yes", "no"))] += 1
    assert seen["True"] > 1
    assert seen["False"] > 1


@pytest.mark.parametrize(
    "what", ["of the same nationality", "born in the same city", "born in the same year", "buried in the same place"]
)
def test_whatever_two_people_are_to_have_in_common_is_asked_of_them(what: str) -> None:
    rows = [
        row for row in ALL if "from the same country" in row.prompt and row.answer == "no" and len(parsed(row)) == 4
    ]
    for row in rows:
        question = row.prompt.rpartition("Question: ")[2].partition("\n")[0]
        other = question.replace("both from the same country", what).replace("from the same country", what)
        half = written(row, parsed(row)[:2])
        fault = checker.check(replace(half, prompt=half.prompt.replace(question, other)))
        assert fault is not None
        assert (fault.reason, fault.step) == ("missing_step", None), (other, fault)
    assert rows

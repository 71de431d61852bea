"""2WikiMultiHopQA: sound records in many wordings, which builder and checker were not written on."""

import random
from collections import Counter
from functools import cache

import pytest
from twowiki_mutants import mutants
from twowiki_wordings import records

from synth.builders import twowiki
from synth.record import Record
from synth.validators import twowiki as checker
from synth.validators.twowiki import questions

RECORDS, LOOKED_AT = 5000, 150
STYLES = ("self-ask", "direct")


@cache
def rows(style: str) -> list[Record]:
    """The rows of all records; none may be left out."""
    config = twowiki.Config(exemplars=0, max_prompt_tokens=0, style=style)  # type: ignore[arg-type]
    return [twowiki.row(config, "test", 0, record) for record in records(0, RECORDS)]


@pytest.mark.parametrize("style", STYLES)
def test_no_false_alarm_in_ten_thousand_rows(style: str) -> None:
    faults = [(row.prompt, row.rationale, fault) for row in rows(style) if (fault := checker.check(row))]
    assert faults == []
    assert len(rows(style)) == RECORDS


@pytest.mark.parametrize("style", STYLES)
def test_only_questions_for_yes_or_no_are_taken_for_them(style: str) -> None:
    verdicts = Counter(checker.answer_in_labels(row, {}) for row in rows(style))
    assert verdicts[False] == 0
    assert verdicts[True] > RECORDS / 20


def test_every_kind_of_question_is_among_them() -> None:
    kinds = Counter(
        questions.kind(row.question, [step.subject for step in row.steps or ()])
        for row in map(checker.read, rows("self-ask"))
    )
    assert min(kinds[kind] for kind in (questions.PICK, questions.ORDER, questions.SAME, questions.CHAIN)) > 300


def test_planted_faults_are_found_in_them() -> None:
    """All but names of one letter, which stand in every text, and countries whose two facts the mutation exchanges."""
    rng, missed, tried = random.Random(1), Counter[str](), Counter[str]()
    for row in rows("self-ask")[:LOOKED_AT]:
        for kind, mutant in mutants(row, rng.sample(rows("self-ask"), 6), rng):
            tried[kind] += 1
            missed[kind] += checker.check(mutant) is None
    assert min(tried.values()) > 50
    assert missed.total() <= 0.0002 * tried.total(), missed


def test_the_wrong_title_of_a_pair_is_spelled_as_the_question_spells_it() -> None:
    """Otherwise capitals tell which of two answers is right: the source writes the right one as the question does."""
    compared = 0
    for row in rows("self-ask"):
        if "comparison" in str(row.meta["type"]) and row.answer not in ("yes", "no"):
            question = checker.read(row).question
            assert checker.CHECKER.mistakes is not None
            for _, wrong in checker.CHECKER.mistakes(row, random.Random(0), {}):
                compared += 1
                assert wrong in question, (wrong, question)
                assert wrong != row.answer
    assert compared > RECORDS / 5

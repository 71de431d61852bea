"""Which questions are asked: repeated ones once, the first ones, or a sample."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.questions.choosing import Choice, Wanted
from synth.questions.task import Question


def rows(*texts_and_golds: tuple[str, str | None]) -> list[Question]:
    return [Question(f"q{at}", text, (), gold) for at, (text, gold) in enumerate(texts_and_golds)]


def choice(questions: Sequence[Question], kind: Any = "number", **wanted: Any) -> Choice:
    def load() -> Iterator[Question]:
        return iter(questions)

    return Choice(load, kind, Wanted(**wanted))


def ids(chosen: Choice) -> list[str]:
    assert len(chosen) == len(list(chosen))
    return [question.id for question in chosen]


def test_a_repeated_question_is_asked_once_and_counted() -> None:
    chosen = choice(rows(("a", "1"), ("b", "2"), ("a", "1.0"), ("a", None), ("c", "3")))
    assert ids(chosen) == ["q0", "q1", "q4"]
    assert chosen.facts() == {"rows": 5, "repeated": 2, "contradicting": 0}
    assert list(chosen.lines("x.jsonl")) == [
        "5 rows of x.jsonl hold 3 questions: 2 rows repeat an earlier one and are not asked again "
        "(--repeats keep asks each)"
    ]
    assert ids(choice(rows(("a", "1"), ("a", "1")), repeats="keep")) == ["q0", "q1"]
    assert not list(choice(rows(("a", "1"), ("b", "1"))).lines("x"))


def test_other_options_are_another_question() -> None:
    two = [Question("1", "Which?", ("ash", "oak"), "A"), Question("2", "Which?", ("oak", "ash"), "B")]
    assert ids(choice(two, "option")) == ["1", "2"]


def test_a_right_answer_that_only_one_row_has_is_that_of_all() -> None:
    assert [q.gold for q in choice(rows(("a", None), ("a", "1")))] == ["1"]


def test_questions_with_several_right_answers_are_left_out_and_named() -> None:
    chosen = choice(rows(("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"), ("b", "2")))
    assert ids(chosen) == ["q1"]
    assert chosen.facts() == {"rows": 5, "repeated": 3, "contradicting": 1}
    assert list(chosen.lines("x"))[1] == ("questions left out because their rows have different right answers: 1 (q2)")
    assert ids(choice(rows(("a", "1"), ("a", "2")), repeats="keep")) == ["q0", "q1"]
    fractions = rows(("a", "1/2"), ("a", "0.5"))
    assert ids(choice(fractions)) == ["q0"]


def test_a_limit_counts_questions() -> None:
    """And it reads no further than it has to."""
    read: list[str] = []

    def load() -> Iterator[Question]:
        for question in rows(("a", "1"), ("a", "1"), ("b", "2"), ("b", "9"), ("c", "3"), ("d", "4"), ("e", "5")):
            read.append(question.id)
            yield question

    chosen = Choice(load, "number", Wanted(limit=2))
    assert ids(chosen) == ["q0", "q2"]
    assert read.count("q4") == 0
    assert ids(Choice(load, "number", Wanted(limit=4))) == ["q0", "q4", "q5", "q6"]
    assert ids(Choice(load, "number", Wanted(limit=99))) == ["q0", "q4", "q5", "q6"]


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 40), st.integers(0, 5), st.randoms())
def test_a_sample_depends_on_the_questions_and_the_seed_alone(
    numbers: list[int], count: int, seed: int, draws: Any
) -> None:
    questions = rows(*((str(number), "1") for number in numbers))
    chosen = {q.text for q in choice(questions, sample=count, seed=seed)}
    assert len(chosen) == min(count, len(set(numbers)))
    other = draws.sample(questions, len(questions))
    assert {q.text for q in choice(other, sample=count, seed=seed)} == chosen
    assert chosen <= {q.text for q in choice(questions, sample=count + 1, seed=seed)}
    assert [q.id for q in choice(questions)] == [q.id for q in choice(questions, sample=60, seed=seed)]


def test_a_sample_is_drawn_evenly() -> None:
    questions = rows(*((str(number), "1") for number in range(20)))
    drawn = [int(q.text) for seed in range(400) for q in choice(questions, sample=5, seed=seed)]
    for number in range(20):  # 100 are expected of each; the standard deviation is 8.7
        assert drawn.count(number) == pytest.approx(100, abs=45)

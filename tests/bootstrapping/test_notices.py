"""What a loop says: a line an iteration, and each warning where it is due and not where it is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from star_runs import a_loop, share

from synth.attempts.rows import answer_alone
from synth.bootstrapping import figures, notices
from synth.data.survey import META
from synth.questions.find import find_task
from synth.questions.task import Question
from synth.record import Record
from synth.trainers.star import TRAINER

TOLD = TRAINER.config(data=["data"], from_scratch="tiny", rationalize=True)
PLAIN = TRAINER.config(data=["data"], from_scratch="tiny")
STEPS = TRAINER.config(data=["data"], from_scratch="tiny", rationalize=True, filter="steps")


@pytest.fixture
def done(tmp_path: Path) -> list[dict[str, Any]]:
    """The figures of a base and of three iterations that give no reason to warn."""
    run = a_loop(tmp_path / "run")
    return [json.loads(path.read_text()) for path in sorted(run.glob("iterations/*/metrics.json"))]


def base(right: int, rows: int = 200, chance: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"iteration": 0, "held": {"accuracy": share(right, rows), "by": {}}, "chance": chance}


def warned(done: list[dict[str, Any]], config: Any = TOLD) -> list[str]:
    return list(notices.warnings(done, config))


def test_a_line_has_what_an_iteration_came_to(done: list[dict[str, Any]]) -> None:
    assert notices.line(done[2]).startswith(
        "iteration 2: 30.0% of 1,000 attempts right, 50.0% of 800 with a hint; 700 rows (300 own, 400 hinted) of "
        "70.0% of the questions, 35 of 700 right by wrong steps; 640 steps, loss 0.1500; 90,000 tokens written, "
        "rationales of 32 words (demonstrations 28; 4% of their word pairs are new); 32 seconds; held out "
    )
    assert "(digits 1: " in notices.line(done[2])
    assert notices.base_line(done[0]).startswith("base: held out ")


def test_a_line_of_an_iteration_without_hints_and_demonstrations(done: list[dict[str, Any]]) -> None:
    bare = {**done[1], "hinted": None, "drift": None, "kept": {**done[1]["kept"], "hinted": 0}}
    text = notices.line(bare)
    assert "hint" not in text
    assert "demonstrations" not in text
    assert "50,000 tokens written; " in text


def test_nothing_is_said_without_a_reason(done: list[dict[str, Any]]) -> None:
    for number in (2, 3, 4):
        assert warned(done[:number]) == []
    assert list(notices.of_base(done[0], PLAIN)) == []


def test_a_base_that_answers_nothing_needs_hints() -> None:
    (said,) = notices.of_base(base(0), PLAIN)
    assert "the base has 0.0% of the held-out rows right" in said
    assert "add --rationalize" in said
    assert list(notices.of_base(base(0), TOLD)) == []
    assert list(notices.of_base(base(10), PLAIN)) == []


def test_questions_that_are_harder_than_those_held_out_need_hints(done: list[dict[str, Any]]) -> None:
    hard = {**done[1], "asked": {**done[1]["asked"], "accuracy": share(2, 1000)}}
    assert ["--rationalize" in text for text in warned([done[0], hard], PLAIN)] == [True]
    assert warned([base(0), hard], PLAIN) == []  # it was said of the base
    assert warned([done[0], hard], TOLD) == []


@pytest.mark.parametrize(
    ("right", "says"),
    [(100, "some 100% of the base's right answers"), (150, "some 33% of the base's"), (0, "by luck as well: have")],
)
def test_answers_that_are_right_by_chance(right: int, says: str) -> None:
    half = {"value": 0.5, "options": 2.0, "commonest": "yes"}
    (said,) = notices.of_base(base(right, chance=half), TOLD)
    assert "50% of the answers are right by chance (2 options a question)" in said
    assert says in said
    assert "synth judge --judge rubric" in said


def test_an_answer_that_most_questions_have() -> None:
    (said,) = notices.of_base(base(130, chance={"value": 0.6, "options": 2.0, "commonest": "no"}), TOLD)
    assert "60% of the answers are right by chance (so many have the answer 'no')" in said


def test_few_right_by_chance_are_no_matter() -> None:
    assert list(notices.of_base(base(50, chance={"value": 0.1, "options": 10.0, "commonest": "1"}), TOLD)) == []


def test_an_accuracy_that_cannot_be_told_from_chance(done: list[dict[str, Any]]) -> None:
    half = base(100, chance={"value": 0.5, "options": 2.0, "commonest": "yes"})
    near = {**done[1], "held": {"accuracy": share(105, 200), "by": {}}}
    (said,) = warned([half, near])
    assert "52.5% of the held-out rows right cannot be told from chance (50%)" in said
    assert warned([half, {**near, "held": {"accuracy": share(150, 200), "by": {}}}]) == []


@pytest.mark.parametrize(
    ("answers", "options", "value"),
    [(["A", "B"] * 5, 2, 0.5), (["A", "B", "C", "D", "E"], 5, 0.2), (["A"] * 45 + ["B"] * 15, 5, 0.75)],
)
def test_chance_is_known_from_the_options_and_the_commonest_answer(
    answers: list[str], options: int, value: float
) -> None:
    task = find_task("commonsenseqa")
    texts = tuple("abcde"[:options])
    rows = [
        answer_alone(task, Question(str(n), "Which?", texts, answer), "train", META) for n, answer in enumerate(answers)
    ]
    found = figures.chance(rows, task)
    assert found
    assert found["value"] == pytest.approx(value)
    assert found["options"] == options


def test_chance_of_questions_without_options_or_answers() -> None:
    rows = [Record(f"gsm8k/{n}", "gsm8k", "How many?", "", str(n), f" {n}", {}) for n in range(60)]
    found = figures.chance(rows, find_task("gsm8k"))
    assert found
    assert found["value"] == pytest.approx(1 / 60)
    assert figures.chance([], None) is None


def test_hinted_rows_by_wrong_steps(done: list[dict[str, Any]]) -> None:
    wrong = {**done[2], "hinted": {**done[2]["hinted"], "right_by_wrong_steps": {"n": 400, "wrong": 201}}}
    (said,) = warned([*done[:2], wrong])
    assert said == "201 of 400 hinted rationales are right by wrong steps: --filter steps leaves them out"
    (said,) = warned([*done[:2], wrong], STEPS)
    assert "few hinted rows are kept; give demonstrations" in said
    half = {**wrong, "hinted": {**wrong["hinted"], "right_by_wrong_steps": {"n": 400, "wrong": 200}}}
    assert warned([*done[:2], half]) == []
    unknown = {**wrong, "hinted": {**wrong["hinted"], "right_by_wrong_steps": {"n": 0, "wrong": 0}}}
    assert warned([*done[:2], unknown]) == []


def test_an_iteration_that_keeps_fewer_questions(done: list[dict[str, Any]]) -> None:
    fewer = {**done[2], "kept": {**done[2]["kept"], "questions": 650, "used": {"own": 0.3, "hinted": 0.35}}}
    (said,) = warned([*done[:2], fewer])
    assert "fewer questions are kept (650) than in the iteration before (700)" in said
    assert "--carry 1" in said


def kinds(done: dict[str, Any], two: int, three: int) -> dict[str, Any]:
    by = {"digits 2": {"asked": 20, "questions": two}, "digits 3": {"asked": 10, "questions": three}}
    return {**done, "kept": {**done["kept"], "by": by}}


def test_a_kind_of_which_no_row_is_kept_any_more(done: list[dict[str, Any]]) -> None:
    before, after = kinds(done[1], 8, 4), kinds(done[2], 9, 0)
    (said,) = warned([done[0], before, after])
    assert "no row is kept any more of digits 3 (0 of 10 questions, 4 before)" in said
    assert "--carry 1" in said
    assert "--rationalize" not in said
    assert "--rationalize" in warned([done[0], before, after], PLAIN)[0]
    assert warned([done[0], before, kinds(done[2], 1, 1)]) == []
    never = kinds(done[1], 8, 0)  # lengths that are not learned yet
    assert warned([done[0], never]) == []
    assert warned([done[0], never, kinds(done[2], 9, 0)]) == []
    assert warned([done[0], done[1], after]) == []  # an iteration of an older version does not say


def test_a_new_model_that_does_not_know_what_a_hint_is_for(done: list[dict[str, Any]]) -> None:
    by = {"digits 2": share(93, 100), "digits 3": share(20, 100)}
    low = {**done[1], "hinted": {**done[1]["hinted"], "by": by}}
    (said,) = warned([done[0], low])
    assert "few answers with a hint (20% of digits 3)" in said
    assert "--base-rows" in said
    assert warned([done[0], low, done[2]]) == []  # said once
    trained = TRAINER.config(data=["data"], model="m", rationalize=True)
    assert warned([done[0], low], trained) == []
    fair = {**low, "hinted": {**low["hinted"], "by": {"digits 3": share(48, 100)}}}
    assert warned([done[0], fair]) == []


def control(right: int) -> dict[str, Any]:
    return {"held": {"accuracy": share(right, 200), "by": {}}}


@pytest.mark.parametrize(
    ("name", "right", "says"),
    [
        ("few-shot-only", 150, "gains as much (+35.0%) as the loop (+30.0%)"),
        ("few-shot-only", 130, "their intervals overlap"),
        ("few-shot-only", 90, None),
        ("direct", 141, "gains as much (+30.5%) as the loop (+30.0%)"),
        ("direct", 130, None),
    ],
)
def test_a_control_that_gains_as_much(name: str, right: int, says: str | None) -> None:
    found = list(notices.of_control(name, control(80), control(140), control(right)))
    assert [says in text for text in found if says] == ([True] if says else [])
    assert bool(found) == (says is not None)


def test_a_loop_that_gains_nothing_is_not_compared() -> None:
    assert list(notices.of_control("few-shot-only", control(80), control(80), control(90))) == []

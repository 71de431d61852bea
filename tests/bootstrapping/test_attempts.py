"""Which attempts count as right, which are kept, and how they become rows."""

from dataclasses import replace

import pytest

from synth.attempts.hints import gives_away
from synth.attempts.rows import answer_alone
from synth.bootstrapping.attempts import Attempt, Reading, kept, says_only
from synth.bootstrapping.questions import hinted
from synth.building.build import build
from synth.data.survey import META
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.questions.find import find_task
from synth.questions.task import Question
from synth.record import Record
from synth.trainers.star import TRAINER

CONFIG = TRAINER.config(data=["data"], from_scratch="tiny")
GSM8K = find_task("gsm8k")
PENS = answer_alone(GSM8K, Question("1", "Ann has 3 pens and buys 4. How many?", (), "7"), "train", META)


def reading(task: object = GSM8K, **given: object) -> Reading:
    config = replace(CONFIG, **given)  # type: ignore[arg-type]
    known = {"task": task} if task is not None else {}
    return Reading(Asking(trained=True, task=task), task, config, known)  # type: ignore[arg-type]


def outcomes(texts: list[str], cut_off: bool = False, hint: bool = False, **given: object) -> list[str]:
    outputs = [Output(text, 9, cut_off) for text in texts]
    return [attempt.outcome for attempt in reading(**given).read(PENS, outputs, hint)]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("3 + 4 = 7 pens.\nThe answer is 7.", "right"),
        ("3 + 4 = 8 pens.\nThe answer is 8.", "wrong"),
        ("The answer is 7.", "empty"),
        ("I cannot tell.", "no_answer"),
        ("3 + 4 = 7.\nThe answer is 7.\n\nQuestion: Bob has 9.\nAnswer: The answer is 9.", "right"),
    ],
)
def test_the_outcome_of_an_attempt(text: str, outcome: str) -> None:
    assert outcomes([text]) == [outcome]


def test_an_attempt_that_the_limit_ended_has_no_answer() -> None:
    assert outcomes(["3 + 4 = 7"], cut_off=True) == ["truncated"]


def test_steps_have_to_be_right_only_if_that_is_asked_for() -> None:
    lucky = "3 + 4 = 9, and 9 - 2 = 7.\nThe answer is 7."
    assert outcomes([lucky]) == ["right"]
    assert outcomes([lucky], filter="steps") == ["wrong_steps"]


@pytest.mark.parametrize(
    "text",
    ["As given, 3 and 4 make 7.", "The hint says 7.", "(B) is marked correct.", "Option B (CORRECT) fits.",
     "The provided answer is 7, so it must be 7."],
)  # fmt: skip
def test_a_rationale_that_speaks_of_its_hint_is_not_kept(text: str) -> None:
    assert gives_away(text)
    said = f"{text}\nThe answer is 7."
    assert outcomes([said], hint=True) == ["gives_away"]
    assert outcomes([said], hint=False) == ["right"]


@pytest.mark.parametrize("text", ["Ann has 7.", "Ann buys 7 pens.", "Ann has 3 pens, so it is 7."])
def test_a_number_that_was_told_and_not_worked_out_is_not_kept(text: str) -> None:
    said = f"{text}\nThe answer is 7."
    assert outcomes([said], hint=True) == ["gives_away"]
    assert outcomes([said], hint=False) == ["right"]


@pytest.mark.parametrize(
    "text",
    ["3 + 4 = 7.", "Ann has 3 pens, buys 4 and ends with 7.", "Three and four make 7.", "Twice 3.5 is 7.", "3 pens and"
     " 4 pens are 7 pens.", "14 pens shared by two: half of 14 is 7.", "Nobody knows."],
)  # fmt: skip
def test_what_is_worked_out_in_signs_or_words_is_more_than_the_number(text: str) -> None:
    assert not says_only(text, "7")


def test_a_number_is_told_whatever_its_commas() -> None:
    assert says_only("He pays 1,200.", "1200")
    assert not says_only("He pays 12000.", "1200")


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("He gave 3 away, so 3 + 4 = 7.", ""),
        ("The given numbers are 3 and 4.", ""),
        ("The hint costs 5 dollars.", "A hint costs 5 dollars."),
    ],
)
def test_words_of_the_question_give_nothing_away(text: str, prompt: str) -> None:
    assert not gives_away(text, prompt)


def test_a_vote_takes_what_two_agree_on_for_right() -> None:
    say = "It is {0}, as 3 + {1} = {0}.\nThe answer is {0}."
    texts = [say.format(8, 5), say.format(8, 6), say.format(7, 4)]
    assert outcomes(texts, vote=True, samples=3) == ["right", "right", "wrong"]
    assert outcomes([texts[0], texts[2]], vote=True, samples=3) == ["no_majority"] * 2


def attempt(rationale: str, outcome: str = "right") -> Attempt:
    return Attempt("a", False, 1, outcome, "7", rationale, rationale, 3)


def test_the_first_right_attempts_that_differ_are_kept() -> None:
    found = kept([attempt("x", "wrong"), attempt("A b"), attempt("a  B"), attempt("c"), attempt("d")], most=2)
    assert [one.kept for one in found] == [False, True, False, True, False]


def test_a_row_of_a_task_closes_as_the_task_does_and_has_no_hint_in_it() -> None:
    text = "3 + 4 = 7 pens.\nSo the result:\n\nThe answer is 7"
    found = reading().read(PENS, [Output(text, 9, False)], hinted=True)[0]
    row = reading().row(PENS, found, 1, {"iteration": 2})
    assert (row.prompt, row.answer) == (PENS.prompt, "7")
    assert row.completion == f" {row.rationale}\nThe answer is 7."
    assert row.rationale.startswith("3 + 4 = 7 pens.")


def test_a_row_of_a_built_dataset_is_what_the_model_wrote(tmp_path: object) -> None:
    sums = build("arithmetic", digits="2", train=3, validation=0, test=0, test_beyond=0, out=tmp_path)
    record = next(iter(sums.rows("train")))
    own = reading(task=None)
    wrong_step = record.completion.replace("C: 0\n", "C: 1\n", 1)
    found = own.read(record, [Output(wrong_step, 9, False)], hinted=False)[0]
    assert (found.outcome, found.steps_right) == ("right", False)
    row = own.row(record, found, 2, {})
    assert row.id == f"{record.id}/2"
    assert row.completion == "\n" + wrong_step.strip()
    assert reading(task=None, filter="steps").read(record, [Output(wrong_step, 9, False)], False)[0].outcome == (
        "wrong_steps"
    )


def test_hints_stand_where_the_paper_has_them() -> None:
    assert hinted(PENS, GSM8K) == "Question: Ann has 3 pens and buys 4. How many? (7)\nAnswer:"
    asked = Question("2", "Where is it wet?", ("sea", "desert"), "A")
    task = find_task("commonsenseqa")
    prompt = hinted(answer_alone(task, asked, "train", [*META, "options"]), task)
    assert prompt is not None
    assert "(A) sea (CORRECT) (B) desert" in prompt
    sums = Record("a", "arithmetic", "Input:\n6 + 7\nTarget:", "", "1 3", "", {})
    assert hinted(sums, None) == "Input:\n6 + 7\nTarget: 1 3"
    wiki = Record("a", "2wiki", "Facts:\nQuestion: Who?\nAnswer:", "", "Ann", "", {})
    assert hinted(wiki, None) == "Facts:\nQuestion: Who? (Ann)\nAnswer:"
    assert hinted(Record("a", "nobody", "x", "", "y", "", {}), None) is None

"""What a checker does by itself, whatever its dataset: outputs read, answers compared, steps told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.record import Record
from synth.validating.checker import Checker, find, settings_of
from synth.validating.faults import first_other

NUMBERS = Checker(kind="number", closing="The sum is {answer}!", step_break="; ")
NAMES = Checker(closing="so: {answer}", step_break=r"\.")
LAST_LINE = Checker(kind="number", closing="\n{answer}")


def row(answer: str, completion: str = "", prompt: str = "?", rationale: str = "x") -> Record:
    return Record("own/1", "own", prompt, rationale, answer, completion, {})


@pytest.mark.parametrize(
    ("checker", "output", "answer", "rationale"),
    [
        (NUMBERS, "1 + 1 = 2; 2 + 2 = 4; The sum is 4!", "4", "1 + 1 = 2; 2 + 2 = 4"),
        (NUMBERS, "The sum is 3! No. The sum is 1,004!", "1004", "The sum is 3! No."),
        (NUMBERS, "The sum is 4", "4", ""),
        (NUMBERS, "The sum is four or five!", None, None),
        (NUMBERS, "The sum is 4!\nAdd up more.", "4", "Add up more."),
        (NUMBERS, "I add up. The answer is 4.", "4", "I add up."),
        (NUMBERS, "4", "4", ""),
        (NUMBERS, "<Think_1> <Think_2> The sum is 4!", "4", ""),
        (NUMBERS, "", None, ""),
        (NAMES, "It is old. so: Old Trafford", "Old Trafford", "It is old."),
        (NAMES, "It is old. The answer is Old Trafford.", "old trafford", "It is old."),
        (LAST_LINE, "a step\nanother\n12", "12", "a step\nanother"),
        (LAST_LINE, "a step\nno number", None, None),
    ],
)
def test_outputs(checker: Checker, output: str, answer: str | None, rationale: str | None) -> None:
    found = checker.read_output(row("4"), output)
    assert found.answer == answer
    assert rationale is None or found.rationale == rationale
    assert checker.read_output(row("4"), output, cut_off=True).answer is None


@given(st.sampled_from([NUMBERS, NAMES, LAST_LINE, Checker(kind="option"), Checker(kind="date")]), st.text())
def test_no_output_is_too_strange_to_be_read(checker: Checker, text: str) -> None:
    found = checker.read_output(row("4", prompt="Options: (A) Yes (B) No"), text)
    assert all(step == step.strip() != "" for step in checker.steps(found.rationale))


@given(st.lists(st.integers(1, 99), min_size=1, max_size=5))
def test_a_completion_in_its_closing_form_comes_apart_as_it_was_put_together(numbers: list[int]) -> None:
    rationale, answer = "; ".join(f"so far {number}" for number in numbers), str(sum(numbers))
    record = row(answer, f" {rationale}; The sum is {answer}!", rationale=rationale)
    found = NUMBERS.read_output(record, record.completion)
    assert (found.answer, found.rationale) == (answer, rationale)
    assert NUMBERS.steps(found.rationale) == [f"so far {number}" for number in numbers]
    assert NUMBERS.record_of(record, record.completion, found) == record
    assert record.completion.endswith(NUMBERS.ends_with(record, {}))


def test_steps_are_lines_or_the_sentences_of_a_line_unless_it_is_said() -> None:
    assert Checker().steps("One. Two!  Three") == ["One.", "Two!", "Three"]
    assert Checker().steps("One. Two\n\n three\n") == ["One. Two", "three"]
    assert NUMBERS.steps("a; b;c; ") == ["a", "b;c;"]


def test_answers_are_compared_as_their_kind_is() -> None:
    assert NUMBERS.agree("1/2", "0.5")
    assert not NUMBERS.agree("3", "13")
    assert not NUMBERS.agree(None, "3")
    assert NAMES.agree("The Old Trafford.", "old trafford")
    assert Checker(kind="option").agree("B", "No", ("Yes", "No"))
    assert Checker(compares=lambda answer: answer[-1:]).agree("13", "3")
    assert NUMBERS.majority(["0.5", None, "1/2", "3"]) == ("0.5", 0.5)
    assert NUMBERS.majority([None, None]) == (None, 0.0)


def test_options_are_those_of_the_prompt_if_not_all_questions_have_the_same() -> None:
    asked = row("A", prompt="Question: So?\nOptions: (A) Yes (B) No, never\nAnswer:")
    assert Checker(kind="option").options_of(asked) == ("Yes", "No, never")
    assert Checker(kind="option", options=("True",)).options_of(asked) == ("True",)
    assert Checker().options_of(row("A")) == ()


def test_an_ending_without_rationale_is_the_answer_alone() -> None:
    assert NUMBERS.ends_with(row("4"), {}) == "The sum is 4!"
    assert NUMBERS.ends_with(row("4", rationale=""), {}) == "4"


def test_names_without_a_checker_have_none() -> None:
    assert find("gsm8k") is None
    assert settings_of({}) == {}
    assert settings_of({"builder": "somebody's own", "config": {}}) == {}


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_the_first_other_step(steps: list[str], due: list[str]) -> None:
    place = first_other(steps, due)
    if place is None:
        assert steps == due[: len(steps)]
    else:
        assert steps[:place] == due[:place]
        assert steps[place : place + 1] != due[place : place + 1]


PROMPT = (
    "START\nQuestion: Who is A?\nAre follow up questions needed here: Yes.\nEND\n"
    "Facts:\nFact #0: A is B.\nFact #1: Question time.\nQuestion: Who is B?\nAre follow up questions needed here:"
)


@pytest.mark.parametrize("line_break", ["\n", " ", " <n> "])
def test_parts_of_a_prompt_with_facts(line_break: str) -> None:
    checker = find("2wiki")
    assert checker is not None
    prompt = PROMPT.replace("\n", line_break)
    found = {part.name: prompt[part.start : part.end].strip() for part in checker.parts_of(prompt)}
    assert list(found) == ["exemplars", "facts", "question"]
    assert found["exemplars"].startswith("START")
    assert found["exemplars"].removesuffix("<n>").strip().endswith("END")
    assert found["facts"].startswith("Facts:")
    assert "Question time." in found["facts"]
    assert found["question"].removesuffix("<n>").strip() == "Who is B?"
    alone = PROMPT[PROMPT.index("Facts:") :]
    assert [part.name for part in checker.parts_of(alone)] == ["facts", "question"]

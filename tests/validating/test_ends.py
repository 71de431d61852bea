"""Outputs that go on to another question, that were cut off, refused or are all alike: read right, counted and said."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Answer, serving
from tiny_models import write_dataset

from synth.models.generate import Output
from synth.questions.find import find_task
from synth.record import Record
from synth.validating.checker import reader_of
from synth.validating.ends import ended

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
TASK = replace(find_task("gsm8k"), name="mine", label="Riddle")
READER = reader_of("mine", TASK)
ROW = Record(
    "mine/1", "mine", "Riddle: Tom has 2 pens and buys 2 of them. How many?\nAnswer:", "", "4", " The answer is 4.", {}
)
SAID = "Two and two are four. The answer is 4."

WENT_ON = {
    "q": "\n\nQ: Ann has 3. How many?\nA: The answer is 9.",
    "question": "\nQuestion: next?\nAnswer: The answer is 9.",
    "the prompt's own frame": "\n\nRiddle: What runs?\nAnswer: The answer is 9.",
    "with a number": "\n\n### Question 2: What runs?\nThe answer is 9.",
    "the same question again": f"\n{ROW.prompt} The answer is 9.",
    "several": "\n\nQ: a?\nThe answer is 5.\n\nQ: b?\nThe answer is 6.",
    "a problem": "\n\nProblem: What runs?\nSolution: The answer is 9.",
    "bold": "\n\n**Question:** Ann has 3.\nThe answer is 9.",
    "bracketed": "\n\n[Question] Ann has 3. The answer is 9.",
    "numbered, without a colon": "\n\nProblem 2. Ann has 3. The answer is 9.",
    "alone on its line": "\n\n### Question\nAnn has 3.\nThe answer is 9.",
    "an example": "\n\nExample 2:\nAnn has 3. The answer is 9.",
}


@pytest.mark.parametrize("cut_off", [True, False])
@pytest.mark.parametrize("how", WENT_ON)
def test_an_output_that_goes_on_is_read_up_to_the_next_question(how: str, cut_off: bool) -> None:
    found = ended(Output(SAID + WENT_ON[how], 99, cut_off), ROW, READER)
    assert found.output == Output(SAID, 99, False)
    assert found.beyond == WENT_ON[how].lstrip("\n")
    assert READER.read_output(ROW, found.output.text).answer == "4"


def test_the_next_question_may_begin_in_the_same_line() -> None:
    found = ended(Output(f"{SAID} Question: Ann has 3. The answer is 9.", 99, False), ROW, READER)
    assert found.output.text == SAID


def test_no_answer_of_another_question_is_taken() -> None:
    lost = Output("Two pens and two pens make a bundle.\n\nQ: Ann has 3. How many?\nA: The answer is 9.", 99, True)
    found = ended(lost, ROW, READER)
    assert found.output == Output("Two pens and two pens make a bundle.", 99, False)
    assert READER.read_output(ROW, found.output.text).answer is None


WHOLE = {
    "asks itself": "Let me see.\nQ: How many had he?\nA: Two.\nQ: And then?\nA: Four.\nThe answer is 4.",
    "says the question again": f"Here it is.\n{ROW.prompt} Two and two. The answer is 4.",
    "begins with a mark": "Question: how many?\nTwo and two. The answer is 4.",
    "a word like a mark": "Questions: none.\nThe answer is 4.",
    "announces its parts": "Two things:\nProblem 1. How many had he? Two.\nProblem 2. Then? Four.\nThe answer is 4.",
    "announces them in bold": "**Two parts:**\n\nQuestion 1: How many?\nTwo and two.\nThe answer is 4.",
}


@pytest.mark.parametrize("how", WHOLE)
def test_an_output_that_ends_by_itself_is_read_whole(how: str) -> None:
    found = ended(Output(WHOLE[how], 99, False), ROW, READER)
    assert found.output.text == WHOLE[how]
    assert READER.read_output(ROW, found.output.text).answer == "4"


def test_what_announces_a_part_is_no_answer_of_an_output_that_was_cut_off() -> None:
    output = Output("Two things:\nProblem 1. How many had he? Two.\nProblem 2. And", 9, True)
    found = ended(output, ROW, READER)
    assert found.output.cut_off or READER.read_output(ROW, found.output.text).answer is None


def test_a_text_of_the_user_s_ends_an_output() -> None:
    found = ended(Output("\n\nThe answer is 4.\n\nThe end. The answer is 5.", 9, True), ROW, READER, ["###", "\n\n"])
    assert found.output == Output("\n\nThe answer is 4.", 9, False)
    assert found.beyond == "\n\nThe end. The answer is 5."


WORDS = st.lists(
    st.sampled_from(["Q:", "Question: how?", "A: 4", "Riddle: x", "\n", "\n\n", "so", "the answer is 4.", "4", "Tom"]),
    max_size=12,
).map(" ".join)  # fmt: skip


@given(WORDS)
def test_what_distil_would_keep_is_right_here(text: str) -> None:
    """Whatever reply is read as right when it is distilled is right when a model says it."""
    if READER.read_output(ROW, text).answer == "4":
        assert READER.read_output(ROW, ended(Output(text, 9, False), ROW, READER).output.text).answer == "4"


def test_many_marks_take_no_time() -> None:
    found = ended(Output("Q: a\n" * 100_000, 9, False), ROW, READER)
    assert found.beyond == ""


ROWS = [
    Record(f"gsm8k/{at}", "gsm8k", f"Question: Number {at}?\nAnswer:", "", "4", " The answer is 4.", {})
    for at in range(20)
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "sums", {"test": ROWS})


def evaluated(
    synth: Synth, data: Path, script: Callable[[dict[str, Any], int], Answer], *more: object
) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """The figures, the lines of the rows, and what was said on the terminal."""
    out = data.parent / "ev"
    with serving(script) as server:
        words = ("--model", server.url, "--model-name", "m", "--data", data, "--out", out)
        done = synth("eval", *words, *more)
        assert done.returncode == 0, done.stderr
        again = synth("eval", *words, *more)
    assert again.stdout.replace("is there already", "written") == done.stdout
    lines = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    return json.loads((out / "metrics.json").read_text()), lines, done.stdout


def test_outputs_that_the_limit_ended_are_counted_and_the_option_named(synth: Synth, data: Path) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if "Number 1?" in request["messages"][-1]["content"]:
            return Answer(SAID)
        return Answer(None, reasoning="Let me see", finish_reason="length")

    figures, lines, said = evaluated(synth, data, script, "--max-new-tokens", 64)
    assert "19 of 20 outputs were cut off at 64 tokens and have no answer: raise --max-new-tokens" in said
    assert (figures["cut_off"], figures["unanswered"], figures["went_on"]) == (19, 0, 0)
    assert [line["cut_off"] for line in lines] == [at != 1 for at in range(20)]
    assert figures["metrics"]["accuracy"]["value"] == 0.05


def test_outputs_that_go_on_are_no_cut_off_ones(synth: Synth, data: Path) -> None:
    text = f"{SAID}\n\nQ: Next?\nA: The answer is 5.\n\nQ: And"
    figures, lines, said = evaluated(synth, data, lambda request, times: Answer(text, finish_reason="length"))
    assert (figures["cut_off"], figures["went_on"], figures["metrics"]["accuracy"]["value"]) == (0, 20, 1.0)
    assert "20 of 20 outputs went on behind their end" in said
    assert {(line["output"], line["beyond"]) for line in lines} == {(SAID, text[len(SAID) + 2 :])}


def test_stop_texts_are_told_on_the_command_line(synth: Synth, data: Path) -> None:
    text = "The answer is 4.\n\nNow for something else: the answer is 5. END"
    figures, *_ = evaluated(synth, data, lambda request, times: Answer(text), "--stop", r"\n\nNow", "--stop", "END")
    assert figures["metrics"]["accuracy"]["value"] == 1.0
    assert figures["asked"]["stop"] == ["\n\nNow", "END"]
    assert r"--stop '\n\nNow' --stop END" in figures["command"]


def test_refusals_are_counted_and_said(synth: Synth, data: Path) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        asked = request["messages"][-1]["content"]
        if "Number 1?" in asked:
            return Answer("", message={"refusal": "No."})
        if "Number 2?" in asked:
            return Answer("Two and two. The answer is 4.", finish_reason="content_filter")
        return Answer("I'm sorry, but I can't help with that." if "Number 3?" in asked else SAID)

    figures, lines, said = evaluated(synth, data, script)
    assert [line["fault"] for line in lines[:5]] == [None, "refusal", "refusal", "refusal", None]
    assert (figures["refusals"], figures["metrics"]["accuracy"]["value"]) == (3, 0.85)
    assert "3 rows refused, counted as wrong" in said


@pytest.mark.parametrize("different", [0, 1, 2])
def test_samples_that_are_all_alike_are_no_confidence(synth: Synth, data: Path, different: int) -> None:
    """One text for 19 of 20 questions and more is no sampling."""

    def script(request: dict[str, Any], times: int) -> Answer:
        varied = any(f"Number {at}?" in request["messages"][-1]["content"] for at in range(different))
        return Answer(f"At {times}: {SAID}" if varied else SAID)

    figures, lines, said = evaluated(synth, data, script, "--samples", 3)
    alike = 20 - different
    assert (figures["same_samples"], figures["metrics"]["accuracy"]["value"]) == (alike, 1.0)
    sampled = alike < 19
    assert {line["confidence"] for line in lines} == {1.0 if sampled else None}
    assert (figures["calibration"] is not None) == sampled
    assert {"confidence", "brier", "ece"} <= set(figures["metrics"]) or not sampled
    assert not sampled or "same text" not in said
    if not sampled:
        assert not {"confidence", "brier", "ece"} & set(figures["metrics"])
        line = f"all 3 samples of {alike} of 20 rows are the same text at temperature 0.8: the server does not sample"
        assert line in said
        assert "synth doctor" in said

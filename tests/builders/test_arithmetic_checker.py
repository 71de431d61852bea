"""Scratchpad arithmetic: a checker that passes every built row and finds every change of meaning."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest
from arithmetic_rows import EXAMPLE, OPERATIONS, STYLES, few, question, rows, untimed
from hypothesis import given
from hypothesis import strategies as st

from synth.builders import arithmetic
from synth.builders.arithmetic import Config
from synth.builders.arithmetic.operands import SHARES
from synth.building.build import remake
from synth.record import Record
from synth.validators.arithmetic import check

configs = st.builds(
    Config,
    style=st.sampled_from(STYLES),
    operation=st.sampled_from(OPERATIONS),
    digits=st.sampled_from(("1", "2", "1-5", "6-10", "18")),
    repeat=st.just(True),
)
seeds, indexes = st.integers(0, 2**63), st.integers(0, 2**40)


@untimed
@given(configs, st.sampled_from(tuple(SHARES)), seeds, indexes)
def test_built_rows_pass(config: Config, split: str, seed: int, index: int) -> None:
    assert check(arithmetic.record(config, split, seed, index), hinted=config.style == "hint") is None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_first_two_thousand_rows_pass(operation: str) -> None:
    for split in arithmetic.splits(Config()):
        assert [fault for row in rows(Config(operation=operation), split, 2000) if (fault := check(row))] == []


def with_steps(row: Record, rationale: str) -> Record:
    """The row with another rationale, its completion made to fit, so that only the steps can give it away."""
    return replace(row, rationale=rationale, completion=f"\n{rationale}\n{row.answer}")


def changed_tokens(text: str) -> Iterator[str]:
    """The text with a number, an operator or the letter of a carry changed, or a token left out, doubled or moved."""
    for match in re.finditer(r"[^ \n]+", text):
        token, before, after = match[0], text[: match.start()], text[match.end() :]
        others = "0123456789" if token.isdigit() else "+-*" if token in "+-*" else ("C:", "B:", "")
        yield from (f"{before}{other}{after}" for other in others if other != token)
        yield before + after.removeprefix(" ")
        yield f"{before}{token} {token}{after}"
    for match in re.finditer(r"(?=(?<![^ \n])([^ \n]+) ([^ \n]+))", text):
        if match[1] != match[2]:
            yield f"{text[: match.start()]}{match[2]} {match[1]}{text[match.end(2) :]}"


def changed_lines(text: str) -> Iterator[tuple[str, str]]:
    """The text with two lines swapped, a line left out or a line said twice, and the reason for which it is wrong."""
    lines = text.split("\n")
    for one, other in combinations(range(len(lines)), 2):
        swapped = lines.copy()
        swapped[one], swapped[other] = lines[other], lines[one]
        yield "steps_out_of_order", "\n".join(swapped)
    for at in range(len(lines)):
        yield "missing_step", "\n".join(lines[:at] + lines[at + 1 :])
        yield "extra_step", "\n".join([*lines[:at], lines[at], *lines[at:]])


scratchpads = st.builds(
    lambda operation, digits, seed, index: arithmetic.record(
        Config(operation=operation, digits=digits, repeat=True), "train", seed, index
    ),
    st.sampled_from(OPERATIONS),
    st.sampled_from(("1", "2", "3", "4")),
    seeds,
    indexes,
)


@few
@given(scratchpads)
def test_every_changed_token_of_a_step_is_found(row: Record) -> None:
    for changed in changed_tokens(row.rationale):
        fault = check(with_steps(row, changed))
        assert fault is not None, changed
        assert fault.reason in {"wrong_step", "unreadable_step"}
        assert fault.detail.startswith("line ")


@few
@given(scratchpads)
def test_every_changed_line_is_found_and_named(row: Record) -> None:
    for reason, changed in changed_lines(row.rationale):
        if changed != row.rationale:
            fault = check(with_steps(row, changed))
            assert fault is not None, changed
            assert fault.reason == reason


@few
@given(scratchpads)
def test_a_changed_question_is_found(row: Record) -> None:
    for changed in changed_tokens(question(row)):
        assert check(replace(row, prompt=f"Input:\n{changed}\nTarget:")), changed


@untimed
@given(configs, seeds, indexes, st.integers(-1000, 1000))
def test_a_changed_answer_is_found(config: Config, seed: int, index: int, other: int) -> None:
    row = arithmetic.record(config, "test", seed, index)
    answer = " ".join(str(abs(int(row.answer.replace(" ", "")) + other)))
    wrong = replace(row, answer=answer, completion=row.completion.removesuffix(row.answer) + answer)
    fault = check(wrong, hinted=config.style == "hint")
    if answer == row.answer:
        assert fault is None
    else:
        assert fault is not None
        assert fault.reason == ("answer_not_from_last_step" if row.rationale else "wrong_answer")


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"prompt": "Input:\n6 2 4 + 2 5 9\nTarget: 8 8 3"}, "unreadable_prompt", "Target: 8 8 3"),
        ({"prompt": "Input:\n6 2 4 + 2 5\nTarget:"}, "unreadable_prompt", "same length"),
        ({"prompt": "Input:\n2 4 - 2 5\nTarget:"}, "unreadable_prompt", "less than 0"),
        ({"prompt": f"Input:\n{'9 ' * 5000}+ 1\nTarget:"}, "unreadable_prompt", "two numbers"),
        ({"answer": "0 8 8 3"}, "answer_not_from_last_step", "says '0 8 8 3', it should say '8 8 3'"),
        ({"answer": ""}, "answer_not_from_last_step", "says ''"),
        ({"completion": "\n8 8 3"}, "wrong_completion", "<scratch>"),
        ({"rationale": ""}, "wrong_completion", "should say '\\n8 8 3'"),
        ({"rationale": "", "answer": "8 8 4", "completion": "\n8 8 4"}, "wrong_answer", "8 8 3"),
        ({"rationale": "6 2 4 plus 2 5 9"}, "unreadable_step", "line 1"),
    ],
)
def test_the_fault_says_what_is_wrong(changes: dict[str, str], reason: str, detail: str) -> None:
    fault = check(replace(remake(EXAMPLE), **changes))
    assert fault is not None
    assert fault.reason == reason
    assert detail in fault.detail


def test_a_wrong_step_is_shown_with_the_right_one() -> None:
    row = remake(EXAMPLE)
    fault = check(with_steps(row, row.rationale.replace("3 C: 1", "4 C: 1")))
    assert fault is not None
    assert fault.detail == "line 3 says '2 + 5 , 4 C: 1', it should say '2 + 5 , 3 C: 1'"


def test_the_checker_reads_the_text_alone() -> None:
    assert check(replace(remake(EXAMPLE), id="x/1", meta={}, task="sums")) is None

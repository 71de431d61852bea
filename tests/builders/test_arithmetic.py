"""Scratchpad arithmetic: the text of its rows, to the letter."""

import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from arithmetic_rows import EXAMPLE, OPERATIONS, STYLES, question, rows

import synth
from synth.builders import arithmetic
from synth.builders.arithmetic import Config, write_scratchpad
from synth.building.build import remake
from synth.validating.options import Validate
from synth.validating.validate import run as validate
from synth.validators.arithmetic import check

SCRATCHPADS = {
    "the example of the paper": (
        "6 2 4 + 2 5 9",
        ["6 2 4 + 2 5 9 , C: 0", "2 + 5 , 3 C: 1", "6 + 2 , 8 3 C: 0", ", 8 8 3 C: 0", "0 8 8 3"],
    ),
    "carries through to a new leading digit": (
        "9 9 + 1 1",
        ["9 9 + 1 1 , C: 0", "9 + 1 , 0 C: 1", ", 1 0 C: 1", "1 1 0"],
    ),
    "one digit": ("1 + 2", ["1 + 2 , C: 0", ", 3 C: 0", "0 3"]),
    "one digit with a carry": ("9 + 9", ["9 + 9 , C: 0", ", 8 C: 1", "1 8"]),
    "borrows": (
        "6 2 4 - 2 5 9",
        ["6 2 4 - 2 5 9 , B: 0", "2 - 5 , 5 B: 1", "6 - 2 , 6 5 B: 1", ", 3 6 5 B: 0", "0 3 6 5"],
    ),
    "borrows through a zero": (
        "2 0 0 - 1 9 9",
        ["2 0 0 - 1 9 9 , B: 0", "0 - 9 , 1 B: 1", "2 - 1 , 0 1 B: 1", ", 0 0 1 B: 0", "0 0 0 1"],
    ),
    "nothing left": ("4 2 - 4 2", ["4 2 - 4 2 , B: 0", "4 - 4 , 0 B: 0", ", 0 0 B: 0", "0 0 0"]),
    "one digit times one digit": ("7 * 2", ["7 * 2 , C: 0", "7 * 2 + 0 , C: 0", ", 4 C: 1", "1 4"]),
    "a pass for each digit": (
        "2 4 * 3 7",
        [
            "2 4 * 3 7 , C: 0",
            *("2 4 * 7 + 0 0 , C: 0", "2 * 7 + 0 , 8 C: 2", ", 6 8 C: 1"),
            *("2 4 * 3 + 1 6 , 8 C: 0", "2 * 3 + 1 , 8 8 C: 1", ", 8 8 8 C: 0"),
            "0 8 8 8",
        ],
    ),
    "largest carries": (
        "9 9 * 9 9",
        [
            "9 9 * 9 9 , C: 0",
            *("9 9 * 9 + 0 0 , C: 0", "9 * 9 + 0 , 1 C: 8", ", 9 1 C: 8"),
            *("9 9 * 9 + 8 9 , 1 C: 0", "9 * 9 + 8 , 0 1 C: 9", ", 8 0 1 C: 9"),
            "9 8 0 1",
        ],
    ),
}


@pytest.mark.parametrize(("asked", "lines"), SCRATCHPADS.values(), ids=SCRATCHPADS)
def test_scratchpad_to_the_letter(asked: str, lines: list[str]) -> None:
    sign = re.sub(r"[\d ]", "", asked)
    above, below = asked.replace(" ", "").split(sign)
    scratchpad, _ = write_scratchpad(sign, asked, above, below)
    assert scratchpad.split("\n") == ["<scratch>", *lines, "</scratch>"]


def test_a_row_is_the_text_of_the_paper() -> None:
    row = remake(EXAMPLE)
    assert row.prompt + row.completion == (
        "Input:\n6 2 4 + 2 5 9\nTarget:\n<scratch>\n6 2 4 + 2 5 9 , C: 0\n2 + 5 , 3 C: 1\n6 + 2 , 8 3 C: 0\n"
        ", 8 8 3 C: 0\n0 8 8 3\n</scratch>\n8 8 3"
    )
    assert row.prompt.endswith("\nTarget:")
    assert row.rationale == row.completion.removeprefix("\n").removesuffix("\n8 8 3")
    assert row.meta == {"operation": "add", "digits": 3, "carries": 1, "hinted_prompt": ""}
    assert (row.id, row.task, row.answer) == (EXAMPLE, "arithmetic", "8 8 3")


def test_a_direct_row_has_the_answer_alone() -> None:
    row = remake(EXAMPLE.replace("scratchpad", "direct"))
    assert (row.rationale, row.completion) == ("", "\n8 8 3")
    assert row.prompt == "Input:\n6 2 4 + 2 5 9\nTarget:"


def test_the_hint_stands_in_the_prompt_and_the_one_without_it_beside() -> None:
    row, plain = remake(EXAMPLE.replace("scratchpad", "hint")), remake(EXAMPLE)
    assert row.prompt == row.meta["hinted_prompt"] == "Input:\n6 2 4 + 2 5 9\nTarget: 8 8 3"
    assert row.meta["unhinted_prompt"] == plain.prompt
    assert (row.rationale, row.answer, row.completion) == (plain.rationale, plain.answer, plain.completion)


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_hinted_rows_hold_and_a_wrong_hint_does_not(tmp_path: Path, format: str) -> None:
    folder = synth.build("arithmetic", style="hint", train=8, validation=0, test=0, test_beyond=0, format=format,
                         out=tmp_path / "data", quiet=True)  # fmt: skip
    (result,) = validate(Validate(folder.folder, quiet=True))
    assert result.success
    assert {"steps", "hint_apart"} <= {outcome.name for outcome in result.outcomes if outcome.rows == 8}
    row = folder["train"][0]
    assert check(row, hinted=True) is None
    assert str(check(row)).count("unreadable_prompt") == 1  # in a folder of another style
    wrong = replace(row, prompt=f"{row.meta['unhinted_prompt']} 1 2 3")
    fault = check(wrong, hinted=True)
    assert fault is not None
    assert fault.reason == "wrong_hint"


def test_a_hinted_folder_of_an_older_version_still_holds(tmp_path: Path) -> None:
    """0.1.0 had the prompt without the hint as the prompt, and no column of that name."""
    folder = synth.build("arithmetic", style="hint", train=8, validation=0, test=0, test_beyond=0,
                         out=tmp_path / "data", quiet=True).folder  # fmt: skip
    path = folder / "train.jsonl"
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for row in rows:
        row["prompt"] = row["meta"].pop("unhinted_prompt")
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    (result,) = validate(Validate(folder, quiet=True))
    assert [one.name for one in result.outcomes if not one.success] == ["files_unchanged"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_style_asks_the_same_questions(operation: str) -> None:
    asked = [[question(row) for row in rows(Config(style=style, operation=operation))] for style in STYLES]
    assert asked[0] == asked[1] == asked[2]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_are_right_and_have_no_leading_zero(operation: str) -> None:
    for row in rows(Config(operation=operation)):
        first, second = map(int, re.split(r"[-+*]", question(row).replace(" ", "")))
        results = {"add": first + second, "subtract": first - second, "multiply": first * second}
        assert row.answer == " ".join(str(results[operation]))


@pytest.mark.parametrize(("operation", "letter"), [("add", "C"), ("subtract", "B"), ("multiply", "C")])
def test_meta_counts_digits_and_carries(operation: str, letter: str) -> None:
    for row in rows(Config(operation=operation)):
        assert row.meta["digits"] == len(re.findall(r"\d", question(row))) / 2
        assert row.meta["carries"] == len(re.findall(rf"{letter}: [1-9]", row.rationale))
        assert list(row.meta) == list(arithmetic.META)


def test_operands_have_the_digits_asked_for() -> None:
    for row in rows(Config(operation="subtract", digits="2-4")):
        first, second = question(row).replace(" ", "").split("-")
        assert len(first) == len(second) == row.meta["digits"]
        assert "0" not in (first[0], second[0])
        assert int(first) >= int(second)

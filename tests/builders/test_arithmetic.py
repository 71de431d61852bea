"""Scratchpad arithmetic: golden rows, no question twice, and a checker that finds every change of meaning."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import combinations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.builders import arithmetic
from synth.builders.arithmetic import Config, write_scratchpad
from synth.builders.arithmetic.operands import SHARES, Drawing, questions
from synth.building.build import Options, build, remake
from synth.errors import UsageError
from synth.record import Record
from synth.validators.arithmetic import check

untimed = settings(deadline=None)
few = settings(untimed, max_examples=40)  # for tests that try thousands of changes on each example

OPERATIONS = ("add", "subtract", "multiply")
STYLES = ("scratchpad", "direct", "hint")
EXAMPLE = "arithmetic/style=scratchpad,operation=add,digits=3/train/0/216281"  # the row in the builder's docstring

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


def rows(config: Config, split: str = "train", count: int = 200, seed: int = 0) -> list[Record]:
    return list(arithmetic.records(config, split, seed, range(count)))


def question(record: Record) -> str:
    return record.prompt.split("\n")[1]


# The text of a row


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


def test_the_hint_stands_in_the_prompt_to_ask_with_and_not_in_the_row() -> None:
    row, plain = remake(EXAMPLE.replace("scratchpad", "hint")), remake(EXAMPLE)
    assert row.meta["hinted_prompt"] == "Input:\n6 2 4 + 2 5 9\nTarget: 8 8 3"
    assert (row.prompt, row.rationale, row.completion) == (plain.prompt, plain.rationale, plain.completion)


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


# Which rows there are


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("length", [1, 2])
def test_the_splits_together_hold_every_question_once(operation: str, length: int) -> None:
    config = Config(operation=operation, digits=f"{length}")
    asked = [question(row) for split in SHARES for row in rows(config, split, 10_000)]
    assert len(asked) == len(set(asked)) == questions(operation, length)


@pytest.mark.parametrize(("operation", "length", "count"), [("add", 1, 81), ("subtract", 1, 45), ("multiply", 2, 8100)])
def test_questions_are_counted(operation: str, length: int, count: int) -> None:
    assert questions(operation, length) == count


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_question_is_in_two_splits_of_any_style_or_range(operation: str) -> None:
    train = {question(row) for row in rows(Config(operation=operation, digits="1-3"), "train", 5000)}
    for split in ("validation", "test"):
        others = {question(row) for row in rows(Config(operation=operation, style="direct", digits="1-4"), split, 2000)}
        assert not train & others


def test_digit_counts_are_uniform() -> None:
    lengths = Counter(row.meta["digits"] for row in rows(Config(digits="6-10"), count=5000))
    assert lengths == dict.fromkeys(range(6, 11), 1000)


def test_operands_are_spread_over_all_numbers() -> None:
    first = [int(question(row).replace(" ", "").split("+")[0]) for row in rows(Config(digits="4"), count=9000)]
    tenths = Counter((number - 1000) // 900 for number in first)
    assert all(800 < tenths[tenth] < 1000 for tenth in range(10))


def test_short_lengths_run_out_and_the_rest_is_longer() -> None:
    lengths = Counter(row.meta["digits"] for row in rows(Config(digits="1-3"), count=20_000))
    assert lengths == {1: 64, 2: 6480, 3: 20_000 - 64 - 6480}


def test_with_repeat_every_length_goes_on() -> None:
    made = rows(Config(digits="1-2", repeat=True), count=400)
    assert Counter(row.meta["digits"] for row in made) == {1: 200, 2: 200}
    assert len({question(row) for row in made}) == 264


def test_the_manifest_names_exhausted_lengths() -> None:
    notes = arithmetic.notes(Config())
    assert notes["exhausted"] == {"train": {"1": 64, "2": 6480}, "validation": {"1": 8}, "test": {"1": 9}}
    assert notes["questions"] == {"1": 81, "2": 8100}
    assert "longer" in notes["meaning"]
    assert arithmetic.notes(Config(digits="5")) == {}


@pytest.mark.parametrize(("repeat", "count"), [(False, 20_000), (True, 20_000), (False, 100), (True, 100)])
def test_the_notes_are_what_the_rows_hold(repeat: bool, count: int) -> None:
    config = Config(digits="1-3", train=count, repeat=repeat)
    asked = {question(row) for row in rows(config, count=count)}
    sizes = Counter(len(each.split(" + ")[0].split()) for each in asked)
    share = {length: questions("add", length) * 8 // 10 for length in (1, 2, 3)}
    whole = {f"{length}": size for length, size in share.items() if sizes[length] == size}
    assert arithmetic.notes(config).get("exhausted", {}).get("train", {}) == whole


@few
@given(
    st.builds(
        Config,
        operation=st.sampled_from(OPERATIONS),
        digits=st.sampled_from(("1", "2", "1-5", "13")),
        repeat=st.booleans(),
    ),
    st.sampled_from(("train", "validation", "test", "test_beyond")),
    st.integers(0, 2**40),
    st.integers(0, 2047),
)
def test_a_row_alone_is_the_row_among_others(config: Config, split: str, seed: int, index: int) -> None:
    together = rows(config, split, 2048, seed)
    if index < len(together):
        assert arithmetic.record(config, split, seed, index) == together[index] == remake(together[index].id)
        assert together[index].id == f"arithmetic/{_variant(config)}/{split}/{seed}/{index}"
    else:
        with pytest.raises(UsageError, match="no more different questions"):
            arithmetic.record(config, split, seed, index)


def _variant(config: Config) -> str:
    named = ["style", "operation", "digits"] + [name for name in ("beyond", "repeat") if getattr(config, name)]
    return ",".join(f"{field.name}={getattr(config, field.name)}" for field in fields(Config) if field.name in named)


@untimed
@given(st.integers(0, 30_000), st.integers(1, 3000))
def test_rows_do_not_depend_on_how_they_are_cut(start: int, size: int) -> None:
    drawing = Drawing("add", range(1, 5), "train", 7)
    whole = drawing.operands(range(max(0, start - 1000), start + size + 10))
    part = drawing.operands(range(start, start + size))
    skipped = start - max(0, start - 1000)
    assert [column[skipped : skipped + size] for column in whole] == list(part)


def test_another_seed_asks_in_another_order() -> None:
    asked = [[question(row) for row in rows(Config(), seed=seed)] for seed in (0, 1)]
    assert len(set(asked[0]) & set(asked[1])) < 50


# Building


def test_a_length_is_built_to_its_last_question(tmp_path) -> None:
    config = Config(digits="2", train=6480, validation=810, test=810, test_beyond=5)
    (result,) = build("arithmetic", config, Options(tmp_path / "out", workers=1))
    assert result.rows == {"train": 6480, "validation": 810, "test": 810, "test_beyond": 5}
    assert result.rejected == {}
    files = ("train", "validation", "test")
    lines = [line for name in files for line in (tmp_path / "out" / f"{name}.jsonl").read_bytes().splitlines()]
    assert len({orjson.loads(line)["prompt"] for line in lines}) == 8100


def test_splits_without_rows_are_left_out() -> None:
    assert arithmetic.splits(Config(train=3, validation=0, test=0, test_beyond=0)) == {"train": 3}


WRONG = {
    "one length more often than it has questions": (
        Config(digits="1", train=100_000, validation=0, test=0),
        [r"--train 100,000: of the 81 different questions \(digits 1\) 64 are for train", r"--repeat", r"--train 64"],
    ),
    "several splits at once": (
        Config(digits="1", operation="subtract"),
        [r"of the 45", r"--train 36 --validation 4 --test 5"],
    ),
    "falling range": (Config(digits="5-1"), [r"--digits '5-1'", r"--digits 3-5"]),
    "no digits": (Config(digits="0"), [r"--digits '0'", r"within 1-18"]),
    "no number": (Config(digits="a/b"), [r"--digits 'a/b'"]),
    "other alphabets": (Config(digits="٣"), [r"--digits '٣'"]),
    "too long": (Config(digits="1-19"), [r"--digits '1-19'"]),
    "beyond what is not beyond": (Config(beyond="4-8"), [r"--beyond 4-8", r"above 5"]),
    "nothing beyond": (Config(digits="18"), [r"--test-beyond 0"]),
    "less than no rows": (Config(train=-1), [r"--train -1: give 0 or more"]),
    "no rows": (Config(train=0, validation=0, test=0, test_beyond=0), [r"no rows are asked for"]),
    "everything at once": (Config(digits="x", beyond="y", test=-2), [r"--digits 'x'", r"--beyond 'y'", r"--test -2"]),
}


@pytest.mark.parametrize(("config", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused_in_one_line(config: Config, says: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        arithmetic.check(config)
    message = str(caught.value)
    assert "\n" not in message
    assert all(re.search(part, message) for part in says), message


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(digits="1", train=100_000, repeat=True),
        Config(digits="1", train=64, validation=8, test=9),
        Config(digits="18", test_beyond=0),
        Config(digits="1-3", beyond="4-18", operation="multiply"),
    ],
)
def test_what_can_be_is_let_through(config: Config) -> None:
    arithmetic.check(config)


@pytest.mark.parametrize(
    "row_id",
    [
        "arithmetic/style=loud,operation=add,digits=3/train/0/1",
        "arithmetic/style=direct,operation=divide,digits=3/train/0/1",
        "arithmetic/style=direct,operation=add,digits=x/train/0/1",
        "arithmetic/style=direct,operation=add,digits=18/test_beyond/0/1",
        "arithmetic/style=direct,operation=add,digits=3/dev/0/1",
        "arithmetic/style=direct,operation=add,digits=1/train/0/64",
        "arithmetic/style=direct,operation=add,digits=1/train/0/-1",
    ],
)
def test_an_id_of_no_row_is_refused(row_id: str) -> None:
    with pytest.raises(UsageError):
        remake(row_id)


# The checker


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
    assert check(arithmetic.record(config, split, seed, index)) is None


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
    fault = check(wrong)
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

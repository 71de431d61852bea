"""Scratchpad arithmetic: which rows there are, none twice, and what is refused."""

import re
from collections import Counter
from dataclasses import fields

import orjson
import pytest
from arithmetic_rows import OPERATIONS, few, question, rows, untimed
from hypothesis import given
from hypothesis import strategies as st

from synth.builders import arithmetic
from synth.builders.arithmetic import Config
from synth.builders.arithmetic.operands import SHARES, Drawing, questions
from synth.building.build import carry_out as build
from synth.building.build import remake
from synth.building.options import Options
from synth.errors import UsageError


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

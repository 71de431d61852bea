"""What stands in the columns of a source: taken by its very name, with all its digits, or refused in one line."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from task_rows import lines, message, read

from synth.errors import SourceError
from synth.questions.cells import options_in
from synth.questions.find import find_task
from synth.questions.layouts import Layout, Reader
from synth.questions.loading import load
from synth.questions.taken import after
from synth.questions.task import Question, Task

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def own(question: str, kind: Any = "number", **more: Any) -> Task:
    layout = Layout("own", question, "right", inline=kind == "option", **more)
    return Task("t", "own", "", "Work it out.", kind, Reader(layout))


def one(task: Task, path: Path, *rows: dict[str, Any]) -> list[Question]:
    return list(load(task, lines(path, *rows)))


@given(NAMES.filter(lambda name: name != "right"))
@example("{x}")
@example("a {b} c")
@example("question.text")
@example("puzzle-text")
@example("Problem Statement")
@example("问题")
def test_a_column_is_taken_by_its_very_name(name: str) -> None:
    found = Reader(Layout("own", name, "right"))({name: "What is 2 + 2?", "right": "4"}, "1")
    assert found == Question("1", "What is 2 + 2?", (), "4")


def test_a_template_takes_columns_with_any_signs_but_no_unknown_one(tmp_path: Path) -> None:
    row = {"Problem Statement": "2 + 2?", "Set-Name": "A", "right": 4, "a.b": "whole", "a": {"b": "part", "c": "inner"}}
    task = own("{Set-Name}: {Problem Statement} ({a.b}, {a.c})")
    assert one(task, tmp_path / "x.jsonl", row)[0].text == "A: 2 + 2? (whole, inner)"
    with pytest.raises(SourceError, match=r"line 1 lacks B; it has Problem Statement, Set-Name, right") as error:
        one(own("Set {B} of {Problem Statement}"), tmp_path / "x.jsonl", row)
    message(error)


@pytest.mark.parametrize("question", [None, "", " \n", [], ["What?"], [{"role": "user", "content": "What?"}], {"a": 1}])
def test_what_is_no_question_is_refused_with_its_place(tmp_path: Path, question: Any) -> None:
    good = {"question": "What?", "label": "4"}
    with pytest.raises(SourceError, match=r"x\.jsonl line 2 has ") as error:
        read("gsm8k", tmp_path / "x.jsonl", good, {**good, "question": question})
    message(error)
    for template in ("{question}", "Q {question}"):
        if question not in ("", " \n"):
            with pytest.raises(SourceError, match=r"line 1 has "):
                one(own(template), tmp_path / "y.jsonl", {"question": question, "right": 4})


@pytest.mark.parametrize("text", [None, "", 3])
def test_a_reader_of_somebody_s_own_asks_no_question_that_is_none(tmp_path: Path, text: Any) -> None:
    task = replace(own("q"), read=lambda row, number: Question(number, text))
    with pytest.raises(SourceError, match=r"line 1: question 1 is .*, not a text"):
        one(task, tmp_path / "x.jsonl", {"q": 1})


@given(st.integers(-(10**50), 10**50) | st.integers(-(2**70), 2**70))
@example(123456789012345678901)
@example(2**64)
@example(-(2**63) - 1)
def test_a_whole_number_keeps_its_digits(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    folder = tmp_path_factory.mktemp("digits")
    source = folder / "x.jsonl"
    source.write_text(f'{{"id": {number}, "question": "What is {number}?", "label": {number}}}\n')
    assert list(load(find_task("gsm8k"), str(source))) == [Question(str(number), f"What is {number}?", (), str(number))]
    whole = folder / "x.json"
    whole.write_text(f'[{{"question": {number or 1}{"0" * 400},\n "label": "1"}}]')
    assert next(load(find_task("gsm8k"), str(whole))).text == f"{number or 1}{'0' * 400}"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_with_a_point_is_the_one_in_the_file(tmp_path_factory: pytest.TempPathFactory, number: float) -> None:
    source = tmp_path_factory.mktemp("floats") / "x.jsonl"
    source.write_text(json.dumps({"question": number, "label": "1"}) + "\n")
    assert Decimal(next(load(find_task("gsm8k"), str(source))).text) == Decimal(repr(number))


def test_digits_beyond_a_float_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    source.write_text('{"question": "What?", "label": 0.12345678901234567890123}\n')
    assert next(load(find_task("gsm8k"), str(source))).gold == "0.12345678901234567890123"


def test_numbers_of_tables_and_parquet(tmp_path: Path) -> None:
    big = 9_007_199_254_740_993
    columns = {"id": pa.array([1, None]), "question": ["What?", "Which?"], "label": pa.array([big, None])}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    assert list(load(find_task("gsm8k"), str(tmp_path / "x.parquet"))) == [
        Question("1", "What?", (), str(big)), Question("2", "Which?", (), None),
    ]  # fmt: skip
    nan = {"question": ["What?"], "label": [float("nan")]}
    pq.write_table(pa.table(nan), tmp_path / "nan.parquet")
    assert next(load(find_task("gsm8k"), str(tmp_path / "nan.parquet"))).gold is None
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["question", "label"], ["What? " + "x" * 300_000, "123456789012345678901"]])
    (found,) = load(find_task("gsm8k"), str(tmp_path / "x.csv"))
    assert (len(found.text), found.gold) == (300_006, "123456789012345678901")


@pytest.mark.parametrize("task", [find_task("gsm8k"), own("question", parse=after("####"))])
def test_a_number_where_a_solution_may_stand_is_the_answer(tmp_path: Path, task: Task) -> None:
    column = "right" if task.name == "t" else "answer"
    golds = [4, -1.5, 2**70, "2 + 2 = 4\n#### 4", "4", None]
    rows = [{"question": "What?", column: gold} for gold in golds]
    found = [question.gold for question in one(task, tmp_path / "x.jsonl", *rows)]
    assert found == ["4", "-1.5", str(2**70), "4", "4", None]
    pq.write_table(pa.table({"question": ["What?"], column: [float("nan")]}), tmp_path / "nan.parquet")
    assert next(load(task, str(tmp_path / "nan.parquet"))).gold is None
    with pytest.raises(SourceError, match=f"line 1 has a list in its column '{column}', not a text") as error:
        one(task, tmp_path / "y.jsonl", {"question": "What?", column: [4]})
    message(error)


@pytest.mark.parametrize("label", [None, "", "  "])
def test_a_row_without_a_right_answer_has_none(tmp_path: Path, label: Any) -> None:
    assert read("gsm8k", tmp_path / "x.jsonl", {"question": "What?", "label": label})[0].gold is None
    kept_back = {"question": "Which? (A) ash (B) oak", "right": label}
    assert one(own("question", "option"), tmp_path / "y.jsonl", kept_back)[0].gold is None


def test_an_id_that_is_null_is_the_number_of_the_row(tmp_path: Path) -> None:
    rows = [{"id": None, "question": "What?", "label": 1}, {"id": "", "question": "What?", "label": 1}]
    assert [question.id for question in read("gsm8k", tmp_path / "x.jsonl", *rows)] == ["1", "2"]


def test_names_with_a_dot_in_front_are_passed_over(tmp_path: Path) -> None:
    for name in ("train.jsonl", ".train.jsonl", ".cache/train.jsonl", "._train.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        lines(tmp_path / name, {"question": name, "label": 1})
    assert [question.text for question in load(find_task("gsm8k"), str(tmp_path))] == ["train.jsonl"]


SHAPES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "texts": ({"options": ["ash", "oak"], "right": "B"}, ("ash", "oak")),
    "an object of letters": ({"options": {"A": "ash", "B": "oak"}, "right": "B"}, ("ash", "oak")),
    "with null in the end": ({"options": {"A": "ash", "B": "oak", "C": None}, "right": "B"}, ("ash", "oak")),
    "an object of names": ({"options": {"x": "ash", "y": "oak"}, "right": "y"}, ("ash", "oak")),
    "the Hub's": ({"options": {"label": [1, 2], "text": ["ash", "oak"]}, "right": 2}, ("ash", "oak")),
    "a release's": (
        {"options": [{"label": "A", "text": "ash"}, {"label": "B", "text": "oak"}], "right": "B"}, ("ash", "oak"),
    ),
    "JSON in a text": ({"options": '["ash", "oak"]', "right": "oak"}, ("ash", "oak")),
    "an object in a text": ({"options": '{"A": "ash", "B": "oak"}', "right": "B"}, ("ash", "oak")),
    "columns": ({"A": "ash", "B": "oak", "C": "elm", "D": "", "E": None, "right": "B"}, ("ash", "oak", "elm")),
    "numbers": ({"options": [1, 2.5], "right": 2.5}, ("1", "2.5")),
    "numbers in texts": ({"options": ["1", "2"], "right": "2"}, ("1", "2")),
    "in the question": ({"options": None, "right": "B"}, ("this", "that")),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_options_in_every_shape(tmp_path: Path, shape: str) -> None:
    row, options = SHAPES[shape]
    text = "Which? (A) this or (B) that" if shape == "in the question" else "Which?"
    (question,) = one(own("question", "option"), tmp_path / "x.jsonl", {"question": text, **row})
    assert (question.text, question.options, question.gold) == ("Which?", options, "B")


BAD: dict[str, tuple[Any, str]] = {
    "a number": (3, "has '3' in its column 'options': options are a list of texts"),
    "a text": ("ash, oak", "has 'ash, oak' in its column 'options'"),
    "a number in a text": ("3", "has '3' in its column 'options'"),
    "null among them": (["ash", None, "oak"], "has nothing as option B"),
    "an empty one": (["ash", ""], "has nothing as option B"),
    "lists": ([["ash"], ["oak"]], "has a list in its column 'options'"),
    "objects": ([{"name": "ash"}], "has objects without label and text"),
    "too many": ([str(n) for n in range(27)], "has 27 options"),
    "one label too few": ({"label": ["A"], "text": ["ash", "oak"]}, "has 1 labels and 2 texts"),
    "nothing": (None, "has no options"),
    "no option": ([], "has no options"),
}


@pytest.mark.parametrize("shape", BAD)
def test_what_are_no_options_is_one_line(tmp_path: Path, shape: str) -> None:
    options, expected = BAD[shape]
    with pytest.raises(SourceError, match=expected) as error:
        one(own("question", "option"), tmp_path / "x.jsonl", {"question": "Which?", "options": options, "right": "A"})
    assert "x.jsonl line 1" in message(error)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), min_size=1, max_size=26)
)
def test_options_come_out_as_they_are(texts: Sequence[str]) -> None:
    expected = [text.strip() for text in texts]
    assert options_in({"options": list(texts)}, ())[1] == expected
    assert options_in({"options": json.dumps(list(texts))}, ())[1] == expected
    columns = [f"o{at}" for at in range(len(texts))]
    if len(texts) > 1:
        assert options_in(dict(zip(columns, texts, strict=True)), columns)[1] == expected


def test_any_other_column_is_no_option_of_a_number(tmp_path: Path) -> None:
    row = {"question": "What is A + B?", "A": 2, "B": 2, "right": 4}
    assert one(own("question"), tmp_path / "x.jsonl", row) == [Question("1", "What is A + B?", (), "4")]

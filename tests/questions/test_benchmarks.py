"""The tasks that docs/tasks.md shows read rows in the layout of each benchmark; all rows are made up."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from task_rows import lines, message

from synth.errors import SourceError, UsageError
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.task import Question, Task

DOCS = Path(__file__).parents[2] / "docs" / "tasks.md"
TOMLS = {
    re.search(r'name = "(.*)"', text)[1]: text for text in re.findall(r"```toml\n(.*?)```", DOCS.read_text(), re.S)
}  # type: ignore[index]
TREES = ("ash", "oak", "elm", "fir")

ROWS: dict[str, tuple[dict[str, Any], Question]] = {
    "mmlu": (
        {"question": "Which?", "subject": "trees", "choices": list(TREES), "answer": 2},
        Question("1", "Which?", TREES, "C"),
    ),
    "kmmlu": (
        {"question": "Which?", "answer": 4, **dict(zip("ABCD", TREES, strict=True)), "Category": "Trees"},
        Question("1", "Which?", TREES, "D"),
    ),
    "medmcqa": (
        {"id": "x1", "question": "Which?", **{f"op{c}": t for c, t in zip("abcd", TREES, strict=True)}, "cop": 0},
        Question("x1", "Which?", TREES, "A"),
    ),
    "medqa": (
        {"question": "Which?", "answer": "oak", "options": dict(zip("ABCD", TREES, strict=True)), "answer_idx": "B"},
        Question("1", "Which?", TREES, "B"),
    ),
    "aqua": (
        {"question": "How many?", "options": ["A)21", "B)21.5", "C) 22", "D)23", "E)24"], "correct": "C"},
        Question("1", "How many?", ("21", "21.5", "22", "23", "24"), "C"),
    ),
    "my-math": (
        {"problem": "Where?", "level": "Level 5", "type": "Algebra", "solution": r"$\boxed{1}$, $\boxed{[0, 1)}$."},
        Question("1", "Where?", (), "[0, 1)"),
    ),
    "date_understanding": (
        {"input": "Today is a Monday. What was it?\nOptions:\n(A) a Sunday\n(B) a Friday", "target": "(A)"},
        Question("1", "Today is a Monday. What was it?", ("a Sunday", "a Friday"), "A"),
    ),
    "sums": (
        {"question": "How many?", "answer": "540 + 540 = <<540+540=1080>>1080\n#### 1,080"},
        Question("1", "How many?", (), "1080"),
    ),
}  # fmt: skip
WRONG = {f"Incorrect Answer {at}": tree for at, tree in enumerate(TREES[1:], start=1)}


def task(tmp_path: Path, name: str, **changes: str) -> Task:
    text = TOMLS[name]
    for old, new in changes.items():
        text = re.sub(rf"^{old} = .*$", new, text, flags=re.M)
    (tmp_path / f"{name}.toml").write_text(text)
    return find_task(str(tmp_path / f"{name}.toml"))


def test_every_task_of_the_page_is_tried() -> None:
    assert TOMLS.keys() == {*ROWS, "gpqa"}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_a_benchmark(tmp_path: Path, name: str) -> None:
    row, expected = ROWS[name]
    assert list(load(task(tmp_path, name), lines(tmp_path / "x.jsonl", row))) == [expected]
    whole = tmp_path / "x.json"
    whole.write_text(json.dumps({"canary": "none", "examples": [row, row]}, indent=1))
    assert next(load(task(tmp_path, name), str(whole))) == expected


@pytest.mark.parametrize("name", ["mmlu", "kmmlu", "medmcqa"])
def test_an_answer_that_counts_no_option_is_refused(tmp_path: Path, name: str) -> None:
    row, _ = ROWS[name]
    column = "cop" if "cop" in row else "answer"
    first = 1 if name == "kmmlu" else 0
    for bad in (first + 4, "ash", -2, 1.5):
        with pytest.raises(SourceError, match=f"line 1 has .* answers count 4 options from {first}") as error:
            list(load(task(tmp_path, name), lines(tmp_path / "x.jsonl", {**row, column: bad})))
        message(error)
    for none in (None, "", -1):
        (question,) = load(task(tmp_path, name), lines(tmp_path / "x.jsonl", {**row, column: none}))
        assert question.gold is None
    goldens = [
        next(load(task(tmp_path, name), lines(tmp_path / "x.jsonl", {**row, column: first + at}))).gold
        for at in range(4)
    ]
    assert goldens == list("ABCD")


def test_a_count_without_its_beginning_is_never_guessed(tmp_path: Path) -> None:
    own = task(tmp_path, "mmlu", counts_from="")
    with pytest.raises(SourceError, match=r"is '2', not \(A\) ash .* counts_from = 0 or 1 in \[columns\]"):
        list(load(own, lines(tmp_path / "x.jsonl", ROWS["mmlu"][0])))


def test_gpqa_draws_the_order_of_its_options(tmp_path: Path) -> None:
    """From the question alone: the same in every run, whichever rows are beside it, and each place equally often."""
    rows = [{"Record ID": f"r{at}", "Question": f"Which {at}?", "Correct Answer": "ash", **WRONG} for at in range(400)]
    with (tmp_path / "gpqa.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    gpqa = task(tmp_path, "gpqa")
    questions = list(load(gpqa, str(tmp_path / "gpqa.csv")))
    assert all(sorted(q.options) == sorted(TREES) and q.options["ABCD".index(str(q.gold))] == "ash" for q in questions)
    for letter in "ABCD":  # 100 are expected of each; the standard deviation is 8.7
        assert sum(q.gold == letter for q in questions) == pytest.approx(100, abs=40)
    assert list(load(gpqa, lines(tmp_path / "one.jsonl", rows[7]))) == [questions[7]]


def test_a_right_answer_that_is_always_the_same_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"always be the same option: add shuffle = true"):
        task(tmp_path, "gpqa", shuffle="")
    with pytest.raises(UsageError, match="shuffle is for options in columns of their own"):
        task(tmp_path, "gpqa", answer='answer = "key"')
    with pytest.raises(UsageError, match="counts_from has to be 0 or 1"):
        task(tmp_path, "mmlu", counts_from='counts_from = "A"')
    with pytest.raises(UsageError, match="boxed has to be true or false"):
        task(tmp_path, "my-math", boxed='boxed = "yes"')


def test_letters_are_taken_off_only_if_every_option_has_its_own(tmp_path: Path) -> None:
    row = ROWS["aqua"][0]
    for options in (["A. Roe", "B. Poe", "X. Low"], ["A)1", "C)2"], ["B) 1", "A) 2"]):
        (question,) = load(
            task(tmp_path, "aqua"), lines(tmp_path / "x.jsonl", {**row, "options": options, "correct": "A"})
        )
        assert question.options == tuple(options)
    for form in ("({}) {}", "{}. {}", "{}: {}", "{}) {}"):
        options = [form.format(letter, tree) for letter, tree in zip("ABCD", TREES, strict=True)]
        (question,) = load(task(tmp_path, "aqua"), lines(tmp_path / "x.jsonl", {**row, "options": options}))
        assert question.options == TREES

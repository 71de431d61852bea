"""Demonstrations out of files and folders, and one line for what cannot be shown."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from arithmetic_rows import rows
from tiny_models import write_dataset

from synth.builders.arithmetic import Config
from synth.errors import SynthError, UsageError
from synth.questions.find import find_task
from synth.questions.layouts import Layout, Reader
from synth.questions.reading import asked_of, task_of
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import Shots
from synth.shots.forms import Turn, chat, in_front, plain
from synth.shots.load import load_shots
from synth.shots.options import ShotOptions

GSM8K = find_task("gsm8k")
QUESTION = "Ana has 3 pens and buys 4. How many has she?"
WANTED = Record(
    "gsm8k/shots/1", "gsm8k", f"Question: {QUESTION}\nAnswer:", "3 + 4 = 7 pens.", "7",
    " 3 + 4 = 7 pens.\nThe answer is 7.", {"source_id": "1"},
)  # fmt: skip
LINES: dict[str, Any] = {
    "question and rationale": {"question": QUESTION, "rationale": "3 + 4 = 7 pens.", "answer": "7"},
    "a number": {"question": QUESTION, "rationale": "3 + 4 = 7 pens.", "answer": 7},
    "release": {"question": QUESTION, "answer": "3 + 4 = <<3+4=7>>7 pens.\n#### 7"},
    "plain": {"question": QUESTION, "rationale": "3 + 4 = 7 pens.", "label": 7},
    "messages": {"messages": [
        {"role": "system", "content": "Be good."}, {"role": "user", "content": WANTED.prompt},
        {"role": "assistant", "content": WANTED.completion},
    ]},
    "prompt and completion": {"prompt": WANTED.prompt, "completion": WANTED.completion},
    "row": {name: getattr(WANTED, name) for name in WANTED.__slots__},
}  # fmt: skip


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def loaded(name: str = "gsm8k", **options: Any) -> Shots:
    found = load_shots(ShotOptions(**options), name)
    assert found is not None
    return found


@pytest.mark.parametrize("how", LINES)
def test_a_line_is_a_row_of_the_task_with_its_closing(how: str, tmp_path: Path) -> None:
    (row,) = loaded(shots=write(tmp_path / "s.jsonl", LINES[how])).rows
    assert (row.prompt, row.rationale, row.answer, row.completion) == (
        WANTED.prompt, WANTED.rationale, WANTED.answer, WANTED.completion,
    )  # fmt: skip
    assert (row.id, row.task) == (WANTED.id, WANTED.task)


@pytest.mark.parametrize("how", LINES)
def test_the_task_of_a_folder_reads_the_lines_that_its_source_reads(how: str, tmp_path: Path) -> None:
    task = task_of({"distilled": {}, "task": asked_of(GSM8K)})
    found = load_shots(ShotOptions(shots=write(tmp_path / "s.jsonl", LINES[how])), "gsm8k", task)
    assert found == loaded(shots=tmp_path / "s.jsonl")


@pytest.mark.parametrize("from_folder", [True, False])
@pytest.mark.parametrize("gold", ["label", "answer"])
@pytest.mark.parametrize("kind", ["number", "option"])
def test_a_task_of_the_user_s_takes_plain_lines(kind: Any, gold: str, from_folder: bool, tmp_path: Path) -> None:
    task: Task | None = Task("mine", "own", "", "Do it.", kind, Reader(Layout("own", text="riddle", gold="solution")))
    assert task is not None
    if from_folder:
        task = task_of({"distilled": {}, "task": asked_of(task)})
    more = {"question": "Which? (A) ash (B) oak", gold: "B"} if kind == "option" else {"question": "Which?", gold: 7}
    path = write(tmp_path / "s.jsonl", {"rationale": "So it is.", **more})
    found = load_shots(ShotOptions(shots=path), "mine", task)
    assert found is not None
    (row,) = found.rows
    assert (row.rationale, row.answer) == ("So it is.", "B" if kind == "option" else "7")
    assert row.prompt.startswith("Question: Which?\n")
    assert row.meta.get("options") == (["ash", "oak"] if kind == "option" else None)


def test_a_line_with_other_columns_is_told_which_are_known(tmp_path: Path) -> None:
    task = task_of({"distilled": {}, "task": {**asked_of(GSM8K), "name": "mine"}})
    path = write(tmp_path / "s.jsonl", {"riddle": "Which?", "rationale": "So.", "solution": "7"})
    with pytest.raises(SynthError, match=r"line 1 .*known layouts: \{question, label\} or \{question, answer\}"):
        load_shots(ShotOptions(shots=path), "mine", task)


def test_a_file_may_have_any_form_that_questions_have(tmp_path: Path) -> None:
    wanted = loaded(shots=write(tmp_path / "s.jsonl", LINES["plain"], LINES["plain"])).rows
    whole = tmp_path / "s.json"
    whole.write_text(json.dumps([LINES["plain"]] * 2))
    table = tmp_path / "s.csv"
    table.write_text(f"question,rationale,label\n{QUESTION},3 + 4 = 7 pens.,7\n" + f"{QUESTION},3 + 4 = 7 pens.,7\n")
    packed = tmp_path / "s.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "s.jsonl").read_bytes()))
    for path in (whole, packed):
        assert loaded(shots=path).rows == wanted
    assert [row.completion for row in loaded(shots=table).rows] == [row.completion for row in wanted]
    assert len(wanted) == 2


def test_a_folder_gives_its_training_rows(tmp_path: Path) -> None:
    sums = rows(Config(digits="1-2"), count=30)
    data = write_dataset(tmp_path / "sums", {"test": sums[20:], "train": sums[:20]})
    found = loaded("arithmetic", shots=data)
    assert found.rows == tuple(sums[:20])
    assert (found.n, found.source) == (10, "sums")
    assert found.facts()["strata"] == {"add, digits 1": 10, "add, digits 2": 10}
    assert loaded("arithmetic", shots=data, n_shots=20).sha256 == found.sha256


def test_none_without_the_option() -> None:
    assert load_shots(ShotOptions(), "gsm8k") is None
    with pytest.raises(UsageError, match="--n-shots, --shots-as: add --shots FILE"):
        ShotOptions(n_shots=3, shots_as="text")


WRONG: dict[str, tuple[list[Any], str]] = {
    "no JSON": (["{"], "line 1 cannot be read"),
    "no object": (["[1]"], "s.jsonl"),
    "no rationale": ([{"question": QUESTION, "answer": "7"}], "has no rationales"),
    "no answer": ([{"question": QUESTION, "rationale": "3 + 4 = 7"}], "line 1"),
    "another answer": (
        [LINES["plain"], {"prompt": "Q", "completion": "The answer is 8.", "answer": "7"}], "line 2 comes to '8'",
    ),
    "no closing": ([{"prompt": "Q", "completion": "Who knows."}], "line 1 comes to no answer"),
    "a chat of another task": ([{**LINES["messages"], "task": "arithmetic"}], "holds demonstrations of arithmetic"),
    "several turns": ([{"messages": [{"role": "user", "content": "a"}] * 2}], "line 1: its messages"),
    "no texts": ([{"prompt": 1, "completion": "x"}], "line 1: its question and its reply"),
    "a row with a number": ([{**LINES["row"], "answer": 7}], "line 1: its answer"),
    "another task": ([{**LINES["row"], "task": "svamp"}], "holds demonstrations of svamp, and the rows are of gsm8k"),
    "nothing": ([], "holds no demonstration"),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_what_cannot_be_shown_is_one_line(how: str, tmp_path: Path) -> None:
    lines, said = WRONG[how]
    with pytest.raises(SynthError) as told:
        loaded(shots=write(tmp_path / "s.jsonl", *lines))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shots": "gsm9k"}, "--shots gsm9k: no such file or folder; the program has demonstrations of "),
        ({"shots": "s.jsonl", "n_shots": 2}, "--n-shots 2: s.jsonl has 1 demonstrations"),
        ({"shots": "sums"}, "--shots sums holds demonstrations of arithmetic, and the rows are of gsm8k"),
        ({"shots": "."}, "holds several datasets"),
    ],
)
def test_options_that_cannot_be(
    options: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "s.jsonl", LINES["plain"])
    write_dataset(tmp_path / "sums", {"train": rows(Config(), count=20)})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SynthError, match=said.replace(".", r"\.")):
        loaded(**options)


def test_answers_alone_are_enough_if_no_rationale_is_wanted(tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", {"question": QUESTION, "answer": "7"})
    found = load_shots(ShotOptions(shots=path), "gsm8k", rationales=False)
    assert found is not None
    assert found.rows[0].completion == " The answer is 7."


DEMO, LAST = Turn("Do it.", "1 + 1?", "2"), Turn("Do it.", "2 + 2?")


def test_what_has_to_be_done_is_said_once_and_again_if_it_changes() -> None:
    other = Turn("Name it.", "A pet?", "cat")
    assert chat([DEMO, other], LAST, "turns") == [
        {"role": "user", "content": "Do it.\n\n1 + 1?"}, {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Name it.\n\nA pet?"}, {"role": "assistant", "content": "cat"},
        {"role": "user", "content": "Do it.\n\n2 + 2?"},
    ]  # fmt: skip
    assert chat([DEMO, DEMO], LAST, "text") == [
        {"role": "user", "content": "Do it.\n\n1 + 1?\n2\n\n1 + 1?\n2\n\n2 + 2?"}
    ]
    assert chat([], LAST, "text") == [{"role": "user", "content": "Do it.\n\n2 + 2?"}]


def test_plain_text_is_rows_as_they_are() -> None:
    first, second = rows(Config(digits="1"), count=2)
    assert plain([first], second.prompt) == f"{first.prompt}{first.completion}\n\n{second.prompt}"
    assert plain([], second.prompt) == second.prompt
    said = Record("x/1", "x", "Q: a?", "", "b", "b", {})
    assert plain([said], "Q: c?") == "Q: a?\nb\n\nQ: c?"


def test_a_row_with_its_demonstrations_is_a_row(tmp_path: Path) -> None:
    sums = rows(Config(digits="1-2"), count=30)
    found = loaded("arithmetic", shots=write_dataset(tmp_path / "sums", {"train": sums}), n_shots=4)
    row = in_front(sums[0], found)
    assert (row.completion, row.rationale, row.id) == (sums[0].completion, sums[0].rationale, sums[0].id)
    *blocks, last = row.prompt.split("\n\n")
    assert last == sums[0].prompt
    assert blocks == [each.prompt + each.completion for each in found.of(sums[0])]


def test_a_line_of_another_dataset_is_told_by_its_prompt(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="line 1 is no question of arithmetic, which ends with 'Target:'"):
        loaded("arithmetic", shots=write(tmp_path / "s.jsonl", LINES["messages"]))
    with pytest.raises(SynthError, match="line 1 has question, rationale, answer: give a row of a dataset"):
        loaded("arithmetic", shots=write(tmp_path / "s.jsonl", LINES["question and rationale"]))
    (one,) = rows(Config(digits="2"), count=1)
    line = {"messages": [{"role": "user", "content": one.prompt}, {"role": "assistant", "content": one.completion}]}
    (row,) = loaded("arithmetic", shots=write(tmp_path / "s.jsonl", line)).rows
    assert (row.prompt, row.rationale, row.answer, row.completion) == (
        one.prompt, one.rationale, one.answer, one.completion,
    )  # fmt: skip

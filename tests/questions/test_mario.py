"""MaRio's own files of all five tasks, in all their layouts; the rows are made up."""

import json
from pathlib import Path
from typing import Any

import pytest
from task_rows import message

from synth.errors import SourceError
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.tasks.mario import NUMBERS

TREES = ("ash", "oak", "elm", "fir")


def inline(stem: str, options: tuple[str, ...], small: bool = False, between: str = " ") -> str:
    letters = "abcdefghijkl" if small else "ABCDEFGHIJKL"
    return stem + between + " ".join(f"({letter}) {option}" for letter, option in zip(letters, options, strict=False))


# task -> question as it stands in the files, right answer there, in the responses; text, options, answer here
TASKS: dict[str, tuple[str, str, str, str, tuple[str, ...], str]] = {
    "strategyqa": ("Is ice cold?", "yes", "yes", "Is ice cold?", (), "yes"),
    "quarel": (inline("Which _____ is it", ("this", "that")), "(B)", "(b)", "Which _____ is it", ("this", "that"), "B"),
    "openbookqa": (inline("It grows as", TREES, small=True), "(c)", "(c)", "It grows as", TREES, "C"),
    "numersense": (inline("cats have <mask> legs.", NUMBERS, between=" \n "), "(F)", "(f)", "cats have <mask> legs.",
                   NUMBERS, "F"),
    "qasc": (inline("What grows?", TREES * 2), "(H)", "(h)", "What grows?", TREES * 2, "H"),
}  # fmt: skip


def files(name: str) -> dict[str, str]:
    question, label, small, *_ = TASKS[name]
    raw = {"question": question, "rationale": "So it is.", "answer": label}
    response = {"question": question, "gold_label": small, "predicted_label": "(a", "predicted_rationale": "It is."}
    output = {**raw, "full_output": "It is. So the answer is: (A)\n\nQ: What?", "trunc_output": "It is.", "index": 0}
    return {
        "raw/train.jsonl": json.dumps({"0": raw, "1": raw}),
        "raw/train.tsv": f"Question\tRationale\tLabel\n{question}\tSo it is.\t{label}\n{question}\tIt is.\t{label}\n",
        "gpt3/train_gpt3_responses.jsonl": json.dumps({"0": response, "1": response}),
        "flant5/test_flant5xl_responses.jsonl": json.dumps({"0": response, "1": {**response, "predicted_label": ""}}),
        "llama/llama-7b_test_output.jsonl": f"{json.dumps(output)}\n{json.dumps(output)}\n",
    }


@pytest.mark.parametrize("name", TASKS)
def test_all_files_of_a_task(tmp_path: Path, name: str) -> None:
    *_, text, options, gold = TASKS[name]
    for file, content in files(name).items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        found = [(q.text, q.options, q.gold) for q in load(find_task(name), str(path))]
        assert found == [(text, options, gold)] * 2, file


@pytest.mark.parametrize("name", TASKS)
def test_the_folder_of_a_task_asks_for_one_of_its_files(tmp_path: Path, name: str) -> None:
    for file, content in files(name).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(content)
    with pytest.raises(
        SourceError, match=r"3 files named for the split 'train': gpt3/.*, raw/train\.jsonl, raw"
    ) as error:
        list(load(find_task(name), str(tmp_path)))
    message(error)


def test_processed_files_of_strategyqa(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"question": "Is ice cold?", "answer": 1, "rationale": "It is."}]
    (tmp_path / "x.json").write_text(json.dumps([*rows, {**rows[0], "answer": 0}]))
    assert [q.gold for q in load(find_task("strategyqa"), str(tmp_path / "x.json"))] == ["yes", "no"]


def test_a_label_that_is_not_published_is_none(tmp_path: Path) -> None:
    question = TASKS["qasc"][0]
    (tmp_path / "test.tsv").write_text(f"Question\tRationale\tLabel\n{question}\tdummy\tdummy\n")
    (found,) = load(find_task("qasc"), str(tmp_path / "test.tsv"))
    assert found.gold is None


def test_capitals_come_before_small_letters(tmp_path: Path) -> None:
    rows = {"0": {"question": "Of (a) ice and (b) fire, which? (A) ice (B) fire", "rationale": "", "answer": "(B)"}}
    (tmp_path / "x.jsonl").write_text(json.dumps(rows))
    (found,) = load(find_task("quarel"), str(tmp_path / "x.jsonl"))
    assert (found.text, found.options, found.gold) == ("Of (a) ice and (b) fire, which?", ("ice", "fire"), "B")

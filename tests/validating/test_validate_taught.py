"""`synth validate` of what `synth distill` and `synth judge` write: nothing is wrong with it, and each thing can be."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from checked_folders import Edit, edit, failed, put, run
from loopback import Answer, serving

from synth.data.reading import read

Row = dict[str, Any]
OPTIONS = ("a cork", "a (B) nail", "a leaf", "a cup")
MAX_ATTEMPTS, ROWS = 3, 12


def told(folder: Path, *words: object) -> None:
    """Run the command line in a folder; it has to come to a good end."""
    command = [sys.executable, "-m", "synth", *map(str, words), "--quiet"]
    key = {**os.environ, "OPENAI_API_KEY": "sk-x"}
    done = subprocess.run(command, cwd=folder, env=key, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def distilled(folder: Path, task: str, questions: Sequence[Row], script: Any, *words: object) -> Path:
    """A dataset of a teacher on this machine; `script` says what it answers to which question, at which attempt."""
    (folder / "questions.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in questions))

    def teach(request: Row, times: int) -> Answer:
        text = str(request["messages"][-1]["content"])
        (number,) = re.findall(r"number (\d+)\?", text)
        return Answer(script(int(number), times, text))

    source = ("--source", "questions.jsonl", "--teacher", "m-1", "--out", "out")
    with serving(teach) as teacher:
        told(folder, "distill", "--task", task, *source, "--base-url", teacher.url, *words)
    return folder / "out"


def numbers(*labels: object) -> list[Row]:
    return [
        {"id": f"q{place}", "question": f"What is number {place}?", "label": None if label is None else str(label)}
        for place, label in enumerate(labels)
    ]


def hinted(number: int, times: int, text: str) -> str:
    """Right at once, at the second attempt, or when the answer is given away."""
    right = times > number % 3 if number % 3 < 2 else f"({number})" in text
    return f"In go {number} it is try {times}. The answer is {number if right else 999}."


def of_many_kinds(number: int, times: int, text: str) -> str:
    """Answers as people write them: with commas, signs, decimals."""
    return f"So it is, says {number}. The answer is {('1,080', '-3.50', '$ 5', '2.0')[number]}."


CHOICES = [{"id": f"q{i}", "question": f"What sticks, number {i}?", "options": OPTIONS, "label": "B"} for i in range(4)]
SIDES = [{"id": f"q{i}", "question": f"Is it so, number {i}?", "label": "yes"} for i in range(4)]
RIDDLES = [{"id": f"q{i}", "question": f"What runs, number {i}?", "label": "B"} for i in range(4)]
OWN = """name = "riddles"
instruction = "Solve the riddle."
kind = "option"
options = ["nail", "river"]
closing = "Hence: {answer}"
"""


def says(text: str) -> Any:
    """A teacher that always says the same, with the number and the attempt filled in."""
    return lambda number, times, _: text.format(number=number, times=times)


# task, its questions, what the teacher says, more options; how many rows come out
CASES: dict[str, tuple[str, list[Row], Any, tuple[object, ...], int]] = {
    "rationalize": ("gsm8k", numbers(*range(6)), hinted, ("--max-attempts", 3, "--rationalize"), 6),
    "kinds of numbers": ("gsm8k", numbers("1,080", "-3.5", "5", "2"), of_many_kinds, (), 4),
    "all, Parquet": ("gsm8k", numbers(*range(6)), says("Try {times} at {number}. The answer is {number}."),
                     ("--keep", "all", "--max-attempts", 3, "--per-question", 2, "--format", "parquet"), 18),
    "options": ("arc_easy", CHOICES, says("Try {times} at {number}: iron. The answer is (B)."), ("--rationalize",), 4),
    "yes and no": ("strategyqa", SIDES, says("It is {number}. So the answer is yes."), (), 4),
    "vote": ("gsm8k", numbers(*[None] * 4), says("Sample {times} of {number}. The answer is {number}."),
             ("--vote", 5, "--keep", "all"), 20),
    "a task of one's own": ("riddles.toml", RIDDLES, says("It flows, {number}.\nHence: B"), (), 4),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_teacher_wrote_raises_no_false_alarm(tmp_path: Path, case: str) -> None:
    (tmp_path / "riddles.toml").write_text(OWN)
    task, questions, script, words, rows = CASES[case]
    result = run(distilled(tmp_path, task, questions, script, *words))
    assert result.report["rows"] == {"train": rows}
    assert failed(result) == {}
    assert {each.suite for each in result.outcomes} == {"dataset", "distilled"}
    assert {each.rows for each in result.outcomes if each.name in ("attempts", "provenance", "closing_form")} == {rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that tests copy: rows of a first attempt, of a second one, and with a hint."""
    words = ("--max-attempts", MAX_ATTEMPTS, "--rationalize")
    return distilled(tmp_path_factory.mktemp("taught"), "gsm8k", numbers(*range(ROWS)), hinted, *words)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "out"))


def said(place: int, **values: Any) -> Edit:
    return lambda rows: rows[place]["provenance"].update(values)


def twice(rows: list[Row]) -> None:
    rows[3].update({name: rows[2][name] for name in ("prompt", "rationale", "answer", "completion")})


HINTED, OPEN = 2, 3  # places of a row that was written with the answer as a hint, and of one that was not


@pytest.mark.parametrize(
    ("name", "place", "change"),
    [
        ("attempts", OPEN, said(OPEN, attempts=MAX_ATTEMPTS + 2)),
        ("attempts", OPEN, said(OPEN, attempts=0, attempt=0)),
        ("attempt_kept", OPEN, said(OPEN, attempt=2)),
        ("provenance", OPEN, said(OPEN, teacher="")),
        ("provenance", OPEN, lambda rows: rows[OPEN]["provenance"].pop("cost")),
        ("provenance", OPEN, put(OPEN, provenance=None)),
        ("provenance", OPEN, said(OPEN, finish_reason="length")),
        ("answer_in_labels", OPEN, put(OPEN, answer="three")),
        ("closing_form", OPEN, put(OPEN, completion="3")),
        ("rationales_there", OPEN, put(OPEN, rationale=" ")),
        ("hints", HINTED, put(HINTED, rationale="Option (B) Fish (CORRECT) it is.")),
        ("hints", HINTED, put(HINTED, rationale="The hint says 2.")),
        ("rationales_once", OPEN, twice),
        ("rationales_differ", OPEN, lambda rows: rows[OPEN].update(rationale=rows[2]["rationale"].upper())),
    ],
)
def test_each_expectation_of_a_teachers_rows_can_fail(folder: Path, name: str, place: int, change: Edit) -> None:
    edit(folder, change)
    result = run(folder)
    assert failed(result)[name] == (1, [f"gsm8k/q{place}"])
    assert result.success == (name == "rationales_differ")


def test_a_hint_in_a_run_without_hints(folder: Path) -> None:
    manifest = json.loads((folder / "synth.json").read_text())
    manifest["plan"]["rationalize"] = False
    (folder / "synth.json").write_text(json.dumps(manifest))
    found = failed(run(folder))
    due = [row.id for row in read(folder, "train") if (row.provenance or {})["hinted"]]
    assert found["provenance"] == found["attempts"] == (len(due), due[:3])


def test_an_option_the_question_does_not_have(tmp_path: Path) -> None:
    task, questions, script, *_ = CASES["options"]
    folder = distilled(tmp_path, task, questions, script)
    edit(folder, put(1, answer="E", completion="E it is.\nThe answer is E."))
    assert failed(run(folder)) == {"answer_in_labels": (1, ["arc_easy/q1"])}


@pytest.mark.parametrize("rationale", ["The hint says 3.", "4 + 4 = 8 (correct), as was asked."])
def test_who_had_no_hint_may_speak_of_one(folder: Path, rationale: str) -> None:
    edit(folder, put(OPEN, rationale=rationale))
    assert failed(run(folder)) == {}


def test_a_server_that_does_not_name_its_model(folder: Path) -> None:
    edit(folder, said(OPEN, model=""))
    assert failed(run(folder)) == {}


def verdict(request: Row, times: int) -> Answer:
    """Half of the rows are no help, and of a quarter nobody can say."""
    (number,) = map(int, re.findall(r"number (\d+)\?", str(request["messages"][-1]["content"])))
    return Answer(("Helpful", "Unhelpful", "Perhaps", "Unhelpful")[number % 4])


def test_a_judged_folder(folder: Path, tmp_path: Path) -> None:
    words = ("judge", "out", "--judge", "rubric", "--teacher", "m-1")
    with serving(lambda request, times: Answer("It is clear.\nHelpful")) as teacher:
        told(tmp_path, *words, "--base-url", teacher.url, "--out", "good")
    result = run(tmp_path / "good")
    assert failed(result) == {}
    assert {each.name: each.said() for each in result.outcomes if each.suite == "distilled"}["verdicts_bad"] == "0.000"
    with serving(verdict) as teacher:
        told(tmp_path, *words, "--base-url", teacher.url, "--out", "poor")
    result = run(tmp_path / "poor")
    assert failed(result) == {"verdicts_bad": (1, ["train, rubric"]), "verdicts_unscored": (1, ["train, rubric"])}
    assert {each.name: each.said() for each in result.outcomes if not each.success} == {
        "verdicts_bad": "0.500", "verdicts_unscored": "0.250",
    }  # fmt: skip
    assert result.success

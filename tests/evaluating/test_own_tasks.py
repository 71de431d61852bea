"""A distilled folder knows its task whole: what distil kept is right in eval, judge, validate, card and export."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Answer, serving

from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import FolderError
from synth.questions.find import find_task
from synth.questions.prompts import listed_options, question_of, student_prompt
from synth.questions.reading import asked_of, task_of
from synth.questions.task import Question
from synth.record import Record

Synth = Callable[..., "subprocess.CompletedProcess[str]"]

# Kind and closing form of a task, its further lines, its rows (question, label, more columns), their answers.
ASH = {"options": ["ash (A) and (B)", "oak", "both (A) and (B)"]}
TASKS: dict[str, tuple[str, str, str, list[dict[str, Any]], list[str]]] = {
    "arrow": ("number", "Result => {answer}", "", [{"label": "4"}, {"label": "-1,080.5"}], ["4", "-1080.5"]),
    "boxed": ("number", r"So the answer is $\boxed{{answer}}$.", "", [{"label": 4}, {"label": "3/4"}], ["4", "3/4"]),
    "json": ("number", '{"answer": "{answer}"}', "", [{"label": "4"}], ["4"]),
    "tag": ("yes_no", "<answer>{answer}</answer>", "", [{"label": "yes"}, {"label": "No"}], ["yes", "no"]),
    "interval": ("math", "So the answer is: {answer}", "", [{"label": "[0, 1)"}, {"label": "x+1"}], ["[0, 1)", "x+1"]),
    "hashes": ("text", "#### {answer}", "", [{"label": "The Blue Whale"}], ["blue whale"]),
    "date": ("date", "It was on this day: {answer}", "", [{"label": "4 July 1776"}], ["1776-07-04"]),
    "options": ("option", "My choice is {answer}", "", [{**ASH, "label": "C"}, {**ASH, "label": "oak"}], ["C", "B"]),
    "same options": (
        "option", "Hence: {answer}", 'options = ["True", "False"]\nsystem = "Be brief."\nlabel = "Claim"',
        [{"label": "True"}, {"label": "B"}], ["A", "B"],
    ),
}  # fmt: skip


def toml(path: Path, kind: str, closing: str, more: str) -> str:
    words = f'name = "mine"\ninstruction = "Work it out, {{please}}."\nkind = "{kind}"\n'
    path.write_text(f"{words}closing = '{closing}'\n{more}\n", encoding="utf-8")
    return str(path)


def distilled(synth: Synth, folder: Path, name: str, *more: str) -> tuple[list[dict[str, Any]], str, list[str]]:
    """Distil the rows of a task into `out`; what the teacher was asked, the closing form, the answers."""
    kind, closing, lines, rows, answers = TASKS[name]
    own = [{"id": f"q{at}", "question": f"Which is it, number {at}?", **row} for at, row in enumerate(rows)]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))
    task = toml(folder / "t.toml", kind, closing, lines)

    def teach(request: dict[str, Any], times: int) -> Answer:
        at = int(re.findall(r"number (\d+)\?", request["messages"][-1]["content"])[0])
        return Answer(f"Two and two.\n{closing.replace('{answer}', answers[at])}")

    with serving(teach) as teacher:
        words = ("--task", task, "--source", "q.jsonl", "--teacher", "m", "--base-url", teacher.url, "--out", "out")
        done = synth("distill", *words, "--max-attempts", 1, "--quiet", *more)
        assert done.returncode == 0, done.stderr
    (folder / "t.toml").unlink()  # nobody needs it again
    return teacher.bodies, closing, answers


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")


@pytest.mark.parametrize("name", TASKS)
def test_what_was_distilled_is_right_wherever_it_is_read(synth: Synth, tmp_path: Path, name: str) -> None:
    asked, closing, answers = distilled(synth, tmp_path, name)
    rows = list(read(tmp_path / "out", "train"))
    assert [row.answer for row in rows] == answers
    assert task_of(open_manifest(tmp_path / "out")) is not None
    for row in rows:
        assert row.completion == f" Two and two.\n{closing.replace('{answer}', row.answer)}"
    by_prompt = {row.prompt: row.completion for row in rows}

    def student(request: dict[str, Any], times: int) -> Answer:
        at = re.findall(r"number \d+\?", request["messages"][-1]["content"])[0]
        return Answer(next(said for prompt, said in by_prompt.items() if at in prompt))

    with serving(student) as server:
        done = synth(
            "eval", "--model", server.url, "--model-name", "m", "--data", "out", "--split", "train", "--out", "ev"
        )
        assert done.returncode == 0, done.stderr
        assert sorted(map(str, (body["messages"] for body in server.bodies))) == sorted(
            str(body["messages"]) for body in asked
        )
    metrics = json.loads((tmp_path / "ev" / "metrics.json").read_text())
    assert metrics["metrics"]["accuracy"]["value"] == 1.0
    judged = synth("judge", "out", "--judge", "answer", "--out", "judged")
    assert judged.returncode == 0, judged.stderr
    verdicts = [row.provenance["verdicts"][0]["verdict"] for row in read(tmp_path / "judged", "train")]
    assert verdicts == ["right"] * len(rows)
    checked = synth("validate", "judged", "--no-steps")
    assert re.search(r"closing form +\d+ +0 ", checked.stdout), checked.stdout
    assert re.search(r"one of its options +\d+ +0 ", checked.stdout), checked.stdout


def test_rows_have_their_options_and_the_card_what_was_asked(synth: Synth, tmp_path: Path) -> None:
    asked, *_ = distilled(synth, tmp_path, "options", "--format", "parquet")
    rows = list(read(tmp_path / "out", "train"))
    assert [row.meta["options"] for row in rows] == [ASH["options"]] * 2
    assert synth("validate", "out", "--no-steps").returncode == 0
    assert synth("card", "out").returncode == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert asked[0]["messages"][-1]["content"] in card or asked[1]["messages"][-1]["content"] in card
    assert "texts of the options A, B, C, ... of the question" in card


@pytest.mark.parametrize(("name", "wrong"), [("boxed", "7"), ("tag", "no"), ("options", "A"), ("hashes", "cat")])
def test_both_sides_of_a_pair_are_in_the_closing_form(synth: Synth, tmp_path: Path, name: str, wrong: str) -> None:
    kind, closing, lines, rows, answers = TASKS[name]
    (tmp_path / "q.jsonl").write_text(json.dumps({"id": "q0", "question": "Which is it?", **rows[0]}) + "\n")
    task = toml(tmp_path / "t.toml", kind, closing, lines)
    said = iter([wrong, answers[0]])
    with serving(
        lambda request, times: Answer(f"It may be {answers[0]}.\n{closing.replace('{answer}', next(said))}")
    ) as server:
        words = ("--task", task, "--source", "q.jsonl", "--teacher", "m", "--base-url", server.url, "--out", "out")
        assert synth("distill", *words, "--max-attempts", 2, "--quiet").returncode == 0
    done = synth("export", "out", "--to", "dpo", "--out", "pairs.jsonl", "--quiet")
    assert done.returncode == 0, done.stderr
    pair = json.loads((tmp_path / "pairs.jsonl").read_text())
    assert pair["chosen"] == f" It may be {answers[0]}.\n{closing.replace('{answer}', answers[0])}"
    assert pair["rejected"] == f" It may be {answers[0]}.\n{closing.replace('{answer}', wrong)}"


CHANGES = {
    "instruction": ("Work it out", "Explain it", "task instruction is Work it out, {please}., asked for Explain it"),
    "closing": ("Result =>", "Hence:", "task closing is Result => {answer}, asked for Hence: {answer}"),
    "kind": ('"number"', '"text"', "task kind is number, asked for text"),
    "system": ("closing =", 'system = "Be brief."\nclosing =', "task system is empty, asked for Be brief."),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_task_that_changed_is_another_dataset(synth: Synth, tmp_path: Path, what: str) -> None:
    distilled(synth, tmp_path, "arrow")
    old, new, said = CHANGES[what]
    task = toml(tmp_path / "t.toml", "number", "Result => {answer}", "")
    with serving() as server:
        words = ("--task", task, "--source", "q.jsonl", "--teacher", "m", "--base-url", server.url, "--out", "out")
        same = synth("distill", *words, "--max-attempts", 1)
        assert "2 rows are there already" in same.stdout, same.stderr
        path = Path(task)
        path.write_text(path.read_text().replace(old, new))
        done = synth("distill", *words, "--max-attempts", 1)
        assert (done.returncode, server.bodies) == (1, [])
    assert f"holds another dataset ({said}" in done.stderr
    assert "add --overwrite to replace it" in done.stderr


def test_a_folder_of_before_has_the_task_of_its_name() -> None:
    assert task_of({"distilled": {"task": "gsm8k"}}) is find_task("gsm8k")
    assert task_of({"distilled": {"task": "somebody-s"}}) is None
    assert task_of({"builder": "listops"}) is None


@pytest.mark.parametrize("said", [None, [], {"name": "mine"}, {**asked_of(find_task("gsm8k")), "kind": "poem"}])
def test_a_task_that_cannot_be_one_is_said_in_a_line(said: Any) -> None:
    with pytest.raises(FolderError, match=r"synth\.json: its task ") as error:
        task_of({"distilled": {"task": "mine"}, "task": said})
    assert "\n" not in str(error.value)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), min_size=2, max_size=26),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)
def test_the_question_of_a_row_is_the_one_that_was_asked(options: list[str], text: str) -> None:
    text, options = f"x{text}x", [f"x{option}x" for option in options]
    for task in (find_task("commonsenseqa"), find_task("gsm8k")):
        own = tuple(options) if task.kind == "option" else ()
        question = Question("1", text, own, "A")
        meta: dict[str, Any] = {"options": list(own)} if own else {}
        row = Record("t/1", task.name, student_prompt(task, question), "", "A", "", meta)
        assert question_of(task, row) == Question("t/1", text, own, "A")


def test_options_that_name_others_are_read_out_of_a_prompt() -> None:
    options = ("ash (A) and (B)", "oak", "both (A) and (B)", "none")
    prompt = student_prompt(find_task("commonsenseqa"), Question("1", "Which?", options))
    assert listed_options(prompt) == options

"""A distilled folder knows its task whole: what distil kept is right in eval, judge, validate, card and export."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving

from synth.data.reading import read

Synth = Callable[..., "subprocess.CompletedProcess[str]"]

# Kind and closing form of a task, its further lines, its rows (question, label, more columns), their answers.
ASH = {"options": ["ash (A) and (B)", "oak", "both (A) and (B)"]}
TASKS: dict[str, tuple[str, str, str, list[dict[str, Any]], list[str]]] = {
    "arrow": ("number", "Result => {answer}", "", [{"label": "4"}, {"label": "-1,080.5"}], ["4", "-1080.5"]),
    "boxed": ("number", r"So the answer is $\boxed{{answer}}$.", "", [{"label": 4}, {"label": "3/4"}], ["4", "3/4"]),
    "json": ("number", '{"answer": "{answer}"}', "", [{"label": "4"}], ["4"]),
    "tag": ("yes_no", "<answer>{answer}</answer>", "", [{"label": "yes"}, {"label": "No"}], ["yes", "no"]),
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
    assert "schema" not in (tmp_path / "judged" / "validation.json").read_text() or " 0 " in checked.stdout

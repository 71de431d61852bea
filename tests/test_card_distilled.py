"""The card of rows that a teacher wrote and two judges read: every command that made them, to be typed again."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import Synth
from loopback import Answer, serving

from synth.distill import Plan
from synth.distilled import Job
from synth.questions import find_task
from synth.teachers.catalogue import find_teacher

WORDS = ["--keep", "shortest", "--max-attempts", "3", "--temperature", "0.2,0.7", "--rationalize", "--limit", "4"]


def teach(request: dict[str, Any], times: int) -> Answer:
    number = re.findall(r"Which number is (\d+)\?", request["messages"][-1]["content"])[0]
    return Answer(f"It is {number}, seen at {times}. The answer is {number}.")


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "synth.json").read_text())
    return found


def test_the_card_has_every_command(synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(6)]
    (tmp_path / "my questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = str(tmp_path / "my questions.jsonl")
    with serving(teach) as teacher:
        server = ("--base-url", teacher.url)
        words = ["distill", "--task", "gsm8k", "--source", source, "--teacher", "gpt-4o-mini", "--model", "m-1"]
        first = synth(*words, *WORDS, *server, "--out", "out", "--quiet")
        assert first.returncode == 0, first.stderr
        command = manifest(tmp_path / "out")["command"]
        again = synth(*shlex.split(command)[1:], *server, "--out", "again", "--quiet")
        assert again.returncode == 0, again.stderr
    assert str(tmp_path) not in command
    assert teacher.url not in command
    one, other = manifest(tmp_path / "out"), manifest(tmp_path / "again")
    decide = ("command", "distilled", "teacher", "plan", "extractor", "format")
    assert {name: one[name] for name in decide} == {name: other[name] for name in decide}
    assert synth("judge", "out", "--judge", "equations", "--out", "once", "--quiet").returncode == 0
    assert synth("judge", "once", "--judge", "answer", "--sample", 2, "--out", "twice", "--quiet").returncode == 0
    assert synth("judge", "twice", "--judge", "steps", "--out", "thrice", "--quiet").returncode == 0
    judged = manifest(tmp_path / "thrice")
    assert [each["judge"] for each in [*judged["judged_before"], judged["judged"]]] == ["equations", "answer", "steps"]
    card = synth("card", "thrice")
    assert card.returncode == 0, card.stderr
    told = "\nsynth judge --judge equations\nsynth judge --judge answer --sample 2\nsynth judge --judge steps\n```\n"
    assert f"```sh\n{command}{told}" in (tmp_path / "thrice" / "README.md").read_text()


def test_a_command_without_options_is_short_and_one_with_all_is_whole() -> None:
    task, teacher = find_task("gsm8k"), find_teacher("gpt-4o-mini", None, None)
    short = "synth distill --task gsm8k --source hub --teacher gpt-4o-mini"
    job = Job(task, "hub", Path("out"), teacher)
    assert (job.command(), job.source_facts()) == (short, {"name": "hub", "hub": "openai/gsm8k"})
    plan = Plan(5, "all", 2, True, 0, (0.0, 1.0), 0.9, 99, "brief", 7)
    whole = Job(task, "ada/mine/main", Path("out"), teacher, plan, limit=9, batch=True, format="parquet")
    assert whole.source_facts() == {"name": "ada/mine/main", "hub": "ada/mine"}
    assert whole.command().split(" --teacher ")[1] == (
        "gpt-4o-mini --limit 9 --max-attempts 5 --keep all --per-question 2 --rationalize --temperature 0,1 "
        "--top-p 0.9 --max-tokens 99 --length brief --target-rows 7 --format parquet"
    )

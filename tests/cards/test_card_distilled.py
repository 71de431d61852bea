"""The card of rows that a teacher wrote and two judges read: every command that made them, to be typed again."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from conftest import Synth
from loopback import Answer, serving

from synth.base.config import command
from synth.distilling.job import job_from
from synth.distilling.options import Distill
from synth.questions.find import find_task, task_names

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
    none = synth("judge", "out", "--judge", "equations", "--out", "once", "--quiet")
    assert none.returncode == 3  # these rationales have no equation, so no row has a verdict
    assert synth("judge", "once", "--judge", "answer", "--sample", 2, "--out", "twice", "--quiet").returncode == 0
    assert synth("judge", "twice", "--judge", "steps", "--out", "thrice", "--quiet").returncode == 3  # no checker
    judged = manifest(tmp_path / "thrice")
    assert [each["judge"] for each in [*judged["judged_before"], judged["judged"]]] == ["equations", "answer", "steps"]
    card = synth("card", "thrice")
    assert card.returncode == 0, card.stderr
    told = "\nsynth judge --judge equations\nsynth judge --judge answer --sample 2\nsynth judge --judge steps\n```\n"
    assert f"```sh\n{command}{told}" in (tmp_path / "thrice" / "README.md").read_text()


def test_a_command_without_options_is_short_and_one_with_all_is_whole() -> None:
    asked: dict[str, Any] = {"task": "gsm8k", "out": "out", "teacher": "gpt-4o-mini"}
    short = Distill(source="hub", **asked)
    assert command("synth distill", short) == "synth distill --task gsm8k --source hub --teacher gpt-4o-mini"
    assert job_from(short).source_facts() == {"name": "hub", "hub": "openai/gsm8k"}
    whole = Distill(
        source="ada/mine/main", limit=9, batch=True, format="parquet", max_attempts=5, keep="all", per_question=2,
        rationalize=True, temperature=(0, 1), top_p=0.9, max_tokens=99, length="brief", target_rows=7, **asked,
    )  # fmt: skip
    assert job_from(whole).source_facts() == {"name": "ada/mine/main", "hub": "ada/mine"}
    assert command("synth distill", whole) == (
        "synth distill --task gsm8k --source ada/mine/main --teacher gpt-4o-mini --max-attempts 5 --keep all "
        "--per-question 2 --target-rows 7 --rationalize --temperature 0,1 --top-p 0.9 --max-tokens 99 --length brief "
        "--limit 9 --format parquet"
    )


def pupil(request: dict[str, Any], times: int) -> Answer:
    """Right at once, at the second attempt, with the answer as a hint, or never."""
    said = request["messages"][-1]["content"]
    number = int(re.findall(r"Which number is (\d+)\?", said)[0])
    if number == 1 and times == 1:
        return Answer("I do not know.")
    if number == 3 or (number == 2 and "(2)" not in said):
        return Answer(f"It may be {number + 1}, seen at {times}. The answer is {number + 1}.")
    return Answer(f"It is {number}, seen at {times}. The answer is {number}.")


def taught(synth: Synth, tmp_path: Path, count: int, *more: object) -> str:
    """The card of a distillation from a server of one's own."""
    rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(count)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(pupil) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", "q.jsonl", "--teacher", "gpt-4o-mini", "--max-attempts", 2]
        done = synth(*words, "--rationalize", "--base-url", teacher.url, *more, "--out", "out", "--quiet")
    assert done.returncode == 0, done.stderr
    assert synth("card", "out").returncode == 0
    return (tmp_path / "out" / "README.md").read_text()


def test_how_questions_came_out(synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    text = taught(synth, tmp_path, 4, "--price", "1000,1000")
    for said in (
        "| right at the first attempt | 1 | 25.0% |",
        "| right at a later one | 1 | 25.0% |",
        "| right with the answer as a hint | 1 | 25.0% |",
        "| never right | 1 | 25.0% |",
        "- In 1 row (33.3%) the teacher had been given the answer",
        "- All 9 attempts: ",
        "- Attempts that were not right: 5 `wrong`, 1 `no_answer`\n",
        "Questions that the teacher did not get right are missing",
        "- Teacher: `gpt-4o-mini`. Terms: OpenAI's terms: ",
        "- The rationales come from a teacher model. OpenAI's terms: ",
        "title = {Training Verifiers to Solve Math Word Problems}",
    ):
        assert said in text
    kept = [
        json.loads(line)["provenance"]["cost"] for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()
    ]
    assert f" completion tokens, ${sum(kept):,.2f}\n" in text


def test_nothing_is_missing_where_all_were_kept(synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    text = taught(synth, tmp_path, 2)
    assert "That does not make each of its steps right." in text
    assert "are missing" not in text
    assert "$" not in text  # whose prices are not known
    (tmp_path / "out" / "attempts.jsonl").write_text("[1]\n")
    broken = synth("card", "out")
    assert (broken.returncode, len(broken.stderr.splitlines())) == (1, 1)
    assert "attempts.jsonl line 1 cannot be read" in broken.stderr


def test_every_task_that_has_a_paper_names_it() -> None:
    tasks = [find_task(name) for name in task_names()]
    assert {task.name for task in tasks if not task.papers} == {"qqp", "aime", "numina"}
    for source, papers in ((task.source, task.papers) for task in tasks if task.papers):
        assert any(source in paper for paper in papers)
        for paper in papers:
            assert paper.count("{") == paper.count("}")
            assert re.match(r"@(inproceedings|article|misc)\{[a-z]+\d{4}[a-z]+,\n", paper)
            assert len(re.findall(r"^  (title|author|year|url) = \{.+\},?$", paper, re.MULTILINE)) == 4
    keys = [paper.split("\n")[0] for paper in dict.fromkeys(paper for task in tasks for paper in task.papers)]
    assert len(keys) == len(set(keys))

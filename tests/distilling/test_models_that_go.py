"""`synth distill` with a teacher that its maker has shut down, or will."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from distillations import Synth, lines, right, words
from loopback import Answer, serving


@pytest.mark.parametrize("more", [(), ("--batch",)])
@pytest.mark.parametrize("name", ["gpt-3.5", "gpt-3.5-turbo", "o4-mini", "gpt-4.1-nano", "openai/gpt-4-turbo"])
def test_one_that_is_gone_is_one_line_with_what_stands_in(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], name: str, more: tuple[str, ...]
) -> None:
    done = synth("distill", "--task", "gsm8k", "--source", questions(2), "--teacher", name, "--out", "out", *more)
    assert done.returncode == 2
    assert "was shut down on 2026-10-23: use --teacher gpt-6-luna, or --base-url of a server that has it" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_it(synth: Synth, questions: Callable[[int], str]) -> None:
    command = ("distill", "--task", "gsm8k", "--source", questions(2), "--out", "out", "--dry-run", "--teacher")
    assert "gpt-3.5-turbo was shut down on 2026-10-23: use --teacher gpt-6-luna" in synth(*command, "gpt-3.5").stdout
    living = synth(*command, "gpt-6-luna").stdout
    assert "shut down" not in living
    assert "at most  $" in living


@pytest.mark.parametrize("more", [(), ("--batch",)])
def test_a_server_of_ones_own_may_still_have_it(
    synth: Synth, questions: Callable[[int], str], more: tuple[str, ...]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(2), *more)
        command[command.index("m-1")] = "gpt-3.5"
        done = synth(*command)
        bodies = teacher.bodies or [line["body"] for line in teacher.handed_in("batch_1")]
    assert done.returncode == (3 if more else 0), done.stderr
    assert {body["model"] for body in bodies} == {"gpt-3.5-turbo"}
    assert "shut down" not in done.stderr


@pytest.mark.parametrize("more", [(), ("--batch",)])
def test_what_the_server_says_about_its_end_is_said(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], more: tuple[str, ...]
) -> None:
    day = str(date.today() + timedelta(days=12))
    with serving(right) as teacher:
        teacher.models = Answer(body=json.dumps({"data": [{"id": "gpt-9", "shutdown_date": day}]}).encode())
        done = synth(*words(teacher, questions(3), "--model", "gpt-9", *more))
        assert sum(seen.path == "/v1/models" for seen in teacher.seen) == 1
    assert f"m-1 will be shut down on {day}" in done.stderr
    if not more:
        assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_a_server_of_ones_own_is_asked_nothing_but_questions(synth: Synth, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        assert synth(*words(teacher, questions(3))).returncode == 0
        assert {seen.path for seen in teacher.seen} == {"/v1/chat/completions"}

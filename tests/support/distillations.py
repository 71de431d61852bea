"""What the tests of `synth distill` share: questions whose answers are their numbers, and teachers."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, Loopback

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "sk-very-secret-key"
COST = (11 + 7) * 1000 / 1e6  # dollars a reply at --price 1000,1000, asked directly
PRICE = ("--price", "1000,1000")
OVERLOADED = Answer(status=500, error={"message": "overloaded", "code": None})
LATE = Answer(hang=True)  # the batch ended before the request's turn


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def questions(tmp_path: Path) -> Callable[[int], str]:
    """Write n questions in the plain layout; the answer to question i is i."""

    def write(count: int, name: str = "questions.jsonl") -> str:
        rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(count)]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    return write


def asked(request: dict[str, Any]) -> int:
    """The number a request asks for."""
    return int(re.findall(r"Which number is (\d+)\?", request["messages"][-1]["content"])[0])


def answer(request: dict[str, Any], times: int) -> Answer:
    """Right at the attempt that the number's last digit says: 0 at the first, 3 at the fourth."""
    number = asked(request)
    said = number if times > number % 10 else number + 1
    return Answer(f"It is attempt {times} at {number}. The answer is {said}.")


def right(request: dict[str, Any], times: int) -> Answer:
    return Answer(f"It is attempt {times} at {asked(request)}. The answer is {asked(request)}.")


def third(request: dict[str, Any], times: int) -> Answer:
    """Right at the attempt that the rest of a division by 3 says."""
    if times > asked(request) % 3:
        return right(request, times)
    return Answer(f"It is attempt {times} and wrong. The answer is 999.")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def words(teacher: Loopback, source: str, *more: object) -> list[str]:
    """The words of a distillation into the folder out."""
    base = ("--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url, "--out", "out")
    return ["distill", *base, *map(str, more)]


def distill(synth: Synth, teacher: Loopback, source: str, *more: object) -> "subprocess.CompletedProcess[str]":
    return synth(*words(teacher, source, *more))


def until_written(
    synth: Synth, teacher: Loopback, command: list[str], end: str = "completed"
) -> Iterator["subprocess.CompletedProcess[str]"]:
    """Run a command again until the dataset is there; between two runs all batches are worked off."""
    for _ in range(12):
        done = synth(*command)
        yield done
        assert done.returncode in (0, 3), done.stderr
        if done.returncode == 0 or "stopped early" in done.stdout:
            return
        for batch_id, facts in list(teacher.batches.items()):
            if facts["status"] == "in_progress":
                teacher.finish(batch_id, end)
    pytest.fail(f"there is no end to it: {done.stdout}")

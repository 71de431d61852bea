"""What stops a distillation before or soon after its first request, in one line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from distillations import KEY, Synth, answer, distill
from loopback import Answer, serving

from synth.distilling.distill import distill as distill_in_python

STOPS = {
    "key": (
        Answer(status=401, error={"message": f"Incorrect API key provided: {KEY}"}),
        "refuses the key in OPENAI_API_KEY",
    ),
    "model": (Answer(status=404, error={"message": "no such model"}), "has no model 'm-1'"),
    "quota": (Answer(status=429, error={"message": "you are out", "code": "insufficient_quota"}), "the quota"),
    "page": (Answer(body=b"<html>hello</html>", headers={"content-type": "text/html"}), "ends in /v1"),
}


@pytest.mark.parametrize("stop", STOPS)
def test_what_no_retry_can_mend_stops_at_once_in_one_line(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], stop: str
) -> None:
    reply, part = STOPS[stop]
    with serving(lambda request, times: reply) as teacher:
        done = distill(synth, teacher, questions(50), "--concurrency", 3)
        assert len(teacher.bodies) < 50
    assert done.returncode == 1
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    for path in (tmp_path / "out").rglob("*"):
        assert KEY.encode() not in path.read_bytes(), path
    assert KEY not in done.stderr + done.stdout


def test_the_key_gets_into_no_file(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(answer) as teacher:
        assert distill(synth, teacher, questions(5)).returncode == 0
        assert {seen.headers["authorization"] for seen in teacher.seen} == {f"Bearer {KEY}"}
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


def test_a_dry_run_asks_nothing_and_needs_no_key(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    base = ("distill", "--task", "gsm8k", "--source", questions(100), "--out", "out", "--dry-run")
    done = synth(*base, "--teacher", "gpt-6-luna", "--max-tokens", 100)
    assert done.returncode == 0, done.stderr
    most, probably = (float(found) for found in re.findall(r"\$([\d.]+)", done.stdout))
    assert 0 < probably < most
    assert "unknown" in synth(*base, "--teacher", "m", "--base-url", "http://127.0.0.1:9/v1").stdout
    assert not (tmp_path / "out").exists()


def test_a_dry_run_in_python_asks_nothing(tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving() as teacher:
        asked = {
            "task": "gsm8k",
            "source": tmp_path / questions(3),
            "teacher": "m",
            "base_url": teacher.url,
            "price": (1, 2),
        }
        outcome = distill_in_python(out=tmp_path / "out", dry_run=True, **asked)
        assert (outcome.complete, outcome.rows, teacher.seen) == (False, 0, [])
    assert "at most  $" in outcome.used
    assert not (tmp_path / "out").exists()


MISTAKES = [
    (["--task", "gsm9k"], 2, "did you mean 'gsm8k'?"),
    (["--teacher", "gpt-4o-minj"], 2, "did you mean 'gpt-4o-mini'?"),
    (["--teacher", "qwen"], 2, "give --base-url"),
    (["--source", "nowhere.jsonl"], 1, "nowhere.jsonl"),
    (["--source", "bad.jsonl"], 1, "line 2"),
    (["--source", "columns.jsonl"], 1, "label"),
    (["--budget", "1", "--teacher", "m", "--base-url", "http://127.0.0.1:9/v1"], 2, "--budget needs prices"),
    (["--temperature", "hot"], 2, "--temperature hot"),
    (["--temperature", "0"], 2, "same reply"),
    (["--per-question", "5", "--max-attempts", "2"], 2, "--per-question 5 above --max-attempts 2"),
    (["--vote", "3", "--rationalize"], 2, "choose one"),
    (["--price", "1"], 2, "2 numbers"),
    (["--price", "-1,-2"], 2, "--price -1,-2: 0 at least"),
    (["--price", "nan,nan"], 2, "--price nan,nan: a number"),
    (["--budget", "inf"], 2, "--budget inf"),
    (["--base-url", "server.example/v1"], 2, "as https://server.example/v1"),
    (["--task", "./broken.py"], 2, "ZeroDivisionError"),
]


@pytest.mark.parametrize(("words", "code", "part"), MISTAKES)
def test_a_mistake_is_one_line(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], words: list[str], code: int, part: str
) -> None:
    questions(3)
    (tmp_path / "bad.jsonl").write_text('{"id": "1", "question": "Which?", "label": "1"}\n{"id": \n')
    (tmp_path / "columns.jsonl").write_text('{"id": "1", "question": "Which?"}\n{"id": "2"}\n')
    (tmp_path / "broken.py").write_text("1 / 0\n")
    given = {"--task": "gsm8k", "--source": "questions.jsonl", "--teacher": "gpt-6-luna", "--out": "out"}
    given |= dict(zip(words[::2], words[1::2], strict=False)) if "--rationalize" not in words else {}
    flat = [word for pair in given.items() for word in pair] + (words if "--rationalize" in words else [])
    done = synth("distill", *flat)
    assert done.returncode == code, done.stderr
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_no_key_is_one_line(synth: Synth, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    done = synth("distill", "--task", "gsm8k", "--source", questions(1), "--teacher", "gpt-6-luna", "--out", "out")
    assert done.returncode == 1
    assert "export OPENAI_API_KEY=" in done.stderr.splitlines()[-1]

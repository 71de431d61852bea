"""Distillation from end to end: the command line against a server on this machine, and what comes out."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from loopback import Answer, Loopback, serving

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "sk-very-secret-key"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
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
    right = times > number % 10
    said = number if right else number + 1
    return Answer(f"It is attempt {times} at {number}. The answer is {said}.")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def distill(synth: Synth, teacher: Loopback, source: str, *words: object) -> "subprocess.CompletedProcess[str]":
    base = ("--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url)
    return synth("distill", *base, "--out", "out", *words)


def test_each_question_is_asked_until_its_answer_is_right(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(answer) as teacher:
        done = distill(synth, teacher, questions(30), "--max-attempts", 5)
    assert done.returncode == 0, done.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [row["id"] for row in rows] == [f"gsm8k/q{i}" for i in range(30) if i % 10 < 5]
    assert [row["provenance"]["attempt"] for row in rows] == [i % 10 + 1 for i in range(30) if i % 10 < 5]
    assert rows[3]["rationale"] == "It is attempt 4 at 3."
    assert rows[3]["completion"] == " It is attempt 4 at 3.\nThe answer is 3."
    assert rows[3]["prompt"] == "Question: Which number is 3?\nAnswer:"
    assert rows[3]["provenance"]["finish_reason"] == "stop"
    assert rows[3]["provenance"]["prompt_tokens"] == 11
    assert json.loads(rows[3]["provenance"]["sampling"]) == {"max_tokens": 1024, "temperature": 0.7}
    assert rows[3]["provenance"]["cost"] is None  # the price is unknown, and unknown is not 0
    rejected = lines(tmp_path / "out" / "rejected.jsonl")
    assert [row["id"] for row in rejected] == [f"gsm8k/q{i}" for i in range(30) if i % 10 >= 5]
    assert {row["reason"] for row in rejected} == {"wrong"}
    attempts = lines(tmp_path / "out" / "attempts.jsonl")
    assert len(attempts) == sum(min(i % 10 + 1, 5) for i in range(30)) == len(teacher.bodies)
    assert sum(row["kept"] for row in attempts) == len(rows)
    assert "price unknown" in done.stdout
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].num_rows == 15


OUTCOMES = {
    "wrong": Answer("So it must be. The answer is 999."),
    "no_answer": Answer("I thought about it for a while and found nothing."),
    "truncated": Answer("The answer is 0.", finish_reason="length"),
    "refusal": Answer("I'm sorry, but I can't help with that."),
    "empty": Answer(""),
    "error": Answer(status=400, error={"message": "too long", "code": "context_length_exceeded"}),
}


@pytest.mark.parametrize("reason", OUTCOMES)
def test_a_question_without_a_row_says_why(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], reason: str
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return OUTCOMES[reason] if asked(request) == 0 else answer(request, 99)

    with serving(script) as teacher:
        done = distill(synth, teacher, questions(2), "--max-attempts", 3)
    assert done.returncode == 0, done.stderr
    (drop,) = lines(tmp_path / "out" / "rejected.jsonl")
    assert (drop["id"], drop["reason"]) == ("gsm8k/q0", reason)
    assert [row["answer"] for row in lines(tmp_path / "out" / "train.jsonl")] == ["1"]


def test_faults_in_a_tenth_of_all_requests_lose_no_question(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    """Every question ends answered, or rejected for its own sake."""
    faults = [
        Answer(status=429, headers={"retry-after-ms": "5"}), Answer(status=429, headers={"retry-after": "0"}),
        Answer(status=500), Answer(status=503), Answer(drop="before"), Answer(drop="half"), Answer(body=b'{"choi'),
        Answer(body=b'{"choices": []}'), Answer(status=408), Answer(status=409),
    ]  # fmt: skip
    count = 0
    lock = threading.Lock()

    def script(request: dict[str, Any], times: int) -> Answer:
        nonlocal count
        with lock:
            count += 1
            turn = count
        return faults[turn // 10 % len(faults)] if turn % 10 == 0 else answer({**request}, 99)

    with serving(script) as teacher:
        done = distill(synth, teacher, questions(300), "--max-attempts", 1, "--concurrency", 40)
    assert done.returncode == 0, done.stderr
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 300
    assert not (tmp_path / "out" / "rejected.jsonl").exists()


def test_a_killed_run_asks_no_answered_request_again(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    source = questions(400)
    half = threading.Event()

    def script(request: dict[str, Any], times: int) -> Answer:
        if len(teacher.bodies) > 300:
            half.set()
        return answer(request, times)

    with serving(script) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url]
        words += ["--out", "out", "--max-attempts", "4", "--concurrency", "8"]
        process = subprocess.Popen([sys.executable, "-m", "synth", *words], cwd=tmp_path)
        assert half.wait(60)
        process.send_signal(signal.SIGKILL)
        process.wait()
        store = sqlite3.connect(tmp_path / "out" / "requests.sqlite")
        stored = store.execute("select count(*) from replies where status = 200").fetchone()[0]
        store.close()
        before = len(teacher.bodies)
        assert synth(*words).returncode == 0
        total = len(teacher.bodies)
    expected = sum(min(i % 10 + 1, 4) for i in range(400))
    # What was in flight when it was killed may be asked again; what is in the store is not.
    assert expected - stored - 8 <= total - before <= expected - stored
    assert before - stored <= 8
    rows = {row["id"] for row in lines(tmp_path / "out" / "train.jsonl")}
    # One that was asked again has been asked once more than its attempts, and may have become right by that.
    assert {f"gsm8k/q{i}" for i in range(400) if i % 10 < 4} <= rows
    assert len(rows) <= 160 + 8


def test_another_folder_with_the_same_store_asks_nothing(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    source = questions(20)
    with serving(answer) as teacher:
        first = distill(synth, teacher, source, "--max-attempts", 3, "--cache", "store.sqlite")
        asked_then = len(teacher.bodies)
        again = synth(
            "distill", "--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url,
            "--out", "other", "--max-attempts", 3, "--cache", "store.sqlite",
        )  # fmt: skip
        assert len(teacher.bodies) == asked_then
    assert first.returncode == again.returncode == 0
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == (tmp_path / "other" / "train.jsonl").read_bytes()
    assert f"{asked_then:,} out of the store" in again.stdout


def test_the_same_again_does_nothing(synth: Synth, questions: Callable[[int], str]) -> None:
    source = questions(5)
    with serving(answer) as teacher:
        assert distill(synth, teacher, source).returncode == 0
        count = len(teacher.bodies)
        again = distill(synth, teacher, source)
        assert "are there already" in again.stdout
        assert len(teacher.bodies) == count
        other = distill(synth, teacher, source, "--max-attempts", 2)
        questions(6)
        longer = distill(synth, teacher, source)
    assert other.returncode == longer.returncode == 1
    assert "plan max_attempts is 10, asked for 2" in other.stderr
    assert "source bytes is" in longer.stderr


def test_a_budget_is_not_passed_and_the_run_goes_on_with_more(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    source = questions(50)
    words = ("--price", "1000,1000", "--max-tokens", 10, "--max-attempts", 1, "--concurrency", 4)
    price = (11 + 7) * 1000 / 1e6  # dollars a reply

    def script(request: dict[str, Any], times: int) -> Answer:
        return answer(request, 99)

    with serving(script) as teacher:
        done = distill(synth, teacher, source, *words, "--budget", 0.5)
        assert done.returncode == 3, done.stderr
        assert "stopped early: the budget of $0.5" in done.stdout
        spent = len(teacher.bodies) * price
        assert 0.2 < spent <= 0.5
        some = lines(tmp_path / "out" / "train.jsonl")
        assert len(some) == len(teacher.bodies)
        done = distill(synth, teacher, source, *words, "--budget", 10)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 50
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert len(rows) == 50
    assert all(row in rows for row in some)
    assert rows[0]["provenance"]["cost"] == pytest.approx(price)


def test_enough_rows_are_enough(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(lambda request, times: answer(request, 99)) as teacher:
        done = distill(synth, teacher, questions(500), "--target-rows", 25, "--concurrency", 10)
        assert done.returncode == 0
        assert 25 <= len(teacher.bodies) <= 60
    assert [row["id"] for row in lines(tmp_path / "out" / "train.jsonl")] == [f"gsm8k/q{i}" for i in range(25)]


@pytest.mark.parametrize(("keep", "kept"), [("first", [1, 2]), ("shortest", [5, 4]), ("all", [1, 2, 3, 4, 5])])
def test_which_right_rationales_are_kept(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], keep: str, kept: list[int]
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(f"Attempt {times} says so{' indeed' * (9 - times)}. The answer is {asked(request)}.")

    with serving(script) as teacher:
        done = distill(synth, teacher, questions(1), "--max-attempts", 5, "--keep", keep, "--per-question", 2)
    assert done.returncode == 0, done.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [row["provenance"]["attempt"] for row in rows] == kept
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_rationale_said_twice_counts_once(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(f"{'Same' if times < 4 else 'Other'} words. The answer is {asked(request)}.")

    with serving(script) as teacher:
        distill(synth, teacher, questions(1), "--max-attempts", 6, "--per-question", 2)
        assert len(teacher.bodies) == 4
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [row["rationale"] for row in rows] == ["Same words.", "Other words."]


def test_the_hint_comes_last_and_stays_out_of_the_row(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        hinted = f"({asked(request)})" in request["messages"][-1]["content"]
        return Answer(f"As can be seen. The answer is {asked(request) if hinted else 999}.")

    with serving(script) as teacher:
        done = distill(synth, teacher, questions(3), "--max-attempts", 2, "--rationalize")
        assert len(teacher.bodies) == 9
    assert done.returncode == 0, done.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [row["provenance"]["hinted"] for row in rows] == [True] * 3
    assert not any("(" in row["prompt"] for row in rows)


def test_a_vote_decides_where_there_are_no_answers(synth: Synth, tmp_path: Path) -> None:
    rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": None} for i in range(4)]
    (tmp_path / "open.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(f"Sample {times}. The answer is {asked(request) + (times % 3 == 0)}.")

    with serving(script) as teacher:
        refused = distill(synth, teacher, "open.jsonl")
        assert refused.returncode == 2
        assert "--vote 10" in refused.stderr
        assert not teacher.bodies
        done = distill(synth, teacher, "open.jsonl", "--vote", 6)
        assert len(teacher.bodies) == 24
    assert done.returncode == 0, done.stderr
    kept = lines(tmp_path / "out" / "train.jsonl")
    assert [row["answer"] for row in kept] == ["0", "1", "2", "3"]
    assert {row["meta"]["confidence"] for row in kept} == {4 / 6}


def test_thinking_is_kept_apart_and_never_searched(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if asked(request) == 0:
            return Answer("It is nothing. The answer is 0.", reasoning="Perhaps the answer is 7.")
        return Answer(f"<think>The answer is 7.</think>It is one. The answer is {asked(request)}.")

    with serving(script) as teacher:
        assert distill(synth, teacher, questions(2)).returncode == 0
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [row["provenance"]["thinking"] for row in rows] == ["Perhaps the answer is 7.", "The answer is 7."]
    assert not any("7" in row["completion"] for row in rows)


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


def test_ctrl_c_waits_for_what_is_in_flight_and_writes_it(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    source = questions(300)
    some = threading.Event()

    def script(request: dict[str, Any], times: int) -> Answer:
        if len(teacher.bodies) > 20:
            some.set()
        return answer(request, 99)

    with serving(script) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url]
        words += ["--out", "out", "--concurrency", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "synth", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        assert some.wait(60)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        count = len(teacher.bodies)
        assert process.returncode == 130, stderr
        assert 20 < count < 300
        assert len(lines(tmp_path / "out" / "train.jsonl")) == count
        assert synth(*words).returncode == 0
        assert len(teacher.bodies) == 300
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 300


def test_a_dry_run_asks_nothing_and_needs_no_key(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    base = ("distill", "--task", "gsm8k", "--source", questions(100), "--out", "out", "--dry-run")
    done = synth(*base, "--teacher", "gpt-4o-mini", "--max-tokens", 100)
    assert done.returncode == 0, done.stderr
    most, probably = (float(found) for found in re.findall(r"\$([\d.]+)", done.stdout))
    assert 0 < probably < most
    assert "unknown" in synth(*base, "--teacher", "m", "--base-url", "http://127.0.0.1:9/v1").stdout
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
    (["--price", "-1,-2"], 2, "0 or more"),
    (["--price", "nan,nan"], 2, "2 numbers"),
    (["--budget", "inf"], 2, "--budget inf"),
    (["--base-url", "localhost:8000"], 2, "http://localhost:8000/v1"),
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
    given = {"--task": "gsm8k", "--source": "questions.jsonl", "--teacher": "gpt-4.1-mini", "--out": "out"}
    given |= dict(zip(words[::2], words[1::2], strict=False)) if "--rationalize" not in words else {}
    flat = [word for pair in given.items() for word in pair] + (words if "--rationalize" in words else [])
    done = synth("distill", *flat)
    assert done.returncode == code, done.stderr
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_no_key_is_one_line(synth: Synth, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    done = synth("distill", "--task", "gsm8k", "--source", questions(1), "--teacher", "gpt-4o", "--out", "out")
    assert done.returncode == 1
    assert "export OPENAI_API_KEY=" in done.stderr.splitlines()[-1]

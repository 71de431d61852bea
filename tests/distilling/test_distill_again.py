"""Distillations that are killed, interrupted, stopped by a budget or run again: nothing is asked twice."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, answer, distill, lines
from loopback import Answer, serving


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
        assert half.wait()
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
        done = distill(synth, teacher, source, *words, "--budget", 0.5, "--quiet")
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == (
            "synth: out: stopped early: the budget of $0.5 does not allow another request; the same command resumes "
            "from here\n"
        )
        done = distill(synth, teacher, source, *words, "--budget", 10)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 50
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert len(rows) == 50
    assert all(row in rows for row in some)
    assert rows[0]["provenance"]["cost"] == pytest.approx(price)


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
        assert some.wait()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
        count = len(teacher.bodies)
        assert process.returncode == 130, stderr
        assert 20 < count < 300
        assert len(lines(tmp_path / "out" / "train.jsonl")) == count
        assert synth(*words).returncode == 0
        assert len(teacher.bodies) == 300
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 300


def test_ctrl_c_twice_leaves_what_is_in_flight_and_says_that_the_rest_is_kept(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    source = questions(12)
    first, over = threading.Event(), threading.Event()

    def script(request: dict[str, Any], times: int) -> Answer:
        if len(teacher.bodies) == 11:
            first.set()
            over.wait(60)
        return answer(request, 99)

    with serving(script) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url]
        words += ["--out", "out", "--concurrency", "1"]
        command = [sys.executable, "-m", "synth", *words]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert first.wait(60)
            process.send_signal(signal.SIGINT)
            assert "Ctrl-C again" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert "replies that came are kept: the same command resumes" in process.stderr.read()
        assert process.returncode == 130
        over.set()
        assert not (tmp_path / "out" / "train.jsonl").exists()
        assert len(teacher.bodies) == 11
        assert synth(*words).returncode == 0
        assert len(teacher.bodies) == 13  # the one that was left, and the one that was not asked yet
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 12

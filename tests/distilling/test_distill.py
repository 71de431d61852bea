"""Distillation from end to end: the command line against a server on this machine, and what comes out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from distillations import Synth, answer, asked, distill, lines
from loopback import Answer, serving


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
        return Answer(f"{'Same' if times < 3 else 'Other'} words. The answer is {asked(request)}.")

    with serving(script) as teacher:
        distill(synth, teacher, questions(1), "--max-attempts", 6, "--per-question", 2)
        assert len(teacher.bodies) == 3
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

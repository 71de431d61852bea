"""Batches that a server refuses because they are too large: halved until they fit, and the rest waits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, lines, right, until_written, words
from loopback import Answer, Loopback, serving

from synth.teachers import batches

TOKENS = "Enqueued token limit reached for m-1 in organization org-1. Limit: 90,000 enqueued tokens."
REFUSALS = {
    "tokens": (400, {"code": "token_limit_exceeded", "message": TOKENS}),
    "tokens as a rate": (429, {"code": "token_limit_exceeded", "message": TOKENS}),
    "words alone": (400, {"code": None, "message": "The batch input file contains too many requests."}),
    "lines": (422, {"code": None, "message": "maximum of 4 requests a file, you sent more"}),
    "bytes": (413, {"code": None, "message": "Request Entity Too Large"}),
    "page": (413, {"code": "file_too_large", "message": "the file exceeds 100 MB"}),
}


def sizes(teacher: Loopback) -> list[int]:
    """Of the batches that were taken."""
    return [len(teacher.handed_in(name)) for name, batch in teacher.batches.items() if batch["status"] != "failed"]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_is_too_large_is_halved_until_it_fits(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], refusal: str
) -> None:
    status, error = REFUSALS[refusal]
    with serving(right) as teacher:
        teacher.refusal = lambda count: Answer(status=status, error=error) if count > 4 else None
        command = words(teacher, questions(13), "--batch")
        first = synth(*command)
        assert first.returncode == 3, first.stderr
        assert "out: 13 requests handed in as batch_1, batch_2, batch_3, batch_4, batch_5; run the same" in first.stdout
        assert sizes(teacher) == [3, 3, 3, 3, 1]
        list(until_written(synth, teacher, command))
        assert len(teacher.batches) == 5
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 13


def test_what_does_not_fit_beside_what_was_taken_waits_and_is_said(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    """An account of 8 waiting requests: 20 do not fit, nor 10; 5 do, and no 5 more."""

    def room(teacher: Loopback) -> Callable[[int], Answer | None]:
        def refuse(count: int) -> Answer | None:
            waiting = sum(len(teacher.handed_in(name)) for name, batch in teacher.batches.items()
                          if batch["status"] == "in_progress")  # fmt: skip
            full = Answer(status=400, error={"code": "token_limit_exceeded", "message": TOKENS})
            return full if waiting + count > 8 else None

        return refuse

    with serving(right) as teacher:
        teacher.refusal = room(teacher)
        command = words(teacher, questions(20), "--batch")
        runs = list(until_written(synth, teacher, command))
        assert sizes(teacher) == [5, 7, 8]
    assert "out: 5 requests handed in as batch_1; 15 requests wait for the next run" in runs[0].stdout
    assert f"15 requests wait for the next run, the server takes no more ({TOKENS}); run the same" in runs[0].stdout
    assert "8 requests wait for the next run" in runs[1].stdout
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 20


def test_where_not_even_one_fits_nothing_is_lost(synth: Synth, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        teacher.refusal = lambda count: Answer(status=429, error={"code": "token_limit_exceeded", "message": TOKENS})
        command = words(teacher, questions(9), "--batch")
        done = synth(*command)
        assert done.returncode == 3, done.stderr
        assert "out: nothing was handed in: 9 requests wait for the next run, the server takes no more (" in done.stdout
        assert sum(seen.path == "/v1/batches" and seen.method == "POST" for seen in teacher.seen) == 4  # 9, 4, 2, 1
        teacher.refusal = lambda count: None
        assert "9 requests handed in as batch_1" in synth(*command).stdout


def test_one_that_fails_while_it_is_looked_over_is_halved(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        teacher.failure = lambda count: ("token_limit_exceeded", TOKENS) if count > 3 else None
        command = words(teacher, questions(12), "--batch")
        first = synth(*command)
        assert "12 requests handed in as batch_3, batch_4, batch_5, batch_6;" in first.stdout
        list(until_written(synth, teacher, command))
        assert sizes(teacher) == [3, 3, 3, 3]
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 12


def test_one_that_is_found_refused_by_the_next_run_is_halved_at_once(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LOOKS", (0.0, 0.0))
    with serving(right) as teacher:
        command = words(teacher, questions(8), "--batch")
        assert synth(*command).returncode == 3
        errors = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": TOKENS}]}
        counts = {"total": 0, "completed": 0, "failed": 0}
        teacher.batches["batch_1"] |= {"status": "failed", "request_counts": counts, "errors": errors}
        second = synth(*command)
        assert second.returncode == 3, second.stderr
        assert f"batch batch_1 was refused: {TOKENS}; its requests are tried in smaller ones" in second.stderr
        assert sizes(teacher) == [4, 4]
        list(until_written(synth, teacher, command))
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 8


def test_one_that_is_looked_over_for_long_is_left_to_the_next_run(
    synth: Synth, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LOOKS", (0.0, 0.0))
    create = Loopback._create

    def validating(server: Loopback, body: dict[str, Any]) -> dict[str, Any]:
        batch = create(server, body)
        batch["status"] = "validating"
        return batch

    monkeypatch.setattr(Loopback, "_create", validating)
    with serving(right) as teacher:
        command = words(teacher, questions(2), "--batch")
        assert "2 requests handed in as batch_1" in synth(*command).stdout
        assert sum(seen.path == "/v1/batches/batch_1" for seen in teacher.seen) == 3
        assert "batch_1 is validating" in synth(*command).stdout


NOT_FOR_SIZE = {
    "speed": Answer(status=429, error={"code": "rate_limit_exceeded", "message": "Rate limit reached for requests"}),
    "money": Answer(status=429, error={"code": "insufficient_quota", "message": "You exceeded your current quota"}),
    "form": Answer(status=400, error={"code": "invalid_request", "message": "Unknown endpoint"}),
    "key": Answer(status=401, error={"code": "invalid_api_key", "message": "too many keys in a file"}),
}


@pytest.mark.parametrize("reason", NOT_FOR_SIZE)
def test_another_refusal_is_one_line_and_not_tried_in_halves(
    synth: Synth, questions: Callable[[int], str], reason: str
) -> None:
    with serving(right) as teacher:
        teacher.refusal = lambda count: NOT_FOR_SIZE[reason]
        done = synth(*words(teacher, questions(8), "--batch"))
        assert sum(seen.path == "/v1/batches" and seen.method == "POST" for seen in teacher.seen) == 1
    assert done.returncode == 1
    assert "no requests could be handed in" in done.stderr
    assert done.stderr.count("\n") == 1

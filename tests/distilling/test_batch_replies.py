"""Replies in batches are sorted like those that come directly: whose fault it is, whole or not, which settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, asked, lines, right, until_written, words
from loopback import Answer, serving

UNSUPPORTED = {
    "message": "Unsupported parameter: 'temperature' is not supported with this model.",
    "type": "invalid_request_error", "param": "temperature", "code": "unsupported_parameter",
}  # fmt: skip
OLD_LIMIT = {
    "message": "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens' instead.",
    "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter",
}  # fmt: skip


def first(answer: Answer) -> Callable[[dict[str, Any], int], Answer]:
    """This for question 0 the first time."""
    return lambda request, times: answer if asked(request) == 0 and times == 1 else right(request, 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=400, error={"code": "content_filter", "message": "The prompt was filtered"}), "refusal"),
        (Answer(status=403, error={"message": "flagged", "metadata": {"reasons": ["violence"]}}), "refusal"),
        (Answer(status=400, error={"code": "context_length_exceeded", "message": "too long"}), "error"),
    ],
)
def test_what_is_refused_is_not_handed_in_again(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], answer: Answer, reason: str
) -> None:
    with serving(first(answer)) as teacher:
        list(until_written(synth, teacher, words(teacher, questions(3), "--batch")))
        assert len(teacher.batches) == 1
    (drop,) = lines(tmp_path / "out" / "rejected.jsonl")
    assert (drop["id"], drop["reason"]) == ("gsm8k/q0", reason)
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Answer("It is half a", finish_reason="error"),
        Answer("It is half a", finish_reason="abort"),
        Answer(body=b'{"error": {"code": 429, "message": "Rate limit reached"}}'),
        Answer(status=429, error={"code": "rate_limit_exceeded", "message": "slow down"}),
        Answer(status=503, error={"message": "overloaded"}),
    ],
)
def test_what_is_no_whole_reply_is_handed_in_again(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], answer: Answer
) -> None:
    with serving(first(answer)) as teacher:
        list(until_written(synth, teacher, words(teacher, questions(3), "--batch")))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 1]
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert len(rows) == 3
    assert "half a" not in str(rows)


@pytest.mark.parametrize(("error", "name"), [(UNSUPPORTED, "temperature"), (OLD_LIMIT, "max_tokens")])
def test_a_setting_that_is_not_taken_is_left_out_of_the_next_batch(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], error: dict[str, Any], name: str
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(status=400, error=error) if name in request else right(request, 1)

    with serving(script) as teacher:
        runs = list(until_written(synth, teacher, words(teacher, questions(5), "--batch")))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [5, 5]
        bodies = [line["body"] for line in teacher.handed_in("batch_2")]
    assert not any(name in body for body in bodies)
    assert all({"max_tokens", "max_completion_tokens"} & set(body) for body in bodies)
    assert f"m-1 takes {'no temperature' if name == 'temperature' else 'max_completion_tokens'}" in runs[1].stderr
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 5


def test_options_say_which_settings_are_sent(synth: Synth, questions: Callable[[int], str]) -> None:
    more = ("--batch", "--leave-out", "temperature", "--max-tokens-field", "max_completion_tokens")
    with serving(right) as teacher:
        assert synth(*words(teacher, questions(2), *more)).returncode == 3
        bodies = [line["body"] for line in teacher.handed_in("batch_1")]
    assert all("temperature" not in body and body["max_completion_tokens"] == 1024 for body in bodies)


def test_an_address_with_a_query_is_asked_so_and_takes_the_key_in_its_own_header(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(2), "--batch")
        command[command.index(teacher.url)] = f"{teacher.url}/chat/completions?api-version=preview"
        list(until_written(synth, teacher, command))
        batched = [seen for seen in teacher.seen if "/models" not in seen.path]
        assert all("api-version=preview" in seen.path for seen in batched)
        assert all(seen.headers["api-key"] for seen in batched)
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2


def test_an_address_without_a_version_is_one_line_with_the_one_that_is_meant(
    synth: Synth, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        teacher.elsewhere = Answer(status=404, error={"message": "Not Found"})
        command = words(teacher, questions(2), "--batch")
        command[command.index(teacher.url)] = teacher.url.removesuffix("/v1")
        done = synth(*command)
        assert done.returncode == 1
        assert f"is {teacher.url} meant?" in done.stderr
        assert done.stderr.count("\n") == 1

"""The probability of answers of a served model: logprobs that a server gives, gives in part, or does not give."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from tiny_models import write_dataset

from synth.data.names import PREDICTIONS
from synth.errors import UsageError
from synth.evaluating.evaluate import run
from synth.evaluating.notes import lines as notes_of
from synth.evaluating.options import Evaluate
from synth.record import Record

ROWS = 6


def sums(number: int) -> Record:
    prompt = f"Question: What is {number} and {number}?\nAnswer:"
    return Record(f"gsm8k/{number}", "gsm8k", prompt, "", str(2 * number), f" The answer is {2 * number}.", {})


def claim(number: int) -> Record:
    prompt = f"Claim: The number {number} is even.\nQuestion: Is the claim true?\nAnswer:"
    return Record(f"strategyqa/{number}", "strategyqa", prompt, "", "yes", " The answer is yes.", {})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "sums", {"test": [sums(number) for number in range(1, ROWS + 1)]})


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "claims", {"test": [claim(number) for number in range(ROWS)]})


def content(*tokens: tuple[str, float], top: dict[str, float] | None = None, at: int = 0) -> dict[str, Any]:
    """What a server tells of tokens with these probabilities; `top` of the one at a place."""
    told = [
        {"token": token, "logprob": math.log(chance), "bytes": None, "top_logprobs": []} for token, chance in tokens
    ]
    told[at]["top_logprobs"] = [{"token": token, "logprob": math.log(share)} for token, share in (top or {}).items()]
    return {"content": told, "refusal": None}


def ask(url: str, data: Path, out: Path, **given: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    asked = Evaluate(model=url, model_name="m", data=data, out=out, confidence="answer", quiet=True, **given)
    (result,) = run(asked)
    return result.metrics, [json.loads(line) for line in (out / PREDICTIONS).read_text().splitlines()]


def test_the_tokens_of_an_answer_are_multiplied(data: Path, tmp_path: Path) -> None:
    tokens = [("The", 0.9), (" answer", 0.9), (" is", 0.9), (" 1", 0.5), ("2", 0.5), (".", 0.9)]
    with serving(lambda request, times: Answer("The answer is 12.", logprobs=content(*tokens))) as server:
        figures, lines = ask(server.url, data, tmp_path / "eval")
        assert {(body["logprobs"], body["top_logprobs"]) for body in server.bodies} == {(True, 20)}
    assert [line["correct"] for line in lines] == [number == 6 for number in range(1, ROWS + 1)]
    for line in lines:
        assert line["confidences"] == pytest.approx({"answer": 0.25, "answer_raw": 0.25, "answer_token": 0.5})
    assert figures["calibration"]["ece"] == pytest.approx(0.25 - 1 / 6)
    assert figures["metrics"]["confidence"]["n"] == ROWS


def test_yes_and_no_are_weighed_against_each_other(claims: Path, tmp_path: Path) -> None:
    top = {" yes": 0.6, " no": 0.2, " Yes": 0.1, " perhaps": 0.05}
    tokens = [("The", 0.9), (" answer", 0.9), (" is", 0.9), (" yes", 0.6), (".", 0.9)]
    reply = Answer("The answer is yes.", logprobs=content(*tokens, top=top, at=3))
    with serving(lambda request, times: reply) as server:
        _, lines = ask(server.url, claims, tmp_path / "eval")
    assert lines[0]["confidences"] == pytest.approx({"answer": 0.7 / 0.9, "answer_raw": 0.6, "answer_token": 0.6})


def test_samples_of_other_answers_say_what_they_gave_this_one(claims: Path, tmp_path: Path) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        said, other = ("no", "yes") if times == 1 else ("yes", "no")
        top = {f" {said}": 0.8, f" {other}": 0.2}
        return Answer(f"It is {times}. The answer is {said}.", logprobs=content(
            (f"It is {times}. The answer is", 0.1), (f" {said}", 0.8), (".", 1), top=top, at=1))  # fmt: skip

    with serving(script) as server:
        _, lines = ask(server.url, claims, tmp_path / "eval", samples=4, concurrency=1)
    for line in lines:
        assert line["answer"] == "yes"
        assert line["confidences"]["votes"] == 0.75
        assert line["confidences"]["answer"] == pytest.approx((3 * 0.8 + 0.2) / 4)


@pytest.mark.parametrize("told", [None, {"content": None}, {"content": []}, {"tokens": ["The"]}])
def test_a_server_that_tells_nothing_gets_a_line(data: Path, tmp_path: Path, told: Any) -> None:
    with serving(lambda request, times: Answer("The answer is 12.", logprobs=told)) as server:
        figures, lines = ask(server.url, data, tmp_path / "eval")
    assert {line["confidence"] for line in lines} == {None}
    assert figures["calibration"] is None
    assert any("the server tells no logprobs" in note for note in notes_of(figures, {}))


def test_a_server_that_takes_no_logprobs_is_asked_without(data: Path, tmp_path: Path) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if "logprobs" in request or "top_logprobs" in request:
            refused = {"message": "Unrecognized request argument supplied: logprobs", "param": "logprobs"}
            return Answer(status=400, error=refused)
        return Answer("The answer is 12.")

    with serving(script) as server:
        figures, lines = ask(server.url, data, tmp_path / "eval", concurrency=1)
        assert len(server.bodies) == ROWS + 1
    assert {line["confidence"] for line in lines} == {None}
    assert figures["metrics"]["accuracy"]["value"] == pytest.approx(1 / ROWS)


def test_tokens_that_do_not_spell_the_reply_are_not_believed(data: Path, tmp_path: Path) -> None:
    odd = content(("Something", 0.5), (" else", 0.5))

    def script(request: dict[str, Any], times: int) -> Answer:
        first = "What is 1 and 1" in request["messages"][-1]["content"]
        spelled = content(("The answer is", 0.5), (" 12", 0.5), (".", 0.5))
        return Answer("The answer is 12.", logprobs=odd if first else spelled)

    with serving(script) as server:
        figures, lines = ask(server.url, data, tmp_path / "eval")
    assert [line["confidence"] for line in lines] == [None, *[pytest.approx(0.5)] * (ROWS - 1)]
    assert any("1 of 6 answers is not known" in note for note in notes_of(figures, {}))


def test_attempts_have_no_probabilities() -> None:
    with pytest.raises(UsageError, match="leave out --confidence answer"):
        Evaluate(model="attempts", data=Path("data"), confidence="answer")

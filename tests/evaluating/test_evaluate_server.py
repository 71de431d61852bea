"""`synth eval` over HTTP: against a scripted server, and against `transformers serve` beside the same model here."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from halting import halted
from loopback import Answer, serving
from served_models import serving_models
from tiny_models import listops, make, write_dataset

from synth.data.names import METRICS, PREDICTIONS
from synth.data.reading import read
from synth.errors import SynthError
from synth.evaluating.job import Job, Result, StoppedError
from synth.evaluating.run import carry_out as evaluate
from synth.models.generate import Decoding
from synth.record import Record
from synth.teachers.given import Limits

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
SERVING = [name for name in ("torch", "transformers", "fastapi", "uvicorn") if find_spec(name) is None]
ROWS = 12


def question(number: int) -> Record:
    prompt = f"Question: What is {number} and {number}?\nAnswer:"
    return Record(f"gsm8k/{number}", "gsm8k", prompt, "", str(2 * number), f" The answer is {2 * number}.", {})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "sums", {"test": [question(number) for number in range(ROWS)]})


def asked_number(request: dict[str, Any]) -> int:
    found = re.search(r"What is (\d+) and", request["messages"][-1]["content"])
    assert found is not None
    return int(found[1])


def right(request: dict[str, Any], times: int) -> Answer:
    """Every reply is right, but for that to an odd number when it is asked for at once."""
    number = asked_number(request)
    wrong = number % 2 and "at once" in request["messages"][-1]["content"]
    return Answer(f"It is {number} + {number} = {2 * number}. The answer is {2 * number + wrong}.")


def ask(url: str, data: Path, out: Path, **settings: Any) -> tuple[Result, list[dict[str, Any]]]:
    result = evaluate(Job(url, data, out, served="m", **settings), lambda line: None, lambda *state: None)
    lines = (out / PREDICTIONS).read_text(encoding="utf-8").splitlines()
    return result, [json.loads(line) for line in lines]


def test_both_ways_of_asking_get_a_row(synth: Synth, data: Path) -> None:
    with serving(right) as server:
        words = ("--model", server.url, "--model-name", "org/m", "--data", data, "--prompting", "both")
        done = synth("eval", *words)
        assert done.returncode == 0, done.stderr
        assert len(server.bodies) == 2 * ROWS
        assert {body["temperature"] for body in server.bodies} == {0}
        assert {body["max_tokens"] for body in server.bodies} == {512}
    folders = [data.parent / "eval" / "org-m" / name for name in ("sums-test", "sums-test-direct")]
    steps, direct = (json.loads((folder / METRICS).read_text()) for folder in folders)
    assert (steps["prompting"], direct["prompting"]) == ("rationale", "direct")
    assert (steps["metrics"]["accuracy"]["value"], direct["metrics"]["accuracy"]["value"]) == (1.0, 0.5)
    assert steps["model"] == "org/m"
    assert steps["run"] is None
    assert "asked for the answer alone" in done.stdout


def test_self_consistency_over_http(data: Path, tmp_path: Path) -> None:
    def sampled(request: dict[str, Any], times: int) -> Answer:
        """The n-th reply to a question: right in six of ten."""
        number = asked_number(request)
        return Answer(f"The answer is {2 * number + (0 if times <= 6 else times)}.")

    with serving(sampled) as server:
        result, lines = ask(server.url, data, tmp_path / "eval", decoding=Decoding(samples=10, temperature=0.8))
        assert len(server.bodies) == 10 * ROWS
        assert {body["temperature"] for body in server.bodies} == {0.8}
    assert {(line["confidence"], line["correct"], len(line["outputs"])) for line in lines} == {(0.6, True, 10)}
    assert result.metrics["calibration"]["ece"] == pytest.approx(0.4)
    assert result.metrics["metrics"]["brier"]["value"] == pytest.approx(0.16)
    bins = result.metrics["calibration"]["bins"]
    assert [place for place, each in enumerate(bins) if each["count"]] == [5]


def test_rows_that_are_not_answered_are_counted_and_named(data: Path, tmp_path: Path) -> None:
    def picky(request: dict[str, Any], times: int) -> Answer:
        refused = Answer(status=400, error={"message": "this prompt is too long"})
        return refused if asked_number(request) == 7 else right(request, times)

    with serving(picky) as server:
        result, lines = ask(server.url, data, tmp_path / "eval")
    assert result.faults == {"unanswered": ["gsm8k/7"]}
    assert [line["correct"] for line in lines] == [number != 7 for number in range(ROWS)]
    assert (lines[7]["fault"], lines[7]["output"]) == ("unanswered", "")


def test_questions_that_the_server_refuses_are_told_from_those_it_does_not_answer(data: Path, tmp_path: Path) -> None:
    faults = {
        3: Answer(status=400, error={"message": "filtered", "code": "content_filter"}),
        5: Answer(status=403, error={"message": "Input was flagged by the moderation system"}),
        7: Answer(status=400, error={"message": "this prompt is too long"}),
    }
    with serving(lambda request, times: faults.get(asked_number(request), right(request, times))) as server:
        result, lines = ask(server.url, data, tmp_path / "eval")
    assert result.faults == {"refusal": ["gsm8k/3", "gsm8k/5"], "unanswered": ["gsm8k/7"]}
    assert (result.metrics["refusals"], result.metrics["unanswered"]) == (2, 1)
    assert [lines[row]["fault"] for row in (2, 3, 5, 7)] == [None, "refusal", "refusal", "unanswered"]


def test_a_reply_that_was_cut_off_has_no_answer(data: Path, tmp_path: Path) -> None:
    with serving(lambda request, times: Answer("So far the answer is 0", finish_reason="length")) as server:
        _, lines = ask(server.url, data, tmp_path / "eval", limit=1)
    assert (lines[0]["answer"], lines[0]["correct"], lines[0]["tokens"]) == (None, False, 7)
    assert lines[0]["prompt_tokens"] == 11


def test_a_killed_evaluation_asks_nothing_twice(data: Path, tmp_path: Path, synth: Callable[..., Any]) -> None:
    waiting = True

    def slow(request: dict[str, Any], times: int) -> Answer:
        return replace(right(request, times), hang=waiting and asked_number(request) >= 5)

    with serving(slow) as server:
        words = ["--model", server.url, "--model-name", "m", "--data", data, "--out", tmp_path / "eval", "--quiet"]
        words = ["eval", *words, "--concurrency", 4]
        with halted(words, "synth.evaluating.outputs:Partial.add", times=5) as process:
            process.kill()
        waiting = False
        assert synth(*words).returncode == 0
        assert set(server.answered.values()) == {1}
        assert len(server.answered) == ROWS
        ask(server.url, data, tmp_path / "whole", limits=Limits(concurrency=4))
    predictions = [(tmp_path / name / PREDICTIONS).read_bytes() for name in ("eval", "whole")]
    assert predictions[0] == predictions[1]


def test_a_budget_stops_it_and_more_money_goes_on(data: Path, tmp_path: Path) -> None:
    with serving(right) as server:
        # a reply is paid as 18 tokens, 18 millionths of a dollar; 100 tokens at most are set aside for each
        decoding = Decoding(max_new_tokens=100)
        with pytest.raises(StoppedError, match=r"the budget of \$0.0003 .* resumes from here"):
            ask(server.url, data, tmp_path / "eval", limits=Limits(concurrency=1, budget=0.0003, price=(1, 1)),
                decoding=decoding)  # fmt: skip
        paid = server.answered.total()
        assert 0 < paid < ROWS
        ask(server.url, data, tmp_path / "eval", limits=Limits(concurrency=1, price=(1, 1)), decoding=decoding)
        assert server.answered.total() == ROWS


def test_a_server_that_answers_nobody_is_said_in_a_line(data: Path, tmp_path: Path) -> None:
    missing = Answer(status=404, error={"message": "no such model"})
    with serving(lambda request, times: missing) as server, pytest.raises(SynthError, match="has no model 'm'"):
        ask(server.url, data, tmp_path / "eval")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path, Path]]:
    """Address of `transformers serve`, the run folder it serves, and a dataset."""
    rows = [listops(number * 5 + 5) for number in range(12)]
    data = write_dataset(tmp_path / "pairs", {"test": rows}, builder="listops", config={"modulus": 10})
    folder = make(tmp_path / "run", rows[:6], decoder=True)
    with serving_models(tmp_path) as url:
        yield url, folder, data


@pytest.mark.skipif(bool(SERVING), reason=f"transformers[serving] is not installed: no {', '.join(SERVING)}")
def test_a_served_model_has_the_metrics_it_has_here(served: tuple[str, Path, Path], tmp_path: Path) -> None:
    url, folder, data = served
    decoding = Decoding(max_new_tokens=40)
    here = evaluate(
        Job(str(folder), data, tmp_path / "here", decoding=decoding), lambda line: None, lambda *state: None
    )
    there = evaluate(
        Job(url, data, tmp_path / "there", served=str(folder), decoding=decoding, limits=Limits(concurrency=1)),
        lambda line: None, lambda *state: None,
    )  # fmt: skip
    lines = [
        [json.loads(line) for line in (tmp_path / name / PREDICTIONS).read_text().splitlines()]
        for name in ("here", "there")
    ]
    assert [line["output"] for line in lines[0][:6]] == ["\n" + record.completion for record in read(data, "test")][:6]
    for mine, theirs in zip(*lines, strict=True):
        assert {**mine, "tokens": 0} == {**theirs, "tokens": 0}
    assert there.metrics["metrics"] == here.metrics["metrics"]
    assert there.metrics["by"] == here.metrics["by"]
    assert 0.4 < here.metrics["metrics"]["accuracy"]["value"] < 1, "some rows are known, others are not"

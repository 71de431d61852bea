"""`synth eval --reward NAME` and `--rewards`: means with intervals, by kind of question, of what is there too."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from loopback import Answer, serving
from tiny_models import write_dataset

import synth
from synth.data.names import METRICS, PREDICTIONS, RUN
from synth.errors import FolderError, UnknownNameError, UsageError
from synth.record import Record

ROWS = 12
Synth = Callable[..., Any]


def row(number: int) -> Record:
    meta = {"kind": "odd" if number % 2 else "even"}
    return Record(
        f"q/{number}", "gsm8k", f"What is {number}?", "So it is.", str(number), f"It is.\nThe answer is {number}.", meta
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data", {"test": [row(n) for n in range(ROWS)]})


def said(request: dict[str, Any], times: int) -> Answer:
    """Odd ones are right, with a rationale that repeats; of the even ones 0 and 4 have no rationale."""
    number = int(re.findall(r"What is (\d+)\?", request["messages"][-1]["content"])[-1])
    if number % 2:
        return Answer(f"ja ja ja ja\nThe answer is {number}.")
    return Answer(f"{'' if number % 4 == 0 and number < 8 else 'It is so.'}\nThe answer is {number + 1}.")


@pytest.fixture
def server() -> Iterator[Any]:
    with serving(said) as found:
        yield found


def evaluate(server: Any, data: Path, out: Path, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = {"model": server.url, "model_name": "m", "data": data, "out": out, "quiet": True, "cache": out / "c.sqlite"}
    synth.evaluate(**{**given, **options})
    return facts(out), lines(out)


def facts(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / METRICS).read_bytes())
    return found


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / PREDICTIONS).read_bytes().splitlines()]


DIVERSITY = [None if n in (0, 4) else (1 / 6 if n % 2 else 1.0) for n in range(ROWS)]


def test_rewards_beside_the_metrics(server: Any, data: Path, tmp_path: Path) -> None:
    found, rows = evaluate(server, data, tmp_path / "e", reward=["diversity", "accuracy", "length:2"])
    assert [line["rewards"]["diversity"] for line in rows] == [pytest.approx(value) for value in DIVERSITY]
    assert [line["rewards"]["accuracy"] for line in rows] == [float(line["correct"]) for line in rows]
    mean = found["metrics"]["reward:diversity"]
    known = [value for value in DIVERSITY if value is not None]
    assert (mean["value"], mean["n"]) == (pytest.approx(fmean(known)), 10)
    assert mean["low"] < mean["value"] < mean["high"]
    assert found["metrics"]["reward:accuracy"] == found["metrics"]["accuracy"]
    assert found["by"]["kind"]["odd"]["reward:diversity"]["value"] == pytest.approx(1 / 6)
    assert found["by"]["kind"]["even"]["reward:diversity"]["n"] == 4
    assert list(found["rewards"]) == ["diversity", "accuracy", "length:2"]


def test_an_evaluation_that_is_there_gets_what_it_lacks(server: Any, data: Path, tmp_path: Path) -> None:
    """Without a request: out of its own outputs. The same as if it had been asked for at once."""
    whole, rows = evaluate(server, data, tmp_path / "whole", reward=["diversity", "steps"])
    before, plain = evaluate(server, data, tmp_path / "e")
    assert "rewards" not in before
    assert all("rewards" not in line for line in plain)
    asked = len(server.bodies)
    bytes_before = (tmp_path / "e" / METRICS).read_bytes()
    evaluate(server, data, tmp_path / "e")
    assert (tmp_path / "e" / METRICS).read_bytes() == bytes_before
    evaluate(server, data, tmp_path / "e", reward=["diversity"])
    after, added = evaluate(server, data, tmp_path / "e", reward=["steps"])
    assert len(server.bodies) == asked
    assert added == rows
    for name in ("metrics", "by", "rewards"):
        assert after[name] == whole[name]
    assert after["recipe"] == before["recipe"]
    evaluate(server, data, tmp_path / "e")  # and it is known again without any
    assert facts(tmp_path / "e") == after


def test_those_that_need_no_model_and_those_of_a_run(server: Any, data: Path, tmp_path: Path) -> None:
    found, _ = evaluate(server, data, tmp_path / "e", rewards=True)
    assert set(found["rewards"]) >= {"accuracy", "diversity", "format", "length", "steps", "steps_all"}
    assert not set(found["rewards"]) & {"plausibility", "consistency"}
    run = tmp_path / "run"
    run.mkdir()
    (run / RUN).write_text(
        json.dumps({"trainer": "mario", "rewards": ["diversity"], "audit": ["length:9"], "complete": True})
    )
    found, _ = evaluate(server, data, tmp_path / "r", rewards=True, run=run, reward=["diversity", "format"])
    assert list(found["rewards"]) == ["diversity", "length:9", "format"]


def test_rewards_of_your_own(server: Any, data: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("def brief(completions, **columns):\n    return [1.0 for _ in completions]\n")
    found, _ = evaluate(server, data, tmp_path / "e", reward=[f"{own}:brief"])
    assert found["metrics"]["reward:brief"]["value"] == 1.0
    own.write_text("def brief(completions, **columns):\n    return [0.0 for _ in completions]\n")
    asked = len(server.bodies)
    found, _ = evaluate(server, data, tmp_path / "e", reward=[f"{own}:brief"])  # it pays otherwise now
    assert (found["metrics"]["reward:brief"]["value"], len(server.bodies)) == (0.0, asked)
    own.write_text("def brief(completions, id, **columns):\n    return [1 / (one != 'q/7') for one in id]\n")
    before = facts(tmp_path / "e")
    with pytest.raises(
        UsageError, match=re.escape("reward brief does not run: line 2: ZeroDivisionError: division by zero (row q/7)")
    ):
        evaluate(server, data, tmp_path / "e", reward=[f"{own}:brief"])
    assert facts(tmp_path / "e") == before
    with pytest.raises(UsageError, match="row q/7"):
        evaluate(server, data, tmp_path / "new", reward=[f"{own}:brief"])
    found, _ = evaluate(server, data, tmp_path / "new")  # what the model wrote is not lost
    assert len(server.bodies) == asked + ROWS
    assert found["metrics"]["accuracy"]["n"] == ROWS


def test_of_samples_the_first_counts(server: Any, data: Path, tmp_path: Path) -> None:
    _, rows = evaluate(server, data, tmp_path / "e", samples=3, reward=["diversity"])
    assert [line["rewards"]["diversity"] for line in rows] == [line["diversity"] for line in rows]


def test_they_are_shown(server: Any, data: Path, tmp_path: Path, synth: Synth) -> None:
    words = ("eval", "--model", server.url, "--model-name", "m", "--data", data, "--out", tmp_path / "e")
    told = re.sub(" +", " ", synth(*words, "--reward", "diversity").stdout)
    assert re.search(r" reward diversity 0\.500 0\.\d{3} - 0\.\d{3} 10 ", told)
    assert re.search(r" kind rows reward diversity", told)
    again = synth(*words, "--reward", "diversity", "--reward", "diversity")
    assert (again.returncode, again.stderr) == (2, "synth: --reward diversity is given twice: give it once\n")


def test_what_cannot_be_measured(server: Any, data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no reward is called 'divers'"):
        evaluate(server, data, tmp_path / "e", reward=["divers"])
    assert server.bodies == []
    evaluate(server, data, tmp_path / "e")
    shutil.copy(tmp_path / "e" / PREDICTIONS, tmp_path / "kept")
    for broken in (
        (tmp_path / "kept").read_bytes()[:-20],
        b"",
        (tmp_path / "kept").read_bytes().replace(b'"output"', b'"o"'),
    ):
        (tmp_path / "e" / PREDICTIONS).write_bytes(broken)
        with pytest.raises(FolderError, match=r"has not the outputs of these 12 rows, .*: add --overwrite"):
            evaluate(server, data, tmp_path / "e", reward=["diversity"])
    found, _ = evaluate(server, data, tmp_path / "e", reward=["diversity"], overwrite=True)
    assert found["metrics"]["reward:diversity"]["n"] == 10

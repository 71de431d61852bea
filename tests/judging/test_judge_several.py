"""Several datasets judged in one call: RAFT's check of quality, some rows a task, one table and one budget."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from tiny_models import write_dataset

import synth
from synth.errors import UsageError
from synth.record import Record
from synth.statistics.intervals import interval

Synth = Callable[..., Any]


def folder(path: Path, task: str, count: int) -> Path:
    rows = [
        Record(f"{task}/{n}", task, f"{task} {n}?", f"It is {n}.", str(n), f"The answer is {n}.", {})
        for n in range(count)
    ]
    return write_dataset(path, {"train": rows})


def verdict(request: dict[str, Any], times: int) -> Answer:
    """Row 1 of cr is not helpful, row 2 unclear."""
    said = request["messages"][-1]["content"]
    return Answer("Unhelpful" if "cr 1?" in said else "Perhaps" if "cr 2?" in said else "Helpful")


def test_a_table_of_all_tasks(tmp_path: Path, synth: Synth) -> None:
    folder(tmp_path / "my data" / "cr", "cr", 3)
    folder(tmp_path / "my data" / "anli", "anli", 30)
    folder(tmp_path / "qqp", "qqp", 2)
    with serving(verdict) as teacher:
        words = ("judge", "my data", "qqp", "--judge", "rubric", "--sample", 20, "--teacher", "m-1",
                 "--base-url", teacher.url, "--verdicts", "quality.jsonl")  # fmt: skip
        dry = synth(*words, "--dry-run")
        assert "25 rows, 25 to ask about: 25 requests" in dry.stdout
        done = synth(*words)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 25
        table = json.loads(synth(*words, "--json").stdout)["tasks"]
        assert len(teacher.bodies) == 25, "the unclear one comes out of the store"
    cells = {tuple(line.split()[:6]) for line in done.stdout.splitlines()}
    assert {
        ("anli", "anli", "20", "20", "0", "0"),
        ("cr", "cr", "3", "1", "1", "1"),
        ("qqp", "qqp", "2", "2", "0", "0"),
        ("all", "25", "23", "1", "1", "95.8%"),
    } <= cells
    assert table[-1]["share"] == interval([1.0] * 23 + [0.0])
    assert [line["data"] for line in table] == ["anli", "cr", "qqp", "all"]
    assert len((tmp_path / "quality.jsonl").read_text().splitlines()) == 25


def test_one_budget_for_all(tmp_path: Path) -> None:
    places = [folder(tmp_path / name, name, 4) for name in ("cr", "anli")]
    with serving(lambda request, times: Answer("Helpful")) as teacher:
        given: dict[str, Any] = {
            "judge": "rubric", "teacher": "m-1", "base_url": teacher.url, "price": (0, 1000), "max_tokens": 10,
            "concurrency": 1, "quiet": True,
        }  # fmt: skip
        # A reply is 7 tokens, 0.007 dollars, and 0.01 at most: six are paid for, and a seventh has room.
        found = synth.judge(places, budget=0.046, **given)
        assert len(teacher.bodies) == 6
        assert found.stopped == "the budget of $0.046 does not allow another request"
        assert found.spent == pytest.approx(0.042)
        assert synth.judge(places, **given).rows == 8
        assert len(teacher.bodies) == 8


def test_what_does_not_go_with_several(tmp_path: Path) -> None:
    one, other = (folder(tmp_path / name, "cr", 1) for name in ("a", "b"))
    with pytest.raises(UsageError, match=r"--out writes one dataset: give one of .*/a, .*/b, or --verdicts"):
        synth.judge([one, other], judge="answer", out=tmp_path / "out")
    with pytest.raises(UsageError, match="a is given twice"):
        synth.judge([one, one], judge="answer")
    with pytest.raises(UsageError, match="FOLDER: give a dataset folder"):
        synth.judge([], judge="answer")


def test_the_papers_360_rows() -> None:
    """Zhu et al. 2025, appendix C: 1 of 360 was called unhelpful, wrongly; 95% of resamples have at most 3 of them."""
    found = interval([1.0] + [0.0] * 359)
    assert found is not None
    assert (found["n"], found["low"]) == (360, 0.0)
    assert found["value"] == pytest.approx(1 / 360)
    assert found["high"] == pytest.approx(3 / 360)

"""Distillation of answers that are no single number, from end to end."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, lines
from loopback import Answer, serving

from synth.answers import mathematics

ROWS = [
    {"id": "square", "question": "Expand $(x+1)^2$.", "label": "$x^2 + 2x + 1$"},
    {"id": "interval", "question": "Where is $0 \\leq x < 1$?", "label": "[0, 1)"},
    {"id": "one", "question": "What is one?", "label": "1"},
    {"id": "unread", "question": "What is nothing?", "label": "\\nosuchthing{x}{y}{"},
]
SAID = {
    "Expand": ["x^2 + 1", "1 + 2x + x^2"],
    "Where": ["[0, 1]", "x \\in [0, 1)"],
    "What is one": ["2x + z = 1", "\\frac{2}{2}"],
    "What is nothing": ["\\nosuchthing{x}{y}{"] * 2,
}


def teacher(request: dict[str, Any], times: int) -> Answer:
    """Wrong at the first attempt, right in other words at the second."""
    asked = request["messages"][-1]["content"]
    said = next(said for begin, said in SAID.items() if f"Question: {begin}" in asked)
    return Answer(f"That is attempt {times}.\nThe answer is $\\boxed{{{said[times - 1]}}}$.")


def distill(synth: Synth, url: str, tmp_path: Path) -> Any:
    (tmp_path / "math.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    words = ("--task", "math", "--source", "math.jsonl", "--teacher", "m-1", "--base-url", url, "--out", "out")
    return synth("distill", *words, "--max-attempts", 2)


def test_expressions_are_compared_by_what_they_mean(synth: Synth, tmp_path: Path) -> None:
    with serving(teacher) as served:
        done = distill(synth, served.url, tmp_path)
    assert done.returncode == 0, done.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [(row["id"], row["answer"], row["provenance"]["attempt"]) for row in rows] == [
        ("math/square", "x^2 + 2x + 1", 2),
        ("math/interval", "[0, 1)", 2),
        ("math/one", "1", 2),
    ]
    assert rows[1]["completion"] == " That is attempt 2.\nThe answer is $\\boxed{[0, 1)}$."
    rejected = lines(tmp_path / "out" / "rejected.jsonl")
    assert [(row["id"], row["reason"]) for row in rejected] == [("math/unread", "no_answer")]
    assert len(served.bodies) == 6  # what cannot be compared is not asked


def test_without_math_verify_nothing_is_asked(synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "math_verify", None)
    mathematics._installed.cache_clear()
    with serving(teacher) as served:
        done = distill(synth, served.url, tmp_path)
    mathematics._installed.cache_clear()
    assert (done.returncode, len(served.bodies)) == (1, 0)
    assert "pip install 'rationale-synth[math]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1

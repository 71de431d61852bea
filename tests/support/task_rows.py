"""The tasks of the papers by family, and how tests write and read a few rows in the form that a task reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from synth.errors import SynthError
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.task import Question

RAFT = {
    "math": ["gsm8k", "svamp", "asdiv", "multiarith"],
    "common sense": ["arc_easy", "arc_challenge", "commonsenseqa", "creak"],
    "sentiment": ["cr", "sst2"],
    "topic": ["trec", "agnews"],
    "paraphrase": ["paws", "qqp"],
    "inference": ["commitmentbank", "anli"],
    "word sense": ["wic"],
    "coreference": ["winogrande"],
    "fit check": ["subj", "coin_flip"],
}
FAMILIES = {
    **RAFT,
    "MaRio": ["strategyqa", "quarel", "openbookqa", "numersense", "qasc"],
    "competition": ["math", "aime", "numina"],
}
PAPERS = [name for names in FAMILIES.values() for name in names]

CHOICES = [{"label": "A", "text": "ash"}, {"label": "B", "text": "oak"}]
STEM = {"id": "x7", "question": {"stem": "Which?", "choices": CHOICES}, "answerKey": "B"}
COLUMNS = {"label": ["A", "B"], "text": ["ash", "oak"]}
HUB_CHOICES = {"id": "x7", "question": "Which?", "choices": COLUMNS, "answerKey": "B"}
PAIR = {"sentence1": "One.", "sentence2": "Two."}
ASKED = {"question1": "One?", "question2": "Two?"}


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read(name: str, path: Path, *rows: dict[str, Any]) -> list[Question]:
    return list(load(find_task(name), lines(path, *rows)))


def message(error: "pytest.ExceptionInfo[SynthError]") -> str:
    text = str(error.value)
    assert "\n" not in text
    return text

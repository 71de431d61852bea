"""What every test of a distillation has: a key for the teacher, and a way to write questions."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from distillations import KEY


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def questions(tmp_path: Path) -> Callable[[int], str]:
    """Write n questions in the plain layout; the answer to question i is i."""

    def write(count: int, name: str = "questions.jsonl") -> str:
        rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(count)]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    return write

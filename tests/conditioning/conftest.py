"""What tests of rounds share: a teacher's sums, models fine-tuned on them, and a run that nothing disturbed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rounds import mario
from training import of_one_digit

import synth


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return of_one_digit(tmp_path_factory.mktemp("data") / "sums")


@pytest.fixture(scope="session")
def starts(sums: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Fine-tuned models by their family, each made when it is first asked for."""
    made: dict[str, Path] = {}

    def start(family: str) -> Path:
        if family not in made:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("OMP_NUM_THREADS", "1")
                made[family] = tmp_path_factory.mktemp("starts") / family
                synth.train(family, data=sums, from_scratch="tiny", max_steps=250, out=made[family], quiet=True)
        return made[family]

    return start


@pytest.fixture(scope="session")
def whole(sums: Path, starts: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        return mario(tmp_path_factory.mktemp("runs") / "whole", sums, starts("llama"))

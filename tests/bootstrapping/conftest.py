"""What tests of loops share: one thread, sums of one digit, and a small loop that nothing disturbed."""

from pathlib import Path

import pytest
from bootstrapped import SMALL, star
from training import of_one_digit


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return of_one_digit(tmp_path_factory.mktemp("data") / "sums")


@pytest.fixture(scope="session")
def whole(sums: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two iterations that transformers wrote."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        return star(tmp_path_factory.mktemp("runs") / "whole", data=[str(sums)], **SMALL)

"""What tests of asking a teacher have in common: waits that are not felt, and a place for the request store."""

from pathlib import Path

import pytest
from client_calls import KEY

from synth.teachers import client as client_module
from synth.teachers import pace as pace_module


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait of the client is felt: they are there, and thousandths of a second long."""
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    for name in ("FIRST_WAIT", "LONGEST_WAIT", "SPREAD"):
        monkeypatch.setattr(client_module, name, 0.002)
    for name in ("PROBE_FIRST", "PROBE_LAST"):
        monkeypatch.setattr(pace_module, name, 0.01)


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "requests.sqlite"

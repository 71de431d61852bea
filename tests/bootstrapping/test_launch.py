"""Several processes train as one does, and the loop around them keeps and measures the same."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import torch
from bootstrapped import star
from safetensors.torch import load_file

FIGURES = ("asked", "hinted", "kept", "held")


def test_an_iteration_in_two_processes_is_that_of_one(
    whole: Path, sums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both begin with the same base, so that the same rows are kept, to the byte; then sums are rounded otherwise."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    given: dict[str, Any] = {
        "model": str(whole / "base"), "data": [str(sums)], "rationalize": True, "shots_until": 0, "iterations": 1,
        "start_steps": 12, "lr": 0.003, "max_new_tokens": 40, "keep": [str(whole / "shots" / "plain")],
    }  # fmt: skip
    one = star(tmp_path / "one", batch_size=32, **given) / "iterations" / "001"
    two = star(tmp_path / "two", batch_size=16, launch="ddp", processes=2, **given) / "iterations" / "001"
    for name in ("outputs.jsonl", "data/train.jsonl"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    alone, both = (orjson.loads((place / "metrics.json").read_bytes()) for place in (one, two))
    assert {name: alone[name] for name in FIGURES} == {name: both[name] for name in FIGURES}
    assert alone["trained"] | {"loss": 0} == both["trained"] | {"loss": 0}
    assert alone["trained"]["loss"] == pytest.approx(both["trained"]["loss"], rel=1e-4)
    left, right = (load_file(place / "run" / "model.safetensors") for place in (one, two))
    torch.testing.assert_close(left, right, rtol=0, atol=1e-3)
    rows = alone["kept"]["rows"] + len((whole / "shots" / "plain" / "train.jsonl").read_bytes().splitlines())
    assert rows % 32, "some step has fewer rows than the others, and the second process none of them"

"""Dataset folders for the tests of cards: built by each builder with small counts."""

from pathlib import Path
from typing import Any

from synth import registry
from synth.base.terminal import progress
from synth.building.build import carry_out as build
from synth.building.options import Options

LISTOPS = {"train": 60, "validation": 0, "test": 20, "test_longer": 0, "test_larger": 0}


PLAN = {
    "max_attempts": 10, "keep": "first", "per_question": 1, "rationalize": False, "vote": 0,
    "temperatures": [0.2, 0.7], "top_p": None, "max_tokens": 1024, "length": "steps", "target_rows": None,
}  # fmt: skip


def make(name: str, out: Path, format: str = "jsonl", overwrite: bool = False, **config: Any) -> Path:
    options = Options(out, seed=0, format=format, workers=1, overwrite=overwrite)
    with progress(True) as report:
        build(name, registry.load("builders", name).Config(**config), options, report)
    return out

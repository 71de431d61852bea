"""Small datasets, and their rows in the form of another library."""

import json
from pathlib import Path
from typing import Any

from synth import registry
from synth.building.build import carry_out as build
from synth.building.options import Options
from synth.exporting.export import run
from synth.exporting.options import Export

ROWS: dict[str, dict[str, Any]] = {
    "listops": {
        "train": 12, "validation": 0, "test": 0, "test_longer": 0, "test_larger": 0, "min_length": 8, "max_length": 20,
    },
    "arithmetic": {"train": 20, "validation": 0, "test": 0, "test_beyond": 0},
    "2wiki": {"source": "sample"},
}  # fmt: skip
KINDS: list[tuple[str, dict[str, Any]]] = [
    *[("listops", {"explain": explain}) for explain in ("short", "medium", "long")],
    ("listops", {"style": "parentheses", "modulus": 7}),
    *[("arithmetic", {"operation": operation}) for operation in ("add", "subtract", "multiply")],
    *[("2wiki", {"line_break": line_break}) for line_break in (r"\n", " ; ")],
]


def built(out: Path, name: str, seed: int = 0, **config: Any) -> Path:
    """The folder of a small dataset."""
    settings = registry.load("builders", name).Config(**{**ROWS[name], **config})
    (result,) = build(name, settings, Options(out, workers=1, seed=seed))
    return result.folder


def exported(folder: Path, to: Any, out: Path, split: str = "train", **more: Any) -> list[dict[str, Any]]:
    """The rows of a split in another form."""
    path = out / f"{to}.jsonl"
    run(Export(folder, to=to, out=path, split=split, overwrite=True, workers=1, **more))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows as a trainer hands them to a reward: a list a column, the prompt as `prompts`."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {("prompts" if name == "prompt" else name): [row.get(name) for row in rows] for name in names}

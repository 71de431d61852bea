"""Dataset folders for the tests of `synth validate`: built, damaged on purpose, and validated again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import orjson

from synth import registry
from synth.base.files import file_facts
from synth.building.build import carry_out as build
from synth.building.options import Options as BuildOptions
from synth.validating.options import Validate
from synth.validating.validate import Result, carry_out

Row = dict[str, Any]
Edit = Callable[[list[Row]], object]


def make(folder: Path, format: Literal["jsonl", "parquet"] = "jsonl", **config: Any) -> Path:
    """Sums of three digits: 30 rows to train on, 10 in each other split."""
    rows = {"train": 30, "validation": 10, "test": 10, "test_beyond": 10}
    builder = registry.load("builders", "arithmetic")
    build(
        "arithmetic",
        builder.Config(**{"digits": "3", **rows, **config}),
        BuildOptions(folder, format=format, workers=1),
    )
    return folder


def run(folder: Path, **options: Any) -> Result:
    (result,) = carry_out(Validate(folder, **{"workers": 1, **options}))
    return result


def failed(result: Result) -> dict[str, tuple[int, list[str]]]:
    """Name of each expectation that failed: how often, and which ids are shown."""
    return {each.name: (each.failures, each.examples) for each in result.outcomes if not each.success}


def edit(folder: Path, change: Edit, split: str = "train", *, sign: bool = True) -> list[Row]:
    """Change rows of a split, and (unless `sign` is False) the hash in synth.json, so that this alone is wrong."""
    path = folder / f"{split}.jsonl"
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    change(rows)
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    if sign:
        resign(folder, split, len(rows))
    return rows


def resign(folder: Path, split: str, rows: int | None = None) -> None:
    manifest = json.loads((folder / "synth.json").read_text())
    manifest["files"][f"{split}.jsonl"] = file_facts(folder / f"{split}.jsonl")
    if rows is not None:
        manifest["splits"][split]["rows"] = rows
    (folder / "synth.json").write_text(json.dumps(manifest))


def put(place: int, **values: Any) -> Edit:
    return lambda rows: rows[place].update(values)


def copy(source: int, target: int, *fields: str) -> Edit:
    return lambda rows: rows[target].update({name: rows[source][name] for name in fields})


TEXT = ("prompt", "rationale", "answer", "completion", "meta")

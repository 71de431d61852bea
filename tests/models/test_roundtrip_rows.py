"""Any row that JSON can hold survives Parquet: types told from all rows, and what no type holds kept as text."""

import math
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from hub_use import dataset, row
from hypothesis import example, given
from hypothesis import strategies as st

from synth.data import reading
from synth.data.manifest import read_manifest
from synth.data.reading import chunks, parquet_rows, read
from synth.data.survey import survey
from synth.releasing import shards
from synth.releasing.leaks import Guard
from synth.releasing.shards import stage

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", ""]) | TEXT, inner, max_size=3)
    ),
    max_leaves=8,
)
ROWS = st.lists(
    st.fixed_dictionaries({
        **dict.fromkeys(("id", "task", "prompt", "rationale", "answer", "completion"), TEXT),
        "meta": st.dictionaries(st.sampled_from(["length", "kind", "0"]), st.none() | st.booleans() | NUMBERS | TEXT),
        "provenance": st.none() | st.dictionaries(st.sampled_from(["cost", "verdicts", "by"]), VALUES, max_size=3),
    }),
    max_size=6,
)  # fmt: skip
VERDICT = {"judge": "rubric", "verdict": None, "detail": "it is"}


def there_and_back(folder: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    dataset(folder, train=rows, validated=False)
    manifest = read_manifest(folder)
    assert manifest is not None
    staged = stage(folder, manifest, {}, Guard([], None))
    paths = [staged.folder / shard.name for shard in staged.splits["train"].shards]
    return [each for path in paths for batch in parquet_rows(path) for each in batch]


@given(rows=ROWS)
@example(rows=[row(1, meta={})])
@example(rows=[row(1, meta={}), row(2)])
@example(rows=[row(1, provenance={}), row(2, provenance=None), row(3, provenance={"by": {}})])
@example(rows=[row(1, provenance={"by": "x"}), row(2, provenance={"by": "x", "verdicts": [VERDICT]})])
@example(rows=[row(1, provenance={"verdicts": None}), row(2, provenance={}), row(3, provenance={"verdicts": [{}, 1]})])
@example(rows=[row(2**63), row(0)])
@example(rows=[row(2**63), row(-1)])
@example(rows=[row(1, meta={"x": 0.5}), row(2, meta={"x": 2**53 + 1})])
@example(rows=[row(1, meta={"x": None}), row(2, meta={"x": True}), row(3, meta={"x": 1})])
@example(rows=[row(1, provenance={str(n): n for n in range(300)})])
@example(rows=[])
def test_rows_survive(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    back = there_and_back(tmp_path_factory.mktemp("rows"), rows)
    assert back == rows
    assert [type(v) for r in back for v in r["meta"].values() if isinstance(v, bool)] == [
        type(v) for r in rows for v in r["meta"].values() if isinstance(v, bool)
    ]


@given(rows=ROWS.filter(bool))
def test_rows_of_parquet_folders_are_read_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    there_and_back(folder, rows)
    (folder / "data").mkdir()
    (folder / ".synth-push" / "train-00000-of-00001.parquet").rename(folder / "data" / "train-00000-of-00001.parquet")
    manifest = orjson.loads((folder / "synth.json").read_bytes())
    manifest["splits"]["train"]["files"] = ["data/train-00000-of-00001.parquet"]
    (folder / "synth.json").write_bytes(orjson.dumps(manifest))
    found = [orjson.loads(orjson.dumps(record)) for record in read(folder, "train")]
    assert found == rows
    assert [each for batch, _ in chunks(folder, manifest, "train") for each in batch] == rows


def test_types_are_told_from_all_rows_and_not_from_the_first(tmp_path: Path) -> None:
    few = [row(n, meta={"x": None}) for n in range(3000)]
    dataset(tmp_path, train=[*few, row(3000, meta={"x": 0.5})], test=[row(1, meta={"x": 2})])
    plan = survey(tmp_path, read_manifest(tmp_path) or {})
    assert str(plan.schema.field("meta").type) == "struct<x: double>"
    assert plan.notes == {"optional": [], "json": []}


def test_columns_of_nothing_but_null_have_the_type_their_builder_gives_them(tmp_path: Path) -> None:
    facts = {"operation": "add", "digits": 2, "carries": None, "hinted_prompt": None}
    dataset(tmp_path, train=[row(1, meta=facts)], test=[])
    manifest = {**(read_manifest(tmp_path) or {}), "builder": "arithmetic"}
    fields = {field.name: str(field.type) for field in survey(tmp_path, manifest).schema.field("meta").type}
    assert fields == {"operation": "string", "digits": "int64", "carries": "int64", "hinted_prompt": "string"}


def test_rows_are_cut_into_shards_and_row_groups_by_their_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 20_000)
    monkeypatch.setattr(shards, "GROUP_BYTES", 40_000)
    monkeypatch.setattr(reading, "BLOCK", 10_000)
    rows = [row(n, prompt=str(math.sqrt(n)) * 20) for n in range(2000)]
    assert there_and_back(tmp_path, rows) == rows
    paths = sorted((tmp_path / ".synth-push").glob("*.parquet"))
    assert len(paths) > 2
    assert [path.name for path in paths] == [f"train-{n:05d}-of-{len(paths):05d}.parquet" for n in range(len(paths))]
    for path in paths:
        facts = pq.read_metadata(path)
        assert max(facts.row_group(n).total_byte_size for n in range(facts.num_row_groups)) < 60_000
        assert path.stat().st_size < 60_000


def test_a_row_of_ten_megabytes_fits(tmp_path: Path) -> None:
    rows = [row(1), row(2, prompt="é" * 5_000_000), row(3)]
    assert there_and_back(tmp_path, rows) == rows


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        there_and_back(tmp_path / name, [row(n) for n in range(50)])
        written.append((tmp_path / name / ".synth-push" / "train-00000-of-00001.parquet").read_bytes())
    assert written[0] == written[1]

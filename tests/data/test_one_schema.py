"""Folders of every kind have one schema: any two go together in `datasets`, from disk and as streams from the Hub."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from golden import GOLDEN
from hub_use import connected, environment
from kinds_of_data import make_all
from loopback_hub import Hub

import synth
from synth.data.columns import read_notes
from synth.data.frontmatter import COLUMNS
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.releasing.options import Push
from synth.releasing.push import carry_out as push

# Reads places, holds each pair of them together, and prints the features and the rows of `meta` and `provenance`.
TOGETHER = """
import itertools, json, sys, datasets
datasets.disable_progress_bars()
places, streaming = json.loads(sys.argv[1]), sys.argv[2] == "stream"
of = {name: datasets.load_dataset(*place, split=sys.argv[3], streaming=streaming) for name, place in places.items()}
rows = {name: list(one) for name, one in of.items()}
for one, other in itertools.combinations(of, 2):
    both = datasets.concatenate_datasets([of[one], of[other]])
    assert [row["id"] for row in both] == [row["id"] for row in rows[one] + rows[other]], (one, other)
told = {name: {"features": of[name].features._to_yaml_list(), "rows": rows[name]} for name in of}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "sk-none")
        return make_all(tmp_path_factory.mktemp("kinds"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def together(
    places: dict[str, list[str]], how: str, env: dict[str, str], cache: Path, split: str = "train"
) -> dict[str, Any]:
    variables = {**os.environ, **env, "HF_HOME": str(cache), "PYTHONWARNINGS": "ignore"}
    words = [sys.executable, "-c", TOGETHER, json.dumps(places), how, split]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def held(told: dict[str, Any], kinds: dict[str, Path]) -> None:
    """The same features everywhere, and the rows of the folders."""
    for name, folder in kinds.items():
        assert told[name]["features"] == [{"name": column, "dtype": dtype} for column, dtype in COLUMNS.items()]
        for row, record in zip(told[name]["rows"], read(folder, "train"), strict=True):
            assert row == {column: getattr(record, column) for column in COLUMNS}


@pytest.mark.parametrize("how", ["whole", "stream"])
def test_any_two_folders_go_together(how: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    assert len(kinds) > 15
    places = {name: [str(folder)] for name, folder in kinds.items()}
    held(together(places, how, {"HF_HUB_OFFLINE": "1"}, tmp_path), kinds)


def test_any_two_configurations_stream_together_from_the_hub(hub: Hub, kinds: dict[str, Path], tmp_path: Path) -> None:
    pushed = push(Push(list(kinds.values()), "ada/kinds", force=True))
    assert set(pushed.change.rows) == set(kinds)
    places = {name: ["ada/kinds", name] for name in kinds}
    held(together(places, "stream", environment(hub), tmp_path), kinds)
    synth.pull("ada/kinds", tmp_path / "back", format="jsonl")  # `datasets` reads a folder as one format
    back = {name: tmp_path / "back" / name for name in kinds}
    for name, folder in back.items():
        assert list(read(folder, "train")) == list(read(kinds[name], "train"))
    here = {name: [str(tmp_path / "back"), name] for name in kinds}
    held(together(here, "whole", {"HF_HUB_OFFLINE": "1"}, tmp_path / "again"), kinds)


@pytest.mark.parametrize("how", ["whole", "stream"])
def test_judged_rows_that_nobody_wrote_have_the_keys_of_the_others(
    how: str, hub: Hub, kinds: dict[str, Path], tmp_path: Path
) -> None:
    name = "imported-tested-judged"
    (written, *_), tested = list(read(kinds[name], "train")), list(read(kinds[name], "test"))
    assert written.provenance is not None
    alone = dict.fromkeys(written.provenance)
    verdicts = [{"judge": "answer", "verdict": "right", "detail": str(number)} for number in (3, 4)]
    assert [record.provenance for record in tested] == [{**alone, "verdicts": [verdict]} for verdict in verdicts]
    push(Push([kinds[name]], "ada/tested", force=True))
    told = together({name: ["ada/tested"]}, how, environment(hub), tmp_path, "test")
    assert [row["provenance"] for row in told[name]["rows"]] == [record.provenance for record in tested]
    sent = [content for path, content in hub.files("ada/tested").items() if path.endswith(".parquet")]
    assert [read_notes(pq.read_schema(pa.BufferReader(content))).get("json", []) for content in sent] == [[], []]
    (validated,) = synth.validate(kinds[name], quiet=True)
    assert validated.success


def test_no_column_of_a_file_has_type_null(hub: Hub, kinds: dict[str, Path], tmp_path: Path) -> None:
    push(Push(list(kinds.values()), "ada/kinds", force=True))
    sent = [content for path, content in hub.files("ada/kinds").items() if path.endswith(".parquet")]
    here = [path.read_bytes() for folder in kinds.values() for path in folder.glob("data/*.parquet")]
    assert len(sent) > len(here) > 2
    for content in [*sent, *here]:
        assert "null" not in [str(kind) for kind in leaves(pq.read_schema(pa.BufferReader(content)))]


def leaves(kind: Any) -> Iterator[Any]:
    """The types of columns, and of those in structs and lists."""
    fields = list(kind) if isinstance(kind, pa.Schema) or pa.types.is_struct(kind) else []
    for field in fields:
        yield from leaves(field.type)
    if not fields:
        yield from leaves(kind.value_type) if pa.types.is_list(kind) else [kind]


@pytest.mark.parametrize("name", ["listops", "arithmetic", "2wiki", "distilled", "judged", "explained/none"])
def test_a_folder_of_an_older_version_goes_with_those_of_today(name: str, kinds: dict[str, Path]) -> None:
    import datasets

    old, new = synth.load(GOLDEN / name).to_datasets("train"), synth.load(kinds["options"]).to_datasets("train")
    both = datasets.concatenate_datasets([old, new])
    assert len(both) == open_manifest(GOLDEN / name)["splits"]["train"]["rows"] + 2
    assert both[0]["meta"] == next(read(GOLDEN / name, "train")).meta

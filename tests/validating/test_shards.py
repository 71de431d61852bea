"""Datasets are validated shard by shard: what is found is the same wherever a shard ends and whoever reads it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest
from checked_folders import failed, make
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.base.files import file_facts
from synth.data.fingerprints import prints
from synth.errors import FolderError
from synth.validating import reading, scan, shards
from synth.validating.options import Validate
from synth.validating.repeated import TOLD, Shard, keep_prints, search, searches, told
from synth.validating.validate import Result, carry_out

Rows = list[dict[str, Any]]
KINDS = ("ids", "questions", "normal", "rationales", "pairs")
TEXTS = st.lists(st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=7), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(splits=st.lists(TEXTS, min_size=1, max_size=3))
def test_what_stands_twice_is_found_wherever_shards_end(splits: list[list[list[int | None]]]) -> None:
    """Against sets of all texts so far. None: a row that has no such text."""
    parts = [(f"s{at}", texts) for at, split in enumerate(splits) for texts in split]
    with TemporaryDirectory() as name:
        folder = Path(name)
        cut = [Shard(at, split, (_item(len(texts)),)) for at, (split, texts) in enumerate(parts)]
        for shard, (_, texts) in zip(cut, parts, strict=True):
            for kind in KINDS:
                keep_prints(folder, shard, kind, _prints(texts))
        for sought in searches(cut, TOLD):
            search(folder, sought)
        there = [np.array([text is not None for text in texts], dtype=bool) for _, texts in parts]
        found = {
            column: [told(folder, shard, column, mask) for shard, mask in zip(cut, there, strict=True)]
            for column in TOLD
        }
    anywhere, here = list(_new(parts, False)), list(_new(parts, True))
    assert found["new_id"] == found["new_rationale"] == found["new_pair"] == anywhere
    assert found["new_question"] == here
    leaked = [
        [None if first is None else first and not ever for first, ever in zip(*pair, strict=True)]
        for pair in zip(here, anywhere, strict=True)
    ]
    assert found["leaked"] == found["leaked_normal"] == leaked


def _item(rows: int) -> reading.Item:
    return reading.Item(Path("x"), 0, 1, 0, rows)


def _prints(texts: Sequence[int | None]) -> Any:
    found = np.zeros(len(texts), dtype=np.uint64)
    for place, text in enumerate(texts):
        found[place] = 0 if text is None else prints([str(text)])[0]
    return found


def _new(parts: Sequence[tuple[str, list[int | None]]], by_split: bool) -> Any:
    """Of each row whether no row before, of its split, has its text."""
    seen: set[tuple[str, int]] = set()
    for split, texts in parts:
        line: list[bool | None] = []
        for text in texts:
            known = (split if by_split else "", text)
            line.append(None if text is None else known not in seen)
            seen |= {known} if text is not None else set()  # type: ignore[arg-type]
        yield line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Parquet with row groups of four rows, which are a work item each; two frames, held to expectations in workers if
    there are some."""
    monkeypatch.setattr(reading, "ROWS", 4)
    monkeypatch.setattr(scan, "CHUNK", 30)
    monkeypatch.setattr(scan, "FEW", 1)
    made = make(tmp_path / "sums", format="parquet")
    for split in ("train", "validation", "test", "test_beyond"):
        change(made, split, lambda rows: None)
    return made


def change(folder: Path, split: str, edit: Callable[[Rows], object], without: str = "") -> Rows:
    """Change rows of a split, or take a column away, and what synth.json says of the file."""
    manifest = orjson.loads((folder / "synth.json").read_bytes())
    (name,) = manifest["splits"][split]["files"]
    table = pq.read_table(folder / name)
    rows: Rows = table.to_pylist()
    edit(rows)
    table = type(table).from_pylist(rows, schema=table.schema)
    pq.write_table(table.drop_columns([without]) if without else table, folder / name, row_group_size=4)
    manifest["files"][name] = file_facts(folder / name)
    (folder / "synth.json").write_bytes(orjson.dumps(manifest))
    return rows


def ran(folder: Path, **options: Any) -> list[Result]:
    """By one process and by two: the same result, and nothing left behind."""
    results, written = [], []
    for workers in (1, 2):
        results += carry_out(Validate(folder, workers=workers, **options))
        written.append((folder / "validation.json").read_bytes())
        assert not list(folder.glob(".synth-*"))
    assert written[0] == written[1]
    return results


def test_planted_faults_are_found_by_any_number_of_workers(folder: Path, tmp_path: Path) -> None:
    whole: Rows = []

    def plant(rows: Rows) -> None:
        rows[29].update(id=rows[0]["id"], prompt=rows[1]["prompt"])  # shards apart
        rows[6]["prompt"] = rows[5]["prompt"]  # in one shard
        rows[17]["answer"], rows[18]["rationale"] = "1", "nothing"  # a wrong answer, a step that is none
        rows[21]["prompt"] = ""
        whole.extend(rows)

    change(folder, "train", plant)
    leak = change(folder, "test", lambda rows: rows[9].update(prompt=whole[2]["prompt"]))
    spelt = change(folder, "test_beyond", lambda rows: rows[4].update(prompt=f" {whole[3]['prompt'].upper()}"))
    lacks = change(folder, "validation", lambda rows: None, without="answer")
    (tmp_path / "tested.jsonl").write_bytes(orjson.dumps({"id": "b", "question": whole[8]["prompt"]}))
    (tmp_path / "mine.py").write_text(SUITE)
    first, _ = ran(folder, against=(str(tmp_path / "tested.jsonl"),), suite=(tmp_path / "mine.py",))
    found = failed(first)
    ids = [row["id"] for row in whole]
    assert found["unique_ids"] == (1, [ids[0]])
    assert found["questions_once"] == (2, [ids[6], ids[0]])
    assert found["leaks"] == (1, [leak[9]["id"]])
    assert found["leaks_normalised"] == (2, [leak[9]["id"], spelt[4]["id"]])
    assert found["schema"] == (10, [row["id"] for row in lacks[:3]])
    assert found["nothing_empty"] == (1, [ids[21]])
    assert {ids[17], ids[18]} <= set(found["steps"][1]) | set(found["closing_form"][1])
    assert found["overlap tested.jsonl"][1] == [ids[8]]
    assert found["unique"][0] == 60
    assert found["long"][0] == 50


SUITE = """
import great_expectations.expectations as gxe

def expectations(manifest):
    return [
        gxe.ExpectColumnValuesToBeUnique(column="split", severity="warning", meta={"name": "unique"}),
        gxe.ExpectColumnValuesToMatchRegex(column="prompt", regex="^long", mostly=0.9, meta={"name": "long"}),
        gxe.ExpectColumnMeanToBeBetween(column="prompt_length", min_value=1, max_value=1000),
    ]
"""


@pytest.mark.parametrize("how", ["cut", "hurt", "gone"])
def test_a_file_that_cannot_be_read_is_one_line(folder: Path, how: str) -> None:
    (path,) = (folder / "data").glob("test-*")
    content = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-9] if how == "cut" else content[:100] + bytes(300) + content[400:])
    said = []
    for workers in (1, 2):
        with pytest.raises(FolderError) as error:
            carry_out(Validate(folder, workers=workers))
        said.append(str(error.value))
        assert not list(folder.glob(".synth-*"))
    assert said[0] == said[1]
    assert path.name in said[0]
    assert "\n" not in said[0]


def test_what_a_killed_run_left_goes_and_that_of_a_run_does_not(folder: Path) -> None:
    (left := folder / ".synth-validate-left").mkdir()
    (left / "0.ids").write_text("x")
    with shards.folder_of_run(folder) as one, shards.folder_of_run(folder) as other:
        assert not left.exists()
        assert one.is_dir()
        assert other.is_dir()
    assert not list(folder.glob(".synth-*"))

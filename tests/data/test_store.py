"""Dataset folders: whole or not at all, whatever happens in between."""

import json
import os
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.base import files
from synth.data import names
from synth.data.already import look
from synth.data.folder import FolderWriter
from synth.data.reading import read
from synth.data.writing import encode, split_writer
from synth.errors import FolderError
from synth.record import Record

TEXT = st.text(st.characters(exclude_categories=["Cs"]))  # lone surrogates are no text
META = {"length": int, "share": float, "hinted": bool, "kind": str}
RECORDS = st.builds(
    Record,
    id=TEXT, task=TEXT, prompt=TEXT, rationale=TEXT, answer=TEXT, completion=TEXT,
    meta=st.fixed_dictionaries({
        "length": st.none() | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "hinted": st.none() | st.booleans(),
        "kind": st.none() | TEXT,
    }),
)  # fmt: skip


def write(folder: Path, records: list[Record], format: str = "jsonl", split: str = "train") -> None:
    import numpy as np

    with FolderWriter(folder) as writer:
        with split_writer(writer, split, format, META) as out:
            out.write(encode(records, format, META), np.ones(len(records), dtype=bool))
        facts = {"rows": out.rows, "rejected": {}, "files": out.names()}
        writer.commit({"splits": {split: facts}, "rejected": {}})


def row(answer: str) -> Record:
    return Record("a/b", "t", "p", "r", answer, "c", {"length": 1, "share": 0.5, "hinted": True, "kind": "k"})


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
@given(records=st.lists(RECORDS, max_size=5))
def test_any_record_survives(tmp_path_factory: pytest.TempPathFactory, format: str, records: list[Record]) -> None:
    folder = tmp_path_factory.mktemp("data")
    write(folder, records, format)
    assert list(read(folder, "train")) == records


def test_an_unfinished_write_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, [row("1")])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def die_in_the_middle() -> None:
        with FolderWriter(tmp_path) as writer:
            writer.path("train.jsonl").write_text("half a ro")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        die_in_the_middle()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_made_for_a_write_that_failed_goes_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), FolderWriter(tmp_path / "new"):
        raise RuntimeError
    assert not (tmp_path / "new").exists()


def test_leftovers_of_a_killed_run_are_swept_up(tmp_path: Path) -> None:
    (tmp_path / names.PARTIAL).mkdir()
    (tmp_path / names.PARTIAL / "train.jsonl").write_text("half")
    (tmp_path / names.READY).mkdir()
    write(tmp_path, [row("1")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "synth.json", "train.jsonl"]


@pytest.mark.parametrize("front", ["", "---\nlicense: mit\nconfigs:\n- config_name: old\n---\n", "---\n---\n"])
def test_a_card_somebody_wrote_stays_and_names_the_new_files(tmp_path: Path, front: str) -> None:
    write(tmp_path, [row("1")])
    (tmp_path / "README.md").write_text(f"{front}my own words\n---\nmore")
    write(tmp_path, [row("2")], "parquet")
    card = (tmp_path / "README.md").read_text()
    assert card.endswith("---\nmy own words\n---\nmore")
    assert "data/train-00000-of-00001.parquet" in card
    assert "train.jsonl" not in card
    assert "old" not in card
    assert ("license: mit" in card) == ("license" in front)
    assert [record.answer for record in read(tmp_path, "train")] == ["2"]


def test_two_writers_at_a_time_are_one_too_many(tmp_path: Path) -> None:
    with FolderWriter(tmp_path), pytest.raises(FolderError, match="another process is writing"), FolderWriter(tmp_path):
        pass
    write(tmp_path, [row("1")])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"splits": {}}', '{"splits": {"train": {}}, "files": {}}'])
def test_a_broken_manifest_is_one_line_and_gives_way_to_overwrite(tmp_path: Path, text: str) -> None:
    write(tmp_path, [row("1")])
    (tmp_path / "synth.json").write_text(text)
    with pytest.raises(FolderError, match="--overwrite"):
        look(tmp_path, {}, overwrite=False)
    assert look(tmp_path, {}, overwrite=True) is None
    write(tmp_path, [row("2")])
    assert [record.answer for record in read(tmp_path, "train")] == ["2"]


def test_a_manifest_names_no_file_outside_its_folder(tmp_path: Path) -> None:
    write(tmp_path, [row("1")])
    manifest = json.loads((tmp_path / "synth.json").read_text())
    manifest["splits"]["train"]["files"] = ["../../etc/passwd"]
    (tmp_path / "synth.json").write_text(json.dumps(manifest))
    with pytest.raises(FolderError, match="not a manifest"):
        list(read(tmp_path, "train"))


def test_a_damaged_dataset_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    write(tmp_path, [row("1")])
    assert look(tmp_path, {}, overwrite=False) is not None
    (tmp_path / "train.jsonl").unlink()
    with pytest.raises(FolderError, match=r"train.jsonl is missing or was changed: add --overwrite"):
        look(tmp_path, {}, overwrite=False)
    assert look(tmp_path, {}, overwrite=True) is None


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("{", "line 2 cannot be read"),
        ("", "line 2 cannot be read"),
        ("[1]", "line 2 cannot be read"),
        ('{"id": "x"}', "line 2 has no task, prompt"),
        ("\xff", "line 2 cannot be read"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(tmp_path: Path, line: str, part: str) -> None:
    write(tmp_path, [row("1")])
    with (tmp_path / "train.jsonl").open("ab") as file:
        file.write(line.encode("latin-1") + b"\n")
    with pytest.raises(FolderError, match=part) as caught:
        list(read(tmp_path, "train"))
    assert "\n" not in str(caught.value)


def test_what_is_no_dataset_folder_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="make one with synth build"):
        list(read(tmp_path, "train"))
    (tmp_path / "killed" / names.PARTIAL).mkdir(parents=True)
    with pytest.raises(FolderError, match="did not get to its end"):
        list(read(tmp_path / "killed", "train"))
    write(tmp_path / "medium", [row("1")])
    with pytest.raises(FolderError, match=r"give one of .*medium"):
        list(read(tmp_path, "train"))
    with pytest.raises(FolderError, match="no split 'dev': it has train"):
        list(read(tmp_path / "medium", "dev"))
    (tmp_path / "medium" / "train.jsonl").unlink()
    with pytest.raises(FolderError, match="No such file"):
        list(read(tmp_path / "medium", "train"))
    (tmp_path / "medium" / "synth.json").write_text("{")
    with pytest.raises(FolderError, match="is not JSON"):
        list(read(tmp_path / "medium", "train"))
    (tmp_path / "medium" / "synth.json").write_text("[]")
    with pytest.raises(FolderError, match="not a manifest"):
        list(read(tmp_path / "medium", "train"))


def test_a_broken_parquet_file_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, [row("1")], "parquet")
    (path,) = (tmp_path / "data").iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FolderError, match="cannot be read"):
        list(read(tmp_path, "train"))


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    write(tmp_path, [row("1")])

    def fill_the_disk() -> None:
        with FolderWriter(tmp_path) as writer:
            os.symlink("/dev/full", writer.path("train.jsonl"))
            writer.path("train.jsonl").write_bytes(b"x" * 100_000)

    with pytest.raises(OSError, match="No space") as caught:
        fill_the_disk()
    assert "free some space" in str(FolderError.from_os(caught.value, "train.jsonl"))
    assert [record.answer for record in read(tmp_path, "train")] == ["1"]


def test_the_manifest_holds_the_hash_of_every_file(tmp_path: Path) -> None:
    write(tmp_path, [row("1")])
    manifest = orjson.loads((tmp_path / "synth.json").read_bytes())
    assert set(manifest["files"]) == {"train.jsonl", "README.md"}
    assert manifest["files"]["train.jsonl"] == files.file_facts(tmp_path / "train.jsonl")

"""`synth validate`: what holds passes, and each expectation fails where it should, with the ids of the rows."""

import dataclasses
import json
from pathlib import Path

import pytest
from checked_folders import TEXT, Edit, copy, edit, failed, make, put, resign, run

from synth import registry
from synth.base.files import file_facts
from synth.building.build import carry_out as build
from synth.building.options import Options as BuildOptions
from synth.data.reading import read
from synth.errors import FolderError, MissingExtraError, UsageError
from synth.validating.options import Validate
from synth.validating.validate import carry_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "sums")


BROKEN: list[tuple[str, Edit, int]] = [
    ("unique_ids", copy(3, 7, "id"), 7),
    ("questions_once", copy(3, 7, *TEXT), 7),
    ("schema", put(4, prompt=7), 4),
    ("schema", put(4, meta={"operation": "add"}), 4),
    ("schema", put(4, colour="red"), 4),
    ("schema", lambda rows: rows[4].pop("answer"), 4),
    ("schema", put(4, provenance="me"), 4),
    ("schema", lambda rows: rows[4]["meta"].update(digits="three"), 4),
    ("nothing_empty", put(5, task=" "), 5),
    ("steps", lambda rows: rows[6].update(prompt=rows[6]["prompt"].replace("\nTarget:", "\n\nTarget:")), 6),
    ("prompt_length", put(8, prompt="1" * 100_001), 8),
    ("rationale_length", put(8, rationale="1" * 100_001), 8),
    ("completion_length", lambda rows: rows[8].update(completion="1" * 100_001 + rows[8]["completion"]), 8),
    ("closing_form", lambda rows: rows[9].update(completion=rows[9]["completion"] + "."), 9),
    ("answer_in_labels", lambda rows: rows[10].update(answer="0 " + rows[10]["answer"]), 10),
]


def test_what_was_built_holds(folder: Path) -> None:
    result = run(folder)
    assert result.success
    assert failed(result) == {}
    assert {each.name for each in result.outcomes} >= {"unique_ids", "steps", "leaks", "split_sizes", "files_unchanged"}
    assert {each.rows for each in result.outcomes if each.name in ("unique_ids", "steps", "closing_form")} == {60}


@pytest.mark.parametrize(("name", "change", "place"), BROKEN)
def test_an_expectation_fails_and_names_the_row(folder: Path, name: str, change: Edit, place: int) -> None:
    due = list(read(folder, "train"))[place].id if name != "unique_ids" else list(read(folder, "train"))[3].id
    edit(folder, change)
    result = run(folder)
    assert failed(result)[name] == (1, [due])
    assert result.success == (name.endswith("_length") and set(failed(result)) <= {name})


def test_a_leak_to_the_letter_and_one_in_other_spelling(folder: Path) -> None:
    first, second = (next(read(folder, split)) for split in ("train", "validation"))
    edit(folder, put(0, prompt=first.prompt), "validation")
    found = failed(run(folder))
    assert found["leaks"] == found["leaks_normalised"] == (1, [second.id])
    edit(folder, put(0, prompt=first.prompt.replace("Input", "INPUT").replace(" + ", "  + ")), "validation")
    found = failed(run(folder))
    assert found["leaks_normalised"] == (1, [second.id])
    assert "leaks" not in found


def test_a_split_of_another_size_and_an_empty_one(folder: Path) -> None:
    edit(folder, lambda rows: rows.pop(), sign=False)
    result = run(folder)
    assert failed(result)["split_sizes"] == (1, ["train"])
    assert {each.name: each.said() for each in result.outcomes}["split_sizes"] == "29 and 30"
    edit(folder, lambda rows: rows.clear(), "test")
    assert failed(run(folder))["splits_not_empty"] == (1, ["test"])


def test_a_file_that_was_changed(folder: Path) -> None:
    path = folder / "train.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"answer"', b' "answer"', 1))
    assert failed(run(folder)) == {"files_unchanged": (1, ["train.jsonl"])}


def test_an_answer_that_is_much_commoner_is_a_warning(folder: Path) -> None:
    edit(folder, lambda rows: [row.update(answer="5") for row in rows])
    result = run(folder, steps=False)
    outcome = next(each for each in result.outcomes if each.name == "commonest_answer")
    assert (outcome.success, outcome.examples, outcome.severity, outcome.said()) == (
        True, [], "warning", "1.000",
    )  # fmt: skip


def test_lines_that_are_no_rows(folder: Path) -> None:
    path = folder / "train.jsonl"
    lines = path.read_bytes().splitlines()
    lines[2], lines[5], lines[9], lines[11] = b'{"id": "x', b"[1, 2]", b"", b'{"id": "\xff"}'
    path.write_bytes(b"\n".join(lines))
    resign(folder, "train")
    result = run(folder)
    assert failed(result) == {"schema": (4, ["train.jsonl row 3", "train.jsonl row 6", "train.jsonl row 10"])}
    assert next(each for each in result.outcomes if each.name == "unique_ids").rows == 56


def test_what_is_said_is_what_stands_in_the_file(folder: Path) -> None:
    edit(folder, put(4, prompt=7))
    result = run(folder)
    written = json.loads((folder / "validation.json").read_text())
    assert written == result.report
    assert written["success"] is False
    assert written["command"] == "synth validate sums"
    assert written["data"]["train.jsonl"] == file_facts(folder / "train.jsonl")
    assert written["data"]["synth.json"] == file_facts(folder / "synth.json")
    assert written["rows"] == {"train": 30, "validation": 10, "test": 10, "test_beyond": 10}
    schema = next(each for each in written["expectations"] if each["name"] == "schema")
    assert schema == {
        "name": "schema", "title": "rows have their fields, of the right types", "suite": "dataset", "rows": 60,
        "failures": 1, "examples": [schema["examples"][0]], "observed": "prompt is a whole number, not text",
        "success": False, "severity": "critical",
    }  # fmt: skip
    assert str(folder.parent) not in (folder / "validation.json").read_text()


def test_the_same_folder_gives_the_same_bytes_with_any_number_of_workers(folder: Path) -> None:
    edit(folder, copy(3, 7, *TEXT))
    written = []
    for workers in (1, 2):
        run(folder, workers=workers)
        written.append((folder / "validation.json").read_bytes())
    assert written[0] == written[1]


def test_without_steps_and_with_a_sample_of_them(folder: Path) -> None:
    edit(folder, put(6, rationale="nothing"))
    assert "steps" in failed(run(folder))
    result = run(folder, steps=False)
    assert "steps" not in {each.name for each in result.outcomes}
    assert result.report["steps"] is False
    sampled = run(folder, sample=20)
    rows = {each.name: each.rows for each in sampled.outcomes}
    assert 5 < rows["steps"] < 40
    assert rows["unique_ids"] == 60
    assert sampled.report["sample"] == 20


def test_parquet_is_read_as_json_lines_are(tmp_path: Path) -> None:
    builder = registry.load("builders", "listops")
    config = dataclasses.replace(builder.Config(), **dict.fromkeys(("train", "test"), 20))
    config = dataclasses.replace(config, validation=0, test_longer=0, test_larger=0)
    build("listops", config, BuildOptions(tmp_path / "data", format="parquet", workers=1))
    result = run(tmp_path / "data")
    assert failed(result) == {}
    assert result.report["rows"] == {"train": 20, "test": 20}
    path = next((tmp_path / "data" / "data").glob("train*"))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FolderError, match=r"train-00000\.parquet cannot be read as Parquet"):
        run(tmp_path / "data")


def test_a_file_that_is_missing(folder: Path) -> None:
    (folder / "test.jsonl").unlink()
    with pytest.raises(FolderError, match=r"test\.jsonl is missing"):
        run(folder)


def test_a_run_that_breaks_off_leaves_the_old_result(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(folder)
    before = (folder / "validation.json").read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    edit(folder, put(4, prompt=7))
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    assert (folder / "validation.json").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


def test_a_folder_of_several_datasets(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make(tmp_path / "all" / name)
    edit(tmp_path / "all" / "two", put(4, prompt=7))
    results = carry_out(Validate(tmp_path / "all", workers=1))
    assert [(result.folder.name, result.success) for result in results] == [("one", True), ("two", False)]
    assert results[0].report["command"] == "synth validate all"


def test_a_manifest_that_lacks_what_is_needed(folder: Path) -> None:
    manifest = json.loads((folder / "synth.json").read_text())
    del manifest["config"]
    (folder / "synth.json").write_text(json.dumps(manifest))
    with pytest.raises(FolderError, match="has no config"):
        run(folder)


def test_a_limit_needs_a_tokenizer(folder: Path) -> None:
    with pytest.raises(UsageError, match="add --tokenizer"):
        run(folder, limit=5)


def test_without_great_expectations(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "great_expectations", None)
    with pytest.raises(MissingExtraError, match=r"rationale-synth\[validate\]"):
        run(folder)


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every connection that is tried."""
    import socket

    tried: list[object] = []

    def connect(self: object, address: object) -> None:
        tried.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: connect(None, address))
    return tried


def test_nothing_reaches_out(folder: Path, sockets: list[object]) -> None:
    assert run(folder, docs=True).success
    assert sockets == []

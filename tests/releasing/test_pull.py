"""Releases come back as they were pushed."""

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import orjson
import pytest
from conftest import Synth
from hub_use import REPO, connected, contents, dataset, environment, in_a_child, row, validate
from loopback_hub import Hub

from synth.base.files import file_facts
from synth.data.manifest import members
from synth.data.reading import read
from synth.data.writing import encode
from synth.errors import FolderError, HubError, UsageError
from synth.record import Record
from synth.releasing.options import Pull, Push
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import carry_out as push

ODD = [
    row(1, meta={"x": 1}, provenance={"verdicts": [{"judge": "x", "verdict": None, "detail": "y"}], "cost": 0.25}),
    row(2, meta={"x": 2**63 - 1, "y": None}, provenance={"verdicts": [], "cost": None}),
    row(3, meta={"x": -1, "y": "é\u2028\x00"}, provenance=None),
]


def data(folder: Path) -> dict[str, bytes]:
    """What is in a folder, but for the card."""
    beside = ("README.md", "plots/", ".synth-card.json")
    return {name: content for name, content in contents(folder).items() if not name.startswith(beside)}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def pushed(folder: Path, **options: Any) -> Path:
    push(Push([folder], REPO, **options))
    return folder


def test_a_dataset_comes_back_byte_for_byte(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    before = contents(folder)
    pushed(folder)
    (result,) = pull(Pull(REPO, tmp_path / "back"))
    assert result.same_bytes
    assert result.rows == {"train": 5, "test": 2}
    assert data(tmp_path / "back") == data(folder)
    push(Push([tmp_path / "back"], "ada/again"))  # its validation came along
    assert hub.files("ada/again")["synth.json"] == before["synth.json"]
    (again,) = pull(Pull(REPO, tmp_path / "back"))
    assert again.already_there


def test_all_configurations_or_one(hub: Hub, tmp_path: Path, synth: Synth) -> None:
    small = ["--train", 20, "--validation", 5, "--test", 5, "--test-longer", 0, "--test-larger", 0]
    assert synth("build", "listops", "--explain", "all", "--out", "all", *small).returncode == 0
    for folder in members(tmp_path / "all").values():
        validate(folder)
    pushed(tmp_path / "all", tag="v1.0")
    results = pull(Pull(REPO, tmp_path / "back"))
    assert all(result.same_bytes for result in results)
    for name, folder in members(tmp_path / "all").items():
        assert contents(tmp_path / "back" / name) == contents(folder)
    assert len(datasets.get_dataset_config_names(str(tmp_path / "back"))) == 4
    pull(Pull(REPO, tmp_path / "one", config="medium", revision="v1.0"))
    assert data(tmp_path / "one") == data(tmp_path / "all" / "medium")
    with pytest.raises(UsageError, match="is called 'mediun': there are long, medium, none, short; did you mean"):
        pull(Pull(REPO, tmp_path / "none", config="mediun"))
    with pytest.raises(FolderError, match="several do not fit into it"):
        pull(Pull(REPO, tmp_path / "one"))


def test_a_release_that_has_to_be_validated_again(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(hub).items():
        monkeypatch.setenv(name, value)
    folder = dataset(tmp_path / "lines")
    (folder / "rejected.jsonl").write_text("{}\n")
    facts = orjson.loads((folder / "validation.json").read_bytes())
    facts["data"]["rejected.jsonl"] = file_facts(folder / "rejected.jsonl")
    (folder / "validation.json").write_bytes(orjson.dumps(facts))
    pushed(folder)
    (result,) = pull(Pull(REPO, tmp_path / "back"))
    assert result.validate_again == "rejected.jsonl is not part of the release"
    assert not (tmp_path / "back" / "validation.json").exists()
    assert result.same_bytes
    (result,) = pull(Pull(REPO, tmp_path / "table", format="parquet"))
    assert not result.same_bytes
    assert result.validate_again == "the files are not byte for byte those that were validated"


def test_the_command_says_what_to_do_before_a_push(hub: Hub, tmp_path: Path, synth_process: Synth) -> None:
    pushed(dataset(tmp_path / "lines"))
    env = {**os.environ, **environment(hub)}
    for state in ("written", "is there already"):
        said = synth_process("pull", REPO, "table", "--format", "parquet", env=env).stdout
        why = "the files are not byte for byte those that were validated"
        assert said.endswith(f" {state}; before a push type synth validate table: {why}\n")
    validate(tmp_path / "table")
    before = contents(tmp_path / "table")
    said = synth_process("pull", REPO, "table", "--format", "parquet", env=env).stdout
    assert said.endswith(" is there already\n")
    assert contents(tmp_path / "table") == before
    assert "before a push" not in synth_process("pull", REPO, "back", env=env).stdout


@pytest.mark.parametrize("format", [None, "parquet"])
def test_rows_that_no_column_holds_come_back(hub: Hub, tmp_path: Path, format: str | None) -> None:
    folder = pushed(dataset(tmp_path / "lines", train=ODD))
    pull(Pull(REPO, tmp_path / "back", format=format))
    assert list(read(tmp_path / "back", "train")) == list(read(folder, "train"))


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_from_parquet_folders_to_either_format(hub: Hub, tmp_path: Path, synth: Synth, format: str) -> None:
    small = ["--train", 20, "--validation", 5, "--test", 5, "--test-longer", 0, "--test-larger", 0]
    assert synth("build", "listops", "--out", "ops", "--format", "parquet", *small).returncode == 0
    validate(tmp_path / "ops")
    before = {path: path.read_bytes() for path in (tmp_path / "ops").rglob("*.parquet")}
    pushed(tmp_path / "ops")
    assert {path: path.read_bytes() for path in (tmp_path / "ops").rglob("*.parquet")} == before
    sent = {path: content for path, content in hub.files(REPO).items() if path.endswith(".parquet")}
    assert sent == {path.relative_to(tmp_path / "ops").as_posix(): content for path, content in before.items()}
    (pulled,) = pull(Pull(REPO, tmp_path / "back", format=format))
    assert pulled.same_bytes == (format == "parquet")
    for split in ("train", "validation", "test"):
        assert list(read(tmp_path / "back", split)) == list(read(tmp_path / "ops", split))
    manifest = orjson.loads((tmp_path / "back" / "synth.json").read_bytes())
    assert manifest["format"] == format
    assert [name for name in manifest["files"] if name.endswith(".jsonl")] == (
        [] if format == "parquet" else ["test.jsonl", "train.jsonl", "validation.jsonl"]
    )
    (again,) = pull(Pull(REPO, tmp_path / "back", format=format))
    assert again.already_there
    if format == "jsonl":
        lines = encode([Record(**orjson.loads(orjson.dumps(r))) for r in read(tmp_path / "ops", "train")], "jsonl", {})
        assert (tmp_path / "back" / "train.jsonl").read_bytes().splitlines() == lines


def test_a_dataset_of_somebody_else(hub: Hub, tmp_path: Path) -> None:
    hub.repo(REPO)
    hub.put(REPO, README__md="theirs", synth__json="[]")
    with pytest.raises(HubError, match=r"synth\.json of .* is no manifest"):
        pull(Pull(REPO, tmp_path / "out"))
    hub.repo("bob/theirs")
    hub.put("bob/theirs", README__md="theirs")
    with pytest.raises(HubError, match=r"was not pushed by synth \(it has no synth\.json\): read it with datasets"):
        pull(Pull("bob/theirs", tmp_path / "out"))
    with pytest.raises(HubError, match="is not there at v9, or is private"):
        pull(Pull(REPO, tmp_path / "out", revision="v9"))
    assert not (tmp_path / "out").exists()


def test_a_manifest_cannot_name_files_outside_the_folder(hub: Hub, tmp_path: Path) -> None:
    folder = pushed(dataset(tmp_path / "lines"))
    evil = orjson.loads((folder / "synth.json").read_bytes())
    evil["splits"]["../../evil"] = evil["splits"].pop("train")
    hub.put(REPO, synth__json=orjson.dumps(evil).decode())
    with pytest.raises(HubError):
        pull(Pull(REPO, tmp_path / "deep" / "out"))
    assert not list(tmp_path.rglob("evil*"))


def test_folders_that_hold_something_else(hub: Hub, tmp_path: Path) -> None:
    pushed(dataset(tmp_path / "lines"))
    other = dataset(tmp_path / "other", train=[row(9)], validated=False)
    before = contents(other)
    with pytest.raises(FolderError, match=r"holds another dataset .* add --overwrite"):
        pull(Pull(REPO, other))
    assert contents(other) == before
    pull(Pull(REPO, other, overwrite=True))
    assert data(other) == data(tmp_path / "lines")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"holds 'mine\.txt' and is no dataset folder"):
        pull(Pull(REPO, tmp_path / "notes"))


@pytest.mark.parametrize("there", [False, True])
def test_a_pull_that_fails_leaves_the_folder_as_it_was(hub: Hub, tmp_path: Path, there: bool) -> None:
    pushed(dataset(tmp_path / "lines"))
    out = tmp_path / "out"
    before = contents(dataset(out, train=[row(9)])) if there else None
    hub.fault("GET", "/resolve/.*/data/test", times=99, status=500)
    with pytest.raises(HubError, match=r"in trouble \(500\), 8 times in a row"):
        pull(Pull(REPO, out, overwrite=True))
    kept = {name: text for name, text in contents(out).items() if not name.startswith(".synth-pull/")}
    assert kept == (before if there else {})
    hub.faults.clear()
    hub.fault("GET", "/resolve/.*/data/test", times=2, status=429)
    pull(Pull(REPO, out, overwrite=True))
    assert data(out) == data(tmp_path / "lines")


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_a_killed_pull_goes_on_where_it_was(hub: Hub, tmp_path: Path, format: str) -> None:
    pushed(dataset(tmp_path / "lines", **{f"part{n}": [row(n)] for n in range(6)}))
    children: list[subprocess.Popen[str]] = []
    hub.fault("GET", "/resolve/.*/data/part3", first=lambda: os.kill(children[0].pid, signal.SIGKILL))
    hub.seen.clear()
    for code in (-signal.SIGKILL, 0):
        with in_a_child(hub, tmp_path, "pull", REPO, "back", "--format", format) as child:
            children.append(child)
            _, stderr = child.communicate()
        assert child.returncode == code, stderr
    asked = Counter(seen.path.rpartition("/")[2][:5] for seen in hub.asked("GET", "/resolve/.*/data/"))
    assert asked == {"part0": 1, "part1": 1, "part2": 1, "part3": 2, "part4": 1, "part5": 1}
    assert [rec.id for n in range(6) for rec in read(tmp_path / "back", f"part{n}")] == [f"lines/{n}" for n in range(6)]
    assert not (tmp_path / "back" / ".synth-pull").exists()


def test_rows_that_were_lost_on_the_hub_are_noticed(hub: Hub, tmp_path: Path) -> None:
    folder = pushed(dataset(tmp_path / "lines"))
    changed = (folder / "synth.json").read_text().replace('"rows": 5', '"rows": 6')
    hub.put(REPO, synth__json=changed)
    with pytest.raises(HubError, match=r"has 5 rows in default/train, its synth\.json says 6"):
        pull(Pull(REPO, tmp_path / "out"))
    repo = hub.repos[REPO]
    kept = {path: blob for path, blob in repo.at("main").files.items() if "test" not in path}
    repo.commit("main", "gone", kept)
    hub.put(REPO, synth__json=(folder / "synth.json").read_text())
    with pytest.raises(HubError, match="has no files of default/test any more"):
        pull(Pull(REPO, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_public_release_needs_no_token(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed(dataset(tmp_path / "lines"))
    monkeypatch.delenv("HF_TOKEN")
    hub.seen.clear()
    pull(Pull(REPO, tmp_path / "back"))
    assert all("authorization" not in {name.lower() for name in seen.headers} for seen in hub.seen)

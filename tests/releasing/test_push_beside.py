"""Attempts and left-out rows go out with a release on request, as configurations, and come back with it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import Synth
from golden import GOLDEN
from hub_loading import loaded_alike
from hub_use import REPO, connected, contents, dataset, row, validate
from loopback_hub import Hub
from ruamel.yaml import YAML

from synth import load
from synth.data.folder import FolderWriter
from synth.data.manifest import open_manifest
from synth.data.notes import note_of
from synth.data.verdicts import Line, VerdictFile
from synth.errors import FolderError, UsageError
from synth.exporting.export import run as export
from synth.exporting.options import Export
from synth.releasing.options import Pull, Push
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import carry_out as push

BOTH = ("attempts", "rejected")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def distilled(folder: Path) -> Path:
    """What version 0.1.0 distilled: 15 attempts at its questions, of which 2 were left out."""
    shutil.copytree(GOLDEN / "distilled", folder)
    (folder / "README.md").unlink()
    (folder / "requests.sqlite").unlink()
    return as_validated(folder)


def as_validated(folder: Path) -> Path:
    """With the validation of all its files."""
    validate(folder)
    facts, files = orjson.loads((folder / "validation.json").read_bytes()), open_manifest(folder)["files"]
    facts["data"] |= {name: file for name, file in files.items() if name != "README.md"}
    (folder / "validation.json").write_bytes(orjson.dumps(facts))
    return folder


def with_files(folder: Path, **files: list[dict[str, Any]]) -> Path:
    """A dataset folder with further files of JSON lines that its manifest names."""
    dataset(folder)
    manifest = open_manifest(folder)
    with FolderWriter(folder) as writer:
        for name in ("train", "test"):
            shutil.copyfile(folder / f"{name}.jsonl", writer.path(f"{name}.jsonl"))
        for name, lines in files.items():
            writer.path(f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        writer.commit({key: value for key, value in manifest.items() if key != "files"})
    return as_validated(folder)


def note(folder: Path, line: Line) -> None:
    with VerdictFile(folder / "notes.jsonl") as file:
        file.add(line)


def front(hub: Hub, repo: str = REPO) -> dict[str, Any]:
    text = hub.files(repo)["README.md"].decode().split("---\n")[1]
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def names(values: Any) -> list[str]:
    return [entry.get("config_name", "default") for entry in (values if isinstance(values, list) else [values])]


def pairs(folder: Path, out: Path) -> bytes:
    export(Export(folder, to="dpo", out=out))
    return (out / "train.jsonl").read_bytes()


def test_pairs_from_a_release_are_those_of_the_folder(hub: Hub, tmp_path: Path) -> None:
    folder = distilled(tmp_path / "sums")
    done = push(Push([folder], REPO, with_=BOTH))
    assert done.change.rows == {"default": {"train": 6}, "attempts": {"train": 15}, "rejected": {"train": 2}}
    (result,) = pull(Pull(REPO, tmp_path / "back"))
    assert result.same_bytes
    for name in ("attempts.jsonl", "rejected.jsonl", "train.jsonl"):
        assert (tmp_path / "back" / name).read_bytes() == (folder / name).read_bytes(), name
    wanted = pairs(folder, tmp_path / "one")
    assert wanted.count(b"\n") == 1
    assert pairs(tmp_path / "back", tmp_path / "other") == wanted
    (again,) = pull(Pull(REPO, tmp_path / "back"))
    assert again.already_there
    assert not push(Push([tmp_path / "back"], REPO, with_=BOTH, force=True)).change.new


def test_its_card_names_them_and_datasets_loads_them(hub: Hub, tmp_path: Path) -> None:
    folder = distilled(tmp_path / "sums")
    push(Push([folder], REPO, with_=BOTH))
    values = front(hub)
    assert names(values["configs"]) == names(values["dataset_info"]) == ["default", "attempts", "rejected"]
    shards = {name for name in hub.files(REPO) if name.endswith(".parquet")}
    named = {path for entry in values["configs"] for part in entry["data_files"] for path in part["path"]}
    assert named == shards
    assert "attempts/train-00000-of-00001.parquet" in shards
    card = hub.files(REPO)["README.md"].decode()
    assert "- `attempts`: 15 attempts at the questions, right ones and wrong ones" in card
    assert "- `rejected`: 2 that were left out" in card
    assert f'load_dataset("{REPO}", split="train")' in card  # of the rows
    for name, rows in (("attempts", 15), ("rejected", 2)):
        beside = ["json", None, None, str(folder / f"{name}.jsonl")]
        found = loaded_alike(hub, tmp_path, [REPO, name], [REPO, name])
        assert found["train"][0] == rows, beside


def test_a_pull_without_them_says_what_is_missing(hub: Hub, tmp_path: Path) -> None:
    folder = distilled(tmp_path / "sums")
    push(Push([folder], REPO))
    (result,) = pull(Pull(REPO, tmp_path / "back"))
    assert result.validate_again == "attempts.jsonl and rejected.jsonl are not part of the release"
    push(Push([folder], REPO, with_=BOTH))
    (result,) = pull(Pull(REPO, tmp_path / "back"))  # they came in the meantime
    assert not result.already_there
    assert result.validate_again is None
    assert contents(tmp_path / "back")["validation.json"] == contents(folder)["validation.json"]


def test_named_configurations_have_their_own(hub: Hub, tmp_path: Path) -> None:
    one, other = distilled(tmp_path / "all" / "one"), dataset(tmp_path / "all" / "other")
    said: list[str] = []
    push(Push([tmp_path / "all"], REPO, with_="attempts"), said.append)
    assert names(front(hub)["configs"]) == ["one", "other", "one-attempts"]
    assert f"{other} has no attempts.jsonl, so none goes out" in said
    assert "one/attempts/train-00000-of-00001.parquet" in hub.files(REPO)
    pull(Pull(REPO, tmp_path / "back"))
    assert (tmp_path / "back/one/attempts.jsonl").read_bytes() == (one / "attempts.jsonl").read_bytes()
    assert not (tmp_path / "back/other/attempts.jsonl").exists()
    pull(Pull(REPO, tmp_path / "alone", config="one"))
    assert (tmp_path / "alone/attempts.jsonl").read_bytes() == (one / "attempts.jsonl").read_bytes()


def test_one_named_configuration_is_pulled_as_the_card_says(hub: Hub, tmp_path: Path) -> None:
    folder = distilled(tmp_path / "sums")
    push(Push([folder], REPO, config="hard", with_="attempts"))
    card = hub.files(REPO)["README.md"].decode()
    assert f'load_dataset("{REPO}", "hard", split="train")' in card
    assert "--data lines --out" in card  # not lines/hard: there is one dataset
    pull(Pull(REPO, tmp_path / "back"))
    assert (tmp_path / "back" / "attempts.jsonl").is_file()


def test_a_later_push_keeps_those_of_the_same_rows_and_takes_away_others(hub: Hub, tmp_path: Path) -> None:
    folder = distilled(tmp_path / "sums")
    push(Push([folder], REPO, with_=BOTH))
    push(Push([folder], REPO, message="again"))
    assert "attempts/train-00000-of-00001.parquet" in hub.files(REPO)
    assert names(front(hub)["configs"]) == ["default", "attempts", "rejected"]
    pull(Pull(REPO, tmp_path / "back"))
    (tmp_path / "back" / "attempts.jsonl").unlink()  # the same rows, from a pull of an older version
    push(Push([tmp_path / "back"], REPO, force=True))
    assert "attempts/train-00000-of-00001.parquet" in hub.files(REPO)

    other = with_files(tmp_path / "other", attempts=[{"id": "a", "outcome": "wrong"}])
    done = push(Push([other], REPO))
    gone = {"attempts/train-00000-of-00001.parquet", "rejected/train-00000-of-00001.parquet"}
    assert gone <= set(done.change.gone)
    assert not gone & set(hub.files(REPO))
    assert names(front(hub)["configs"]) == names(front(hub)["dataset_info"]) == ["default"]
    assert "- `attempts`" not in hub.files(REPO)["README.md"].decode()


def test_lines_of_any_shape_come_back(hub: Hub, tmp_path: Path) -> None:
    lines = [
        {"id": "a", "text": None, "answer": None, "more": {"x": [1, "2"]}},
        {"id": "b", "text": "é\u2028\0", "extra": 2**64 - 1, "other": -1},
        {"id": "d", "other": 2**64 - 1},
        {"id": "c", "answer": 1.5, "more": {}},
    ]
    folder = with_files(tmp_path / "lines", attempts=lines, rejected=[{"id": "x", "reason": "wrong"}])
    push(Push([folder], REPO, with_=BOTH))
    assert pull(Pull(REPO, tmp_path / "back"))[0].same_bytes
    assert (tmp_path / "back/attempts.jsonl").read_bytes() == (folder / "attempts.jsonl").read_bytes()
    loaded_alike(hub, tmp_path, [REPO, "attempts"], [REPO, "attempts"])


def test_labels_go_out_when_they_are_asked_for_and_never_replace_those_of_somebody(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    (record, *_) = load(folder).rows("train")
    note(folder, note_of("train", record, "ann", "bad", "too short"))
    push(Push([folder], REPO))
    assert not any("notes" in name for name in hub.files(REPO))
    done = push(Push([folder], REPO, with_="notes"))
    assert done.change.rows["notes"] == {"train": 1}
    assert "- `notes`: 1 labels of people" in hub.files(REPO)["README.md"].decode()
    (result,) = pull(Pull(REPO, tmp_path / "back"))
    assert result.same_bytes
    back = tmp_path / "back" / "notes.jsonl"
    assert back.read_bytes() == (folder / "notes.jsonl").read_bytes()
    assert "notes.jsonl" not in open_manifest(tmp_path / "back")["files"]

    note(tmp_path / "back", note_of("train", record, "ben", "good", ""))
    mine, said = back.read_bytes(), list[str]()
    (again,) = pull(Pull(REPO, tmp_path / "back"), said.append)
    assert again.already_there
    assert back.read_bytes() == mine
    assert any("stays as it is" in line for line in said)
    push(Push([folder], REPO))
    assert not any("notes" in name for name in hub.files(REPO))


def test_secrets_in_them_do_not_go_out(hub: Hub, tmp_path: Path) -> None:
    secret = "hf_" + "a1B2" * 9
    folder = with_files(tmp_path / "lines", attempts=[{"id": "a"}, {"id": "b", "text": f"use {secret}"}])
    with pytest.raises(FolderError, match=r"attempts\.jsonl from line 1, row 'b' has a Hugging Face token"):
        push(Push([folder], REPO, with_="attempts"))
    assert not hub.repos
    push(Push([folder], REPO))  # they stay here, so the rows may go


@pytest.mark.parametrize(
    ("line", "told"), [(b"{", "line 2 cannot be read"), (b"[1]", "line 2 cannot be read: it is no")]
)
def test_a_line_that_is_none(hub: Hub, tmp_path: Path, line: bytes, told: str) -> None:
    folder = with_files(tmp_path / "lines", attempts=[{"id": "a"}])
    (folder / "attempts.jsonl").write_bytes(b'{"id": "a"}\n' + line + b"\n")
    with pytest.raises(FolderError, match=told):
        push(Push([folder], REPO, with_="attempts", force=True))


def test_what_cannot_go_along(hub: Hub, tmp_path: Path, synth: Synth) -> None:
    folder = dataset(tmp_path / "lines")
    with pytest.raises(UsageError, match="--with 'replies': give attempts or rejected or notes"):
        Push([folder], REPO, with_="replies")
    with pytest.raises(FolderError, match=r"--with attempts: there is no attempts\.jsonl"):
        push(Push([folder], REPO, with_="attempts"))
    said: list[str] = []
    push(Push([folder], REPO, with_="rejected"), said.append)
    assert said == [f"{folder} has no rejected.jsonl, so none goes out"]
    with pytest.raises(UsageError, match="'attempts' cannot be the name of a configuration"):
        push(Push([folder], REPO, config="attempts"))
    one = with_files(tmp_path / "all" / "one", attempts=[{"id": "a"}])
    dataset(tmp_path / "all" / "one-attempts", train=[row(1)])
    with pytest.raises(UsageError, match="'one-attempts' is a folder that is pushed too: rename it"):
        push(Push([tmp_path / "all"], REPO, with_="attempts"))
    assert one.is_dir()


def test_the_command(hub: Hub, tmp_path: Path, synth: Synth) -> None:
    distilled(tmp_path / "sums")
    done = synth("push", "sums", REPO, "--with", "attempts", "--with", "rejected")
    assert "attempts: 15 train\nrejected: 2 train\n" in done.stdout

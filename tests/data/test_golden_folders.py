"""Dataset folders of version 0.1.0 are read as they are, and what is built today has the ids and bytes of then."""

import json
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from conftest import Synth
from golden import GOLDEN, RECORDED, hashes
from hub_use import connected
from loopback_hub import Hub
from loopback_hub_state import Blob

from synth.answers.reply import VERSION
from synth.building.build import remake
from synth.cards.blocks import broken
from synth.cards.dataset import write_card
from synth.data import frontmatter
from synth.data.counts import count_splits
from synth.data.manifest import damage, members, open_manifest
from synth.data.reading import chunks, read
from synth.questions.find import find_task
from synth.questions.reading import asked_of
from synth.releasing.options import Pull, Push
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import carry_out as push
from synth.validating.results import changed_since, read_validation

DATASETS = sorted(RECORDED["datasets"])
VALIDATED = ["validated", *(name for name in DATASETS if name.startswith("explained/"))]
CARDS = sorted(path.parent.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/**/README.md"))
DATA = (".jsonl", ".parquet")


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_of_a_folder_is_read_and_counted(name: str) -> None:
    folder, recorded = GOLDEN / name, RECORDED["datasets"][name]
    manifest = open_manifest(folder)
    assert (manifest["command"], manifest["rejected"]) == (recorded["command"], recorded["rejected"])
    assert damage(folder, manifest) is None
    rows = {split: list(read(folder, split)) for split in manifest["splits"]}
    assert {split: len(found) for split, found in rows.items()} == recorded["rows"]
    for split, found in rows.items():
        assert len({row.id for row in found}) == len(found)
        assert [row["id"] for part, _ in chunks(folder, manifest, split) for row in part] == [row.id for row in found]
    _, counts = count_splits(folder, manifest)
    assert {split: each.rows for split, each in counts.items()} == recorded["rows"]
    for split, each in counts.items():
        assert each.answers.counts == Counter(row.answer for row in rows[split])
        assert each.lengths["prompt"].mean * each.rows == pytest.approx(sum(len(r.prompt.split()) for r in rows[split]))
    assert hashes(folder) == recorded["sha256"]  # looking changed nothing


def test_a_folder_of_several_holds_its_datasets() -> None:
    names = {name.removeprefix("explained/") for name in DATASETS if name.startswith("explained/")}
    assert set(members(GOLDEN / "explained")) == names


@pytest.mark.parametrize("name", DATASETS)
def test_stats_are_shown_of_every_folder(synth: Synth, name: str) -> None:
    shown = synth("stats", GOLDEN / name)
    assert shown.returncode == 0, shown.stderr
    for split, rows in RECORDED["datasets"][name]["rows"].items():
        assert any(line.split()[:2] == [split, f"{rows:,}"] for line in shown.stdout.splitlines())


@pytest.mark.parametrize("name", VALIDATED)
def test_a_validation_is_still_of_its_files(name: str) -> None:
    folder = GOLDEN / name
    found = read_validation(folder)
    assert found is not None
    assert found["success"]
    assert changed_since(folder, open_manifest(folder), found) == []


@pytest.mark.parametrize("name", CARDS)
def test_the_front_matter_of_every_card_is_read_and_written_as_it_was(name: str) -> None:
    front, body = frontmatter.split((GOLDEN / name / "README.md").read_text(encoding="utf-8"))
    values = frontmatter.parse(front)
    assert broken(body) == []
    assert frontmatter.parse(frontmatter.dump(values)) == values
    if "configs" in values:
        parts = [part for config in frontmatter.entries(values["configs"]).values() for part in config["data_files"]]
        assert parts
        assert all((GOLDEN / name / path).is_file() for part in parts for path in part["path"])


def test_the_card_of_a_folder_is_written_as_it_was(tmp_path: Path) -> None:
    """But for the columns: since then they have the same types in every dataset."""

    def parts(card: str) -> tuple[dict[str, Any], str]:
        front, body = frontmatter.split(card)
        front, body = (
            front.partition("dataset_info:")[0],
            re.sub(r"(?m)^\| `(meta|provenance)` \| .*|synth:fields .*", "", body),
        )
        return frontmatter.parse(front), body

    folder = tmp_path / "validated"
    shutil.copytree(GOLDEN / "validated", folder)
    before = (folder / "README.md").read_text(encoding="utf-8")
    card = write_card(folder)
    assert card.kept == []
    assert parts(card.text) == parts(before)
    (folder / "README.md").unlink()
    assert write_card(folder).text == card.text
    assert "  - name: provenance\n    dtype: json\n" in card.text


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub that has the release."""
    for hub in connected(monkeypatch):
        files = {path.relative_to(GOLDEN / "release").as_posix(): path.read_bytes()
                 for path in (GOLDEN / "release").rglob("*") if path.is_file()}  # fmt: skip
        blobs = {path: Blob(content, path.endswith((".parquet", ".png"))) for path, content in files.items()}
        repo = hub.repo(RECORDED["release"]["repository"])
        repo.commit("main", "Push with synth", {**repo.at("main").files, **blobs})
        yield hub


def test_a_release_comes_back_byte_for_byte(hub: Hub, tmp_path: Path) -> None:
    found = pull(Pull(RECORDED["release"]["repository"], tmp_path / "back"))
    assert all(each.same_bytes and each.validate_again is None for each in found)
    assert {each.folder.name for each in found} == set(members(tmp_path / "back"))
    for each in found:
        recorded = RECORDED["datasets"][f"explained/{each.folder.name}"]
        assert dict(each.rows) == recorded["rows"]
        back = hashes(each.folder)
        assert {name: back[name] for name in recorded["sha256"] if name.endswith(DATA)} == {
            name: digest for name, digest in recorded["sha256"].items() if name.endswith(DATA)
        }
        assert back["validation.json"] == recorded["sha256"]["validation.json"]


def test_a_release_has_the_same_rows_if_it_is_pushed_again(hub: Hub, tmp_path: Path) -> None:
    """Its files are new: 0.1.0 gave the provenance of built rows no type, and the card other columns."""
    shutil.copytree(GOLDEN / "explained", tmp_path / "explained")
    repository = RECORDED["release"]["repository"]
    pushed = push(Push([tmp_path / "explained"], repository))
    new = {path for path in pushed.change.new if not path.endswith(".png")}  # pictures are matplotlib's
    assert (new, pushed.change.gone) == ({"README.md", *pushed.change.shards}, [])
    pull(Pull(repository, tmp_path / "back"))
    for name in members(tmp_path / "back"):
        for split in open_manifest(GOLDEN / "explained" / name)["splits"]:
            file = f"{name}/{split}.jsonl"
            assert (tmp_path / "back" / file).read_bytes() == (GOLDEN / "explained" / file).read_bytes()


@pytest.mark.parametrize("row", sorted(RECORDED["rows"]))
def test_a_row_is_made_from_its_id_as_it_was(row: str) -> None:
    assert sha256(orjson.dumps(as_then(orjson.loads(orjson.dumps(remake(row)))))).hexdigest() == RECORDED["rows"][row]


def as_then(row: dict[str, Any]) -> dict[str, Any]:
    """A row as 0.1.0 made it: of `arithmetic --style hint` the prompt was the one without the hint."""
    meta = dict(row["meta"])
    plain = meta.pop("unhinted_prompt", None)
    return row if plain is None else {**row, "prompt": plain, "meta": meta}


def parquet_rows(path: Path) -> str:
    """The hash of the rows of a file, whatever wrote it."""
    rows = [as_then(row) for row in pq.read_table(path).to_pylist()]
    lines = [json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]
    return sha256("".join(lines).encode()).hexdigest()


def named_now(name: str) -> str:
    """A file of a build of Parquet by its name: 0.1.0 put into it how many there are."""
    return name.replace("-of-00001.parquet", ".parquet")


@pytest.mark.parametrize("built", RECORDED["builds"], ids=lambda built: built["command"].removeprefix("synth build "))
def test_a_dataset_is_built_as_it_was(synth: Synth, tmp_path: Path, built: dict[str, Any]) -> None:
    for format in ("jsonl", "parquet"):
        words = [*shlex.split(built["command"])[1:], "--format", format, "--out", format, "--quiet"]
        done = synth(*words)
        assert done.returncode == 0, done.stderr
        for path in (tmp_path / format).rglob("*.jsonl") if "--style hint" in built["command"] else ():
            rows = [as_then(orjson.loads(line)) for line in path.read_bytes().splitlines()]
            path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        found = {name: digest for name, digest in hashes(tmp_path / format).items() if name.endswith(DATA)}
        assert set(found) == {named_now(name) for name in built[format]}
        exact = {name for name in found if name.endswith(".jsonl")}  # 0.1.0 gave provenance no type in Parquet
        assert {name: found[name] for name in exact} == {name: built[format][name] for name in exact}
    for name, digest in built["parquet_rows"].items():
        assert parquet_rows(tmp_path / "parquet" / named_now(name)) == digest


def test_the_request_store_answers_without_a_server(synth: Synth, tmp_path: Path) -> None:
    recorded = RECORDED["distilled_again"]
    for name in ("questions.jsonl", "distilled/requests.sqlite"):
        shutil.copy(GOLDEN / name, tmp_path)
    command = recorded["command"].replace("COPY-OF-requests.sqlite", "requests.sqlite")
    done = synth(*shlex.split(command)[1:], "--out", "again", "--quiet")
    assert done.returncode == 0, done.stderr
    rows = tmp_path / "again" / "train.jsonl"  # each with the version of the reader, which is another one now
    rows.write_bytes(rows.read_bytes().replace(f'"extractor":{VERSION}'.encode(), b'"extractor":1'))
    files = hashes(tmp_path / "again")
    differing = ("synth.json", "README.md")  # in which versions stand, and columns
    same = [name for name in recorded["same_files"] if name not in differing]
    then = RECORDED["datasets"]["distilled"]["sha256"]
    assert {name: files[name] for name in same} == {name: then[name] for name in same}
    old, new = (open_manifest(folder) for folder in (GOLDEN / "distilled", tmp_path / "again"))
    changing = ("made_by", "versions", "files", "extractor")
    added = {name: new.pop(name) for name in ("paid", "repeating", "left_out", "read")}
    assert added["read"] == {"rows": 8, "repeated": 0, "contradicting": 0}
    assert (added["paid"]["requests"], added["repeating"], added["left_out"]) == (0, 2, [])
    assert new.pop("task") == asked_of(find_task("gsm8k"))  # which 0.1.0 did not write down
    assert {k: v for k, v in new.items() if k not in changing} == {k: v for k, v in old.items() if k not in changing}

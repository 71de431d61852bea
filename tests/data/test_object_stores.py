"""Datasets in an object store: the same bytes as in a folder, whole or not at all, read from another machine."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distillations import KEY, questions, right, words
from halting import halted
from hypothesis import given
from hypothesis import strategies as st
from loopback import serving
from loopback_store import LoopbackStore, serving_store

import synth as api
from synth.base import stores
from synth.data import mirror
from synth.data.folder import FolderWriter
from synth.data.manifest import open_manifest
from synth.data.names import CARD, MANIFEST

Synth = Callable[..., Any]
__all__ = ["questions"]
SPLITS = ("--validation", "5", "--test", "5", "--test-beyond", "5", "--workers", "1")
BUILD = ("build", "arithmetic", "--digits", "2", "--train", "40", *SPLITS)
OTHER = ("build", "arithmetic", "--digits", "2", "--train", "39", *SPLITS)
OUT = "s3://bucket/data"
TESTS = ("--validation", "8", "--test", "8", "--test-longer", "8", "--test-larger", "8")
PARQUET = ("build", "listops", "--train", "60", *TESTS, "--format", "parquet", "--workers", "1", "--out", OUT)
SENT = "synth.base.stores:Store.send"


@pytest.fixture(scope="module")
def served() -> Iterator[LoopbackStore]:
    with serving_store() as store:
        yield store


@pytest.fixture
def store(served: LoopbackStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoopbackStore:
    """An empty bucket, and no folder of it on this machine."""
    served.clear()
    served.use(monkeypatch)
    monkeypatch.setenv("SYNTH_STORES", str(tmp_path / "stores"))
    return served


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """From here on it is another machine, or one that is named."""
    return lambda name="elsewhere": monkeypatch.setenv("SYNTH_STORES", str(tmp_path / name))


def dataset(store: LoopbackStore, below: str = "data/") -> dict[str, bytes]:
    """The files of the dataset in the store, called as synth.json calls them; all that it names is there."""
    objects = store.objects(below)
    files = json.loads(objects[MANIFEST])["files"]
    return {name: objects[name if name == CARD else mirror.key(name, facts)] for name, facts in files.items()}


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("more", [(), ("--format", "parquet")])
def test_the_bytes_are_those_of_a_folder_and_the_manifest_is_sent_last(
    store: LoopbackStore, synth: Synth, tmp_path: Path, more: tuple[str, ...]
) -> None:
    assert synth(*BUILD, *more, "--out", "here").returncode == 0
    done = synth(*BUILD, *more, "--out", OUT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{OUT}: 40 train, ")
    objects = store.objects("data/")
    assert {**dataset(store), MANIFEST: objects[MANIFEST]} == files(tmp_path / "here")
    assert len(objects) == len(files(tmp_path / "here"))
    puts = [path for path in store.seen if path.startswith("PUT ")]
    assert puts[-1] == "PUT /bucket/data/synth.json"
    assert len(puts) == len(objects)  # one each
    before = len(puts)
    assert "is there already" in synth(*BUILD, *more, "--out", f"{OUT}/").stdout
    assert len([path for path in store.seen if path.startswith("PUT ")]) == before


def test_verbs_read_it_on_another_machine_and_put_beside_it_what_they_find(
    store: LoopbackStore, synth: Synth, tmp_path: Path, elsewhere: Callable[..., None]
) -> None:
    synth(*BUILD, "--out", OUT)
    rows = list(api.load(OUT).rows("train"))
    elsewhere()
    assert list(api.load(OUT).rows("train")) == rows
    assert f"{OUT}/validation.json" in synth("validate", OUT, "--workers", "1").stdout
    assert json.loads(store.objects()["data/validation.json"])["success"]
    assert f"{OUT}/README.md: written" in synth("card", OUT).stdout
    assert b"<!-- synth:" in store.objects()["data/README.md"]
    assert "data/plots/default.png" in store.objects()
    assert "40" in synth("stats", OUT).stdout
    assert rows[0].id in synth("show", OUT, "--n", "1").stdout
    assert synth("export", OUT, "--to", "messages", "--out", "exported").returncode == 0
    assert len((tmp_path / "exported" / "train.jsonl").read_text().splitlines()) == 40
    assert synth("judge", OUT, "--judge", "steps").returncode == 0


def test_what_lies_beside_the_rows_goes_to_and_fro(
    store: LoopbackStore, synth: Synth, elsewhere: Callable[..., None]
) -> None:
    synth(*BUILD, "--out", OUT)
    here = api.load(OUT).folder
    (here / "validation").mkdir()
    (here / "validation" / "index.html").write_text("a page")
    mirror.put_beside(here)
    assert store.objects()["data/validation/index.html"] == b"a page"
    sent = store.seen.count("PUT /bucket/data/validation/index.html")
    mirror.put_beside(here)
    assert store.seen.count("PUT /bucket/data/validation/index.html") == sent == 1
    elsewhere()
    there = api.load(OUT).folder
    assert (there / "validation" / "index.html").read_text() == "a page"
    (there / "validation" / "index.html").unlink()
    mirror.put_beside(there)
    assert "data/validation/index.html" not in store.objects()
    elsewhere("stores")
    mirror.sync(here)
    assert not (here / "validation" / "index.html").exists()
    assert (here / "train.jsonl").exists()


def test_another_dataset_takes_its_place_and_what_was_there_goes(
    store: LoopbackStore, synth: Synth, elsewhere: Callable[..., None]
) -> None:
    synth(*BUILD, "--out", OUT)
    store.put("data/notes.txt", b"of a person")
    old = dataset(store)
    elsewhere()
    assert "config train is 40, asked for 39" in synth(*OTHER, "--out", OUT).stderr
    assert dataset(store) == old
    assert synth(*OTHER, "--out", OUT, "--overwrite").returncode == 0
    new = dataset(store)
    assert new["train.jsonl"] != old["train.jsonl"]
    assert new["test.jsonl"] == old["test.jsonl"]
    assert store.objects("data/").keys() - {"notes.txt", MANIFEST} == {
        CARD if name == CARD else mirror.key(name, facts)
        for name, facts in json.loads(store.objects()["data/synth.json"])["files"].items()
    }
    assert len(api.load(OUT)["train"]) == 39


def test_a_run_that_is_killed_while_it_sends_leaves_what_was_there_and_goes_on(
    store: LoopbackStore, synth: Synth, tmp_path: Path
) -> None:
    with halted([*BUILD, "--out", OUT], SENT, times=2, folder=tmp_path):
        pass  # it is killed there
    assert MANIFEST not in store.objects("data/")
    assert store.objects("data/")
    said = synth("show", OUT)
    assert "holds a run that did not get to its end" in said.stderr
    assert synth(*BUILD, "--out", OUT).returncode == 0
    assert len(dataset(store)) == 5


def stop_in_the_middle(folder: Path) -> None:
    with FolderWriter(folder) as writer:
        writer.path("train.jsonl").write_text("half of it")
        raise ZeroDivisionError


def test_an_error_while_it_writes_leaves_nothing_in_sight(store: LoopbackStore, synth: Synth) -> None:
    folder = api.Dataset(OUT).folder
    with pytest.raises(ZeroDivisionError):
        stop_in_the_middle(folder)
    assert store.objects("data/") == {}
    store.refuse = lambda method, path: 403 if method == "PUT" and "test" in path else None
    said = synth(*BUILD, "--out", OUT)
    assert said.returncode == 1
    assert said.stderr.startswith(f"synth: {OUT} cannot be written to (test")
    assert said.stderr.count("\n") == 1
    assert MANIFEST not in store.objects("data/")


def test_of_two_writers_one_dataset_is_there_whole(store: LoopbackStore, synth: Synth, tmp_path: Path) -> None:
    others = (*OTHER, "--out", OUT)
    environment = {**os.environ, "SYNTH_STORES": str(tmp_path / "other")}
    with halted([*BUILD, "--out", OUT], SENT, times=2, folder=tmp_path, env=environment) as first:
        assert synth(*others).returncode == 0
        _, said = first.communicate()
        assert first.returncode == 1
    assert said == f"synth: another process wrote {OUT} in the meantime, and its dataset is there: give another --out\n"
    assert dataset(store)["train.jsonl"].count(b"\n") == 39
    assert len(api.load(OUT)["train"]) == 39


def test_of_two_writers_that_end_at_once_the_last_counts(store: LoopbackStore, synth: Synth, tmp_path: Path) -> None:
    """The first has looked for others already, and found none, when the second begins and ends."""
    others = (*OTHER, "--out", OUT)
    environment = {**os.environ, "SYNTH_STORES": str(tmp_path / "other")}
    with halted(
        [*BUILD, "--out", OUT], "synth.base.stores:Store.read", times=2, folder=tmp_path, env=environment
    ) as first:
        assert synth(*others).returncode == 0
        first.communicate()
        assert first.returncode == 0
    assert dataset(store)["train.jsonl"].count(b"\n") == 40
    assert len(api.load(OUT)["train"]) == 40


def test_rationales_are_taken_in_and_further_splits(
    store: LoopbackStore, synth: Synth, tmp_path: Path, elsewhere: Callable[..., None]
) -> None:
    rows = [
        {"question": f"Ana has {n} pens and buys 4. How many?", "answer": f"{n} + 4 = {n + 4}\n#### {n + 4}"}
        for n in range(4)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    taken = ("import", "train.jsonl", "--task", "gsm8k")
    assert synth(*taken, "--out", OUT).returncode == 0
    assert synth(*taken, "--out", "here").returncode == 0
    assert {**dataset(store), MANIFEST: store.objects()["data/synth.json"]} == files(tmp_path / "here")
    elsewhere()
    assert synth(*taken, "--out", OUT, "--no-rationale", "--split", "test").returncode == 0
    assert api.load(OUT).splits == {"train": 4, "test": 4}
    assert [row.answer for row in api.load(OUT).rows("test")] == ["4", "5", "6", "7"]


def test_a_distillation_keeps_what_was_paid_for_on_this_machine(
    store: LoopbackStore, synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, questions: Callable[[int], str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(right) as teacher:
        command = [OUT if word == "out" else word for word in words(teacher, questions(6))]
        assert synth(*command).returncode == 0
        assert len(dataset(store)["train.jsonl"].splitlines()) == 6
        assert not any("sqlite" in name or KEY.encode() in held for name, held in store.objects().items())
        asked = len(teacher.seen)
        store.clear()
        assert synth(*command).returncode == 0
        assert len(teacher.seen) == asked
    assert len(dataset(store)["train.jsonl"].splitlines()) == 6


def test_several_datasets_and_one_that_was_copied_as_it_is(store: LoopbackStore, synth: Synth, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert synth(*BUILD, "--out", f"{OUT}/{name}").returncode == 0
    assert set(api.load(OUT).members) == {"one", "two"}
    assert synth("card", OUT).returncode == 0
    assert b"config_name: two" in store.objects()["data/README.md"]
    synth(*BUILD, "--out", "here")
    for name, content in files(tmp_path / "here").items():
        store.put(f"copied/{name}", content)
    assert len(api.load("s3://bucket/copied")["train"]) == 40
    assert "is there already" in synth(*BUILD, "--out", "s3://bucket/copied").stdout


def test_a_file_that_is_gone_or_another_is_told(
    store: LoopbackStore, synth: Synth, elsewhere: Callable[..., None]
) -> None:
    synth(*BUILD, "--out", OUT)
    elsewhere()
    facts = json.loads(store.objects()["data/synth.json"])["files"]["train.jsonl"]
    name = f"data/{mirror.key('train.jsonl', facts)}"
    store.put(name, b"x" * facts["bytes"])
    assert "is not what synth.json says of it" in synth("show", OUT).stderr
    store.put(name, b"half")
    assert f"{OUT}/train.jsonl is missing or was changed" in synth(*BUILD, "--out", OUT).stderr


@pytest.mark.parametrize(
    "files", [{"x.jsonl": {"bytes": "3", "sha256": 7}}, {"x.jsonl": 3}, {"../../x.jsonl": None}, {}]
)
def test_a_manifest_of_rubbish_is_told_in_one_line(store: LoopbackStore, synth: Synth, files: dict[str, Any]) -> None:
    split = {"rows": 1, "rejected": {}, "files": list(files) or ["x.jsonl"]}
    store.put("data/synth.json", json.dumps({"splits": {"train": split}, "files": files, "rejected": {}}).encode())
    for command in (("show", OUT), (*BUILD, "--out", OUT)):
        said = synth(*command)
        assert said.returncode == 1
        assert said.stderr.startswith(f"synth: {OUT}")
        assert said.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://nobucket/data", "there is no bucket 'nobucket': make it first"),
        ("s3://bucket/theirs", "s3://bucket/theirs holds 'model.bin' and is no dataset folder"),
        ("s3://AKIA:a/secret@bucket/data", "no keys in a URL"),
        ("s3://AKIA:a-secret/data", "no keys in a URL"),
        ("s3://bucket/data?secret=a-secret", "give a bucket and a folder in it"),
        ("s3://bucket", "give a bucket and a folder in it, such as s3://my-bucket/my-data"),
        ("s3://bucket/../data", "give a bucket and a folder in it"),
        ("az://box/data", "set AZURE_STORAGE_ACCOUNT"),
        ("gs://box/data", "keys are missing, or may not do that: set GOOGLE_APPLICATION_CREDENTIALS"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    store: LoopbackStore, synth: Synth, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    store.put("theirs/model.bin", b"of another program")
    before = store.objects()
    done = synth(*BUILD, "--out", url)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
    assert store.objects() == before


def test_without_keys_or_network_it_is_told_in_one_line(
    store: LoopbackStore, synth: Synth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    said = synth(*BUILD, "--out", OUT).stderr
    assert said.startswith(
        f"synth: {OUT} cannot be listed: keys are missing, or may not do that: set AWS_ACCESS_KEY_ID"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = synth("show", OUT).stderr
    assert said.startswith(f"synth: {OUT} cannot be listed: it cannot be reached: look at the network")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://me:a-secret@127.0.0.1:9")
    said = synth("show", OUT).stderr
    assert "AWS_ENDPOINT_URL 'http://...@127.0.0.1:9': give one such as" in said


PARTS = st.lists(
    st.sampled_from(["a", "b-1.x", "..", ".", "", "x@y", "a:b", "?k", "\u00e9"]) | st.text(), min_size=1, max_size=4
)


@given(st.sampled_from(["s3", "gs", "az"]), PARTS)
def test_a_url_has_one_place_which_is_below_the_folder_for_them(scheme: str, parts: list[str]) -> None:
    url = f"{scheme}://{'/'.join(parts)}"
    try:
        path = stores.as_path(url)
    except ValueError:
        return
    if stores.is_url(url):
        assert not os.path.relpath(path, stores.home()).startswith("..")
        assert stores.url_of(path) == f"{path}" == f"{scheme}://{'/'.join(parts).strip('/')}"
        assert stores.as_path(Path(url)) == stores.as_path(str(path)) == path
        assert f"{path / 'a' / 'b'}" == f"{path}/a/b"


def test_an_option_for_this_machine_refuses_a_store(store: LoopbackStore, synth: Synth) -> None:
    synth(*BUILD, "--out", OUT)
    for command in (
        ("export", OUT, "--to", "messages", "--out", "s3://bucket/e"),
        ("train", "llama", "--data", OUT, "--from-scratch", "tiny", "--out", "s3://bucket/run"),
        ("report", "s3://bucket/run"),
        ("distill", "--task", "gsm8k", "--source", OUT, "--teacher", "m", "--out", "o"),
    ):
        said = synth(*command)
        assert said.returncode == 2
        assert "it is in an object store, and what is given here has to be on this machine" in said.stderr
    assert open_manifest(api.load(OUT).folder)["splits"].keys() >= {"train"}


def shards(store: LoopbackStore) -> list[str]:
    return [path for path in store.seen if path.startswith("PUT ") and path.endswith(".parquet")]


def test_a_build_that_is_stopped_goes_on_at_the_file(store: LoopbackStore, synth: Synth, tmp_path: Path) -> None:
    with halted(PARQUET, "synth.building.windows:finish_window", times=2, folder=tmp_path):
        pass  # it is killed there
    assert len(shards(store)) == 2
    assert MANIFEST not in store.objects("data/")
    assert not list((tmp_path / "stores").rglob("*.parquet"))  # what is sent does not stay here
    store.refuse = lambda method, path: 403 if method == "PUT" and "test_longer" in path else None
    said = synth(*PARQUET)
    assert f"{OUT} cannot be written to (data/test_longer-" in said.stderr
    assert len(shards(store)) == 3 + 1  # the last was turned away
    store.refuse = lambda method, path: None
    assert synth(*PARQUET).returncode == 0
    assert len(shards(store)) == 4 + 2
    synth(*PARQUET[:-1], "here")
    assert {**dataset(store), MANIFEST: store.objects()["data/synth.json"]} == files(tmp_path / "here")
    assert len(api.load(OUT)["train"]) == 60

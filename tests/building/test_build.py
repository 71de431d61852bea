"""The build engine: the same bytes however it is run, nothing lost, one line for every mistake."""

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import orjson
import pytest
from halting import halted
from hypothesis import given
from hypothesis import strategies as st

from synth.data.fingerprints import Seen, prints
from synth.data.manifest import open_manifest

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
CHUNK = "synth.data.fingerprints:Seen.take"  # is called for every chunk of rows before it is written
LISTOPS = ("build", "listops", "--min-length", 8, "--max-length", 20, "--test-longer", 0, "--test-larger", 0)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_any_number_of_workers_writes_the_same_bytes(synth: Synth, tmp_path: Path, format: str) -> None:
    for workers in (1, 2, 3):
        done = synth(*LISTOPS, "--train", 9000, "--format", format, "--workers", workers, "--out", f"w{workers}")
        assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "w1") == contents(tmp_path / "w2") == contents(tmp_path / "w3")


def test_killed_and_started_again_writes_the_same_bytes(synth: Synth, tmp_path: Path) -> None:
    words = [*LISTOPS, "--train", 30000, "--workers", 2, "--out", "killed"]
    with halted(words, CHUNK, times=2, folder=tmp_path) as process:
        process.kill()
    assert (tmp_path / "killed" / ".synth-partial" / "train.jsonl").stat().st_size
    assert not (tmp_path / "killed" / "synth.json").exists()
    assert synth(*words).returncode == 0
    undisturbed = [*words[:-1], "undisturbed"]
    assert synth(*undisturbed).returncode == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "undisturbed")


def test_ctrl_c_leaves_the_folder_as_it_was(synth: Synth, tmp_path: Path) -> None:
    assert synth(*LISTOPS, "--train", 10, "--out", "data").returncode == 0
    before = contents(tmp_path / "data")
    words = [*LISTOPS, "--train", 1000000, "--workers", 2, "--overwrite", "--quiet", "--out", "data"]
    with halted(words, CHUNK, times=2, folder=tmp_path) as process:
        assert (tmp_path / "data" / ".synth-partial" / "train.jsonl").stat().st_size
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert stderr == "synth: interrupted; the output folder is as it was\n"
    assert contents(tmp_path / "data") == before


def test_workers_of_a_killed_run_end_too(tmp_path: Path) -> None:
    words = [*LISTOPS, "--train", 1000000, "--workers", 2, "--out", "data"]
    with halted(words, CHUNK, times=2, folder=tmp_path) as process:
        process.kill()
        assert process.stdout is not None
        assert process.stdout.read() == ""  # comes to an end when the workers have ended, who write there too


def test_the_same_again_does_nothing_and_another_is_refused(synth: Synth, tmp_path: Path) -> None:
    first = synth(*LISTOPS, "--train", 20, "--out", "data")
    assert "20 train, 2,000 validation, 2,000 test written" in first.stdout
    before = (tmp_path / "data" / "train.jsonl").stat()
    again = synth(*LISTOPS, "--train", 20, "--out", "data")
    assert "is there already" in again.stdout
    assert (tmp_path / "data" / "train.jsonl").stat() == before
    other = synth(*LISTOPS, "--train", 21, "--out", "data")
    assert other.returncode == 1
    assert other.stderr == (
        "synth: data holds another dataset (config train is 20, asked for 21): add --overwrite to replace it\n"
    )
    assert synth(*LISTOPS, "--train", 20, "--seed", 1, "--out", "data").returncode == 1
    replaced = synth(*LISTOPS, "--train", 21, "--overwrite", "--out", "data")
    assert "21 train" in replaced.stdout


def test_files_of_another_format_go_when_a_dataset_is_replaced(synth: Synth, tmp_path: Path) -> None:
    assert synth(*LISTOPS, "--train", 20, "--out", "data").returncode == 0
    assert synth(*LISTOPS, "--train", 20, "--out", "data", "--format", "parquet", "--overwrite").returncode == 0
    assert not list((tmp_path / "data").glob("*.jsonl"))
    assert len(list((tmp_path / "data" / "data").iterdir())) == 3


def test_datasets_reads_a_folder_as_it_stands(synth: Synth, tmp_path: Path) -> None:
    for format in ("jsonl", "parquet"):
        rows = ("--train", 30, "--validation", 10, "--test", 10)
        assert synth(*LISTOPS[:-4], *rows, "--test-longer", 5, "--format", format, "--out", format).returncode == 0
        loaded = datasets.load_dataset(str(tmp_path / format), cache_dir=str(tmp_path / f"cache-{format}"))
        assert {name: split.num_rows for name, split in loaded.items()} == {
            "train": 30, "validation": 10, "test": 10, "test_longer": 5, "test_larger": 2000,
        }  # fmt: skip
        assert loaded["train"].column_names == [
            "id", "task", "prompt", "rationale", "answer", "completion", "meta", "provenance",
        ]  # fmt: skip


def test_explain_all_writes_one_dataset_for_each_kind(synth: Synth, tmp_path: Path) -> None:
    done = synth(*LISTOPS, "--explain", "all", "--train", 30, "--out", "data")
    assert done.returncode == 0, done.stderr
    prompts = {}
    for kind in ("none", "short", "medium", "long"):
        loaded = datasets.load_dataset(str(tmp_path / "data"), kind, cache_dir=str(tmp_path / "cache"))
        prompts[kind] = loaded["train"]["prompt"][:]
        assert loaded["train"].num_rows == 30
    assert prompts["none"] == prompts["short"] == prompts["medium"] == prompts["long"]
    assert "is there already" in synth(*LISTOPS, "--explain", "all", "--train", 30, "--out", "data").stdout
    inside = synth(*LISTOPS, "--explain", "all", "--train", 30, "--out", "data/none")
    assert inside.returncode == 1
    assert "is a dataset folder" in inside.stderr


def test_no_question_stands_in_two_splits(synth: Synth, tmp_path: Path) -> None:
    words = ("build", "listops", "--min-length", 4, "--max-length", 5, "--values", 5, "--modulus", 5)
    rows = ("--train", 300, "--validation", 50, "--test", 50, "--test-longer", 0, "--test-larger", 0)
    assert synth(*words, *rows, "--out", "data").returncode == 0  # of 600 that there are
    seen = [
        orjson.loads(line)["prompt"]
        for split in ("train", "validation", "test")
        for line in (tmp_path / "data" / f"{split}.jsonl").read_bytes().splitlines()
    ]
    assert len(seen) == len(set(seen)) == 400
    manifest = orjson.loads((tmp_path / "data" / "synth.json").read_bytes())
    assert manifest["rejected"]["repeated_question"] == sum(
        split["rejected"].get("repeated_question", 0) for split in manifest["splits"].values()
    )
    assert manifest["rejected"]["repeated_question"] > 0


def test_an_id_that_repeats_is_a_reason_and_takes_no_question(synth: Synth, tmp_path: Path) -> None:
    sample = orjson.loads((Path(__file__).parents[2] / "builders" / "twowiki" / "sample_dev.json").read_bytes())
    first, second, third = [record for record in sample if record["type"] == "compositional"][:3]
    records = [first, {**second, "_id": first["_id"]}, second, {**third, "question": first["question"]}, third]
    (tmp_path / "dev.json").write_bytes(orjson.dumps(records))
    done = synth("build", "2wiki", "--source", "dev.json", "--exemplars", 0, "--out", "data")
    assert done.returncode == 0, done.stderr
    rows = [orjson.loads(line)["id"] for line in (tmp_path / "data" / "test.jsonl").read_bytes().splitlines()]
    assert rows == [f"2wiki/{record['_id']}" for record in (first, second)] + rows[2:]
    drops = [orjson.loads(line) for line in (tmp_path / "data" / "rejected.jsonl").read_bytes().splitlines()]
    assert ("repeated_id", f"2wiki/{first['_id']}") in [(drop["reason"], drop["id"]) for drop in drops]


@given(st.lists(st.lists(st.integers(0, 40)), max_size=8), st.none() | st.integers(0, 5), st.integers(1, 9))
def test_seen_takes_each_question_once(batches: list[list[int]], most: int | None, block: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("synth.data.fingerprints.BLOCK", block)  # runs in files are merged so many at a time
        takes_each_once(batches, most)


def takes_each_once(batches: list[list[int]], most: int | None) -> None:
    seen, known = Seen(spill=4), set[int]()
    for batch in batches:
        taken = []
        for value in batch:
            if value not in known | set(taken) and (most is None or len(taken) < most):
                taken.append(value)
        mask = seen.take(np.array(batch, dtype=np.uint64), most)
        assert [value for value, kept in zip(batch, mask, strict=True) if kept] == taken
        known |= set(taken)
    seen.close()


def test_the_runs_of_what_was_taken_stay_few() -> None:
    seen = Seen(spill=8)
    for start in range(0, 4096, 16):
        assert seen.take(np.arange(start, start + 16, dtype=np.uint64)).all()
        assert len(seen._files) <= 9
    assert not seen.take(np.arange(4096, dtype=np.uint64)).any()
    seen.close()


def test_fingerprints_never_change() -> None:
    assert prints(["", "[MAX 1 2 ]"]).tolist() == [13020603013274838756, 5927887250025179381]


def test_a_kind_of_question_that_nearly_vanishes_is_said_with_the_limit_that_keeps_it(
    synth: Synth, tmp_path: Path
) -> None:
    words = ("build", "2wiki", "--source", "sample", "--style", "direct", "--exemplars", 2)
    done = synth(*words, "--out", "few")
    assert done.returncode == 0, done.stderr
    notes = [line for line in done.stdout.splitlines() if line.startswith("note: ")]
    assert notes
    told = re.search(
        r"note: (\w+): of (\d+) rows of (\w+) (?:only (\d+) (?:is|are)|none is) .* --max-prompt-tokens (\d+) keeps",
        notes[0],
    )
    assert told is not None
    split, every, group, kept, limit = told.groups()
    found = open_manifest(tmp_path / "few")
    assert found["yield"][split][group].get("kept", 0) == int(kept or 0) < int(every) / 10
    assert notes == [f"note: {line}" for line in found["warnings"]]
    again = synth(*words, "--out", "many", "--max-prompt-tokens", limit)
    assert open_manifest(tmp_path / "many")["yield"][split][group]["kept"] >= 0.9 * int(every) - 1
    assert f"rows of {group}" not in again.stdout
    assert "note: " not in synth("build", "2wiki", "--source", "sample", "--out", "all").stdout

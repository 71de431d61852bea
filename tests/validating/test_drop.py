"""`synth validate --drop`: a folder without rows that overlap with a benchmark or repeat others."""

from pathlib import Path

import orjson
import pytest
from conftest import Synth
from hub_use import dataset, lines, row

ASKED = "How many apples are left in the basket once the children from the village have taken theirs home?"


def data(folder: Path) -> Path:
    other = row(2, prompt="what is 1?", rationale="Another way.")
    repeated = {**row(1), "id": "lines/again"}
    hit = row(7, prompt=f"{ASKED} Think.")
    return dataset(folder, train=[row(1), other, repeated, hit], test=[row(5), row(6, prompt="What is 1 ?")])


def test_rows_go_and_say_why(synth: Synth, tmp_path: Path) -> None:
    data(tmp_path / "data")
    (tmp_path / "bench.jsonl").write_bytes(orjson.dumps({"id": "b1", "question": ASKED}))
    before = (tmp_path / "data" / "train.jsonl").read_bytes()
    done = synth("validate", "data", "--against", "bench.jsonl", "--drop", "contaminated,twins", "--out", "clean")
    assert "clean: 3 rows written, dropped 1 contaminated, 2 twins" in done.stdout, done.stderr
    assert [line["id"] for line in lines(tmp_path / "clean")] == ["lines/1", "lines/2"]
    assert [line["id"] for line in lines(tmp_path / "clean", "test")] == ["lines/5"]
    gone = [(line["id"], line["reason"]) for line in lines(tmp_path / "clean", "rejected")]
    assert gone == [("lines/again", "twins"), ("lines/7", "contaminated"), ("lines/6", "twins")]
    manifest = orjson.loads((tmp_path / "clean" / "synth.json").read_bytes())
    assert manifest["rejected"] == {"twins": 2, "contaminated": 1}
    assert manifest["splits"]["test"] == {"rows": 1, "rejected": {"twins": 1}, "files": ["test.jsonl"]}
    assert (tmp_path / "data" / "train.jsonl").read_bytes() == before
    again = synth("validate", "data", "--drop", "twins", "--out", "clean")
    assert again.returncode != 0
    assert "clean is not empty" in again.stderr
    told = orjson.loads(synth("validate", "clean", "--against", "bench.jsonl", "--json").stdout)
    held = {one["name"]: one["success"] for one in told["expectations"]}
    assert all(held[name] for name in ("files_unchanged", "overlap bench.jsonl"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--drop", "twins"), "--drop and --out go together"),
        (("--out", "x"), "--drop and --out go together"),
        (("--drop", "twinz", "--out", "x"), "give contaminated, twins"),
        (("--drop", "contaminated", "--out", "x"), "add --against"),
    ],
)
def test_what_does_not_go_together_is_one_line(synth: Synth, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    data(tmp_path / "data")
    done = synth("validate", "data", *words)
    assert done.returncode == 2
    assert said in done.stderr

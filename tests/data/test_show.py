"""What `synth show` and `synth stats` print, also of rows that somebody edited."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import Synth
from golden import GOLDEN
from hub_use import dataset, row

ODD: dict[str, Any] = {
    "answer is a number": {"answer": 7}, "answer is null": {"answer": None},
    "rationale is a list": {"rationale": ["a"]},
    "meta is a list": {"meta": [1]}, "meta is null": {"meta": None}, "meta is text": {"meta": "x"},
    "meta is nested": {"meta": {"a": {"b": [1, None]}, "n": 1}}, "provenance is text": {"provenance": "me"},
    "verdicts are text": {"provenance": {"verdicts": "good"}},
    "a verdict is text": {"provenance": {"verdicts": ["good"]}},
    "a verdict is empty": {"provenance": {"verdicts": [{}]}}, "tokens are text": {"provenance": {"prompt_tokens": "x"}},
    "id is a list": {"id": ["x"]}, "prompt is nested": {"prompt": {"text": "?"}}, "markup": {"prompt": "[/red] [bold"},
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_row_that_was_edited_is_shown_as_far_as_it_goes(synth: Synth, tmp_path: Path, name: str) -> None:
    dataset(tmp_path / "data", train=[row(1), row(2, **ODD[name]), row(3)])
    shown = synth("show", "data")
    assert shown.returncode == 0, shown.stderr
    assert "What is 3?" in shown.stdout
    done = synth("stats", "data")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [b"{", b"[1]", b'{"id": "x"}', b"\xff"])
@pytest.mark.parametrize("verb", ["show", "stats"])
def test_a_line_that_is_no_row_is_one_line_with_its_place(synth: Synth, tmp_path: Path, verb: str, line: bytes) -> None:
    dataset(tmp_path / "data", train=[row(1), row(2)])
    with (tmp_path / "data" / "train.jsonl").open("ab") as file:
        file.write(line + b"\n")
    done = synth(verb, "data", *(("--n", 5) if verb == "show" else ()))
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert "train.jsonl line 3" in done.stderr


def test_provenance_and_verdicts_are_shown(synth: Synth) -> None:
    shown = synth("show", GOLDEN / "judged", "--n", 1).stdout
    assert "provenance  teacher=m-1" in shown
    assert "verdict     equations says right: 2 equations" in shown


def test_attempts_stand_below_their_row(synth: Synth) -> None:
    shown = synth("show", GOLDEN / "distilled", "--n", 9, "--attempts").stdout
    lines = [orjson.loads(line) for line in (GOLDEN / "distilled" / "attempts.jsonl").read_bytes().splitlines()]
    kept = {line["id"] for line in lines if line["kept"]}
    assert shown.count("\nattempt ") == sum(line["id"] in kept for line in lines)
    assert "right, kept" in shown


def test_what_was_left_out_is_shown_with_its_attempts(synth: Synth) -> None:
    shown = synth("show", GOLDEN / "distilled", "--rejected", "--attempts", "--n", 9).stdout
    lines = [orjson.loads(line) for line in (GOLDEN / "distilled" / "rejected.jsonl").read_bytes().splitlines()]
    assert all(f"{line['id']} " in shown and line["reason"] in shown for line in lines)
    assert "attempt 1   wrong" in shown
    done = synth("show", GOLDEN / "listops", "--rejected")
    assert done.returncode != 0
    assert "has no rejected.jsonl" in done.stderr


def test_rows_at_random_are_rows(synth: Synth, tmp_path: Path) -> None:
    dataset(tmp_path / "data", train=[row(n) for n in range(400)])
    drawn = [frozenset(part for part in synth("show", "data", "--random").stdout.split() if part.startswith("lines/"))
             for _ in range(3)]  # fmt: skip
    assert {len(ids) for ids in drawn} == {3}
    assert len(set(drawn)) > 1


def test_each_dataset_of_a_folder_of_several_is_shown(synth: Synth) -> None:
    shown = synth("show", GOLDEN / "explained", "--n", 1)
    assert shown.returncode == 0
    assert all(f"{name} train  listops/" in shown.stdout for name in ("none", "short", "medium", "long"))
    assert "has no row" in synth("show", GOLDEN / "explained", "--id", "listops/none").stderr


def test_stats_of_a_distillation_tell_its_yield(synth: Synth, tmp_path: Path) -> None:
    shown = synth("stats", GOLDEN / "judged").stdout
    for said in ("questions right at the first attempt", "attempts", "prompt tokens", "equations: right"):
        assert said in shown
    shutil.copytree(GOLDEN / "distilled", tmp_path / "data")
    with (tmp_path / "data" / "attempts.jsonl").open("ab") as file:
        file.write(b'{"id": [], "prompt_tokens": "x"}\n')
    assert synth("stats", "data").returncode == 0

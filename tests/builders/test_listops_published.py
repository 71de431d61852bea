"""Published ListOps files as test splits, in both spellings."""

from pathlib import Path

import pytest
from distillations import Synth, lines

import synth as api

SPINN = (
    "8\t( ( ( [MAX 3 ) 8 ) ] )\n5\t5\n1\t( ( ( [SM 6 ) ( ( ( ( [MED 4 ) 7 ) 5 ) ] ) ) ] )\n8\t( ( ( [MAX 3 ) 8 ) ] )\n"
)
BALLOUT = "( ( ( ( [MED 8 ) 7 ) ( ( ( [SUM 5 ) 6 ) ] ) ) ] )\t7\n"
SMALL = ("--train", 5, "--validation", 0, "--test", 2, "--test-longer", 0, "--test-larger", 0)


def test_both_spellings_are_splits_with_steps(synth: Synth, tmp_path: Path) -> None:
    (tmp_path / "Spinn-d20s.tsv").write_text(SPINN)
    (tmp_path / "ballout.tsv").write_text(BALLOUT)
    files = ("--test-file", "Spinn-d20s.tsv", "--test-file", "ballout.tsv")
    done = synth("build", "listops", *SMALL, *files, "--explain", "all", "--out", "out")
    assert done.returncode == 0, done.stderr
    rows = lines(tmp_path / "out" / "medium" / "test_spinn_d20s.jsonl")
    assert [(row["prompt"], row["rationale"], row["completion"], row["answer"]) for row in rows] == [
        ("[MAX 3 8 ]",) + ("MAX, compare [3 8], largest is 8, answer is 8",) * 2 + ("8",),
        ("5", "", "5", "5"),  # a single digit; and the first line once
        ("[SUM 6 [MED 4 7 5 ] ]",)
        + ("MED, sort [4 7 5], sorted is [4 5 7], middle is 5, answer is 5; SUM, add [6 5], sum is 11, answer is 1",)
        * 2
        + ("1",),
    ]
    assert rows[2]["meta"] == {"length": 8, "depth": 2, "operators": 2, "root": "SUM"}
    (row,) = lines(tmp_path / "out" / "none" / "test_ballout.jsonl")
    assert (row["prompt"], row["completion"]) == ("[MED 8 7 [SUM 5 6 ] ]", "7")
    assert all(result.success for result in api.validate(tmp_path / "out", quiet=True))
    assert "is there already" in synth("build", "listops", *SMALL, *files, "--explain", "all", "--out", "out").stdout
    other = synth("build", "listops", *SMALL, "--test-file", "ballout.tsv", "--explain", "all", "--out", "out")
    assert "holds another dataset" in other.stderr


def test_a_drawn_row_never_repeats_a_published_one(synth: Synth, tmp_path: Path) -> None:
    every = [f"{max(a, b)}\t[MAX {a} {b} ]" for a in range(3) for b in range(3)]
    (tmp_path / "all.tsv").write_text("\n".join(every[:8]))
    words = (
        "--values",
        3,
        "--modulus",
        3,
        "--min-length",
        4,
        "--max-length",
        4,
        "--max-args",
        2,
        "--operators",
        "MAX,MIN",
    )
    done = synth("build", "listops", *SMALL, *words, "--answers", "natural", "--test-file", "all.tsv", "--out", "out")
    assert done.returncode == 0, done.stderr
    prompts = [row.prompt for split in ("test_all", "train", "test") for row in api.load(tmp_path / "out").rows(split)]
    assert len(prompts) == len(set(prompts)) == 15


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7\t( ( ( [MAX 3 ) 8 ) ] )\n", "line 1 has the label '7', its expression comes to 8 (modulo 10)"),
        ("8 [MAX 3 8 ]\n", "line 1 has no tab"),
        ("8\t[MAX 3 8 ]\n8\t[MOX 3 8 ]\n", "line 2: token 1: no operator is called 'MOX'"),
        ("\n", "has no expression"),
    ],
)
def test_a_file_that_is_wrong_is_one_line(synth: Synth, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.tsv").write_text(text)
    done = synth("build", "listops", *SMALL, "--test-file", "a.tsv", "--out", "out")
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    missing = synth("build", "listops", *SMALL, "--test-file", "none.tsv", "--out", "out")
    assert "none.tsv cannot be read" in missing.stderr


def test_every_published_label_agrees(synth: Synth, tmp_path: Path, shared_data: Path) -> None:
    files = sorted((shared_data / "listops").glob("*.tsv"))
    given = [word for file in files for word in ("--test-file", file)]
    done = synth("build", "listops", *SMALL, *given, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert sorted(api.load(tmp_path / "out").splits.values()) == [2, 5, 79, 2000]
    assert api.validate(tmp_path / "out", quiet=True)[0].success

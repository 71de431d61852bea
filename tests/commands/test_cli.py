"""The command line as a user meets it: what it prints, and one line for every mistake."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
FEW = ("--validation", 2, "--test", 2, "--test-longer", 0, "--test-larger", 0)

MISTAKES = [
    (["build", "listopz", "--out", "x"], 2, ["no builder is called 'listopz'", "did you mean 'listops'?"]),
    (["build", "listops"], 2, ["Missing option '--out'", "synth build listops --help"]),
    (["build", "listops", "--out", "x", "--train", "many"], 2, ["--train", "a whole number"]),
    (["build", "listops", "--out", "x", "--preset", "explained-31"], 2, ["explained-30", "lra"]),
    (["build", "listops", "--out", "x", "--min-length", 9, "--max-length", 8], 2, ["--min-length 9 is above"]),
    (["build", "listops", "--out", "x", "--min-length", 5, "--max-length", 6, "--max-args", 2], 2, ["are 4, "]),
    (["build", "listops", "--out", "x", "--min-length", 4, "--max-length", 4], 2, ["3,600 different expressions"]),
    (["build", "listops", "--out", "x", "--workers", 0], 2, ["--workers", "1"]),
    (["build", "arithmetic", "--out", "x", "--digits", "5-1"], 2, ["--digits '5-1'", "--digits 3-5"]),
    (["build", "arithmetic", "--out", "x", "--digits", 1, "--train", 100], 2, ["--repeat", "81 different"]),
    (["build", "listops", "--out", "/proc/nowhere/x", *FEW, "--train", 2], 1, ["cannot write to /proc/nowhere/x"]),
    (["build", "listops", "--out", "file", *FEW, "--train", 2], 1, ["file is a file: give --out a folder"]),
    (["build", "listops", "--out", "file/x", *FEW, "--train", 2], 1, ["cannot write to file/x"]),
    (["build", "listops", "--out", ".", *FEW, "--train", 2], 1, ["holds 'file' and is no dataset folder"]),
    (["build", "2wiki", "--out", "x", "--source", "nowhere.json"], 1, ["nowhere.json"]),
    (["show", "nowhere"], 1, ["nowhere is not a dataset folder", "synth build"]),
    (["stats", "nowhere"], 1, ["nowhere is not a dataset folder"]),
    (["row", "listops/x"], 2, ["'listops/x' is not the id of a built row"]),
    (["row", "listops/preset=bogus/train/0/1"], 2, ["is not the id of a built row"]),
    (["row", "listops/values=-3/train/0/1"], 2, ["--values -3: at least 2"]),
    (["row", "listops/explain=all/train/0/1"], 2, ["give one of them"]),
    (["row", "listops/default/dev/0/1"], 2, ["no split 'dev'"]),
    (["row", "arithmetic/digits=0/train/0/1"], 2, ["--digits '0'"]),
    (["show", "a" * 300], 1, ["File name too long"]),
    (["build", "listops", "--out", "a" * 300, *FEW, "--train", 2], 1, ["File name too long"]),
    (["shwo"], 2, ["shwo"]),
    (["show"], 2, ["argument 'folder'"]),
]


@pytest.mark.parametrize(("words", "code", "parts"), MISTAKES)
def test_a_mistake_is_one_line(synth: Synth, tmp_path: Path, words: list[object], code: int, parts: list[str]) -> None:
    (tmp_path / "file").write_text("precious")
    done = synth(*words)
    assert done.returncode == code, done.stderr
    assert re.fullmatch(r"synth: [^\n]+\n", done.stderr), done.stderr
    assert done.stdout == ""
    for part in parts:
        assert part in done.stderr
    assert (tmp_path / "file").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_rows_are_shown_readably(synth: Synth) -> None:
    assert synth("build", "listops", "--out", "data", "--train", 5, *FEW).returncode == 0
    shown = synth("show", "data", "--n", 2)
    assert shown.returncode == 0
    assert shown.stdout.count("prompt ") == 2
    assert re.search(r"^step 1 +(MIN|MAX|MED|SUM), ", shown.stdout, re.MULTILINE)
    assert re.search(r"^answer +\d+$", shown.stdout, re.MULTILINE)
    row_id = "listops/preset=explained-30,explain=medium/validation/0/1"
    one = synth("show", "data", "--id", row_id)
    assert row_id in one.stdout
    assert one.stdout.count("prompt ") == 1
    assert "has no row 'x'" in synth("show", "data", "--id", "x").stderr
    assert "no split 'dev': it has train" in synth("show", "data", "--split", "dev").stderr
    assert "[MAX" in synth("show", "data", "--n", 5).stdout  # brackets are text, not markup


def test_statistics_name_the_commonest_answer(synth: Synth) -> None:
    words = ("build", "listops", "--operators", "SUM", "--modulus", 2, "--values", 2, "--train", 400, *FEW)
    assert synth(*words, "--out", "data").returncode == 0
    table = synth("stats", "data").stdout
    assert re.search(r"train +400 +2 +[01] +5\d\.\d%", table)
    assert re.search(r"^ *operator ", table, re.MULTILINE)
    assert re.search(r"^ *SUM +100\.0%", table, re.MULTILINE)


def test_no_words_at_all_print_the_help(synth: Synth) -> None:
    for words in ([], ["build"]):
        done = synth(*words)
        assert done.stdout.startswith("Usage: synth")
        assert done.stdout.count("\n") > 5
        assert not done.stderr


def test_a_full_standard_output_is_one_line(synth: Synth, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    assert synth("build", "listops", "--out", "data", "--train", 5, *FEW).returncode == 0
    for words in (["show", "data"], ["stats", "data"], ["build", "listops", "--help"]):
        with open("/dev/full", "w") as full:
            command = [sys.executable, "-m", "synth", *words]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 1
        assert re.fullmatch(r"synth: cannot write to standard output[^\n]+\n", done.stderr), done.stderr


def test_the_version_is_told(synth: Synth) -> None:
    assert re.fullmatch(r"rationale-synth \d+\.\d+\.\d+\n", synth("--version").stdout)


def test_quiet_prints_nothing(synth: Synth) -> None:
    done = synth("build", "listops", "--out", "data", "--train", 5, *FEW, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_row_comes_back_from_its_id(synth: Synth, tmp_path: Path) -> None:
    assert synth("build", "listops", "--out", "data", "--train", 3, *FEW).returncode == 0
    line = (tmp_path / "data" / "train.jsonl").read_text().splitlines()[2]
    done = synth("row", "listops/preset=explained-30,explain=medium/train/0/2")
    assert done.stdout == line + "\n"


def test_help_of_every_command_says_what_its_options_do(synth: Synth) -> None:
    for words in (["build", "listops"], ["build", "2wiki"], ["build", "arithmetic"], ["show"], ["stats"], ["row"]):
        text = synth(*words, "--help").stdout
        assert text.startswith("Usage: synth"), words
        for option in re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE):
            assert re.search(rf"{option}\b[^\n]*(?:\n {{10,}}[^\n]+)*", text), option

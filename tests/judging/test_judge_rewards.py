"""`synth judge --judge reward:NAME`: numbers for the rows of any dataset, kept, resumed, counted and shown."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, Popen, run
from typing import Any

import datasets
import pytest
from tiny_models import write_dataset

import synth
from synth.errors import UnknownNameError, UsageError
from synth.judging.rewards import AT_ONCE
from synth.record import Record
from synth.rewarding.reward import find

Synth = Callable[..., Any]


def row(number: int, split: str = "train", text: str | None = None) -> Record:
    """Rationales of one to four words that repeat: of diversity 1, 1, 1/2, 1/6."""
    text = " ".join(["ja"] * (2 + number % 4)) if text is None else text
    said = f"{text}\nThe answer is {number}." if text != "none" else ""
    return Record(f"{split}/{number}", "gsm8k", f"{number}?", text, str(number), said, {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [row(n) for n in range(12)]
    return write_dataset(
        tmp_path / "data", {"train": rows, "test": [row(1, "test"), row(2, "test", ""), row(3, "test", "none")]}
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


DUE = [1.0, 1 / 2, 1 / 6, pytest.approx(1 / 4 * 1 / 3 * 1 / 2)]


def test_scores_beside_the_folder(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    found = synth.judge(folder, judge="reward:diversity", verdicts=file, quiet=True)
    assert [found.verdicts["train", n].score for n in range(12)] == DUE * 3
    assert [line["score"] for line in lines(file)] == [*DUE * 3, DUE[1], None, None]
    assert {line["verdict"] for line in lines(file)} == {"scored", None}
    assert [(row, why) for row, why in found.unscored] == [
        ("test/2", "reward:diversity does not apply to it"), ("test/3", "the row has no completion"),
    ]  # fmt: skip
    whole = file.read_bytes()
    synth.judge(folder, judge="reward:diversity", verdicts=file, quiet=True)
    assert file.read_bytes() == whole


def test_scores_in_a_new_folder_and_rows_left_out(folder: Path, tmp_path: Path, synth: Synth) -> None:
    out = tmp_path / "out"
    synth("judge", folder, "--judge", "reward:accuracy", "--out", tmp_path / "first")
    told = synth("judge", tmp_path / "first", "--judge", "reward:diversity", "--below", "0.5", "--out", out).stdout
    assert f"{out}: 9 rows written, 6 dropped, 0 of all not judged" in told
    rows = lines(out / "train.jsonl")
    assert [line["provenance"]["verdicts"][1]["score"] for line in rows] == [1.0, 0.5] * 3
    assert rows[0]["provenance"]["verdicts"][0] == {
        "judge": "reward:accuracy", "verdict": "scored", "detail": "", "score": 1.0,
    }  # fmt: skip
    facts = json.loads((out / "synth.json").read_bytes())
    assert facts["splits"]["train"]["rejected"] == {"below 0.5": 6}
    assert facts["dropped"] == {"reward:diversity: below 0.5": 6}
    rejected = lines(out / "rejected.jsonl")
    assert [line["reason"] for line in rejected] == ["below 0.5"] * 6
    assert rejected[0]["detail"] == "reward:diversity gives 0.166667"
    loaded = datasets.load_dataset(str(out), split="train")
    assert len(loaded) == 6
    told = synth("judge", tmp_path / "first", "--judge", "reward:diversity", "--below", "0.5", "--out", out).stdout
    assert "is there already" in told
    told = synth("judge", tmp_path / "first", "--judge", "reward:diversity", "--below", "0.4", "--out", out).stderr
    assert "--overwrite" in told


@pytest.mark.parametrize("where", ["rows", "file"])
def test_stats_and_card_show_the_distribution(folder: Path, tmp_path: Path, synth: Synth, where: str) -> None:
    if where == "rows":
        synth("judge", folder, "--judge", "reward:diversity", "--out", tmp_path / "out")
        folder = tmp_path / "out"
    else:
        synth("judge", folder, "--judge", "reward:diversity", "--verdicts", folder / "verdicts.jsonl")
    told = json.loads(synth("stats", folder, "--json").stdout)
    told = told.get("splits", told)
    scores = told["train"]["scores"]["reward:diversity"]
    assert (scores["scored"], scores["none"], scores["high"]) == (12, 0, 1.0)
    assert scores["mean"] == pytest.approx((1 + 1 / 2 + 1 / 6 + 1 / 24) / 4)
    assert scores["quartiles"] == [pytest.approx(1 / 24, abs=1e-5), pytest.approx(1 / 6, abs=1e-4), 0.5]
    assert [bar["rows"] for bar in scores["histogram"]] == [3, 3, 3, 3]
    assert told["test"]["scores"]["reward:diversity"]["none"] == 2
    assert told["train"]["verdicts"] == {"reward:diversity": {"scored": 12}}
    shown = re.sub(" +", " ", synth("stats", folder).stdout)
    assert " reward:diversity train test" in shown
    assert " without one 0.0% 66.7%" in shown
    assert " mean 0.427 0.500" in shown
    assert "judge: verdict" not in shown
    synth("card", folder)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| reward:diversity | 13 | 0.433 |" in card
    assert "| reward:diversity: scored | 13 |" in card
    if where == "rows":
        assert "reward:diversity says 0.1667" in synth("show", folder, "--random", "--n", "20").stdout


def test_numbers_are_no_words_to_agree_on(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    for judge in ("answer", "reward:accuracy", "reward:length"):
        found = synth.judge(folder, judge=judge, verdicts=file, quiet=True)
        assert found.agreements == ()


OWN = """
import sys


def brief(prompts, completions, **columns):
    print("asked", len(completions), file=sys.stderr, flush=True)
    values = [float(len(text)) for text in completions]
    if "--stop" in sys.argv or any(name == "train/150" and {stop} for name in columns["id"]):
        {action}
    return values
"""


def own(path: Path, action: str = "pass", stop: bool = False) -> str:
    path.write_text(OWN.format(action=action, stop=stop))
    return f"reward:{path}:brief"


def many(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "many", {"train": [row(n) for n in range(200)]})


def asked_of(stderr: str) -> list[int]:
    return [int(line.split()[1]) for line in stderr.splitlines() if line.startswith("asked")]


def test_a_batch_at_a_time_and_on_from_there(tmp_path: Path, synth: Synth) -> None:
    """It fails in the third batch: the two before it are kept, and are not asked about again."""
    folder, file = many(tmp_path), tmp_path / "v.jsonl"
    judge = own(tmp_path / "own.py", "raise RuntimeError('no')", stop=True)
    failed = synth("judge", folder, "--judge", judge, "--verdicts", file)
    told = failed.stderr
    assert failed.returncode == 2
    assert asked_of(told)[:3] == [AT_ONCE] * 3
    assert "reward brief does not run: line 9: RuntimeError: no (row train/150)" in told
    assert len(told.splitlines()) == len(asked_of(told)) + 1
    assert len(lines(file)) == 2 * AT_ONCE
    before = file.read_bytes()
    file.write_bytes(before + b'{"split":"train","id":"tra')  # and killed while it wrote
    own(tmp_path / "own.py")  # what is mended is another reward: all is scored anew
    again = synth("judge", folder, "--judge", judge, "--verdicts", file)
    assert asked_of(again.stderr) == [64, 64, 64, 8]
    assert asked_of(synth("judge", folder, "--judge", judge, "--verdicts", file).stderr) == []
    half = b"".join(file.read_bytes().splitlines(keepends=True)[:-100])
    file.write_bytes(half)
    assert sum(asked_of(synth("judge", folder, "--judge", judge, "--verdicts", file).stderr)) in range(1, 201)
    assert {line["id"]: line["score"] for line in lines(file)} == {
        row(n).id: float(len(row(n).completion)) for n in range(200)
    }


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    folder, file = many(tmp_path), tmp_path / "v.jsonl"
    judge = own(tmp_path / "own.py", "sys.stdin.read()", stop=True)
    command = [sys.executable, "-m", "synth", "judge", str(folder), "--judge", judge, "--verdicts", str(file)]
    with Popen(command, stdin=PIPE, stderr=PIPE, text=True) as process:
        assert process.stderr is not None
        seen = [process.stderr.readline() for _ in range(3)]
        process.kill()
    assert seen == [f"asked {AT_ONCE}\n"] * 3
    kept = lines(file)
    assert len(kept) == 2 * AT_ONCE
    done = run(command, input="", capture_output=True, text=True, check=True)
    assert asked_of(done.stderr) == [64, 8]
    assert len(lines(file)) == 200
    assert lines(file)[: 2 * AT_ONCE] == kept


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"judge": "reward:accuracy", "drop": "wrong"},
            "--drop wrong: reward:accuracy gives numbers, leave rows out with --below 0.5",
        ),
        ({"judge": "answer", "below": 0.5}, "--below 0.5: answer gives words, leave rows out with --drop wrong"),
        ({"judge": "reward:accuracy", "teacher": "m-1"}, "asks no model: leave out --teacher and --votes"),
        ({"judge": "reward:length:x"}, "reward length:x: give words"),
        ({"judge": "reward:mine.py:brief"}, "there is no file mine.py"),
    ],
)
def test_what_does_not_go_together(folder: Path, tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        synth.judge(folder, out=tmp_path / "out", quiet=True, **options)
    with pytest.raises(UnknownNameError, match="no reward is called 'divers'"):
        synth.judge(folder, judge="reward:divers", quiet=True)
    with pytest.raises(UsageError, match="--below writes a new folder: add --out"):
        synth.judge(folder, judge="reward:diversity", below=0.5, quiet=True)


def test_no_row_with_a_score_is_said(tmp_path: Path, synth: Synth) -> None:
    folder = write_dataset(tmp_path / "data", {"train": [row(1, text=""), row(2, text="none")]})
    told = synth("judge", folder, "--judge", "reward:diversity")
    assert told.returncode == 3
    assert (
        "none of 2 rows has a verdict (1: reward:diversity does not apply to it; 1: the row has no completion)"
        in told.stderr
    )
    found = json.loads(synth("judge", folder, "--judge", "reward:length:5-20", "--json").stdout)
    assert found["train"]["scores"] == {
        "scored": 1, "none": 1, "mean": 0.0, "low": 0.0, "quartiles": [0.0, 0.0, 0.0], "high": 0.0,
        "histogram": [{"from": 0.0, "to": 0.0, "rows": 1}],
    }  # fmt: skip


def test_a_reward_that_asks_a_model(tmp_path: Path) -> None:
    """Scored 64 together as one by one; other weights, and all is scored anew; no folder of this machine is told."""
    from statement_models import statement_model

    model = statement_model(tmp_path / "models" / "tiny-vera", [1.0] * 16, temperature=2.0)
    folder, file = write_dataset(tmp_path / "few", {"train": [row(n) for n in range(70)]}), tmp_path / "v.jsonl"
    judge = f"reward:plausibility:{model}"
    found = synth.judge(folder, judge=judge, verdicts=file, quiet=True)
    alone = find(f"plausibility:{model}")
    assert [found.verdicts["train", at].score for at in (0, 63, 64, 69)] == [
        pytest.approx(alone([row(at).completion], task=["gsm8k"])[0], abs=1e-5) for at in (0, 63, 64, 69)
    ]
    before = file.read_bytes()
    synth.judge(folder, judge=judge, verdicts=file, out=tmp_path / "out", quiet=True)
    assert file.read_bytes() == before
    for told in (before, *(path.read_bytes() for path in (tmp_path / "out").iterdir())):
        assert str(tmp_path / "models").encode() not in told
    statement_model(model, [-1.0] * 16, temperature=2.0)
    found = synth.judge(folder, judge=judge, verdicts=file, quiet=True)
    after = {line["id"]: line["score"] for line in lines(file)}
    assert after["train/0"] == pytest.approx(1 - json.loads(before.splitlines()[0])["score"], abs=1e-5)
    assert len(after) == 70


def test_a_model_that_is_not_there(folder: Path, tmp_path: Path, synth: Synth) -> None:
    told = synth("judge", folder, "--judge", "reward:plausibility:nowhere/at-all/x", "--out", tmp_path / "out")
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()

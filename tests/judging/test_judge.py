"""`synth judge`: by working rows out, and by asking a model."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from packages import SHORT

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
FEW = ("--validation", 0, "--test", 0, "--test-longer", 0, "--test-larger", 0)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def folder(synth: Synth, tmp_path: Path) -> Path:
    assert synth("build", "listops", "--train", 12, *FEW, "--out", "data", "--quiet").returncode == 0
    return tmp_path / "data"


def rewrite(folder: Path, number: int, **changes: Any) -> None:
    rows = lines(folder / "train.jsonl")
    rows[number] |= changes
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def verdict_of(request: dict[str, Any], times: int) -> Answer:
    """Unhelpful for one kind of question, off the menu for another."""
    text = request["messages"][-1]["content"]
    word = "Unhelpful" if "[MIN" not in text else "Perhaps" if "[SUM" not in text else "Helpful"
    return Answer(f"I have read the steps.\n{word}")


def test_verdicts_land_in_the_provenance_of_a_new_folder(synth: Synth, folder: Path, tmp_path: Path) -> None:
    before = (folder / "train.jsonl").read_bytes()
    rewrite(folder, 3, rationale="MIN, 1", completion="MIN, 1; answer is 1")
    done = synth("judge", "data", "--judge", "steps", "--out", "judged")
    assert done.returncode == 0, done.stderr
    assert "11" in done.stdout
    rows = lines(tmp_path / "judged" / "train.jsonl")
    verdicts = [row["provenance"]["verdicts"][0]["verdict"] for row in rows]
    assert verdicts == ["right"] * 3 + ["wrong"] + ["right"] * 8
    assert before.count(b"\n") == len(rows)
    again = synth("judge", "judged", "--judge", "answer", "--out", "twice")
    assert again.returncode == 0, again.stderr
    twice = lines(tmp_path / "twice" / "train.jsonl")
    assert [verdict["judge"] for verdict in twice[0]["provenance"]["verdicts"]] == ["steps", "answer"]


def test_dropped_rows_go_to_rejected(synth: Synth, folder: Path, tmp_path: Path) -> None:
    rewrite(folder, 3, answer="31")
    done = synth("judge", "data", "--judge", "steps", "--drop", "wrong", "--out", "kept")
    assert done.returncode == 0, done.stderr
    assert len(lines(tmp_path / "kept" / "train.jsonl")) == 11
    (drop,) = lines(tmp_path / "kept" / "rejected.jsonl")
    assert (drop["reason"], drop["answer"]) == ("wrong", "31")
    assert "answer_not_from_last_step" in drop["detail"]
    manifest = json.loads((tmp_path / "kept" / "synth.json").read_text())
    assert manifest["splits"]["train"]["rejected"] == {"wrong": 1}


def distilled(folder: Path) -> Path:
    """As `synth distill` leaves it: a question that was never right, one that was right at the second attempt."""
    source = folder.with_name("source.jsonl")
    source.write_text(
        "".join(json.dumps({"id": f"q{n}", "question": f"{n}?", "label": f"{n}"}) + "\n" for n in range(4))
    )

    def teach(request: dict[str, Any], times: int) -> Answer:
        number = int(re.findall(r"(\d+)\?", request["messages"][-1]["content"])[0])
        wrong = number == 0 or (number == 1 and times == 1)
        return Answer(
            f"{number} it is, as {number} + 1 = {number + (2 if number == 3 else 1)}. The answer is {number + wrong}."
        )

    with serving(teach) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url]
        command = [sys.executable, "-m", "synth", *map(str, words), "--max-attempts", "2", "--out", str(folder)]
        subprocess.run([*command, "--quiet"], check=True)
    return folder


def test_what_lay_beside_the_rows_goes_along(synth: Synth, tmp_path: Path) -> None:
    source = distilled(tmp_path / "taught")
    before = json.loads((source / "synth.json").read_text())
    assert before["rejected"] == {"wrong": 1}
    done = synth("judge", "taught", "--judge", "equations", "--drop", "wrong", "--out", "judged")
    assert done.returncode == 0, done.stderr
    judged = tmp_path / "judged"
    after = json.loads((judged / "synth.json").read_text())
    assert (judged / "attempts.jsonl").read_bytes() == (source / "attempts.jsonl").read_bytes()
    assert [drop["id"] for drop in lines(judged / "rejected.jsonl")] == ["gsm8k/q0", "gsm8k/q3"]
    assert after["rejected"] == after["splits"]["train"]["rejected"] == {"wrong": 2}
    assert (after["splits"]["train"]["rows"], after["dropped"]) == (2, {"equations: wrong": 1})
    assert set(after["files"]) >= {"attempts.jsonl", "rejected.jsonl", "train.jsonl"}
    again = synth("judge", "judged", "--judge", "answer", "--out", "twice")
    assert again.returncode == 0, again.stderr
    twice = json.loads((tmp_path / "twice" / "synth.json").read_text())
    assert (twice["rejected"], twice["dropped"]) == (after["rejected"], after["dropped"])
    assert (tmp_path / "twice" / "rejected.jsonl").read_bytes() == (judged / "rejected.jsonl").read_bytes()
    pairs = synth("export", "twice", "--to", "dpo", "--out", "pairs.jsonl")
    assert pairs.returncode == 0, pairs.stderr
    assert len(lines(tmp_path / "pairs.jsonl")) == 1
    card = synth("card", "twice")
    assert card.returncode == 0, card.stderr
    text = (tmp_path / "twice" / "README.md").read_text()
    for said in ("All 6 attempts: ", "Of these, judges took out 1 as equations: wrong.", "teacher did not get right"):
        assert said in text


def test_rows_in_parquet_are_lines_once_they_are_judged(synth: Synth, tmp_path: Path) -> None:
    assert synth("build", "listops", "--train", 5, *FEW, "--format", "parquet", "--out", "data").returncode == 0
    assert synth("judge", "data", "--judge", "steps", "--out", "judged").returncode == 0
    manifest = json.loads((tmp_path / "judged" / "synth.json").read_text())
    assert manifest["splits"]["train"]["files"] == ["train.jsonl"]
    assert manifest.get("format", "jsonl") == "jsonl"


def test_a_model_judges_and_a_verdict_off_the_menu_is_unscored(synth: Synth, folder: Path, tmp_path: Path) -> None:
    words = ("judge", "data", "--judge", "rubric", "--teacher", "m-1", "--out", "judged")
    with serving(verdict_of) as teacher:
        done = synth(*words, "--base-url", teacher.url)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 12
        assert "is there already" in synth(*words, "--base-url", teacher.url).stdout
        assert len(teacher.bodies) == 12
    found = {
        row["prompt"]: row["provenance"]["verdicts"][0]["verdict"] for row in lines(tmp_path / "judged" / "train.jsonl")
    }
    for prompt, verdict in found.items():
        assert verdict == ("unhelpful" if "[MIN" not in prompt else None if "[SUM" not in prompt else "helpful")
    counts = [list(found.values()).count(each) for each in ("helpful", "unhelpful", None)]
    assert " ".join(map(str, counts)) in " ".join(done.stdout.split())


def test_a_sample_is_judged_and_the_replies_are_asked_for_once(synth: Synth, folder: Path) -> None:
    words = ("judge", "data", "--judge", "rubric", "--teacher", "m-1", "--sample", 5, "--cache", "store.sqlite")
    with serving(verdict_of) as teacher:
        assert synth(*words, "--base-url", teacher.url).returncode == 0
        assert len(teacher.bodies) == 5
        assert synth(*words, "--base-url", teacher.url).returncode == 0
        assert len(teacher.bodies) == 5
        assert synth(*words, "--base-url", teacher.url, "--seed", 1).returncode == 0
        assert 5 < len(teacher.bodies) <= 10


def test_votes_decide(synth: Synth, folder: Path, tmp_path: Path) -> None:
    said: dict[str, int] = {}

    def script(request: dict[str, Any], times: int) -> Answer:
        text = request["messages"][-1]["content"]
        said[text] = said.get(text, 0) + 1
        return Answer("Helpful" if said[text] == 1 else "Unhelpful")

    with serving(script) as teacher:
        words = ("judge", "data", "--judge", "rubric", "--teacher", "m-1", "--base-url", teacher.url, "--votes", 3)
        done = synth(*words, "--out", "judged")
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 36
    rows = lines(tmp_path / "judged" / "train.jsonl")
    assert {row["provenance"]["verdicts"][0]["verdict"] for row in rows} == {"unhelpful"}


def test_the_budget_holds_for_judges_too(synth: Synth, folder: Path) -> None:
    with serving(verdict_of) as teacher:
        done = synth(
            "judge", "data", "--judge", "rubric", "--teacher", "m-1", "--base-url", teacher.url,
            "--price", "1000,1000", "--budget", "0.000001",
        )  # fmt: skip
        assert not teacher.bodies
    assert "budget" in done.stderr


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--judge", "rubrik"], "did you mean 'rubric'?"),
        (["--judge", "rubric"], "add --teacher"),
        (["--judge", "steps", "--teacher", "gpt-4o"], "leave out --teacher"),
        (["--judge", "steps", "--drop", "helpful", "--out", "x"], "right, wrong"),
        (["--judge", "steps", "--drop", "wrong"], "add --out"),
        (["--judge", "steps", "--out", "data"], "give it a new one"),
    ],
)
def test_a_mistake_is_one_line(synth: Synth, folder: Path, words: list[str], part: str) -> None:
    done = synth("judge", "data", *words)
    assert done.returncode == 2
    assert part in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_judge_of_ones_own(synth: Synth, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "short.py").write_text(SHORT)
    rewrite(folder, 3, rationale="1")
    done = synth("judge", "data", "--judge", "in/short.py", "--drop", "long", "--out", "judged")
    assert done.returncode == 0, done.stderr
    (row,) = lines(tmp_path / "judged" / "train.jsonl")
    assert row["provenance"]["verdicts"] == [{"judge": "short", "verdict": "short", "detail": ""}]
    judged = json.loads((tmp_path / "judged" / "synth.json").read_text())
    assert judged["judged"]["judge"] == "short.py"  # and not the folder it is in
    assert judged["dropped"] == {"short.py: long": 11}
    wrong = synth("judge", "data", "--judge", "in/short.py", "--teacher", "m-1")
    assert (wrong.returncode, wrong.stderr) == (
        2, "synth: --judge in/short.py asks no model: leave out --teacher and --votes\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rationale": None}, "its rationale is None, and a text is due: mend the row or take it out"),
        ({"answer": 5}, "its answer is 5, and a text is due"),
        ({"completion": ["a"]}, "its completion is ['a'], and a text is due"),
        ({"meta": "none"}, "its meta is 'none', and an object is due"),
        ({"provenance": 3}, "its provenance is 3, and an object is due"),
    ],
)
def test_a_row_edited_into_no_row_is_one_line(
    synth: Synth, folder: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    rewrite(folder, 3, **change)
    for words in (
        ("judge", "data", "--judge", "steps", "--out", "out"), ("judge", "data", "--judge", "equations"),
        ("export", "data", "--to", "grpo", "--out", "out"), ("export", "data", "--to", "dpo", "--out", "out"),
        ("export", "data", "--to", "messages", "--out", "out"), ("validate", "data", "--drop", "twins", "--out", "out"),
    ):  # fmt: skip
        done = synth(*words)
        assert done.returncode == 1, words
        assert f"synth: data/train.jsonl line 4: {told}" in done.stderr.splitlines()[-1], words
        assert not (tmp_path / "out").exists()
    assert synth("show", "data", "--n", 9).returncode == 0  # where it can be looked at


def test_null_as_meta_is_an_empty_one(synth: Synth, folder: Path, tmp_path: Path) -> None:
    rewrite(folder, 3, meta=None)
    done = synth("judge", "data", "--judge", "steps", "--out", "judged")
    assert done.returncode == 0, done.stderr
    assert lines(tmp_path / "judged" / "train.jsonl")[3]["meta"] == {}


def test_what_was_left_out_before_stays_one_line_each(synth: Synth, folder: Path, tmp_path: Path) -> None:
    """Also behind a last line to which an editor gave no end."""
    before = {"id": "x", "reason": "no_answer", "detail": "", "question": "?", "answer": "", "group": ""}
    (folder / "rejected.jsonl").write_text(json.dumps(before))
    rewrite(folder, 4, **{name: lines(folder / "train.jsonl")[3][name] for name in ("prompt", "rationale")})
    rewrite(folder, 5, rationale="MIN, 1", completion="MIN, 1; answer is 1")
    for words, reason in (
        (("validate", "data", "--drop", "twins", "--out", "a"), "twins"),
        (("judge", "data", "--judge", "steps", "--drop", "wrong", "--out", "b"), "wrong"),
    ):
        synth(*words)
        found = lines(tmp_path / words[-1] / "rejected.jsonl")
        assert found[0] == before
        assert {line["reason"] for line in found[1:]} == {reason}
    (folder / "rejected.jsonl").write_text("")
    assert synth("judge", "data", "--judge", "equations", "--out", "c").returncode == 3  # there are none
    assert not (tmp_path / "c" / "rejected.jsonl").exists()

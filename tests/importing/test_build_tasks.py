"""`synth build` of a task: its questions with their answers, as `synth import --no-rationale` takes them in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, lines, right
from loopback import Answer, serving

import synth as api
from synth.data.manifest import open_manifest
from synth.errors import UnknownNameError, UsageError

ROWS = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(3)]


def test_it_is_the_same_as_an_import(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    source = written("test.jsonl", ROWS)
    done = synth("build", "gsm8k", "--source", source, "--split", "test", "--out", "built")
    assert (done.returncode, done.stdout) == (0, "built: 3 test rows written\n"), done.stderr
    synth("import", source, "--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "taken")
    for name in ("test.jsonl", "synth.json"):
        assert (tmp_path / "built" / name).read_bytes() == (tmp_path / "taken" / name).read_bytes()
    assert "already" in synth("build", "gsm8k", "--source", source, "--split", "test", "--out", "built").stdout
    more = written("train.jsonl", ROWS[:1])
    done = synth("build", "gsm8k", "--source", more, "--out", "built")
    assert "1 of 1 questions of the split train stand in the split test too" in done.stdout, done.stderr
    assert api.load(tmp_path / "built").splits == {"test": 3, "train": 1}
    with serving(right) as server:
        done = synth("eval", "--model", server.url, "--model-name", "m", "--data", "built", "--out", "eval")
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["metrics"]["accuracy"]["value"] == 1.0


def test_in_python_and_of_a_file(tmp_path: Path, written: Callable[..., str]) -> None:
    written("data/train.jsonl", ROWS), written("data/test.jsonl", [{**ROWS[0], "question": "Another?"}])
    (tmp_path / "t.toml").write_text('name = "sums"\ninstruction = "Add."\nkind = "number"\n')
    given: dict[str, Any] = {"source": tmp_path / "data", "split": ["train", "test"], "quiet": True}
    made = api.build("gsm8k", out=tmp_path / "out", **given)
    assert made.splits == {"train": 3, "test": 1}
    assert api.build(str(tmp_path / "t.toml"), out=tmp_path / "own", **given).splits == made.splits
    assert open_manifest(tmp_path / "own")["task"]["name"] == "sums"
    assert api.build("listops", out=tmp_path / "lo", train=2, validation=0, test=0, quiet=True).splits["train"] == 2


def test_names_and_options_that_cannot_be(synth: Synth) -> None:
    with pytest.raises(UnknownNameError, match=r"no builder or task is called 'gsm8'.*did you mean 'gsm8k'\?"):
        api.build("gsm8", source="x", out="y")
    with pytest.raises(UnknownNameError, match=r"no builder is called 'listop'.*did you mean 'listops'"):
        api.build("listop", out="y")
    with pytest.raises(UsageError, match="needs source"):
        api.build("gsm8k", out="y")
    for words, said in (
        (("gsm8k", "--out", "y"), "Missing option '--source'"),
        (("gsm8", "--source", "x", "--out", "y"), "did you mean 'gsm8k'?"),
        (("gsm8k", "--source", "x", "--out", "y", "--split", "a", "--split", "a"), "--split a is given twice"),
        (("gsm8k", "--source", "no.jsonl", "--out", "y"), "no.jsonl is not there"),
    ):
        done = synth("build", *words)
        assert done.returncode != 0
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert "--answer" in synth("build", "gsm8k", "--help").stdout


def test_questions_of_reasoning_gym(synth: Synth, tmp_path: Path) -> None:
    """Answers of a puzzle with several solutions are right by its own scorer, in eval, distill and a reward."""
    pytest.importorskip("reasoning_gym")
    from synth.tasks.gym import score

    words = ("build", "gym:countdown", "--source")
    assert synth(*words, "3,seed=7", "--out", "gym").stdout == "gym: 3 train rows written\n"
    assert synth(*words, "2,seed=8", "--split", "test", "--out", "gym").stdout == "gym: 2 test rows written\n"
    both = ("--split", "a", "--split", "b")
    idle = synth(*words, "2", "--question", "x", "--answer", "y", "--out", "x")
    assert "gym:countdown is a task without columns: leave out --question and --answer" in idle.stderr
    assert "gym:countdown is a task without splits" in synth(*words, "2", *both, "--out", "x").stderr
    rows = {split: lines(tmp_path / "gym" / f"{split}.jsonl") for split in ("train", "test")}
    known = {row["prompt"]: row for part in rows.values() for row in part}

    def another(request: dict[str, Any], times: int) -> Answer:
        """The solution in brackets, which is another text."""
        row = next(row for prompt, row in known.items() if prompt.split("\n")[0] in request["messages"][-1]["content"])
        assert score("countdown", f"({row['answer']})", row["meta"]["entry"])
        return Answer(f"I tried.\n<answer>({row['answer']})</answer>")

    with serving(another) as server:
        done = synth("eval", "--model", server.url, "--model-name", "m", "--data", "gym", "--out", "eval")
        assert done.returncode == 0, done.stderr
        done = synth(
            "distill", "--source", "gym", "--teacher", "m", "--base-url", server.url, "--out", "out",
            "--split", "train", "--split", "test",
        )  # fmt: skip
        assert done.stdout.startswith("out: 3 train, 2 test rows written"), done.stderr
        assert (
            synth("eval", "--model", server.url, "--model-name", "m", "--data", "out", "--out", "again").returncode == 0
        )
    for name in ("eval", "again"):
        assert json.loads((tmp_path / name / "metrics.json").read_text())["metrics"]["accuracy"]["value"] == 1.0
    assert lines(tmp_path / "out" / "train.jsonl")[0]["answer"] == f"({rows['train'][0]['answer']})"
    assert api.validate(tmp_path / "gym", quiet=True)[0].success
    assert api.validate(tmp_path / "out", quiet=True)[0].success

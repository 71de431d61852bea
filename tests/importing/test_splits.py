"""Questions and answers alone: splits to evaluate on, in a folder of their own or beside rationales."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from distillations import Synth, distill, lines, right
from loopback import serving

import synth as api
from synth.data.manifest import open_manifest
from synth.errors import SourceError

TRAIN = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(3)]
TEST = [{"id": f"q{i}", "question": f"Which number is 10{i}?", "label": str(100 + i)} for i in range(2)]


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")


def test_a_split_of_what_a_teacher_wrote(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    train, test = written("train.jsonl", TRAIN), written("test.jsonl", TEST)
    more = ("import", test, "--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "out")
    with serving(right) as teacher:
        assert distill(synth, teacher, train).returncode == 0
        before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.jsonl")}
        done = synth(*more)
        assert (done.returncode, done.stdout) == (0, "out: 2 test rows written\n"), done.stderr
        assert "already" in synth(*more).stdout
        assert "already" in distill(synth, teacher, train).stdout  # the same dataset as before
        assert len(teacher.bodies) == 3
    assert {name: (tmp_path / "out" / name).read_bytes() for name in before} == before
    rows = lines(tmp_path / "out" / "test.jsonl")
    assert [row["id"] for row in rows] == ["gsm8k/test/q0", "gsm8k/test/q1"]
    assert (rows[0]["rationale"], rows[0]["completion"]) == ("", " The answer is 100.")
    assert open_manifest(tmp_path / "out")["answers_only"]["test"]["source"]["name"] == "test.jsonl"
    (result,) = api.validate(tmp_path / "out", quiet=True)
    assert result.success
    assert not [each.name for each in result.outcomes if each.failures]
    assert {name: table.num_rows for name, table in api.load(tmp_path / "out").to_datasets().items()} == {
        "train": 3, "test": 2,
    }  # fmt: skip


def test_attempts_are_at_the_question_of_their_row_and_at_no_other(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    """A test question has the id of another one in its own source; nobody was asked it."""
    said = [{**row, "rationale": f"It is {n}. The answer is {n}."} for row in TRAIN for n in (row["label"], "77")]
    train, test = written("train.jsonl", said), written("test.jsonl", [*TEST, {**TEST[0], "id": "q9"}])
    assert synth("import", train, "--task", "gsm8k", "--out", "out").returncode == 0
    assert synth("import", test, "--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "out").returncode == 0
    done = synth("export", "out", "--to", "dpo", "--out", "pairs")
    assert done.returncode == 0, done.stderr
    assert [row["prompt"][:-8] for row in lines(tmp_path / "pairs" / "train.jsonl")] == [
        f"Question: {row['question']}" for row in TRAIN
    ]
    assert not (tmp_path / "pairs" / "test.jsonl").exists()
    assert "2 no_rationale" in done.stdout
    assert synth("export", "out", "--to", "kto", "--out", "labelled").returncode == 0
    assert [row["label"] for row in lines(tmp_path / "labelled" / "test.jsonl")] == [True, True]
    shown = synth("show", "out", "--split", "test", "--attempts").stdout
    assert "Which number is 100?" in shown
    assert "77" not in shown
    rows = (tmp_path / "out" / "train.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "out" / "train.jsonl").write_text("".join(reversed(rows)))
    done = synth("export", "out", "--to", "dpo", "--out", "turned")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no attempts at gsm8k/q1 behind those at the row before: export the folder as it was written" in done.stderr


def test_a_run_that_makes_the_rationales_anew_keeps_the_split(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    train, test = written("train.jsonl", TRAIN), written("test.jsonl", TEST)
    with serving(right) as teacher:
        distill(synth, teacher, train)
        synth("import", test, "--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "out")
        assert distill(synth, teacher, train, "--keep", "shortest", "--overwrite").returncode == 0
    assert api.load(tmp_path / "out").splits == {"train": 3, "test": 2}
    assert api.validate(tmp_path / "out", quiet=True)[0].success


def test_evaluation_on_the_split(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    synth("import", written("test.jsonl", TEST), "--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "out")
    with serving(right) as teacher:
        done = synth("eval", "--model", teacher.url, "--model-name", "m", "--data", "out", "--out", "eval")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["metrics"]["accuracy"]["value"] == 1.0


def test_splits_of_a_folder(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    written("data/train.jsonl", TRAIN), written("data/test.jsonl", TEST)
    splits = ("--split", "train", "--split", "test")
    done = synth("import", "data", "--task", "gsm8k", "--no-rationale", *splits, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert api.load(tmp_path / "out").splits == {"train": 3, "test": 2}


def test_what_does_not_fit_is_refused_and_nothing_is_lost(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    test, other = written("test.jsonl", TEST), written("other.jsonl", TEST[:1])
    words = ("--task", "gsm8k", "--no-rationale", "--out", "out", "--split")
    synth("import", test, *words, "test")
    refused = synth("import", other, *words, "test")
    assert "has another split 'test': add --overwrite" in refused.stderr
    assert synth("import", other, *words, "test", "--overwrite").returncode == 0
    assert api.load(tmp_path / "out").splits == {"test": 1}
    yes = written("yes.jsonl", [{"question": "Is it?", "label": "yes"}])
    told = synth("import", yes, "--task", "strategyqa", "--no-rationale", "--out", "out", "--split", "validation")
    assert (told.returncode, "is no dataset of the task strategyqa" in told.stderr) == (1, True)
    taken = written("why.jsonl", [{"question": "1?", "label": "1", "rationale": "One. The answer is 1."}])
    synth("import", taken, "--task", "gsm8k", "--out", "why")
    told = synth("import", test, "--task", "gsm8k", "--no-rationale", "--out", "why")
    assert "has rationales in its split 'train'" in told.stderr


def test_a_question_that_stands_in_two_splits_is_said(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    said = "1 of 3 questions of the split test stand in the split train too"
    written("data/train.jsonl", TRAIN), written("data/test.jsonl", [*TEST, TRAIN[1], TRAIN[1]])
    words = ("--task", "gsm8k", "--no-rationale", "--out")
    assert said in synth("import", "data", *words, "both", "--split", "train", "--split", "test").stdout
    synth("import", "data/train.jsonl", *words, "one", "--split", "train")
    assert said in synth("import", "data/test.jsonl", *words, "one", "--split", "test").stdout
    rows = [{**row, "rationale": f"It is so. The answer is {row['label']}."} for row in TRAIN]
    written("why/train.jsonl", rows), written("why/test.jsonl", [rows[0]])
    done = synth("import", "why", "--task", "gsm8k", "--out", "out", "--split", "train", "--split", "test")
    assert "1 of 1 questions of the split test stand in the split train too" in done.stdout, done.stderr


def test_a_configuration_of_a_single_file_is_refused(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    words = ("import", written("x.jsonl", TRAIN), "--task", "gsm8k", "--no-rationale", "--out", "out")
    done = synth(*words, "--config", "main")
    assert (done.returncode, done.stdout) == (1, "")
    assert "x.jsonl is one file without configurations to choose from: leave out --config main" in done.stderr
    done = synth(*words, "--split", "train", "--split", "test")
    assert "x.jsonl is one file and cannot be the splits train, test: give a folder" in done.stderr
    (tmp_path / "x.json").write_text(json.dumps({"train": TRAIN, "test": TEST}))
    done = synth("import", "x.json", *words[2:], "--split", "train", "--split", "test")
    assert done.stdout == "out: 3 train, 2 test rows written\n", done.stderr


def test_questions_without_right_answers_are_not_told_of_rationales(tmp_path: Path) -> None:
    source = tmp_path / "open.jsonl"
    source.write_text('{"question": "How many?", "answer": null}\n')
    with pytest.raises(SourceError, match=r"read as number: name their column with --answer$"):
        api.import_data(source, task="gsm8k", no_rationale=True, split="test", out=tmp_path / "out", quiet=True)
    with pytest.raises(SourceError, match="or add --unchecked"):
        api.import_data(source, task="gsm8k", out=tmp_path / "out", rationale="question", quiet=True)

"""Exports for reinforcement learning and process rewards: their columns, and labels that the checkers agree with."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest
from exported_rows import KINDS, built, columns, exported
from loopback import Answer, serving

from synth.answers.kinds import Found
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import FolderError, UnknownNameError, UsageError
from synth.exporting.export import run
from synth.exporting.options import Export
from synth.record import Record
from synth.rewards.accuracy import accuracy
from synth.validating.checker import reader_of, settings_of


def flat(text: str) -> str:
    return re.sub(r"[\s;]+", "", text)


@pytest.mark.parametrize(("name", "config"), KINDS, ids=str)
def test_labels_of_steps_are_exact(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    folder = built(tmp_path / "data", name, **config)
    reader, known = reader_of(name), settings_of(open_manifest(folder))
    assert reader.check is not None
    rows, texts = exported(folder, "stepwise", tmp_path), exported(folder, "kto", tmp_path)
    assert len(rows) == len(texts)
    records = [record for record in read(folder, "train") for _ in range(2)]
    for row, text, record in zip(rows, texts, records, strict=True):
        assert row["prompt"] == record.prompt
        assert flat("".join(row["completions"])) == flat(text["completion"])
        found = reader.read_output(record, text["completion"])
        steps = reader.steps(found.rationale)
        for written, step in zip(row["completions"], steps, strict=False):
            assert written.endswith(step)  # nothing stands before it but what stands before the first
        fault = reader.check(as_written(record, text["completion"], found), **known)
        assert (fault is None) is text["label"] is (row["first_wrong_step"] == -1) is all(row["labels"])
        if fault is None:
            continue
        first = row["first_wrong_step"]
        assert row["labels"] == [True] * first + [False] * (len(row["labels"]) - first)
        if fault.step is not None:
            assert fault.step == first
        else:  # no step that is written is wrong: it is the answer
            assert first == len(steps) == len(row["labels"]) - 1


def as_written(record: Record, completion: str, found: Found) -> Record:
    """The row as the completion has it, to the letter."""
    made = reader_of(record.task).record_of(record, completion, found)
    return replace(made, completion=completion)


@pytest.mark.parametrize(("name", "config"), KINDS, ids=str)
def test_prefixes_are_those_of_the_steps(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    folder = built(tmp_path / "data", name, **config)
    steps, rows = exported(folder, "stepwise", tmp_path), iter(exported(folder, "prm", tmp_path))
    for whole, text in zip(steps, exported(folder, "kto", tmp_path), strict=True):
        first = whole["first_wrong_step"]
        for at in range(len(whole["labels"])) if first < 0 else [first]:
            row = next(rows)
            assert (row["prompt"], row["step"], row["label"]) == (whole["prompt"], at, first < 0)
            assert text["completion"].startswith(row["completion"])
            assert flat(row["completion"]) == flat("".join(whole["completions"][: at + 1]))
    assert next(rows, None) is None


@pytest.mark.parametrize("form", ["grpo", "verl", "kto", "stepwise", "prm"])
@pytest.mark.parametrize("format", ["jsonl", "parquet", None])
def test_datasets_reads_them_and_no_column_is_empty(tmp_path: Path, form: Any, format: Any) -> None:
    folder = built(tmp_path / "data", "arithmetic", style="scratchpad")
    run(Export(folder, to=form, out=tmp_path / "out", format=format, workers=1))
    suffix = format or ("parquet" if form == "verl" else "jsonl")
    assert (tmp_path / "out" / f"train.{suffix}").is_file()
    assert (tmp_path / "out" / "dataset_info.json").is_file() is (form == "kto")
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert "'null'" not in str(loaded.features)
    assert list(loaded) == exported(folder, form, tmp_path)
    if form == "kto":
        (entry,) = json.loads((tmp_path / "out" / "dataset_info.json").read_text()).values()
        assert entry["columns"] == {"prompt": "prompt", "response": "completion", "kto_tag": "label"}


def test_the_columns_of_questions(tmp_path: Path) -> None:
    folder = built(tmp_path / "data", "listops", modulus=7)
    record = next(read(folder, "train"))
    (row, *_) = exported(folder, "grpo", tmp_path, reward="steps")
    due = len(record.completion.split("; "))
    meta = {"depth", "length", "operators", "root"}
    assert set(json.loads(row.pop("meta"))) == meta
    assert row == {
        "prompt": record.prompt, "id": record.id, "answer": record.answer, "task": "listops",
        "settings": '{"modulus":7}', "steps": due, "reward": "steps",
    }  # fmt: skip
    (row, *_) = exported(folder, "verl", tmp_path, prompts="chat", system="Be exact.")
    assert row["extra_info"].pop("meta")
    assert row == {
        "data_source": "listops",
        "prompt": [{"role": "system", "content": "Be exact."}, {"role": "user", "content": record.prompt}],
        "ability": "reasoning",
        "reward_model": {"style": "rule", "ground_truth": record.answer},
        "extra_info": {
            "split": "train", "index": 0, "id": record.id, "task": "listops", "settings": '{"modulus":7}', "steps": due,
            "reward": "accuracy", "question": record.prompt,
        },
    }  # fmt: skip
    (row, *_) = exported(folder, "verl", tmp_path)
    (turn,) = row["prompt"]
    assert "SUM is their sum modulo 7." in turn["content"]
    assert 'Close with a line "The answer is x"' in turn["content"]
    assert record.prompt in turn["content"]


def teach(request: dict[str, Any], times: int) -> Answer:
    """Question 0 right at once, in two ways; the others wrong once and then right."""
    number = int(re.findall(r"Which is (\d+)\?", request["messages"][-1]["content"])[0])
    answer = "C" if number and times == 1 else "AB"[number % 2]
    return Answer(f"It is said {times} times. Hence: {answer}.")


TASK = """
name = "riddles"
instruction = "Solve it."
kind = "option"
closing = "Hence: {answer}."
[columns]
options = "options"
"""


@pytest.fixture
def distilled(synth: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three questions of a task in a file of its own, two rows each, with options of their own."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    rows = [
        {"id": f"q{i}", "question": f"Which is {i}?", "label": "AB"[i % 2], "options": [f"one {i}", "two", "three"]}
        for i in range(3)
    ]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "riddles.toml").write_text(TASK)
    with serving(teach) as teacher:
        words = ("--task", "riddles.toml", "--source", "q.jsonl", "--teacher", "m-1", "--base-url", teacher.url)
        done = synth("distill", *words, "--out", "out", "--concurrency", 1, "--per-question", 2, "--keep", "shortest")
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_rows_of_a_teacher(distilled: Path, synth: Callable[..., Any], tmp_path: Path) -> None:
    done = synth("export", "out", "--to", "grpo", "--out", "g.jsonl", "--prompts", "instructed")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "g.jsonl: 3 train rows of grpo written\nrows that gave no new question: 3 repeated_question\n"
    )
    rows = [json.loads(line) for line in (tmp_path / "g.jsonl").read_text().splitlines()]
    assert rows[1]["kind"] == "option"
    assert rows[1]["closing"] == "Hence: {answer}."
    assert rows[1]["options"] == ["one 1", "two", "three"]
    assert 'Close with a line "Hence: x."' in rows[1]["prompt"][0]["content"]
    assert rows[1]["question"].startswith("Question: Which is 1?\nOptions: (A) one 1 (B) two (C) three")
    for said, worth in (("So.\nHence: (B).", [0.0, 1.0, 0.0]), ("Hence: three.", [0.0] * 3), ("It is A.", [0.0] * 3)):
        assert accuracy([[{"role": "assistant", "content": said}]] * 3, **columns(rows)) == worth
    assert exported(distilled, "verl", tmp_path)[2]["ability"] == "reasoning"


def test_right_and_wrong_attempts_of_a_teacher(distilled: Path, tmp_path: Path) -> None:
    rows = exported(distilled, "kto", tmp_path)
    assert [row["label"] for row in rows] == [True, True, True, False, True, True, False, True]
    assert rows[3]["completion"] == " It is said 1 times.\nHence: C."
    assert {row["prompt"].split("?")[0] for row in rows[2:5]} == {"Question: Which is 1"}
    told = "is of a teacher, of which nothing wrong is known: --to stepwise takes built folders whose checker has"
    with pytest.raises(UsageError, match=told):
        exported(distilled, "stepwise", tmp_path)


def test_what_cannot_be_exported_is_one_line(tmp_path: Path) -> None:
    folder = built(tmp_path / "data", "listops", explain="none")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"to": "grpo", "system": "x"}, "and grpo with --prompts chat"),
        ({"to": "kto", "system": "x"}, "--system has no place in kto"),
        ({"to": "grpo", "pairs": 2}, "--pairs goes with --to dpo or kto, not with grpo"),
        ({"to": "alpaca", "prompts": "chat"}, "--prompts goes with --to grpo or verl, not with alpaca"),
        ({"to": "kto", "reward": "steps"}, "--reward goes with --to grpo or verl, not with kto"),
        ({"to": "verl", "prompts": "plain"}, "verl reads chats alone: --prompts chat or instructed, not plain"),
    ]
    for more, told in wrong:
        with pytest.raises(UsageError, match=re.escape(told)):
            run(Export(folder, out=tmp_path / "out", **more))
    with pytest.raises(UnknownNameError, match=r"no reward is called 'step': .* did you mean 'steps'\?"):
        run(Export(folder, to="grpo", reward="step", out=tmp_path / "out"))
    with pytest.raises(FolderError, match="gives no row of stepwise: 12 no_rationale"):
        run(Export(folder, to="stepwise", out=tmp_path / "out", workers=1))
    assert not (tmp_path / "out").exists()
    assert len(exported(folder, "grpo", tmp_path)) == 12  # questions need no rationale

"""Rationales that exist become a dataset folder: what is kept, what is left out, and what is known of each."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, lines

import synth as api
from synth.data.manifest import open_manifest

Rows = list[dict[str, Any]]
Words = tuple[str, ...]
GSM8K = [
    {"question": "Ana has 3 pens and buys 4. How many?", "answer": "She has 3 + 4 = <<3+4=7>>7 pens\n#### 7"},
    {"question": "A shop sells 1,080 rolls. How many are that?", "answer": "They are 1,080.\n#### 1,080"},
]
MARIO = [
    ("Is ice cold?", "yes", "yes", "Ice is frozen water. So the answer is yes."),
    ("Is ice cold?", "yes", "yes", "ice is  frozen water."),
    ("Is ice cold?", "yes", "no", "It burns the hand."),
    ("Is fire cold?", "no", "yes", "Some say so."),
    ("Is fire cold?", "no", "", "Fire is a reaction."),
    ("Is fire cold?", "no", "yes", "It has a cold heart."),
    ("Is snow wet?", "yes", "yes", ""),
    ("Is ice cold?", "yes", "yes", "It is made in a freezer."),
]


def responses() -> list[dict[str, Any]]:
    names = ("question", "gold_label", "predicted_label", "predicted_rationale")
    return [dict(zip(names, row, strict=True)) for row in MARIO]


def test_solutions_of_a_release(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    done = synth("import", written("train.jsonl", GSM8K), "--task", "gsm8k", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["out: 2 train rows written", "of 2 rationales: 2 right"]
    first, second = lines(tmp_path / "out" / "train.jsonl")
    assert first["id"] == "gsm8k/1"
    assert first["rationale"] == "She has 3 + 4 = 7 pens"
    assert first["completion"] == " She has 3 + 4 = 7 pens\nThe answer is 7."
    assert second["answer"] == "1080"
    source = (tmp_path / "train.jsonl").read_bytes()
    said = {name: value for name, value in first["provenance"].items() if value is not None}
    assert said == {
        "model": "human", "attempt": 1, "attempts": 1, "extractor": 2, "thinking": "",
        "source": "train.jsonl", "sha256": hashlib.sha256(source).hexdigest(), "row": "1",
    }  # fmt: skip
    assert first["provenance"]["teacher"] is None  # none was asked
    (result,) = api.validate(tmp_path / "out", quiet=True)
    assert result.success
    assert "already" in synth("import", "train.jsonl", "--task", "gsm8k", "--out", "out").stdout


def test_samples_of_one_question_are_attempts_at_it(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    source = written("train.jsonl", responses(), whole=True)
    done = synth("import", source, "--task", "strategyqa", "--model", "gpt-3", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "out: 2 train rows written; questions left out: 1 wrong, 1 empty",
        "of 8 rationales: 3 right, 3 wrong, 1 empty, 1 no_answer",
        "1 right ones say what another one of their question says, and are no rows",
        "2 of 3 questions stand in more than one row",
    ]
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [(row["id"], row["rationale"]) for row in rows] == [
        ("strategyqa/0", "Ice is frozen water."),
        ("strategyqa/0/2", "It is made in a freezer."),
    ]
    assert [row["provenance"]["row"] for row in rows] == ["0", "7"]
    assert {row["provenance"]["model"] for row in rows} == {"gpt-3"}
    attempts = lines(tmp_path / "out" / "attempts.jsonl")
    assert Counter(line["outcome"] for line in attempts) == {"right": 4, "wrong": 3, "no_answer": 1}
    assert [line["attempt"] for line in attempts if line["id"] == "strategyqa/0"] == [1, 2, 3, 4]
    assert {(line["id"], line["reason"]) for line in lines(tmp_path / "out" / "rejected.jsonl")} == {
        ("strategyqa/3", "wrong"), ("strategyqa/6", "empty"),
    }  # fmt: skip
    exported = api.export(tmp_path / "out", to="dpo", out=tmp_path / "pairs")
    assert exported.rows == {"default": {"train": 2}}  # its wrong attempt beside each right one


def test_a_judge_and_a_card(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    synth(
        "import", written("t.json", responses(), whole=True), "--task", "strategyqa", "--model", "gpt-3", "--out", "out"
    )
    assert synth("judge", "out", "--judge", "answer", "--out", "judged").returncode == 0
    assert synth("card", "judged").returncode == 0
    card = (tmp_path / "judged" / "README.md").read_text()
    assert "No teacher was asked: 3 questions came with rationales, 2 rows kept" in card
    assert "Written by `gpt-3` (2 rows)" in card
    assert "synth import t.json --task strategyqa --model gpt-3" in card
    assert "The teacher read" not in card
    assert "- distilled" not in card  # the tag


@pytest.mark.parametrize(("keep", "kept"), [("first", ["Long and very right."]), ("shortest", ["Right."])])
def test_which_are_kept(synth: Synth, tmp_path: Path, written: Callable[..., str], keep: str, kept: list[str]) -> None:
    rows = [{"question": "Is it?", "label": "yes", "rationale": f"{text} The answer is yes."} for text in
            ("Long and very right.", "Right.")]  # fmt: skip
    synth("import", written("a.jsonl", rows), "--task", "strategyqa", "--keep", keep, "--out", "out")
    assert [row["rationale"] for row in lines(tmp_path / "out" / "train.jsonl")] == kept


def test_a_right_answer_that_is_missing_or_differs_costs_one_question(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    rows = [
        {"id": "a", "question": "One?", "label": "1", "rationale": "It is one. The answer is 1."},
        {"id": "b", "question": "Two?", "label": None, "rationale": "It is two. The answer is 2."},
        {"id": "c", "question": "Three?", "label": "many", "rationale": "It is three. The answer is 3."},
        {"id": "d", "question": "Four?", "label": "4", "rationale": "It is four. The answer is 4."},
        {"id": "e", "question": "Four?", "label": "5", "rationale": "It is five. The answer is 5."},
    ]
    done = synth("import", written("a.jsonl", rows), "--task", "gsm8k", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert [row["id"] for row in lines(tmp_path / "out" / "train.jsonl")] == ["gsm8k/a"]
    rejected = {line["id"]: line["reason"] for line in lines(tmp_path / "out" / "rejected.jsonl")}
    assert rejected == {"gsm8k/b": "no_gold", "gsm8k/c": "no_gold", "gsm8k/d": "gold_differs"}
    assert open_manifest(tmp_path / "out")["rejected"] == {"no_gold": 2, "gold_differs": 1}


def test_without_right_answers_what_most_come_to_is_kept(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    rows = [{"question": "How many?", "response": f"{text}. The answer is {n}."} for text, n in
            (("A guess", 1), ("Counted", 2), ("Counted again", 2))]  # fmt: skip
    words = ("import", written("a.jsonl", rows), "--task", "gsm8k", "--rationale", "response", "--question", "question")
    refused = synth(*words, "--out", "out")
    assert (refused.returncode, "--answer" in refused.stderr) == (1, True)
    done = synth(*words, "--unchecked", "--out", "out")
    assert done.returncode == 0, done.stderr
    kept = lines(tmp_path / "out" / "train.jsonl")
    assert [(row["answer"], row["rationale"]) for row in kept] == [("2", "Counted."), ("2", "Counted again.")]
    assert api.validate(tmp_path / "out", quiet=True)[0].success


def test_parquet_and_python(tmp_path: Path, written: Callable[..., str]) -> None:
    source = tmp_path / written("train.jsonl", GSM8K)
    outcome = api.import_data(source, task="gsm8k", out=tmp_path / "out", format="parquet", quiet=True)
    assert outcome.rows == {"train": 2}
    assert [row.answer for row in outcome.dataset.rows()] == ["7", "1080"]
    assert api.validate(outcome.dataset, quiet=True)[0].success
    assert outcome.dataset.to_datasets("train")[0]["provenance"]["row"] == "1"


@pytest.mark.parametrize(
    ("rows", "words", "told"),
    [
        ([{"question": "One?", "label": "1"}], (), "a.jsonl line 1 has no rationale that is known by its columns"),
        ([{"question": "One?", "label": "1"}], ("--rationale", "why"), "line 1 has no rationale"),
        ([{"riddle": "One?", "rationale": "1"}], (), "name the columns with --question and --answer"),
        ([{"riddle": "One?", "rationale": "1"}], (), "{question, solution} or {problem, ground_truth_solution}; name"),
        (
            [{"messages": [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "1"}], "gold": "1"}],
            (),
            "line 1 lacks question, answer; it has messages, gold; known layouts: ",
        ),
        ([{"question": "One?", "label": "x", "rationale": "1"}], (), "no right answer that can be read as number"),
        ([{"question": None, "label": "1", "rationale": "1"}], (), "a.jsonl line 1"),
    ],
)
def test_what_cannot_be_read_is_one_line_before_anything_is_written(
    synth: Synth,
    tmp_path: Path,
    written: Callable[..., str],
    rows: list[dict[str, Any]],
    words: tuple[str, ...],
    told: str,
) -> None:
    done = synth("import", written("a.jsonl", rows), "--task", "gsm8k", "--out", "out", *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "(none)" not in done.stderr
    assert ".question" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--said", "label"), "--said is the answer of what is in --rationale"),
        (("--no-rationale", "--rationale", "x"), "--no-rationale leaves --rationale nothing to do"),
        (("--no-rationale", "--unchecked"), "--no-rationale needs right answers"),
        (("--split", "a", "--split", "a"), "--split a is given twice"),
        (("--split", "../a"), "a name of letters"),
        (("--split", "train", "--split", "test"), "is one file and cannot be the splits train, test"),
    ],
)
def test_what_does_not_go_together(
    synth: Synth, written: Callable[..., str], words: tuple[str, ...], told: str
) -> None:
    done = synth("import", written("a.jsonl", GSM8K), "--task", "gsm8k", "--out", "out", *words)
    assert done.returncode in (1, 2)
    assert told in done.stderr


def test_real_responses(synth: Synth, shared_data: Path) -> None:
    """GPT-3's of MaRio: they trained on the 5,492 with right answers that say anything, 24 of them said before."""
    folder = shared_data / "mario" / "strategyqa"
    done = synth("import", folder / "gpt3" / "train_gpt3_responses.jsonl", "--task", "strategyqa", "--out", "out")
    assert "of 8,240 rationales: 5,492 right, 2,453 wrong, 179 no_answer, 116 empty" in done.stdout
    assert "5,468 train rows written" in done.stdout
    again = synth("import", folder / "raw" / "train.jsonl", "--task", "strategyqa", "--out", "raw")
    assert "of 5,492 rationales: 5,492 right" in again.stdout
    assert "5,468 train rows written" in again.stdout


def test_real_solutions(synth: Synth, tmp_path: Path, shared_data: Path) -> None:
    done = synth("import", shared_data / "gsm8k" / "dev_rand_split.jsonl", "--task", "gsm8k", "--out", "out")
    assert done.stdout.splitlines()[0] == "out: 1,319 train rows written"
    assert not any("<<" in row["completion"] for row in lines(tmp_path / "out" / "train.jsonl"))

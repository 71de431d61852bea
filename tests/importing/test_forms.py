"""The shapes of sources with rationales, one small file of each, as their programs and releases write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, lines

import synth as api

THINK = "<think>Perhaps 5. No: 2 + 2 = 4.</think>\n"
SAID = "Two and two make four. The answer is 4."
USER = {"role": "user", "content": "What is 2 + 2?"}
ASKED = {"question": "What is 2 + 2?", "label": "4"}
THOUGHT = "Perhaps 5. No: 2 + 2 = 4."

SHAPES: dict[str, tuple[dict[str, Any], tuple[str, ...], list[tuple[str, str, str | None]]]] = {
    # a row, options, and of each row that is kept rationale, thinking, model
    "OpenR1-Math": (
        {
            "problem": "What is 2 + 2?", "solution": "It is $4$.", "answer": "4", "problem_type": "Algebra",
            "generations": [f"{THINK}Two and two make four: \\boxed{{4}}", "<think>Hm",
                            f"{THINK}It is \\boxed{{5}}"],
            "is_reasoning_complete": [True, False, True], "correctness_math_verify": [True, False, False],
            "finish_reasons": None, "messages": [USER, {"role": "assistant", "content": SAID}],
        },
        ("--question", "problem", "--answer", "answer"),
        [("Two and two make four: 4", THOUGHT, None)],
    ),
    "s1K": (
        {
            "question": "What is 2 + 2?", "solution": "By counting, $2+2=\\boxed{4}$.", "cot_type": "math", "cot": None,
            "thinking_trajectories": [THOUGHT], "attempt": SAID,
        },
        (),
        [("Two and two make four.", THOUGHT, None)],
    ),
    "s1K-1.1": (
        {
            "question": "What is 2 + 2?", "solution": "4", "cot_type": "math", "deepseek_thinking_trajectory": THOUGHT,
            "deepseek_attempt": SAID, "gemini_thinking_trajectory": "Hm.", "gemini_attempt": "Count. The answer is 4.",
        },
        (),
        [("Two and two make four.", THOUGHT, "deepseek-r1"), ("Count.", "Hm.", "gemini-2.0-flash-thinking")],
    ),
    "distilabel": (
        {
            "instruction": "What is 2 + 2?", "label": "4", "generation": SAID, "model_name": "qwen3",
            "distilabel_metadata": {"raw_output_text_generation_0": SAID},
        },
        ("--answer", "label"),
        [("Two and two make four.", "", "qwen3")],
    ),
    "distilabel, several": (
        {
            "instruction": "What is 2 + 2?", "label": "4", "generations": [SAID, None, "It is 4."],
            "model_name": ["a", "b", "c"],
        },
        ("--answer", "label"),
        [("Two and two make four.", "", "a")],
    ),
    "Curator": (
        {
            "problem": "What is 2 + 2?", "ground_truth_solution": "$\\boxed{4}$", "deepseek_reasoning": THOUGHT,
            "deepseek_solution": SAID, "domain": "math",
        },
        (),
        [("Two and two make four.", THOUGHT, None)],
    ),
    "NeMo Data Designer": (
        {"problem": "What is 2 + 2?", "sum": 4, "worked": SAID, "worked__reasoning_content": THOUGHT},
        ("--question", "{problem}", "--answer", "sum", "--rationale", "worked", "--model", "nemotron"),
        [("Two and two make four.", THOUGHT, "nemotron")],
    ),
    "messages": (
        {
            "messages": [{"role": "system", "content": "Think."}, USER, {"role": "assistant", "content": THINK + SAID}],
            "gold": 4,
        },
        ("--answer", "gold"),
        [("Two and two make four.", THOUGHT, None)],
    ),
    "messages, thoughts apart, in chunks": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What is 2 + 2?"}]},
                {"role": "assistant", "content": SAID, "reasoning_content": THOUGHT},
            ],
            "label": "4",
        },
        ("--answer", "label"),
        [("Two and two make four.", THOUGHT, None)],
    ),
    "ShareGPT, Bespoke-Stratos": (
        {
            "system": "Your role is to think.",
            "conversations": [
                {"from": "user", "value": "What is 2 + 2?"},
                {
                    "from": "assistant",
                    "value": f"<|begin_of_thought|>{THOUGHT}<|end_of_thought|>\n"
                    f"<|begin_of_solution|>{SAID}<|end_of_solution|>",
                },
            ],
            "answer": "4",
        },
        ("--answer", "answer"),
        [("Two and two make four.", THOUGHT, None)],
    ),
    "ours": (
        {**ASKED, "rationale": SAID, "thinking": THOUGHT, "model": "me"},
        (),
        [("Two and two make four.", THOUGHT, "me")],
    ),
    "an answer apart": (
        {**ASKED, "why": "Two and two make four.", "said": "4 eggs"},
        ("--rationale", "why", "--said", "said"),
        [("Two and two make four.", "", None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape(synth: Synth, tmp_path: Path, written: Callable[..., str], name: str) -> None:
    row, words, kept = SHAPES[name]
    done = synth("import", written("a.jsonl", [row]), "--task", "gsm8k", "--out", "out", *words)
    assert done.returncode == 0, done.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    found = [(r["rationale"], r["provenance"]["thinking"], r["provenance"]["model"]) for r in rows]
    assert found == kept
    assert {r["prompt"] for r in rows} == {"Question: What is 2 + 2?\nAnswer:"}
    assert api.validate(tmp_path / "out", quiet=True)[0].success


def test_a_generation_that_was_cut_off_is_truncated(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    row, words, _ = SHAPES["OpenR1-Math"]
    synth("import", written("a.jsonl", [row]), "--task", "gsm8k", "--out", "out", *words)
    outcomes = [line["outcome"] for line in lines(tmp_path / "out" / "attempts.jsonl")]
    assert outcomes == ["right", "truncated", "wrong"]


def test_expressions(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    row = {"problem": "Expand.", "answer": "x^2 + 2x + 1", "generations": ["It is the square: $\\boxed{(x+1)^2}$"]}
    done = synth("import", written("a.jsonl", [row]), "--task", "numina", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "of 1 rationales: 1 right"


def test_a_text_that_closes_otherwise_than_its_label_commits_to_neither(
    synth: Synth, tmp_path: Path, written: Callable[..., str]
) -> None:
    rows = [{**ASKED, "why": "Two and two. The answer is 5.", "said": "4"}]
    synth("import", written("a.jsonl", rows), "--task", "gsm8k", "--out", "o", "--rationale", "why", "--said", "said")
    (attempt,) = lines(tmp_path / "o" / "attempts.jsonl")
    assert (attempt["outcome"], attempt["answer"]) == ("no_answer", None)


def test_a_task_of_ones_own_names_the_columns(synth: Synth, tmp_path: Path, written: Callable[..., str]) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "riddles"\ninstruction = "Solve."\nkind = "option"\noptions = ["candle", "river"]\n'
        '[columns]\nquestion = "riddle"\nanswer = "solution"\nrationale = "why"\nsaid = "guess"\nmodel = "by"\n'
    )
    rows = [{"riddle": "It burns.", "solution": "candle", "why": "Wax.", "guess": "(A)", "by": "Ann", "generation": ""}]
    done = synth("import", written("a.jsonl", rows), "--task", "mine.toml", "--out", "out")
    assert done.returncode == 0, done.stderr
    (row,) = lines(tmp_path / "out" / "train.jsonl")
    assert (row["answer"], row["rationale"], row["provenance"]["model"]) == ("A", "Wax.", "Ann")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"messages": [USER, USER, {"role": "assistant", "content": SAID}], "label": "4"}, "a chat of 3 turns"),
        ({"messages": [USER], "label": "4"}, "a chat of 1 turns"),
        ({**ASKED, "generations": [SAID, SAID, SAID], "model_name": ["a", "b"]}, "2 values in its column 'model_name'"),
        ({**ASKED, "rationale": {"text": SAID}}, "an object in its column 'rationale'"),
    ],
)
def test_a_row_that_is_in_no_shape(synth: Synth, written: Callable[..., str], row: dict[str, Any], told: str) -> None:
    done = synth("import", written("a.jsonl", [row]), "--task", "gsm8k", "--out", "out", "--answer", "label")
    assert done.returncode == 1
    assert told in done.stderr
    assert "a.jsonl line 1 " in done.stderr

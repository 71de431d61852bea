"""Rewards: what right, wrong, half right and shapeless completions are worth, of every dataset that is built."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_rows import KINDS, built, columns, exported
from hypothesis import given, settings
from hypothesis import strategies as st

from synth import registry
from synth.data.reading import read
from synth.errors import UnknownNameError, UsageError
from synth.rewarding import verl
from synth.rewarding.reward import Reward, find
from synth.rewards.accuracy import accuracy
from synth.rewards.format import format as form
from synth.rewards.steps import steps
from synth.rewards.steps_all import steps_all

OURS = ("accuracy", "format", "steps", "steps_all")  # that pay all for gold completions
EVERY = (*OURS, "diversity", "length", "length:20-120")


@pytest.mark.parametrize("name", registry.names("rewards"))
def test_every_reward_is_one(name: str) -> None:
    reward = find(name)
    assert (reward.name, reward.by.__name__) == (name, name)  # type: ignore[attr-defined]
    said = registry.load("rewards", name).__doc__ or ""
    assert "Range: " in said
    assert "paid for nothing" in " ".join(said.split())
    assert reward([], answer=[]) == []


@pytest.mark.parametrize(("name", "config"), KINDS, ids=str)
@pytest.mark.parametrize("prompts", ["plain", "chat", "instructed"])
def test_gold_completions_are_worth_all(tmp_path: Path, name: str, config: dict[str, Any], prompts: str) -> None:
    folder = built(tmp_path / "data", name, **config)
    rows = exported(folder, "grpo", tmp_path, prompts=prompts)
    texts = [record.completion for record in read(folder, "train")]
    assert isinstance(rows[0]["prompt"], str) is (prompts == "plain")
    chats = [[{"role": "assistant", "content": text.strip()}] for text in texts]
    for completions in (texts, chats):
        for reward in map(find, OURS):
            assert reward(completions, **columns(rows)) == [1.0] * len(rows), reward.name


@pytest.mark.parametrize(("name", "config"), KINDS, ids=str)
def test_planted_mistakes_cost_what_they_should(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    folder = built(tmp_path / "data", name, **config)
    asked = columns(exported(folder, "grpo", tmp_path))
    wrong = [row["completion"] for row in exported(folder, "kto", tmp_path) if not row["label"]]
    labels = [row["labels"] for row in exported(folder, "stepwise", tmp_path) if row["first_wrong_step"] >= 0]
    closed = [False] * len(wrong)  # whether the answer is a last step of its own
    for at, record in enumerate(read(folder, "train")):
        closed[at] = not record.completion.rstrip().endswith(record.rationale.rstrip())
    assert accuracy(wrong, **asked) == [0.0] * len(wrong)
    assert steps_all(wrong, **asked) == [0.0] * len(wrong)
    assert form(wrong, **asked) == [1.0] * len(wrong)
    for value, known, extra, due in zip(steps(wrong, **asked), labels, closed, asked["steps"], strict=True):
        written = len(known) - extra
        assert value == sum(known[:written]) / max(due, written)
        assert value is not None
        assert value < 1 or not known[-1]


def test_steps_are_not_paid_for_stopping_or_repeating(tmp_path: Path) -> None:
    folder = built(tmp_path / "data", "listops", explain="short", min_length=14)
    asked = columns(exported(folder, "grpo", tmp_path))
    gold = [record.completion for record in read(folder, "train")]
    due = asked["steps"]
    assert min(due) > 1
    first = [text.split("; ")[0] for text in gold]
    for early in (first, [f"{text}; answer is {text.split(', ')[1]}" for text in first]):
        assert steps(early, **asked) == pytest.approx([1 / count for count in due])
        assert steps_all(early, **asked) == [0.0] * len(gold)
    again = [f"{text.split('; ')[0]}; {text}" for text in gold]
    paid = steps(again, **asked)
    assert all(value is not None and value < 1 for value in paid)
    assert steps([""] * len(gold), **asked) == [0.0] * len(gold)


TASK = {"prompts": ["Question: What is 9 + 9?\nAnswer:"], "task": ["sums"], "kind": ["number"]}
CLOSING = {**TASK, "closing": ["Hence: {answer}!"], "answer": ["18"]}


@pytest.mark.parametrize(
    ("said", "right", "formed", "held", "whole"),
    [
        ("9 + 9 = 18.\nHence: 18!", 1.0, 1.0, 1.0, 1.0),
        ("9 + 9 = 19.\nHence: 18!", 1.0, 1.0, 0.0, 0.0),
        ("9 + 8 = 17. 17 + 1 = 18. 18 + 0 = 17. 1 + 1 = 2.\nHence: 18!", 1.0, 1.0, 0.5, 0.0),
        ("Nine and nine.\nHence: $18.00!", 1.0, 1.0, None, None),
        ("Nine and nine.\nThe answer is 18.", 1.0, 0.0, None, None),
        ("Nine and nine.\nHence: 17!", 0.0, 1.0, None, None),
        ("Hence: 18!", 1.0, 0.0, None, None),
        ("Nine and nine.\nHence: 18! Or 20?", 0.0, 0.0, None, None),
        ("<think>9 + 9 = 20?</think>So it is.\nHence: 18!", 1.0, 1.0, None, None),
        ("Nine and nine.\nHence: 18!\n\nQuestion: What is 3 + 3?\nAnswer: Hence: 6!", 1.0, 1.0, None, None),
        ("18 or 20", 0.0, 0.0, None, None),
        ("", 0.0, 0.0, None, None),
    ],
)
def test_replies_of_a_task(said: str, right: float, formed: float, held: float | None, whole: float | None) -> None:
    assert accuracy([said], **CLOSING) == [right]
    assert form([said], **CLOSING) == [formed]
    assert steps([said], **CLOSING) == [held]
    assert steps_all([said], **CLOSING) == [whole]


def test_options_are_read_from_their_column_or_the_prompt() -> None:
    prompt = "Question: Which burns?\nOptions: (A) water (B) oil\nAnswer:"
    for more in ({"options": [["water", "oil"]]}, {"meta": ['{"options": ["water", "oil"]}']}, {}):
        row = {"prompts": [prompt], "task": ["mine"], "kind": ["option"], "answer": ["B"], **more}
        for said, worth in (("It is oil. The answer is (B).", 1.0), ("The answer is oil.", 1.0), ("So A.", 0.0)):
            assert accuracy([said], **row) == [worth], more


def test_columns_and_completions_in_the_types_of_other_readers(tmp_path: Path) -> None:
    """A folder loaded as it is has `meta` as an object, Parquet gives arrays, a message may be a list of texts."""
    records = list(read(built(tmp_path, "listops"), "train"))
    given = {
        name: [getattr(record, key) for record in records]
        for name, key in (("prompts", "prompt"), ("answer", "answer"), ("task", "task"), ("meta", "meta"))
    }
    for reward in map(find, OURS):
        assert set(reward([record.completion for record in records], **given)) == {1.0}
    asked = {"prompts": ["Which burns?"], "kind": ["option"], "options": [np.array(["water", "oil"])]}
    assert accuracy(["So the answer is oil."], answer=["B"], **asked) == [1.0]
    said = [{"role": "assistant", "content": ["9 + 9 = 18.", {"type": "text", "text": " The answer is 18."}]}]
    assert accuracy([said], answer=["18"], **TASK) == [1.0]


def test_a_name_of_a_task_is_enough() -> None:
    assert accuracy(["So the answer is 4."], answer=["4"], task=["gsm8k"]) == [1.0]
    assert accuracy(["So the answer is paris."], answer=["Paris"]) == [1.0]
    assert accuracy(["So the answer is Rome."], answer=["Paris"], task=["nobody knows"]) == [0.0]


def test_a_row_without_an_answer_is_worth_nothing_known() -> None:
    said = ["The answer is 4."] * 3
    for reward in map(find, OURS):
        values = reward(said, answer=[None, "", "4"], task=["gsm8k"] * 3)
        assert values[:2] == [None, None]
    assert accuracy(said, answer=[None, "", 4], task=["gsm8k"] * 3) == [None, None, 1.0]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["listops", "arithmetic", "2wiki", "gsm8k", "creak", "none"]))
def test_any_text_has_a_worth_in_the_range(text: str, task: str) -> None:
    prompt = {"listops": "[MAX 3 4 ]", "arithmetic": "Input:\n4 + 2\nTarget:"}.get(task, "Facts: what?")
    for reward in map(find, EVERY):
        for completion in (text, [{"role": "assistant", "content": text}]):
            (value,) = reward([completion], prompts=[prompt], answer=["4"], task=[task])
            assert value is None or reward.least <= value <= reward.most


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "reward accuracy needs the column answer: write the data with synth export --to grpo"),
        ({"answer": "18"}, "got a text as answer: a list with one for each of 1 completions is due"),
        ({"answer": ["1", "2"]}, "got 2 entries as answer: a list with one for each of 1 completions"),
        ({"answer": ["1"], "kind": ["numbr"]}, "the column kind says 'numbr': it can be number, option"),
        ({"answer": ["1"], "meta": ["{"]}, "the column meta says '{', which is no JSON"),
        ({"answer": ["1"], "settings": ["[1]"]}, "the column settings says '[1]': an object of JSON is due"),
    ],
)
def test_columns_that_cannot_be_read_are_one_line(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        accuracy(["The answer is 18."], **given)
    assert "\n" not in str(error.value)


OWN = '''"""Short ones. Range: 0 or 1. A model is paid for nothing by silence."""

from synth.rewarding.reward import Reward


def brief(completions, **columns):
    return [float(len(text) < 5) for text in completions]


def short(prompts, completions, **columns):
    return [1.0]


def broken(completions, **columns):
    return [len(text) / 0 for text in completions]


def words(completions, **columns):
    return completions


REWARD = Reward("brief", brief)
'''


def test_a_reward_of_your_own(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    for name in (str(path), f"{path}:brief"):
        assert find(name).name == "brief"
        assert find(name)(["yes", "certainly"], prompts=["?", "?"]) == [1.0, 0.0]
    wrong = {
        "short": "reward short gave 1 values for 2 completions: one each is due",
        "broken": "reward broken does not run: line 15: ZeroDivisionError: ",
        "words": "reward words gave 'yes' for completion 0: a number or None is due",
    }
    for name, told in wrong.items():
        with pytest.raises(UsageError, match=re.escape(told)):
            find(f"{path}:{name}")(["yes", "certainly"], prompts=["?", "?"])
    with pytest.raises(UsageError, match=re.escape(f"{path} has no function nothing: give FILE.py:FUNCTION")):
        find(f"{path}:nothing")
    with pytest.raises(UnknownNameError, match=r"no reward is called 'acuracy': .* did you mean 'accuracy'\?"):
        find("acuracy")
    (tmp_path / "none.py").write_text("x = 1")
    with pytest.raises(UsageError, match=r"none\.py has no REWARD: end it with REWARD = Reward\(\.\.\.\) of synth"):
        find(str(tmp_path / "none.py"))
    assert isinstance(find(str(path)), Reward)


def test_verl_calls_it_one_completion_at_a_time(tmp_path: Path) -> None:
    folder = built(tmp_path / "data", "listops")
    for reward in OURS:
        rows = exported(folder, "verl", tmp_path, reward=reward)
        for row, record in zip(rows, read(folder, "train"), strict=True):
            ask = row["data_source"], record.completion, row["reward_model"]["ground_truth"], row["extra_info"]
            assert verl.compute_score(*ask) == 1.0
            assert verl.compute_score(*ask, reward="accuracy", more=1) == 1.0
            assert verl.compute_score(ask[0], "no idea", ask[2], ask[3]) == 0.0
    assert verl.compute_score("gsm8k", "The answer is 4.", "4") == 1.0
    assert verl.compute_score("gsm8k", "I see. The answer is 4.", "4", {"reward": "steps"}) == 0.0

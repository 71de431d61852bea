"""Rewards of a user's own that raise, or give anything else than one number a row: the name, the row, what it gave."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synth.errors import UsageError
from synth.record import Record
from synth.rewarding.reward import Reward, find, find_all
from synth.rewarding.scoring import score

ROWS = [Record(f"q/{at}", "gsm8k", "What is 9 + 9?", "", "18", "", {}) for at in range(9)]
TEXTS = ["The answer is 18."] * 5 + [""] + ["The answer is 17."] * 3
OWN = """
def raises(completions, **columns):
    return [1 / len(text) for text in completions]

def skips(completions, **columns):
    return [1.0 for text in completions if text]

def once(completions, **columns):
    return [1.0]

def nothing(completions, **columns):
    pass

def word(completions, **columns):
    return "abcdefghi"

def by_row(completions, **columns):
    return {text: 1.0 for text in completions}

def texts(completions, **columns):
    return [text or "none" for text in completions]

def nan(completions, **columns):
    return [1.0 if text else float("nan") for text in completions]

def endless(completions, **columns):
    return [1.0 if text else float("inf") for text in completions]

def listed(completions, **columns):
    return [[1.0] for _ in completions]

def narrow(prompts, completions):
    return [1.0 for _ in completions]

def crowded(completions, **columns):
    if len(completions) > 8:
        raise MemoryError("too many")
    return [1.0 for _ in completions]
"""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raises", "reward raises does not run: line 3: ZeroDivisionError: division by zero (row q/5)"),
        ("skips", "reward skips gave 8 values for 9 completions: one each is due (row q/5)"),
        ("once", "reward once gave 1 values for 9 completions: one each is due (row q/0 to row q/1)"),
        ("nothing", "reward nothing gave None: a list of one number for each completion is due (row q/0)"),
        ("word", "reward word gave 'abcdefghi': a list of one number"),
        ("by_row", "reward by_row gave {"),
        ("texts", "reward texts gave 'The answer is 18.' for row q/0: a number or None is due"),
        ("nan", "reward nan gave nan for row q/5: a number or None is due"),
        ("endless", "reward endless gave inf for row q/5: a number or None is due"),
        ("listed", "reward listed gave [1.0] for row q/0: a number or None is due"),
        ("narrow", "unexpected keyword argument 'id': end its arguments with **columns (row q/0)"),
        ("crowded", "line 37: MemoryError: too many (row q/0 to row q/8)"),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        score([find(f"{path}:{name}")], ROWS, TEXTS, {})
    assert "\n" not in str(error.value)


def test_without_ids_the_place_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    with pytest.raises(UsageError, match=re.escape("division by zero (completion 1)")):
        find(f"{path}:raises")(["yes", ""], prompts=["?", "?"], trainer_state=object())


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (np.array([0.5, 1.0]), [0.5, 1.0]),
        (torch.tensor([0.5, 1.0]), [0.5, 1.0]),
        ([torch.tensor(0.5), np.float32(1)], [0.5, 1.0]),
        ((True, None), [1.0, None]),
        ((value for value in (0, 1)), [0.0, 1.0]),
        ([np.int64(1), np.bool_(False)], [1.0, 0.0]),
        ([1 + 1e-9, -1e-9], [1.0, 0.0]),
    ],
)
def test_what_is_taken_for_a_number(given: Any, due: list[float | None]) -> None:
    reward = Reward("own", lambda completions, **columns: given)
    assert reward(["a", "b"]) == due


@pytest.mark.parametrize("value", [1.5, -0.1])
def test_a_range_that_does_not_hold(value: float) -> None:
    with pytest.raises(UsageError, match=re.escape(f"reward own gave {value} for completion 1: its range is 0 to 1")):
        Reward("own", lambda completions, **columns: [1.0, value])(["a", "b"])


def test_two_functions_of_one_name(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    for path in (one, other):
        path.write_text("def accuracy(completions, **columns):\n    return [1.0 for _ in completions]\n")
    for names in ((f"{one}:accuracy", f"{other}:accuracy"), ("accuracy", f"{one}:accuracy")):
        told = f"--reward {names[0]} and --reward {names[1]} are both called accuracy: give another name to one of them"
        with pytest.raises(UsageError, match=re.escape(told)):
            find_all(names)

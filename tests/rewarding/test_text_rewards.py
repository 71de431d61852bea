"""Diversity and length of a rationale: values worked out by hand, and what holds of any text."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import UsageError
from synth.record import Record
from synth.rewarding.reward import find, find_all
from synth.rewarding.scoring import score
from synth.rewards.diversity import diversity
from synth.rewards.length import within

ROW = {"prompts": ["Question: What is 9 + 9?\nAnswer:"], "task": ["sums"], "kind": ["number"], "answer": ["18"]}
TOKENS = st.lists(st.sampled_from(["a", "b", "c", "hot"]), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("rationale", "due"),
    [
        ("a b c d", 1.0),
        ("a a a", 1 / 2),  # bigrams: 1 of 2 differ; one trigram
        ("a a a a", 1 / 3 * 1 / 2),
        ("a b a b a", 2 / 4 * 2 / 3),  # and of the 4-grams both
        ("A a", 1.0),  # letters as they are
        ("a\tb\na  b", 2 / 3),
        ("word", 1.0),
        ("", None),
    ],
)
def test_diversity_by_hand(rationale: str, due: float | None) -> None:
    (value,) = diversity([f"{rationale}\nThe answer is 18."], **ROW)
    assert value == pytest.approx(due)


@given(TOKENS)
def test_diversity_of_any_tokens(tokens: list[str]) -> None:
    text = " ".join(tokens)
    (once,) = diversity([f"{text}\nThe answer is 18."], **ROW)
    (twice,) = diversity([f"{text} {text}\nThe answer is 18."], **ROW)
    assert once is not None
    assert twice is not None
    assert 0 < once <= 1
    pairs = list(pairwise(tokens))
    assert (once == 1) == (len(set(pairs)) == len(pairs))
    if len(tokens) > 1:
        assert twice < 1


def test_the_rationale_is_read_as_the_task_has_it() -> None:
    """Thoughts are none of it, nor is what stands behind the answer, nor another question."""
    said = "<think>a a a a</think>One two. The answer is 18.\n\nQuestion: a a a a a"
    assert diversity([said], **ROW) == [1.0]
    assert diversity(["a b a b a; answer is 3"], task=["listops"], prompts=["[MAX 3 ]"]) == [pytest.approx(1 / 3)]
    assert diversity(["a a a. The answer is 18."]) == [pytest.approx(1.0)]  # "a." is another token than "a"
    assert find("length")(["One two. The answer is 18."], answer=None) == [1.0]  # without any gold answer


@pytest.mark.parametrize(
    ("words", "plain", "banded"),
    [
        (0, None, 0.0),
        (1, 1.0, 0.1),
        (5, 1.0, 0.5),
        (10, 1.0, 1.0),
        (80, 1.0, 1.0),
        (90, 0.5, 0.5),
        (100, 0, 0),
        (150, 0, 0),
    ],
)
def test_length_by_hand(words: int, plain: float | None, banded: float) -> None:
    said = [" ".join(["word"] * words) + "\nThe answer is 18."]
    assert find("length:100")(said, **ROW) == [pytest.approx(plain)]
    assert find("length:10-100")(said, **ROW) == [pytest.approx(banded)]


@given(st.integers(1, 300), st.integers(0, 200), st.integers(1, 300))
def test_length_of_any_band(words: int, least: int, most: int) -> None:
    if least >= 0.8 * most:
        with pytest.raises(UsageError, match="a least length below 80% of it"):
            within(least, most)
        return

    def paid(count: int) -> float:
        (value,) = within(least, most)(completions=[" ".join(["w"] * count) + "\nThe answer is 18."], **ROW)
        assert value is not None
        return value

    assert 0 <= paid(words) <= 1
    assert (paid(words) == 1) == (max(least, 1) <= words <= 0.8 * most)  # as floats, both sides alike
    assert paid(words + 1) >= paid(words) or words >= max(least, 0.8 * most - 1)


@pytest.mark.parametrize("limits", ["", "long", "-5", "5-", "1.5", "1e3", "20-10-30"])
def test_lengths_that_are_none(limits: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"reward length:{limits}: give words, such as length:120")):
        find(f"length:{limits}")


@pytest.mark.parametrize("limits", ["0", "90-100", "200-100"])
def test_bands_that_are_empty(limits: str) -> None:
    with pytest.raises(UsageError, match="give a limit of 1 or more"):
        find(f"length:{limits}")


def test_rewards_of_one_call_have_names_of_their_own() -> None:
    assert [reward.name for reward in find_all(["length", "length:60", "accuracy"])] == [
        "length",
        "length:60",
        "accuracy",
    ]
    with pytest.raises(UsageError, match="--reward accuracy is given twice: give it once"):
        find_all(["accuracy", "format", "accuracy"])


def test_several_rewards_over_rows() -> None:
    rows = [Record(f"q/{at}", "gsm8k", "What is 9 + 9?", "9 + 9 = 18.", "18", "", {}) for at in range(3)]
    texts = ["9 + 9 = 18. The answer is 18.", "The answer is 18.", "9 9 9 9 9. The answer is 17."]
    found = score(find_all(["accuracy", "diversity", "length:4", "steps"]), rows, texts, {})
    assert found["accuracy"] == [1.0, 1.0, 0.0]
    assert found["diversity"] == [1.0, None, pytest.approx(2 / 4 * 2 / 3 * 2 / 2)]
    assert found["length:4"] == [0.0, None, 0.0]
    assert found["steps"] == [1.0, None, None]

"""From scores to bins and tokens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.conditioning import bins
from synth.rewarding.reward import Reward
from synth.trainers.mario import TRAINER

SCORES = st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(-1, 1)), max_size=40)
COUNTS = st.integers(2, 8)
PAID = [Reward(name, lambda completions, **_: [None] * len(completions)) for name in ("accuracy", "diversity", "own")]


def settled(**given: Any) -> Any:
    return TRAINER.settled(TRAINER.config(data=["d"], start="s", reward=("accuracy",), **given))


@given(SCORES, COUNTS)
def test_bins_keep_the_order_share_what_is_equal_and_use_both_ends(scores: list[float | None], count: int) -> None:
    found = bins.bins(scores, count)
    pairs = [(value, at) for value, at in zip(scores, found, strict=True) if value is not None and at is not None]
    assert [at is None for at in found] == [value is None for value in scores]
    assert all(0 <= at < count for _, at in pairs)
    for value, at in pairs:
        for other, there in pairs:
            assert at == there if value == other else (at <= there) == (value > other) or at == there
    if len({value for value, _ in pairs}) > 1:
        assert max(pairs)[1] == 0
        assert min(pairs)[1] == count - 1


@given(st.lists(st.integers(0, 3).map(float), min_size=1, max_size=40), COUNTS)
def test_split_ties_are_cut_by_rank_and_age_with_the_rest_in_the_worst(scores: list[float], count: int) -> None:
    found = bins.bins(scores, count, "split")
    ranked = sorted(range(len(scores)), key=lambda at: -scores[at])
    share = max(1, len(scores) // count)
    assert [found[at] for at in ranked] == [min(rank // share, count - 1) for rank in range(len(scores))]


def test_bins_of_scores_that_are_all_different_have_equal_shares() -> None:
    assert bins.bins([float(n) for n in range(11)], 5) == [4, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("scores", "count", "due"),
    [
        ([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2, [0] + [1] * 9),  # few are right
        ([1] * 9 + [0], 2, [0] * 9 + [1]),  # few are wrong
        ([0.5] * 4, 5, [0] * 4),  # nothing is better than anything
        ([], 5, []),
        ([None, None], 5, [None, None]),
        ([1.0, None, 0.0], 5, [0, None, 4]),
        ([3, 2, 2, 2, 2, 2, 2, 2, 2, 1], 5, [0] + [2] * 8 + [4]),
    ],
)
def test_bins_of_scores_that_are_equal(scores: list[float | None], count: int, due: list[int | None]) -> None:
    assert bins.bins(scores, count) == due


def test_edges_are_the_lowest_score_of_each_bin() -> None:
    scores = [3.0, 2.0, 2.0, 1.0, None]
    assert bins.edges(scores, bins.bins(scores, 5), 5) == [3.0, 2.0, None, None, 1.0]


def test_a_reward_that_is_right_or_wrong_has_two_bins() -> None:
    config = settled()
    assert bins.counts(config, {"accuracy": [1.0, 0.0, None], "diversity": [0.5, 1.0], "right": [1.0]}) == {
        "accuracy": 2, "diversity": 5, "right": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "used"),
    [
        ("classic", [["a", "b", "c"]] * 6),
        ("additive-right", [["a"], ["a"], ["a", "b"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c"]]),
        ("additive-left", [["a"], ["a"], ["b", "a"], ["b", "a"], ["c", "b", "a"], ["c", "b", "a"]]),
        ("filter", [[]] * 6),
        ("sft", [[]] * 6),
    ],
)
def test_which_tokens_a_round_trains_with(layout: str, used: list[list[str]]) -> None:
    config = settled(layout=layout, max_steps=60, sample_every=10)
    assert [bins.in_use(config, ["a", "b", "c"], number) for number in range(1, 7)] == used


def test_stages_may_be_shorter() -> None:
    config = settled(layout="additive-right", max_steps=60, sample_every=10, stage_steps=10)
    assert [len(bins.in_use(config, ["a", "b", "c"], number)) for number in range(1, 7)] == [1, 2, 3, 3, 3, 3]


def test_a_product_is_of_shares_of_each_range() -> None:
    rewards = [PAID[0], Reward("consistency", PAID[0].by, -1.0, 1.0)]
    lines = [{"accuracy": 1.0, "consistency": 0.0}, {"accuracy": 0.5, "consistency": 1.0}, {"accuracy": 1.0}]
    found = bins.scores_of(settled(layout="product"), rewards, lines)
    assert found == {"product": [0.5, 0.5, None]}


def test_filter_keeps_what_is_right_and_without_accuracy_the_better_half() -> None:
    config = settled(layout="filter")
    lines = [{"accuracy": 1.0}, {"accuracy": 0.0}, {"accuracy": None}]
    assert bins.kept(config, PAID[:1], lines) == [True, False, False]
    assert bins.kept(config, PAID[1:2], [{"diversity": n / 4} for n in range(4)]) == [False, False, True, True]
    assert bins.kept(settled(), PAID[:1], [{"accuracy": 0.0}]) == [True]


def test_a_row_has_no_token_of_a_reward_that_does_not_apply() -> None:
    assert bins.codes(["b", "a"], {"a": [0], "b": [None]}, 0) == ["<|a=0|>"]

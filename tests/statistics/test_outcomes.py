"""Question by question: hand-computed outcomes of two models, and the figures of the self-ask paper."""

import pytest

from synth.statistics.outcomes import Right, outcomes


def counted(both: int, first: int, second: int, none: int) -> tuple[Right, Right]:
    """Outcomes of so many questions that both, the first alone, the second alone and none get right."""
    return (
        [True] * (both + first) + [False] * (second + none),
        [True] * both + [False] * first + [True] * second + [False] * none,
    )


def test_self_ask_section_5_1() -> None:
    """A correlation of .38, and two models that answer 38% and 53% of each other's misses, among 1,000 questions.

    The three figures fix the rest: the misses of both come to 22.6% and 29.8%, near what table 3 has (22.1%, 29.1%).
    """
    found = outcomes([counted(both=616, first=158, second=86, none=140)])  # first: self-ask, second: direct
    assert round(found["correlation"]["value"], 2) == 0.38
    assert found["second_answers"]["value"] == pytest.approx(86 / 226)
    assert found["first_answers"]["value"] == pytest.approx(158 / 298)
    assert [round(found[name]["value"], 2) for name in ("second_answers", "first_answers")] == [0.38, 0.53]
    assert [found[name]["n"] for name in ("correlation", "first_answers", "second_answers")] == [1000, 298, 226]
    for figure in found.values():
        assert figure["low"] < figure["value"] < figure["high"]
    # sqrt(p (1 - p) / n) of a share of 86 of 226 is 0.032
    assert found["second_answers"]["high"] - found["second_answers"]["low"] == pytest.approx(4 * 0.0323, rel=0.12)


def test_the_same_answers_and_opposite_ones() -> None:
    assert outcomes([counted(6, 0, 0, 4)])["correlation"]["value"] == pytest.approx(1)
    opposite = outcomes([counted(0, 6, 4, 0)])
    assert opposite["correlation"]["value"] == pytest.approx(-1)
    assert opposite["first_answers"]["value"] == opposite["second_answers"]["value"] == 1


def test_what_cannot_be_told_is_none() -> None:
    found = outcomes([counted(8, 0, 2, 0)])  # the second is always right
    assert found["correlation"] is None
    assert found["first_answers"] is None
    assert found["second_answers"]["value"] == 1


def test_several_pairs_of_runs_are_means() -> None:
    pairs = [counted(5, 1, 1, 3), counted(6, 0, 0, 4)]
    found = outcomes(pairs)
    alone = [outcomes([pair])["correlation"]["value"] for pair in pairs]
    assert found["correlation"]["value"] == pytest.approx(sum(alone) / 2)
    assert found["first_answers"]["value"] == pytest.approx((1 / 4 + 0) / 2)
    assert found["correlation"]["low"] <= min(alone)
    assert found["correlation"]["high"] == pytest.approx(1)

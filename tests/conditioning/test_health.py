"""What is told of a round, and what is warned of."""

from typing import Any

import pytest

from synth.conditioning import health
from synth.conditioning.folder import Line


def lines(rationales: list[str], **scores: float | None) -> list[Line]:
    return [Line(str(n), "q", 1, 1, text, text, "1", 3, scores) for n, text in enumerate(rationales)]


def steered(best: float, worst: float) -> dict[str, float]:
    apart = best - worst
    ends = {"best_minus_worst": apart, "low": apart - 0.1, "high": apart + 0.1}
    return {"best": best, "random": 0.5, "worst": worst, **ends}


def figures(**changed: Any) -> dict[str, Any]:
    mean = {"value": 0.5, "low": 0.45, "high": 0.55, "n": 100}
    return {
        "round": 2, "sampled": {**health.texts(lines([f"a {n}" for n in range(40)], accuracy=0.5), 40)},
        "pool": {"rows": 60, "spread": {"accuracy": 1.0}}, "bins": {"accuracy": {"bins": 2, "edges": [1.0, 0.0]}},
        "paid": ["accuracy"], "audit": ["plain"], "trained": {"steps": 9, "loss": 0.5, "kl": 0.01},
        "steering": {"accuracy": steered(0.9, 0.1)},
        "held": {"accuracy": mean, "by": {}}, **changed,
    }  # fmt: skip


def mean(value: float, half: float = 0.01) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "n": 100}


def test_a_healthy_round_warns_of_nothing() -> None:
    assert list(health.warnings(figures(), figures())) == []
    assert health.collapse(figures()) == ""
    assert health.line(figures()) == (
        "round 2: 40 of 40 texts: accuracy 0.500; 60 rows, 9 steps, loss 0.5000, KL 0.010; best minus worst accuracy "
        "+0.80 (+0.70 to +0.90); 50.0% of 100 held-out rows right"
    )
    old = {"accuracy": {"best": 0.9, "random": 0.5, "worst": 0.1, "best_minus_worst": 0.8}}
    assert "accuracy +0.80; 50.0%" in health.line(figures(steering=old)), "a round of a release that told no ends"


def test_figures_of_texts() -> None:
    found = health.texts(lines(["a b", "a  b", "", "c"], diversity=None, accuracy=1.0), 6)
    assert (found["texts"], found["read"], found["different"], found["empty"]) == (6, 4, 0.75, 0.25)
    assert found["words"] == 1.25
    assert found["rewards"]["diversity"] is None
    assert found["none"] == {"diversity": 4, "accuracy": 0}
    assert health.texts([], 5)["different"] is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"steering": {"accuracy": steered(0.5, 0.49)}},
         "accuracy steer nothing that could be told from chance: best minus worst is +0.010 (-0.090 to +0.110)"),
        ({"bins": {"accuracy": {"bins": 5, "edges": [1.0, None, None, None, 0.0]}}},
         "scores of accuracy are equal: 2 of 5 bins have any; --bins 2 loses nothing"),
        ({"bins": {"accuracy": {"bins": 2, "edges": [1.0, None]}}},
         "all scores of accuracy are equal, so that its tokens say nothing: leave it out"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(changed: dict[str, Any], said: str) -> None:
    (warning,) = health.warnings(figures(**changed), None)
    assert said in warning


def test_a_code_that_makes_things_worse_steers_nothing_either() -> None:
    steering = {
        "accuracy": {"best": 0.2, "random": 0.3, "worst": 0.6, "best_minus_worst": -0.4, "low": -0.5, "high": -0.3}
    }
    (warning,) = health.warnings(figures(steering=steering), None)
    assert "best minus worst is -0.400" in warning


def test_an_audit_that_falls_while_rewards_rise_is_named() -> None:
    before = figures(sampled={"rewards": {"accuracy": mean(0.5), "plain": mean(0.8)}})
    after = figures(sampled={"rewards": {"accuracy": mean(0.7), "plain": mean(0.6)}})
    (warning,) = health.warnings(after, before)
    assert warning.startswith("plain falls (0.800 to 0.600) while accuracy rises: the model may be paid for nothing")
    still = figures(sampled={"rewards": {"accuracy": mean(0.5), "plain": mean(0.6)}})
    assert list(health.warnings(still, before)) == []
    assert list(health.warnings(figures(sampled={"rewards": {"accuracy": mean(0.7), "plain": None}}), before)) == []


@pytest.mark.parametrize(
    ("said", "written", "why"),
    [
        (["same"] * 40, 40, "only 2% of its rationales are different"),
        ([""] * 30 + [str(n) for n in range(10)], 40, "75% of its rationales are empty"),
        (["a", "b"], 40, "only 2 of 40 texts come to an answer"),
        (["same"] * 10, 10, ""),  # too few to tell
        ([str(n) for n in range(40)], 50, ""),
    ],
)
def test_a_model_that_has_collapsed(said: list[str], written: int, why: str) -> None:
    assert health.collapse({"sampled": health.texts(lines(said, accuracy=1.0), written)}) == why


def test_steering_is_best_minus_worst() -> None:
    told = {
        way: {"rewards": {"a": mean(value), "b": None}} for way, value in zip(health.WAYS, (0.9, 0.5, 0.2), strict=True)
    }
    found = health.steering(told)
    assert found["a"]["best_minus_worst"] == pytest.approx(0.7)
    half = (0.01**2 + 0.01**2) ** 0.5
    assert (found["a"]["low"], found["a"]["high"]) == pytest.approx((0.7 - half, 0.7 + half))
    assert set(found["b"].values()) == {None}

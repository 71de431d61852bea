"""Control tokens: which a model is asked with, and where they stand."""

import pytest

from synth.errors import UsageError
from synth.models.codes import Codes, behind_start, codes_of, is_token, token, tokens

BINS = {"accuracy": 2, "plausibility": 5, "diversity": 5}
RUN = {"codes": {"place": "decoder", "bins": BINS}}


@pytest.mark.parametrize(
    ("how", "due"),
    [
        (None, ["<|accuracy=0|>", "<|plausibility=0|>", "<|diversity=0|>"]),
        ("best", ["<|accuracy=0|>", "<|plausibility=0|>", "<|diversity=0|>"]),
        ("worst", ["<|accuracy=1|>", "<|plausibility=4|>", "<|diversity=4|>"]),
        ("none", []),
        ("diversity=3, plausibility=0", ["<|plausibility=0|>", "<|diversity=3|>"]),
    ],
)
def test_the_tokens_of_a_row(how: str | None, due: list[str]) -> None:
    codes = codes_of(RUN, how)
    assert codes is not None
    assert codes.of("row") == due


def test_random_tokens_are_drawn_row_by_row() -> None:
    codes = Codes("decoder", BINS, "random")
    drawn = [codes.of(f"row/{n}") for n in range(200)]
    assert drawn == [codes.of(f"row/{n}") for n in range(200)]
    assert {each[1] for each in drawn} == set(tokens({"plausibility": 5}))
    assert all(len(each) == 3 for each in drawn)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("better", "--codes better: give best, worst, random, none, or accuracy=1,plausibility=4,diversity=4"),
        ("speed=0", "--codes speed=0: the model knows accuracy 0 to 1, plausibility 0 to 4, diversity 0 to 4"),
        ("accuracy=2", "--codes accuracy=2: the model knows accuracy 0 to 1"),
        ("accuracy=0,accuracy=1", "accuracy stands there twice"),
        ("accuracy=-1", "--codes accuracy=-1: give best"),
        ("accuracy", "--codes accuracy: give best"),
        ("", "--codes : give best"),
    ],
)
def test_codes_that_a_model_does_not_know_are_a_line(how: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        codes_of(RUN, how)
    assert said in str(caught.value)


@pytest.mark.parametrize("run", [None, {}, {"trainer": "t5"}])
def test_codes_on_a_model_that_has_none_are_a_line(run: dict[str, str] | None) -> None:
    assert codes_of(run, None) is None
    assert codes_of(run, "none") is None
    with pytest.raises(UsageError, match="this model learned none"):
        codes_of(run, "best")


def test_names_of_rewards_fit_into_tokens() -> None:
    assert token("plausibility:steps", 3) == "<|plausibility-steps=3|>"
    assert all(map(is_token, tokens({"plausibility:steps": 2, "a.b": 2})))
    assert not is_token("<|end|>")


def test_codes_stand_behind_the_token_that_a_text_begins_with() -> None:
    assert behind_start([1, 7, 8], [40, 41], 1) == [1, 40, 41, 7, 8]
    assert behind_start([7, 8], [40], 1) == [40, 7, 8]
    assert behind_start([], [40], None) == [40]

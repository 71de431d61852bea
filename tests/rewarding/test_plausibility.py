"""Plausibility by VERA: head, temperature, pooling against numbers computed by hand; batches; models not there."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from statement_models import HIDDEN, WORDS, statement_model
from transformers import AutoTokenizer, T5EncoderModel

from synth.errors import SourceError, UsageError
from synth.rewarding import kept, vera
from synth.rewarding.reward import find

FIRST = [1.0] + [0.0] * (HIDDEN - 1)
SOME = [round(math.sin(at), 3) for at in range(HIDDEN)]
STATEMENTS = ["Ice floats on water .", "Stones", "a whale is no fish because it swims and sinks", "wood sink", "is"]
TASK: dict[str, Any] = {"task": ["mine"], "kind": ["yes_no"], "closing": ["So the answer is {answer}."]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return statement_model(tmp_path_factory.mktemp("vera") / "small", SOME, bias=0.25, temperature=0.5)


def sigmoid(number: float) -> float:
    return 1 / (1 + math.exp(-number))


def alone(folder: Path, statement: str, most: int = 128) -> float:
    """The score of one statement by itself: no padding, no batch, the head written out."""
    encoder = T5EncoderModel.from_pretrained(folder).eval()
    ids = AutoTokenizer.from_pretrained(folder)(statement)["input_ids"]
    ids = ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
    with torch.no_grad():
        last = encoder(input_ids=torch.tensor([ids])).last_hidden_state[0, -1].tolist()
        table = encoder.shared.weight
        logit = sum(a * b for a, b in zip(last, table[32_099].tolist(), strict=True)) + table[32_098, 0].item()
        return sigmoid(logit / table[32_097, 0].item())


@pytest.mark.parametrize(
    ("bias", "temperature", "score"), [(1.5, 3.0, 0.62245933), (-2.0, 1.0, 0.11920292), (0, 9, 0.5)]
)
def test_a_head_without_a_direction_is_its_bias_over_its_temperature(
    tmp_path: Path, bias: float, temperature: float, score: float
) -> None:
    folder = statement_model(tmp_path / "m", bias=bias, temperature=temperature)
    assert vera.vera(str(folder)).scores(STATEMENTS) == pytest.approx([score] * len(STATEMENTS), abs=1e-6)


def test_the_last_token_is_the_end_and_its_state_is_what_counts(tmp_path: Path) -> None:
    """Layers that add nothing leave a token's embedding, divided by the root of its mean square."""
    folder = statement_model(tmp_path / "m", FIRST, bias=0.1, temperature=2.0, still=True)
    end = T5EncoderModel.from_pretrained(folder).shared.weight[AutoTokenizer.from_pretrained(folder).eos_token_id]
    numbers = end.tolist()
    state = numbers[0] / math.sqrt(sum(number**2 for number in numbers) / HIDDEN + 1e-6)
    due = sigmoid((state + 0.1) / 2.0)
    assert abs(due - sigmoid(0.05)) > 0.01
    assert vera.vera(str(folder)).scores(STATEMENTS) == pytest.approx([due] * len(STATEMENTS), abs=1e-6)


def test_scores_are_those_of_each_statement_alone(model: Path) -> None:
    scores = vera.vera(str(model)).scores(STATEMENTS)
    assert scores == pytest.approx([alone(model, statement) for statement in STATEMENTS], abs=1e-6)
    assert len({round(score, 4) for score in scores}) == len(STATEMENTS)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.lists(st.sampled_from(WORDS.split()), max_size=40).map(" ".join), max_size=12), data=st.data())
def test_neither_neighbours_nor_order_change_a_score(model: Path, rows: list[str], data: st.DataObject) -> None:
    asked = vera.vera(str(model))
    scores = asked.scores(rows)
    assert scores == pytest.approx([asked.scores([row])[0] for row in rows], abs=1e-5)
    order = data.draw(st.permutations(range(len(rows))))
    assert asked.scores([rows[at] for at in order]) == pytest.approx([scores[at] for at in order], abs=1e-5)


def test_small_batches_say_the_same(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = vera.vera(str(model))
    scores = asked.scores(STATEMENTS * 3)
    monkeypatch.setattr(vera, "BATCH_TOKENS", 12)
    assert asked.scores(STATEMENTS * 3) == pytest.approx(scores, abs=1e-5)


def test_a_statement_is_cut_at_128_tokens_and_still_ends(model: Path) -> None:
    asked = vera.vera(str(model))
    long = [" ".join([*["water"] * 140, ending]) for ending in ("wood", "is is is is")]
    tokens = [len(asked.tokenizer(text)["input_ids"]) for text in long]
    assert min(tokens) > 128
    first, second = asked.scores(long)
    assert first == second == pytest.approx(alone(model, long[0]), abs=1e-6)
    assert first != pytest.approx(alone(model, long[0], most=1000), abs=1e-4)


def test_the_reward_reads_the_rationale_alone(model: Path) -> None:
    reward = find(f"plausibility:{model}")
    assert (reward.name, reward.least, reward.most) == ("plausibility-small", 0.0, 1.0)
    said = [
        "Ice floats\non water . So the answer is yes.",
        "So the answer is no.",
        "",
        "Ice floats on water . So the answer is no.",
    ]
    columns = {name: value * 4 for name, value in TASK.items()}
    first, *none, last = reward(said, answer=["yes", "no", "no", "yes"], **columns)
    assert none == [None, None]
    assert first == last == pytest.approx(alone(model, "Ice floats on water ."), abs=1e-6)
    assert reward(said[:1], **TASK) == [first]


def test_a_model_is_loaded_once_and_again_if_its_folder_changes(tmp_path: Path) -> None:
    folder = statement_model(tmp_path / "m", bias=1.0)
    first = vera.vera(str(folder))
    assert vera.vera(str(folder)) is first
    kept.release()
    assert vera.vera(str(folder)) is first
    kept.release(forget=True)
    assert vera.vera(str(folder)) is not first
    statement_model(folder, bias=-1.0)
    assert vera.vera(str(folder)).scores(["is"]) == pytest.approx([sigmoid(-1.0)])


def test_what_cannot_be_asked_is_told_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    small = statement_model(tmp_path / "short", rows=32_099)
    cold = statement_model(tmp_path / "cold", temperature=-2.0)
    (tmp_path / "none").mkdir()
    wrong = {
        "plausibility": "the model 'liujch1998/vera' is not on this machine and the Hub cannot be reached: give plaus",
        "plausibility:liujch1998/vera-base": "the model 'liujch1998/vera-base' is not on this machine",
        f"plausibility:{small}": "has 32,099 rows, and VERA's head is in rows 32,097 to 32,099: give plausi",
        f"plausibility:{tmp_path / 'away' / 'x'}": "there is no folder",
        f"plausibility:{tmp_path / 'none'}": "no model can be loaded from",
    }
    for name, told in wrong.items():
        ready = find(name).ready
        assert ready is not None
        with pytest.raises(SourceError, match=re.escape(told)) as error:
            ready()
        assert "\n" not in str(error.value)
    with pytest.raises(SourceError, match=r"the temperature of .*cold is -2, so it is no model of VERA"):
        find(f"plausibility:{cold}")(["Ice . So the answer is yes."], answer=["yes"], **TASK)


def test_names_are_those_of_control_tokens(tmp_path: Path) -> None:
    names = {
        "plausibility": "plausibility", "plausibility:liujch1998/vera": "plausibility",
        "plausibility:liujch1998/vera-base": "plausibility-vera-base", "plausibility:steps": "plausibility-steps",
        "plausibility:a/b c.d/": "plausibility-b_c_d",
    }  # fmt: skip
    assert {given: find(given).name for given in names} == names
    with pytest.raises(UsageError, match="plausibility: takes a model behind the colon"):
        find("plausibility:")


def test_the_share_of_right_steps_needs_no_model() -> None:
    row = {"prompts": ["[MAX 3 [MIN 8 2 ] ]"], "answer": ["3"], "task": ["listops"]}
    said = ["MIN, 2; MAX, 3; answer is 3"]
    assert find("plausibility:steps")(said, **row) == find("steps")(said, **row)

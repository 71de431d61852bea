"""What a model is shown: targets, mixtures, order, tokens and the loss mask."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from training import RECORDS, dataset

from synth.errors import FolderError, UsageError
from synth.models import scratch
from synth.questions.prompts import continued
from synth.record import Record
from synth.training import encoding, mixture, targets
from synth.training.order import Order
from synth.training.trainer import find


def record(rationale: str, answer: str, completion: str, task: str = "x") -> Record:
    return Record("x/1", task, "Q:", rationale, answer, completion, {})


MEDIUM = "MIN, compare [4 1], smallest is 1, answer is 1; SUM, add [15 27 1], sum is 43, answer is 3"
CHAIN = "Follow up: Who made it?\nIntermediate answer: Ada"
CASES = {
    "listops medium": (
        record(MEDIUM, "3", MEDIUM),
        "answer is 3",
        "<Think_0><Think_1>, answer is 3",
    ),
    "listops short": (
        record("MIN, 1; SUM, 3", "3", "MIN, 1; SUM, 3; answer is 3"),
        "answer is 3",
        "<Think_0><Think_1>; answer is 3",
    ),
    "listops none": (record("", "3", "3"), "3", "3"),
    "2wiki": (
        record(CHAIN, "Ada", f" Yes.\n{CHAIN}\nSo the final answer is: Ada"),
        "So the final answer is: Ada",
        " Yes.\n<Think_0><Think_1>\nSo the final answer is: Ada",
    ),
    "arithmetic": (
        record("<scratch>\n1 + 2 , 3 C: 0\n</scratch>", "3", "\n<scratch>\n1 + 2 , 3 C: 0\n</scratch>\n3"),
        "3",
        "\n<Think_0><Think_1>\n3",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_three_targets_close_alike(case: str) -> None:
    row, answer, blank = CASES[case]
    assert targets.text(row, "rationale") == row.completion
    assert targets.text(row, "answer") == answer
    assert targets.text(row, "blank", 2) == blank
    found = targets.parts(row)
    assert found.before + found.steps + found.after == row.completion


def test_there_are_as_many_blanks_as_rationales_are_long() -> None:
    assert targets.mean_length([4, 8, 8]) == 7
    assert targets.mean_length([0]) == 1


def test_weights_say_how_often_an_epoch_goes_through_a_dataset() -> None:
    order = Order([1] * 14, [(1, 0)] * 14, [4, 10], [2, 0.5], batch=3, seed=0)
    seen = [Counter(order.epoch(epoch)) for epoch in range(2)]
    assert [counts[row] for counts in seen for row in range(4)] == [2] * 8
    assert all(sum(counts[row] for row in range(4, 14)) == 5 for counts in seen)
    assert seen[0] != seen[1]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 5), st.booleans())
def test_an_epoch_has_each_row_once_and_its_steps_add_up(
    tokens: list[int], batch: int, seed: int, grouped: bool
) -> None:
    order = Order(tokens, [(each, 0) for each in tokens], [len(tokens)], [1.0], batch, seed, grouped)
    assert sorted(order.epoch(1)) == list(range(len(tokens)))
    steps = [order.at(step) for step in range(2 * order.steps)]
    assert [row for rows in steps for row in rows] == [*order.epoch(0), *order.epoch(1)]
    for step in range(len(steps) + 1):
        rows = [row for done in steps[:step] for row in done]
        assert order.seen(step) == (len(rows), sum(tokens[row] for row in rows))
        if step:
            assert order.steps_for(order.seen(step)[1]) == step
            assert order.steps_for(order.seen(step - 1)[1] + 1) == step


def test_batches_hold_rows_of_like_length() -> None:
    lengths = [(n * 37) % 64 for n in range(640)]
    order = Order(lengths, [(each, 0) for each in lengths], [640], [1.0], 8, 0)
    mixed = Order(lengths, [(each, 0) for each in lengths], [640], [1.0], 8, 0, grouped=False)
    padding = [sum(max(lengths[r] for r in o.at(s)) * 8 for s in range(80)) - sum(lengths) for o in (order, mixed)]
    assert padding[0] < padding[1] / 5


def test_folder_and_weight(tmp_path: Path) -> None:
    (tmp_path / "a:3").mkdir()
    assert mixture.weighted("data/a:2.5") == (Path("data/a"), 2.5)
    assert mixture.weighted("data/a") == (Path("data/a"), 1.0)
    assert mixture.weighted(str(tmp_path / "a:3")) == (tmp_path / "a:3", 1.0)
    assert mixture.weighted("C:/data") == (Path("C:/data"), 1.0)
    for wrong in ("x", "2x", ""):
        with pytest.raises(UsageError, match=r"is no weight: give a number, such as .*a:3:2"):
            mixture.weighted(f"{tmp_path / 'a:3'}:{wrong}")
    for wrong in ("a:0", "a:-1", "a:1e9", "a:nan"):
        with pytest.raises(UsageError, match="a weight is"):
            mixture.weighted(wrong)


def test_a_folder_without_the_split(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", {"train": RECORDS, "empty": []})
    with pytest.raises(FolderError, match="no split 'dev': it has train, empty"):
        mixture.load([str(folder)], "dev")
    with pytest.raises(FolderError, match="no rows in its split 'empty'"):
        mixture.load([str(folder)], "empty")
    with pytest.raises(UsageError, match=r"--data .*d is given twice: --data .*d:2 goes"):
        mixture.load([str(folder), f"{folder.parent}/../{tmp_path.name}/d:3"], "train")
    assert mixture.load_where_there([str(folder)], "validation") == []
    assert [len(part.records) for part in mixture.load([f"{folder}:2"], "train", limit=3)] == [3]


@pytest.mark.parametrize("decoder", [True, False])
def test_operators_and_numbers_are_single_tokens(decoder: bool) -> None:
    row = Record("l/1", "listops", "[SUM 15 27 [MIN 4 1 ] ]", MEDIUM, "3", MEDIUM, {})
    tokenizer = scratch.make_tokenizer([row] * 2, "tiny", decoder)
    ids = tokenizer(row.prompt)["input_ids"]
    words = [tokenizer.decode([each]) for each in ids]
    end = [] if decoder else [scratch.END]
    assert words == ["[SUM", " 15", " 27", " [MIN", " 4", " 1", " ]", " ]", *end]
    assert len(tokenizer("[15 43 1]", add_special_tokens=False)["input_ids"]) == 5


@given(st.text(max_size=60))
def test_any_text_comes_back_from_a_tokenizer_made_here(text: str) -> None:
    tokenizer = _made()
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


@cache
def _made() -> Any:
    return scratch.make_tokenizer(RECORDS, "tiny", decoder=True)


def test_every_digit_is_a_token_outside_listops() -> None:
    tokenizer = scratch.make_tokenizer([record("", "1234", "So 1234", "gsm8k")] * 9, "tiny", decoder=True)
    assert [tokenizer.decode([each]) for each in tokenizer("So 1234")["input_ids"]] == ["So", " 1", "2", "3", "4"]


def test_a_decoder_learns_the_completion_and_the_end_alone() -> None:
    asked = Record("l/1", "listops", "[MIN 4 1 ]", "", "1", "answer is 1", {})
    tokenizer = scratch.make_tokenizer([asked] * 2, "tiny", decoder=True)
    row = encoding.encode_joined(tokenizer, "[MIN 4 1 ]", continued("[MIN 4 1 ]", "answer is 1"))
    words = [tokenizer.decode([each]) for each in row.input_ids]
    assert words == ["[MIN", " 4", " 1", " ]", "\n", "answer", " is", " 1", scratch.END]
    assert row.labels == [encoding.IGNORED] * 4 + row.input_ids[4:]


Rows = list[encoding.Encoded]
TOKENS = st.lists(st.integers(2, 60), min_size=1, max_size=12)
PAIRS = st.lists(st.builds(encoding.Encoded, TOKENS, TOKENS), min_size=1, max_size=5)


def padded(lists: list[list[int]], fill: int) -> list[list[int]]:
    longest = max(map(len, lists))
    return [[*ids, *[fill] * (longest - len(ids))] for ids in lists]


@cache
def model_of(trainer: str) -> tuple[Any, Any]:
    architecture = find(trainer).architecture
    tokenizer = scratch.make_tokenizer(RECORDS, "tiny", not architecture.encoder_decoder)
    return tokenizer, architecture.make(tokenizer, "tiny", 64)


@given(PAIRS)
def test_a_batch_for_an_encoder_decoder(rows: Rows) -> None:
    """The decoder reads the labels one place later, from the token on that its model begins with."""
    tokenizer, model = model_of("t5")
    batch = {name: ids.tolist() for name, ids in encoding.batches(tokenizer, model)(rows).items()}
    labels = [row.labels for row in rows]
    start, pad = model.config.decoder_start_token_id, tokenizer.pad_token_id
    read = [[start, *row[:-1]] for row in padded(labels, encoding.IGNORED)]
    assert batch == {
        "input_ids": padded([row.input_ids for row in rows], pad),
        "attention_mask": padded([[1] * len(row.input_ids) for row in rows], 0),
        "labels": padded(labels, encoding.IGNORED),
        "decoder_input_ids": [[pad if token == encoding.IGNORED else token for token in row] for row in read],
    }


@given(PAIRS)
def test_a_batch_for_a_decoder(pairs: Rows) -> None:
    """It is padded on the right, though the tokenizer pads on the left, where prompts end that are to be continued."""
    tokenizer, model = model_of("llama")
    rows = [
        encoding.Encoded(pair.input_ids + pair.labels, [encoding.IGNORED] * len(pair.input_ids) + pair.labels)
        for pair in pairs
    ]
    batch = {name: ids.tolist() for name, ids in encoding.batches(tokenizer, model)(rows).items()}
    assert batch == {
        "input_ids": padded([row.input_ids for row in rows], tokenizer.pad_token_id),
        "labels": padded([row.labels for row in rows], encoding.IGNORED),
    }
    assert tokenizer.padding_side == "left"


def test_the_loss_is_the_mean_over_the_tokens_that_count() -> None:
    import torch

    from synth.training.loss import NotFiniteError, token_loss

    class Outputs:
        logits = torch.tensor([[[0.0, 0.0], [2.0, 0.0], [0.0, 0.0]]], requires_grad=True)

    labels = torch.tensor([[encoding.IGNORED, 0, 1]])
    log = torch.log_softmax(Outputs.logits[0], dim=-1)
    assert torch.isclose(token_loss(shift=True)(Outputs, labels), -(log[0, 0] + log[1, 1]) / 2)
    assert torch.isclose(token_loss(shift=False)(Outputs, labels), -(log[1, 0] + log[2, 1]) / 2)
    assert torch.isclose(token_loss(shift=False)(Outputs, labels, 4), -(log[1, 0] + log[2, 1]) / 4)
    Outputs.logits = torch.full((1, 3, 2), float("nan"), requires_grad=True)
    with pytest.raises(NotFiniteError):
        token_loss(shift=False)(Outputs, labels)

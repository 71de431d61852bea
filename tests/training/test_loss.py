"""Batches without a mask, and logits only where something is learned, have the loss and gradients of rows alone."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from synth.training import encoding
from synth.training.encoding import IGNORED, Encoded

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SMALL = {"vocab_size": 40, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None, "decoder_start_token_id": 0}
SHAPE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
LIKE_LLAMA = {**SHAPE, "intermediate_size": 32, "num_key_value_heads": 1}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaForCausalLM", LIKE_LLAMA),
    "tied": ("Qwen2ForCausalLM", {**LIKE_LLAMA, "tie_word_embeddings": True}),
    "places that are learned": (
        "GPT2LMHeadModel",
        {"n_embd": 16, "n_layer": 2, "n_head": 2, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
    ),
    "places from a mask": ("OPTForCausalLM", {**SHAPE, "ffn_dim": 32, "word_embed_proj_dim": 16, "dropout": 0.0}),
    "alibi": ("BloomForCausalLM", {"hidden_size": 16, "n_layer": 2, "n_head": 2}),
    "a window": ("MistralForCausalLM", {**LIKE_LLAMA, "sliding_window": 4}),
    "logits with a cap": ("Gemma2ForCausalLM", {**LIKE_LLAMA, "head_dim": 8, "final_logit_softcapping": 3.0}),
    "t5": (
        "T5ForConditionalGeneration",
        {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0},
    ),
    "bart": (
        "BartForConditionalGeneration",
        {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
         "encoder_attention_heads": 2, "decoder_attention_heads": 2, "dropout": 0.0},
    ),
}  # fmt: skip


class Padding:
    pad_token_id = 0


def new(kind: str) -> Any:
    name, shape = KINDS[kind]
    model = getattr(transformers, name)
    torch.manual_seed(1)
    made = model(model.config_class(**SMALL, **shape))
    for parameter in made.parameters():  # zeros would hide what is wrong
        torch.nn.init.normal_(parameter, std=0.3)
    return made.train()


def rows_of(model: Any) -> list[Encoded]:
    """Rows of unlike lengths; one whose prompt is empty, and one that is a prompt alone."""
    drawn = torch.Generator().manual_seed(2)
    lengths = [(3, 9), (7, 1), (1, 4), (12, 6), (0, 5), (5, 0)]
    rows = []
    for asked, written in lengths:
        ids = torch.randint(2, 40, (asked + written,), generator=drawn).tolist()
        if model.config.is_encoder_decoder:
            rows.append(Encoded(ids[:asked] or [2], ids[asked:] or [1]))
        else:
            rows.append(Encoded(ids, [IGNORED] * asked + ids[asked:]))
    return rows


def backwards(model: Any, loss: Any) -> tuple[float, dict[str, Any]]:
    model.zero_grad()
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def row_by_row(model: Any, rows: Sequence[Encoded]) -> tuple[float, dict[str, Any]]:
    """The mean over all tokens that count, each row by itself: nothing padded, nothing left out."""
    shift = not model.config.is_encoder_decoder
    losses = []
    for row in rows:
        labels = torch.tensor([row.labels])
        given: dict[str, Any] = {"input_ids": torch.tensor([row.input_ids])}
        if not shift:
            start = [[model.config.decoder_start_token_id, *row.labels[:-1]]]
            given["decoder_input_ids"] = torch.tensor(start)
        logits = model(**given, use_cache=False).logits
        logits, labels = (logits[:, :-1], labels[:, 1:]) if shift else (logits, labels)
        log = torch.log_softmax(logits[0].float(), dim=-1)
        losses += [-log[at, label] for at, label in enumerate(labels[0].tolist()) if label != IGNORED]
    return backwards(model, torch.stack(losses).mean())


def as_trained(model: Any, rows: Sequence[Encoded], seen: Callable[[Any], None]) -> tuple[float, dict[str, Any]]:
    from synth.training.loss import only_learned, token_loss

    shift = not model.config.is_encoder_decoder
    with only_learned(model, encoding.batches(Padding, model), shift) as collate:
        batch = collate(rows)
        labels = batch.pop("labels")
        outputs = model(**batch, use_cache=False)
        seen(outputs.logits)
        return backwards(model, token_loss(shift)(outputs, labels))


def alike(ours: tuple[float, dict[str, Any]], theirs: tuple[float, dict[str, Any]]) -> None:
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    assert ours[1].keys() == theirs[1].keys()
    for name, gradient in theirs[1].items():
        torch.testing.assert_close(
            ours[1][name], gradient, rtol=1e-3, atol=1e-5, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_loss_and_gradients_are_those_of_rows_alone(kind: str) -> None:
    model = new(kind)
    rows = rows_of(model)
    counts = sum(len(row.learned) for row in rows) - (0 if model.config.is_encoder_decoder else 1)
    shapes: list[tuple[int, ...]] = []
    alike(as_trained(model, rows, lambda logits: shapes.append(tuple(logits.shape))), row_by_row(model, rows))
    assert shapes == [(counts, 40)], "logits are made for the tokens that count, and for no others"


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize("way", ["checkpointed", "low-rank", "both"])
@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_so_they_are_with_checkpointed_activations_and_low_rank_updates(kind: str, way: str) -> None:
    peft = pytest.importorskip("peft")
    model = new(kind)
    if way != "checkpointed":
        model = peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False))
    rows = rows_of(model)
    plain = row_by_row(model, rows)
    if way != "low-rank":
        model.enable_input_require_grads()
        model.activation_checkpointing_enable()
    alike(as_trained(model, rows, lambda logits: None), plain)


def test_a_model_gives_all_logits_afterwards() -> None:
    model = new("llama")
    as_trained(model, rows_of(model), lambda logits: None)
    assert model(torch.tensor([[3, 4, 5]])).logits.shape == (1, 3, 40)
    assert not model._forward_pre_hooks
    assert not model.lm_head._forward_pre_hooks

"""Weights of attention: what transformers returns, layer by layer, and what they must be."""

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")
import transformers  # noqa: E402

from synth.errors import UsageError  # noqa: E402
from synth.probing import weights  # noqa: E402

DECODER = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
PAIR = {"vocab_size": 32, "d_model": 16}


def llama(**more: Any) -> Any:
    torch.manual_seed(0)
    shape = transformers.LlamaConfig(**{**DECODER, "intermediate_size": 16, **more})
    return transformers.LlamaForCausalLM(shape).eval()


def gpt2() -> Any:
    shape = transformers.GPT2Config(vocab_size=32, n_embd=16, n_layer=2, n_head=2, n_positions=16)
    return transformers.GPT2LMHeadModel(shape).eval()


def t5() -> Any:
    shape = transformers.T5Config(**PAIR, d_kv=8, d_ff=16, num_layers=2, num_heads=2, decoder_start_token_id=0)
    return transformers.T5ForConditionalGeneration(shape).eval()


def bart() -> Any:
    sizes = {f"{part}_{what}": 2 for part in ("encoder", "decoder") for what in ("layers", "attention_heads")}
    shape = transformers.BartConfig(**PAIR, **sizes, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=16)
    return transformers.BartForConditionalGeneration(shape).eval()


def batch_of(model: Any) -> dict[str, Any]:
    ids = torch.arange(3, 10)[None]
    pair = {"attention_mask": torch.ones_like(ids), "decoder_input_ids": torch.tensor([[0, 5, 6, 7]])}
    return {"input_ids": ids, **(pair if model.config.is_encoder_decoder else {})}


def taken(model: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    weights.weigh(model, batch_of(model), lambda kind, layer, given: found.setdefault(kind, []).append(given.clone()))
    return found


@pytest.mark.parametrize("make", [llama, gpt2, t5, bart])
def test_the_same_as_transformers_returns(make: Any) -> None:
    model = make()
    before, found = model.config._attn_implementation, taken(model)
    assert model.config._attn_implementation == before
    model.set_attn_implementation("eager")
    with torch.no_grad():
        whole = model(**batch_of(model), output_attentions=True)
    pair = {"self": "decoder_attentions", "cross": "cross_attentions", "encoder": "encoder_attentions"}
    names = pair if model.config.is_encoder_decoder else {"self": "attentions"}
    assert found.keys() == names.keys()
    for kind, name in names.items():
        assert len(found[kind]) == len(whole[name]) == 2
        for ours, theirs in zip(found[kind], whole[name], strict=True):
            assert torch.equal(ours, theirs[0])
            assert torch.allclose(ours.sum(dim=-1), torch.ones(ours.shape[:-1]), atol=1e-5)
            if kind == "self":
                assert not ours.triu(1).any()  # nothing is read that comes later
    again = taken(model)  # with the hooks of transformers in place
    assert all(torch.equal(a, b) for kind in found for a, b in zip(found[kind], again[kind], strict=True))


def test_one_layer_is_held_at_a_time() -> None:
    model = llama(num_hidden_layers=3)
    kept: list[Any] = []
    given: list[Any] = []

    def forward(**batch: Any) -> Any:
        kept.append(plain(**batch))
        return kept[0]

    plain, model.forward = model.forward, forward
    weights.weigh(model, batch_of(model), lambda kind, layer, found: given.append(found))
    assert [each.numel() for each in kept[0].attentions] == [0, 0, 0]
    assert [tuple(each.shape) for each in given] == [(2, 7, 7)] * 3


def test_two_tokens_with_weights_worked_out_by_hand() -> None:
    model = llama(hidden_size=4, num_hidden_layers=1, num_attention_heads=1, max_position_embeddings=8)
    layer = model.model.layers[0].self_attn
    with torch.no_grad():
        for part in (layer.q_proj, layer.k_proj):
            part.weight.zero_()
            # The last of four dimensions turns by 1/100 of a radian a place, so that scores nearly keep their digits.
            part.weight[3, 3] = 1.0
        model.model.embed_tokens.weight.zero_()
        model.model.embed_tokens.weight[3] = torch.tensor([0.0, 0, 0, 1.0])
        model.model.embed_tokens.weight[4] = torch.tensor([3**0.5, 0, 0, 1.0])
    found: list[Any] = []
    with torch.no_grad():
        weights.weigh(model, {"input_ids": torch.tensor([[3, 4]])}, lambda kind, layer, given: found.append(given))
    # Normed, the tokens are 2 and 1 in that dimension: the second one scores 1 x 2 and 1 x 1 over the root of 4.
    away = math.exp(0.5 * 2 * math.cos(0.01))
    stay = math.exp(0.5 * 1)
    assert found[0][0, 0].tolist() == [1.0, 0.0]
    assert found[0][0, 1].tolist() == pytest.approx([away / (away + stay), stay / (away + stay)], abs=1e-4)


def test_a_model_set_to_look_for_its_own_token_looks_there() -> None:
    shape = transformers.GPT2Config(vocab_size=8, n_embd=8, n_layer=1, n_head=1, n_positions=8)
    model = transformers.GPT2LMHeadModel(shape).eval()
    with torch.no_grad():
        model.transformer.wpe.weight.zero_()
        model.transformer.wte.weight.copy_(torch.eye(8))
        attention = model.transformer.h[0].attn.c_attn
        attention.weight.zero_()
        attention.bias.zero_()
        attention.weight[:, :8] = attention.weight[:, 8:16] = 4 * torch.eye(8)  # queries and keys are the token itself
    found: list[Any] = []
    ids = [5, 6, 7, 6, 5, 6]
    weights.weigh(model, {"input_ids": torch.tensor([ids])}, lambda kind, layer, given: found.append(given[0]))
    for at, row in enumerate(found[0]):
        same = [place for place in range(at + 1) if ids[place] == ids[at]]
        assert row[same].tolist() == pytest.approx([1 / len(same)] * len(same), abs=1e-6)


def test_the_memory_of_the_largest_layer() -> None:
    assert weights.needed(llama(), 7, 3) == 4 * 2 * 10**2 * 4
    assert weights.needed(t5(), 7, 3) == 4 * 2 * 7**2 * 4


def test_a_model_that_writes_no_weights_out_is_refused() -> None:
    model = llama()
    model.model.layers = torch.nn.ModuleList()
    with pytest.raises(UsageError, match="LlamaForCausalLM cannot be read: give a model"):
        weights.weigh(model, batch_of(model), lambda kind, layer, given: None)

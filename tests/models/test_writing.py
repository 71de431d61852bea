"""Outputs of many rows at once are those of transformers' greedy `generate`, one row at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from synth.models.generate import BATCH_TOKENS, Checkpoint, Decoding, Drawn, batches, cached, nucleus

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ENDS = [1, 7, 11, 13, 17, 19]  # several, so that rows end early and late
IDS = {"vocab_size": 40, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 0, "decoder_start_token_id": 0}
SHAPE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
LIKE_LLAMA = {**SHAPE, "intermediate_size": 32, "num_key_value_heads": 1}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaForCausalLM", LIKE_LLAMA),
    "a window": ("MistralForCausalLM", {**LIKE_LLAMA, "sliding_window": 6}),
    "two kinds of layers": ("Gemma2ForCausalLM", {**LIKE_LLAMA, "head_dim": 8, "sliding_window": 6}),
    "places that are learned": ("GPT2LMHeadModel", {"n_embd": 16, "n_layer": 2, "n_head": 2}),
    "places from a mask": ("OPTForCausalLM", {**SHAPE, "ffn_dim": 32, "word_embed_proj_dim": 16}),
    "alibi": ("BloomForCausalLM", {"hidden_size": 16, "n_layer": 2, "n_head": 2}),
    "t5": ("T5ForConditionalGeneration", {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}),
    "bart": (
        "BartForConditionalGeneration",
        {"d_model": 16, "encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
         "encoder_attention_heads": 2, "decoder_attention_heads": 2, "forced_eos_token_id": None},
    ),
    "experts that an encoder tells of": (
        "NllbMoeForConditionalGeneration",
        {"d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
         "encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_experts": 4, "encoder_sparse_step": 2,
         "decoder_sparse_step": 2},
    ),
}  # fmt: skip
WITHOUT_STEPS_OF_OUR_OWN = {"alibi"}  # its places stand in no argument
ROOM = 40


class Words:
    """What a checkpoint needs of a tokenizer: tokens are written as their numbers."""

    pad_token_id, eos_token_id, padding_side = 0, 1, "left"

    def decode(self, ids: Sequence[int], **how: Any) -> str:
        return " ".join(map(str, ids))

    def pad(self, rows: dict[str, list[list[int]]], return_tensors: str) -> Any:
        longest = max(map(len, rows["input_ids"]))
        found: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": []}
        for row in rows["input_ids"]:
            fill, ones = [0] * (longest - len(row)), [1] * len(row)
            left = self.padding_side == "left"
            found["input_ids"].append([*fill, *row] if left else [*row, *fill])
            found["attention_mask"].append([*fill, *ones] if left else [*ones, *fill])
        return transformers.BatchEncoding(found, tensor_type="pt")


def new(kind: str, **more: Any) -> Any:
    name, shape = KINDS[kind]
    model = getattr(transformers, name)
    torch.manual_seed(4)
    made = model(model.config_class(**IDS, **shape, **more))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.35)
    made.generation_config.eos_token_id = ENDS
    made.generation_config.forced_eos_token_id = None
    return made.eval()


def checkpoint(kind: str, **more: Any) -> Checkpoint:
    model, words = new(kind, **more), Words()
    words.padding_side = "right" if model.config.is_encoder_decoder else "left"
    return Checkpoint(kind, words, model)


def prompts() -> list[list[int]]:
    drawn = torch.Generator().manual_seed(3)
    lengths = [5, 1, 12, 7, 7, 3, 20, 2, 9, 9, 4, 15]
    return [torch.randint(20, 40, (length,), generator=drawn).tolist() for length in lengths]


def alone(model: Any, ids: Sequence[int], name: str = "", hot: Decoding | None = None) -> list[int]:
    """What `generate` of transformers writes for a single row: greedy, or with the row's own numbers."""
    drawn = [Drawn.for_rows([name], hot, ROOM, "cpu")] if hot and hot.temperature else None
    with torch.inference_mode():
        given = torch.tensor([ids])
        written = model.generate(given, max_new_tokens=ROOM, do_sample=False, logits_processor=drawn)[0].tolist()
    return written[1:] if model.config.is_encoder_decoder else written[len(ids) :]


def numbers(ids: Sequence[int]) -> str:
    return " ".join(map(str, ids))


@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_those_of_generate_row_by_row(kind: str, temperature: float) -> None:
    from synth.models.writing import writes

    writer, rows = checkpoint(kind), prompts()
    assert writes(writer.model) is (kind not in WITHOUT_STEPS_OF_OUR_OWN)
    names, decoding = [f"row-{row}" for row in range(len(rows))], Decoding(1, temperature, ROOM)
    wanted = [numbers(alone(writer.model, ids, name, decoding)) for ids, name in zip(rows, names, strict=True)]
    written = writer.write(rows, names, decoding)
    assert [each[0].text for each in written] == wanted
    assert len({each[0].tokens for each in written}) > 3 or not temperature, "rows end at different times"
    for (each,) in written:
        assert each.cut_off is (int(each.text.split()[-1]) not in ENDS)
        assert not each.cut_off or each.tokens == ROOM


@pytest.mark.parametrize("kind", ["llama", "t5", "alibi"])
def test_a_row_says_the_same_whatever_is_written_beside_it(kind: str) -> None:
    writer, rows = checkpoint(kind), prompts()
    names = [f"row-{row}" for row in range(len(rows))]
    hot = Decoding(samples=3, temperature=1.3, max_new_tokens=ROOM, seed=2)
    together = writer.write(rows, names, hot)
    assert together == [writer.write([ids], [name], hot)[0] for ids, name in zip(rows, names, strict=True)]
    assert len({output.text for outputs in together for output in outputs}) > len(rows)
    assert together != writer.write(rows, names, Decoding(samples=3, temperature=1.3, max_new_tokens=ROOM, seed=3))


@pytest.mark.parametrize("setting", [{}, {"repetition_penalty": 1.0001}])
def test_every_row_has_the_room_that_its_own_prompt_leaves(setting: dict[str, Any]) -> None:
    """Not the room of the longest one beside it; rows that ended run into no place that the model has not."""
    from synth.models.writing import writes

    writer, rows = checkpoint("places that are learned", n_positions=24), prompts()
    writer.model.generation_config.update(**setting)
    assert writes(writer.model) is not bool(setting)
    torch.nn.init.normal_(writer.model.lm_head.weight, std=0.0)  # token 0 for ever: no row ends by itself
    written = writer.write(rows, [str(row) for row in range(len(rows))], Decoding(max_new_tokens=ROOM))
    assert [each[0].tokens for each in written] == [24 - len(ids) for ids in rows]


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("kind", ["llama", "t5", "alibi"])
def test_rows_that_are_done_write_no_further_and_others_are_not_touched(kind: str, samples: int) -> None:
    from synth.models.writing import LOOK, writes

    writer, rows = checkpoint(kind), prompts()
    names, decoding = [f"row-{row}" for row in range(len(rows))], Decoding(samples, 1.0, ROOM, seed=4)
    seen: list[tuple[int, str]] = []

    def done(row: int, text: str) -> bool:
        seen.append((row, text))
        return row % 2 == 0

    whole, short = writer.write(rows, names, decoding), writer.write(rows, names, decoding, done)
    if not writes(writer.model):
        assert (seen, short) == ([], whole)
        return
    for row, (before, after) in enumerate(zip(whole, short, strict=True)):
        for long, cut in zip(before, after, strict=True):
            goes_on = row % 2 == 0 and long.tokens > LOOK
            first = replace(long, text=" ".join(long.text.split()[:LOOK]), tokens=LOOK, cut_off=True)
            assert cut == (first if goes_on else long)
    assert seen
    assert {len(text.split()) % LOOK for _, text in seen} == {0}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def rows_computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each step of a Llama."""
    from transformers import LlamaForCausalLM

    forward, seen = LlamaForCausalLM.forward, []

    def counted(self: Any, *args: Any, **given: Any) -> Any:
        seen.append(len(given["input_ids"]))
        return forward(self, *args, **given)

    counted.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(LlamaForCausalLM, "forward", counted)
    return seen


def test_rows_that_ended_are_computed_no_more(rows_computed: list[int]) -> None:
    writer, rows = checkpoint("llama"), prompts()
    written = writer.write(rows, [str(row) for row in range(len(rows))], Decoding(max_new_tokens=ROOM))
    lengths = [each[0].tokens for each in written]
    assert rows_computed[0] == len(rows)
    for step, computed in enumerate(rows_computed):
        assert computed <= 4 / 3 * sum(length > step for length in lengths) or computed <= 2
    assert len(rows_computed) == max(lengths)


def test_a_prompt_is_read_once_for_all_its_samples(rows_computed: list[int]) -> None:
    writer = checkpoint("llama")
    writer.write(prompts()[:2], ["a", "b"], Decoding(samples=5, temperature=1.0, max_new_tokens=2))
    assert rows_computed[:2] == [2, 10]


@pytest.mark.parametrize("setting", [{"repetition_penalty": 1.5}, {"suppress_tokens": [22, 28]}, {"min_new_tokens": 9}])
def test_what_a_model_brings_for_its_generation_counts(setting: dict[str, Any]) -> None:
    writer, rows = checkpoint("llama"), prompts()
    plain = [numbers(alone(writer.model, ids)) for ids in rows]
    writer.model.generation_config.update(**setting)
    wanted = [numbers(alone(writer.model, ids)) for ids in rows]
    assert wanted != plain
    written = writer.write(rows, [str(row) for row in range(len(rows))], Decoding(max_new_tokens=ROOM))
    assert [each[0].text for each in written] == wanted


def test_small_models_write_more_rows_at_once() -> None:
    small = checkpoint("llama").batch_tokens
    assert small == 8 * BATCH_TOKENS
    shape = transformers.LlamaConfig(hidden_size=4096, num_hidden_layers=1, num_attention_heads=32, vocab_size=40)
    with torch.device("meta"):
        large = transformers.LlamaForCausalLM(shape)
    large.config.num_hidden_layers = 32
    assert Checkpoint("large", Words(), large).batch_tokens == BATCH_TOKENS
    assert checkpoint("t5").batch_tokens == 2 * BATCH_TOKENS
    decoding = Decoding(max_new_tokens=512)
    assert [len(batch) for batch in batches([20] * 300, decoding, most=small)] == [256, 44]
    assert max(len(batch) for batch in batches([20] * 300, decoding)) == BATCH_TOKENS // 532
    assert max(len(batch) for batch in batches([800] * 300, decoding, most=small)) == 2**26 // 800**2
    assert max(len(batch) for batch in batches([9000] * 9, decoding, most=small)) == BATCH_TOKENS // 9512


def test_layers_of_a_model_may_differ() -> None:
    """Gemma 4 has heads of two widths, and its configuration none for all layers."""
    if not hasattr(transformers, "Gemma4ForCausalLM"):
        pytest.skip("this release of transformers has no Gemma 4")
    shape = transformers.Gemma4TextConfig(
        vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=6, num_attention_heads=2,
        num_key_value_heads=1, head_dim=8, global_head_dim=16,
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.Gemma4ForCausalLM(shape)
    assert [cached(layer) for layer in shape.per_layer_config] == [16] * 5 + [32], "every sixth looks at all tokens"
    assert Checkpoint("layers that differ", Words(), model).batch_tokens == 8 * BATCH_TOKENS


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("kind", ["t5", "bart"])
@pytest.mark.parametrize("samples", [1, 3])
def test_what_stands_before_a_row_is_what_generate_would_go_on_from(
    kind: str, own: bool, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synth.models import writing

    ready, rows = checkpoint(kind), prompts()
    heads = [[20 + at % 3, 25 + at % 5] for at in range(len(rows))]
    decoding = Decoding(max_new_tokens=ROOM, samples=samples, temperature=0.0 if samples == 1 else 0.9)
    names = [str(at) for at in range(len(rows))]
    together = ready.write(rows, names, decoding, heads=heads)
    if not own:
        monkeypatch.setattr(writing, "writes", lambda model: False)
    for at, row in enumerate(rows):
        alone = ready.write([row], [names[at]], decoding, heads=[heads[at]])
        assert together[at] == alone[0]
    bare = ready.write(rows, names, decoding)
    assert bare != together or kind == "bart"  # which says one token over and over, greedily
    if samples == 1:
        start = [ready.model.config.decoder_start_token_id, *heads[2]]
        said = ready.model.generate(
            input_ids=torch.tensor([rows[2]]), decoder_input_ids=torch.tensor([start]), max_new_tokens=ROOM,
            do_sample=False, eos_token_id=ENDS,
        )  # fmt: skip
        assert together[2][0].text == ready.output(said[0, len(start) :].tolist()).text


def test_the_nucleus_is_the_likeliest_tokens_that_are_needed() -> None:
    chances = torch.tensor([[0.5, 0.2, 0.25, 0.05], [0.1, 0.9, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    kept = nucleus(chances, 0.7)
    torch.testing.assert_close(
        kept, torch.tensor([[0.5, 0.0, 0.25, 0.0], [0.0, 0.9, 0.0, 0.0], [0.25, 0.25, 0.25, 0.0]])
    )
    assert (nucleus(chances, 1e-9) > 0).sum(-1).tolist() == [1, 1, 1]


def test_a_row_draws_from_its_nucleus_alone() -> None:
    ready, rows = checkpoint("llama"), prompts()
    decoding = Decoding(max_new_tokens=ROOM, samples=20, temperature=1.0)
    names = [str(at) for at in range(len(rows))]
    free, narrow = (ready.write(rows, names, replace(decoding, top_p=top_p)) for top_p in (1.0, 1e-6))
    greedy = ready.write(rows, names, Decoding(max_new_tokens=ROOM))
    assert [[sample.text for sample in row] for row in narrow] == [[row[0].text] * 20 for row in greedy]
    assert len({sample.text for row in free for sample in row}) > len(rows)

"""Writes many texts at once with a model of transformers: one token to every row a step, and rows that ended leave.

`generate` of transformers computes every row of a batch until its longest one has ended: one row in fifty that never
stops makes a batch of 64 cost as much as one in which none does. Here the rows that go on move together in the caches
once a quarter of a batch has ended. A prompt with several samples is read once.

What a row says depends on its own prompt alone, but for the last digits of floating-point sums. Models whose steps need
more than caches of keys and values (`writes` tells) are left to `generate`.

Imports torch and transformers; to be imported inside the functions that write.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from transformers import DynamicCache, EncoderDecoderCache, GenerationMixin
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

LOOK = 16  # steps after which it is asked whether rows are done
SHARE = 0.75  # rows of a batch that still go on, at which the others leave it: one copy of the caches each
# settings of generation that change logits, or how a token is chosen; a model may bring its own
CHANGES = (
    "bad_words_ids", "begin_suppress_tokens", "cache_implementation", "encoder_no_repeat_ngram_size",
    "encoder_repetition_penalty", "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id",
    "guidance_scale", "min_length", "min_new_tokens", "no_repeat_ngram_size", "prompt_lookup_num_tokens",
    "remove_invalid_values", "repetition_penalty", "sequence_bias", "stop_strings", "suppress_tokens",
    "watermarking_config",
)  # fmt: skip


class Chooses(Protocol):
    """Chooses a token of each row from logits (rows, vocabulary), and forgets the rows that are not kept."""

    def choose(self, scores: torch.Tensor) -> torch.Tensor: ...

    def keep(self, rows: torch.Tensor) -> None: ...


class Greedy:
    """The likeliest token of each row."""

    def choose(self, scores: torch.Tensor) -> torch.Tensor:
        return scores.argmax(dim=-1)

    def keep(self, rows: torch.Tensor) -> None:
        pass


def writes(model: Any) -> bool:
    """Whether this file's steps are those that `generate` would take with this model."""
    own = type(model).prepare_inputs_for_generation is not GenerationMixin.prepare_inputs_for_generation
    if own or getattr(model, "_is_stateful", False):
        return False
    takes = inspect.signature(model.forward).parameters
    needed = {"encoder_outputs", "decoder_input_ids"} if model.config.is_encoder_decoder else {"position_ids"}
    if not takes.keys() >= needed | {"attention_mask", "past_key_values", "use_cache"}:
        return False
    kinds = {type(layer) for layer in DynamicCache(config=model.config).layers}
    changes = [getattr(model.generation_config, name, None) for name in CHANGES]
    return kinds <= {DynamicLayer, DynamicSlidingWindowLayer} and all(each in (None, False, 0, 1.0) for each in changes)


@torch.inference_mode()
def write(  # noqa: PLR0913 - each is a fact about the rows
    model: Any, prompts: Sequence[Sequence[int]], rooms: Sequence[int], ends: Sequence[int], pad: int,
    *, starts: Sequence[Sequence[int]] | None = None, samples: int = 1, choice: Chooses | None = None,
    done: Callable[[int, list[int]], bool] | None = None,
) -> list[list[int]]:  # fmt: skip
    """The tokens that are written behind each prompt, `samples` of each after one another, up to an end token.

    rooms: tokens that may be written behind each prompt. starts: what the decoder of an encoder-decoder begins with, as
    many tokens in each row. What stands behind an end token in the returned lists means nothing. done: whether a row
    (its place in the returned list, the tokens it has so far) needs no more, though it has not come to an end token.
    """
    choice = choice or Greedy()
    stop = torch.tensor([*ends], dtype=torch.long, device=model.device)
    left = torch.tensor([room for room in rooms for _ in range(samples)], device=model.device)
    rows: Reading | Both = (
        Reading(model, prompts, pad, samples) if starts is None else Both(model, prompts, pad, samples, starts)
    )
    at = torch.arange(len(left), device=model.device)
    written = torch.full((len(left), max(rooms)), pad, device=model.device)
    limits = left.tolist()
    scores = rows.scores
    for step in range(max(rooms)):
        tokens = choice.choose(scores)
        written[at, step] = tokens
        left = left.masked_fill(torch.isin(tokens, stop), 0)
        if done is not None and (step + 1) % LOOK == 0:
            for place in (left > step + 1).nonzero().squeeze(1).tolist():
                row = int(at[place])
                if done(row, written[row, : step + 1].tolist()):
                    left[place], limits[row] = 0, step + 1
        going = left > step + 1
        count = int(going.sum())
        if not count:
            break
        if count <= SHARE * len(at):
            kept = going.nonzero().squeeze(1)
            at, left, tokens = at[kept], left[kept], tokens[kept]
            rows.keep(kept)
            choice.keep(kept)
        scores = rows.step(tokens)
    return [ids[:limit] for ids, limit in zip(written.tolist(), limits, strict=True)]


def padded(model: Any, lists: Sequence[Sequence[int]], pad: int, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and their mask, (rows, longest) each."""
    longest = max(map(len, lists))
    ids, mask = [], []
    for row in lists:
        fill, ones = [pad] * (longest - len(row)), [1] * len(row)
        ids.append([*fill, *row] if left else [*row, *fill])
        mask.append([*[0] * len(fill), *ones] if left else [*ones, *[0] * len(fill)])
    return torch.tensor(ids, device=model.device), torch.tensor(mask, device=model.device)


class Reading:
    """Rows of a decoder, which reads what it writes: prompts padded on the left, and one cache."""

    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], pad: int, samples: int) -> None:
        self._model, self._cache = model, DynamicCache(config=model.config)
        ids, self._mask = padded(model, prompts, pad, left=True)
        self._last = (getattr(model.config, "max_position_embeddings", None) or 2**31) - 1
        last = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._more = {"logits_to_keep": 1} if last else {}
        self._places = (self._mask.cumsum(dim=1) - 1).clamp(min=0)
        self.scores = self._read(ids)
        if samples > 1:
            self._cache.batch_repeat_interleave(samples)
            self._mask, self._places, self.scores = (
                each.repeat_interleave(samples, dim=0) for each in (self._mask, self._places, self.scores)
            )

    def _read(self, ids: torch.Tensor) -> torch.Tensor:
        outputs = self._model(
            input_ids=ids, attention_mask=self._mask, position_ids=self._places, past_key_values=self._cache,
            use_cache=True, **self._more,
        )  # fmt: skip
        scores: torch.Tensor = outputs.logits[:, -1].float()
        return scores

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read the tokens that were written; returns the logits of the next ones."""
        self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        self._places = (self._places[:, -1:] + 1).clamp(max=self._last)  # rows that ended run on until they leave
        return self._read(tokens[:, None])

    def keep(self, rows: torch.Tensor) -> None:
        self._cache.batch_select_indices(rows)
        self._mask, self._places = self._mask[rows], self._places[rows]


class Both:
    """Rows of an encoder-decoder: prompts that the encoder has read, and the caches of its decoder."""

    def __init__(
        self, model: Any, prompts: Sequence[Sequence[int]], pad: int, samples: int, starts: Sequence[Sequence[int]]
    ) -> None:
        self._model = model
        self._cache = EncoderDecoderCache(DynamicCache(config=model.config), DynamicCache(config=model.config))
        ids, mask = padded(model, prompts, pad, left=False)
        self._read = model.get_encoder()(input_ids=ids, attention_mask=mask)  # as it is: some models want more of it
        self._read.last_hidden_state, self._mask = (
            each.repeat_interleave(samples, dim=0) for each in (self._read.last_hidden_state, mask)
        )
        begun = torch.tensor([[*ids] for ids in starts], device=model.device)
        self.scores = self._write(begun.repeat_interleave(samples, dim=0))

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Read the tokens that were written; returns the logits of the next ones."""
        return self._write(tokens[:, None])

    def _write(self, ids: torch.Tensor) -> torch.Tensor:
        outputs = self._model(
            encoder_outputs=self._read, attention_mask=self._mask, decoder_input_ids=ids,
            past_key_values=self._cache, use_cache=True,
        )  # fmt: skip
        scores: torch.Tensor = outputs.logits[:, -1].float()
        return scores

    def keep(self, rows: torch.Tensor) -> None:
        self._cache.batch_select_indices(rows)
        self._read.last_hidden_state, self._mask = self._read.last_hidden_state[rows], self._mask[rows]

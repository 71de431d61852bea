"""Generates text with a local checkpoint: any encoder-decoder or decoder in Hugging Face's format, LoRA adapters too.

Prompts go through the model in batches ordered by length, longest first: a batch is padded little, and the one that
takes the most memory comes first. Which prompts share a batch depends on nothing but their lengths and the model, so a
run that resumes makes the same batches. A row that has ended leaves its batch (writing.py).

Greedy decoding by default. A sampled token is the one at which the sum of the probabilities passes a number between 0
and 1, and each row draws its numbers from its own seed, so that what it says does not depend on its neighbours (but for
the last digits of floating-point sums, which padding changes).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from synth.models.tokens import without_end

BATCH_TOKENS = 32_768  # tokens of prompts and outputs, padding included, in one batch
SMALL_MODELS = 8  # times as many for models so small that their caches stay below CACHE_BYTES,
SMALL_PAIRS = 2  # fewer for encoder-decoders, whose attention is written out for every head,
CACHE_BYTES = 2**30
MASKED = 2**26  # and no more than BATCH_TOKENS if the masks of the prompts would have more places than these


@dataclass(frozen=True)
class Decoding:
    """Settings of generation: temperature, lengths, batch size."""

    samples: int = 1
    temperature: float = 0.0  # 0: the likeliest token each time
    max_new_tokens: int = 512
    batch_size: int = 256  # rows at most
    seed: int = 0
    top_p: float = 1.0  # the likeliest tokens that together have this probability (Holtzman et al. 2020)


@dataclass(frozen=True, slots=True)
class Output:
    """One generated text."""

    text: str
    tokens: int  # the end token counts as one
    cut_off: bool  # the length limit ended it
    refused: bool = False  # the server withheld it, or says that the model refused
    told: Any = None  # what the server tells of the probabilities of its answer (synth/evaluating/logprobs.py)
    read: int | None = None  # tokens of its prompt, all that the model read; None if nobody counted


class Checkpoint:
    """A model and its tokenizer, ready to write."""

    def __init__(self, name: str, tokenizer: Any, model: Any) -> None:
        self.name, self.tokenizer, self.model = name, tokenizer, model
        self.decoder = not model.config.is_encoder_decoder
        if self.decoder:
            tokenizer.padding_side = "left"
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token

    @cached_property
    def limit(self) -> int | None:
        """Tokens of the longest prompt; of a decoder, prompt and output together. None: no limit (T5)."""
        return places(self.model.config)

    @cached_property
    def ends(self) -> list[int]:
        given = self.model.generation_config.eos_token_id
        own = given if isinstance(given, list) else [given]
        return [end for end in [*own, self.tokenizer.eos_token_id] if end is not None]

    def encode(self, prompts: Sequence[str], chat: bool) -> list[list[int]]:
        """Tokens of each prompt, with those that the tokenizer adds, but for an end token in front of a decoder's
        output. The text of a chat has them all."""
        # verbose: the length of each is looked at elsewhere
        if self.decoder and not chat:
            return without_end(self.tokenizer, prompts)
        encoded: list[list[int]] = self.tokenizer(list(prompts), add_special_tokens=not chat, verbose=False)[
            "input_ids"
        ]
        if self.decoder:  # a template that closes the last turn
            return [ids[:-1] if len(ids) > 1 and ids[-1] in self.ends else ids for ids in encoded]
        return encoded

    def room(self, length: int, decoding: Decoding) -> int:
        """Tokens that may be written behind a prompt of so many; 0 or less if the prompt is too long by itself."""
        if self.limit is None:
            return decoding.max_new_tokens
        left = self.limit - length
        if self.decoder:
            return min(decoding.max_new_tokens, left)
        return decoding.max_new_tokens if left >= 0 else 0

    @cached_property
    def batch_tokens(self) -> int:
        """Tokens of prompts and outputs in one batch: more for a small model, most of whose time goes to its steps."""
        config = self.model.config.get_text_config(decoder=True)
        # layers may differ (Gemma 4); older releases of transformers know only of those that do not
        count = getattr(config, "num_hidden_layers", 0)
        layers = getattr(config, "per_layer_config", [config] * count)
        token: int = sum(cached(layers[at]) for at in range(count)) * self.model.dtype.itemsize
        if not token:
            return BATCH_TOKENS
        times = SMALL_MODELS if self.decoder else SMALL_PAIRS
        return max(BATCH_TOKENS, min(times * BATCH_TOKENS, CACHE_BYTES // token))

    def write(
        self,
        prompts: Sequence[list[int]],
        names: Sequence[str],
        decoding: Decoding,
        done: Callable[[int, str], bool] | None = None,
        heads: Sequence[Sequence[int]] | None = None,
    ) -> list[list[Output]]:
        """The outputs of each prompt of one batch. `names` seed the samples of a row.

        heads: of an encoder-decoder, tokens that stand before all that its decoder writes, as many in each row.

        done: whether an output (the place of its prompt, its text so far) needs to go on no more. It may be asked now
        and then, or never; an output that it ends has come to no end token, as one that the limit ended.
        """
        outputs = [self.output(ids) for ids in self.written(prompts, names, decoding, done, heads)]
        return [outputs[at : at + decoding.samples] for at in range(0, len(outputs), decoding.samples)]

    def written(
        self,
        prompts: Sequence[list[int]],
        names: Sequence[str],
        decoding: Decoding,
        done: Callable[[int, str], bool] | None = None,
        heads: Sequence[Sequence[int]] | None = None,
    ) -> list[list[int]]:
        """The same as tokens, all samples in one list. What stands behind an end token means nothing."""
        from synth.models import writing

        rooms = [self.room(len(ids), decoding) for ids in prompts]
        drawn = Drawn.for_rows(names, decoding, max(rooms), self.model.device) if decoding.temperature else None
        starts = self.starts(len(prompts), heads)
        if writing.writes(self.model):
            written = writing.write(
                self.model, prompts, rooms, self.ends, self.tokenizer.pad_token_id, starts=starts,
                samples=decoding.samples, choice=drawn,
                done=None if done is None else lambda row, ids: done(row // decoding.samples, self.output(ids).text),
            )  # fmt: skip
        else:
            written = self._generated(prompts, rooms, decoding, drawn, starts)
        return written

    def _generated(
        self, prompts: Sequence[list[int]], rooms: Sequence[int], decoding: Decoding, drawn: "Drawn | None",
        starts: Sequence[Sequence[int]] | None,
    ) -> list[list[int]]:  # fmt: skip
        """The tokens behind each prompt by the model's own `generate`, which computes ended rows on."""
        import torch

        copies = [ids for ids in prompts for _ in range(decoding.samples)]
        padded = self.tokenizer.pad({"input_ids": copies}, return_tensors="pt").to(self.model.device)
        more, begun = {}, padded["input_ids"].shape[1]
        if starts is not None:
            ids = [[*start] for start in starts for _ in range(decoding.samples)]
            more = {"decoder_input_ids": torch.tensor(ids, device=self.model.device)}
            begun = len(ids[0])
        with torch.inference_mode(), self._inside():
            written = self.model.generate(
                input_ids=padded["input_ids"], attention_mask=padded["attention_mask"],
                generation_config=self._settings(max(rooms)), logits_processor=[drawn] if drawn else None, **more,
            )  # fmt: skip
        written = written[:, begun:]
        limits = [room for room in rooms for _ in range(decoding.samples)]
        return [ids[:limit] for ids, limit in zip(written.tolist(), limits, strict=True)]

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """While it lasts, rows that have used up their room run on at the last place that the model has."""
        last = (self.limit or 2**31) - 1

        def clamp(_: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            at = given.get("position_ids")
            return args, given if at is None else {**given, "position_ids": at.clamp(max=last)}

        hook = self.model.register_forward_pre_hook(clamp, with_kwargs=True)
        try:
            yield
        finally:
            hook.remove()

    def starts(self, rows: int, heads: Sequence[Sequence[int]] | None) -> list[list[int]] | None:
        """What the decoder of an encoder-decoder begins with, row by row; None for a decoder."""
        start = self._start
        return None if start is None else [[start, *head] for head in (heads or [()] * rows)]

    @property
    def _start(self) -> int | None:
        """The token that the decoder of an encoder-decoder begins with; None for a decoder."""
        if self.decoder:
            return None
        start = self.model.generation_config.decoder_start_token_id
        return int(self.model.config.decoder_start_token_id if start is None else start)

    def _settings(self, room: int) -> Any:
        from transformers import GenerationConfig

        config = self.model.generation_config
        return GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=room, do_sample=False, num_beams=1, eos_token_id=self.ends or None,
            pad_token_id=self.tokenizer.pad_token_id, bos_token_id=config.bos_token_id,
            decoder_start_token_id=self._start,
        )  # fmt: skip

    def output(self, ids: list[int]) -> Output:
        """The text of the tokens that were written, up to the end token."""
        own = self.own(ids)
        text = self.tokenizer.decode(own, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Output(text, len(own), own[-1] not in self.ends if own else True)

    def own(self, ids: list[int]) -> list[int]:
        """The tokens up to the first end token, which is one of them."""
        end = next((at for at, token in enumerate(ids) if token in self.ends), None)
        return ids if end is None else ids[: end + 1]


def places(config: Any) -> int | None:
    """Tokens of the longest text that a model takes; None for one without a limit, as T5, whose places are relative."""
    limit = getattr(config, "max_position_embeddings", None)  # configurations have only what their models have
    return int(limit) if limit else None


def cached(layer: Any) -> int:
    """Numbers that a layer keeps of a token, by its configuration: a key and a value a head; 0 without attention."""
    many = getattr(layer, "num_attention_heads", None)
    if not many:
        return 0
    width = getattr(layer, "head_dim", None) or layer.hidden_size // many
    heads: int = getattr(layer, "num_key_value_heads", None) or many
    return 2 * heads * int(width)


class Drawn:
    """Draws a token of each row with the row's own numbers; called as a logits processor it leaves that one alone."""

    def __init__(self, numbers: Any, temperature: float, top_p: float = 1.0) -> None:
        self.numbers, self.temperature, self.top_p, self.step = numbers, temperature, top_p, 0

    @classmethod
    def for_rows(cls, names: Sequence[str], decoding: Decoding, steps: int, device: Any) -> "Drawn":
        import torch

        from synth.base.draws import uniform

        rows = [
            uniform(f"eval/{decoding.seed}/{name}/{sample}", 0, 1, steps)[0].tolist()
            for name in names
            for sample in range(decoding.samples)
        ]
        numbers = torch.tensor(rows, dtype=torch.float64, device=device)
        return cls(numbers, decoding.temperature, decoding.top_p)

    def choose(self, scores: Any) -> Any:
        """The next token of each row, from logits (rows, vocabulary)."""
        import torch

        chances = torch.softmax(scores.double() / self.temperature, dim=-1)
        if self.top_p < 1:
            chances = nucleus(chances, self.top_p)
        sums = chances.cumsum(dim=-1)
        aim = self.numbers[:, self.step, None] * sums[:, -1:]
        self.step += 1
        return torch.searchsorted(sums, aim, right=True).squeeze(1)

    def keep(self, rows: Any) -> None:
        """Go on with these rows alone."""
        self.numbers = self.numbers[rows]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        return torch.full_like(scores, float("-inf")).scatter_(1, self.choose(scores)[:, None], 0.0)


def nucleus(chances: Any, top_p: float) -> Any:
    """The probabilities (rows, vocabulary) with those of all tokens 0 that are not needed to reach top_p.

    The likeliest token always stays (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration").
    """
    import torch

    sorted_, places = chances.sort(dim=-1, descending=True, stable=True)
    needed = sorted_.cumsum(dim=-1) - sorted_ < top_p
    return torch.zeros_like(chances).scatter(-1, places, sorted_ * needed)


def batches(
    lengths: Sequence[int], decoding: Decoding, by_length: bool = True, most: int = BATCH_TOKENS
) -> Iterator[list[int]]:
    """Places of the prompts that go together: at most batch_size, and `most` tokens with what they may write.

    most: `Checkpoint.batch_tokens` of the one that writes.
    `by_length`: longest first; otherwise in the order of the data (what benchmarks/evaluating.py compares with).
    """
    order = sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)) if by_length else range(len(lengths))
    batch: list[int] = []
    longest = 0
    for at in order:
        longest = max(longest, lengths[at])
        tokens = (longest + decoding.max_new_tokens) * decoding.samples * (len(batch) + 1)
        large = tokens > BATCH_TOKENS and longest**2 * (len(batch) + 1) > MASKED
        if batch and (len(batch) == decoding.batch_size or tokens > most or large):
            yield batch
            batch, longest = [], lengths[at]
        batch.append(at)
    if batch:
        yield batch

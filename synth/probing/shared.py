"""Forced decoding of many closings behind the prefixes of one text, which is read once.

    prompt MAX , 9 ; SUM , 3                    read once, its keys and values kept
                 |       | ; answer is  0|1|2   branches: a closing behind each prefix, each answer behind its closing
                 | ; answer is  0|1|2

All branches of a text go through the model together: a token sees the prefix that its branch grows from, its own
closing and its own answer, by a mask, and stands at the place that it would have if nothing else were there. So a text
of n tokens with k answers costs a few passes and not n x k of them; what comes out is the same but for the last digits
of floating-point sums.

It needs a model whose tokens stand where they are told: a decoder that takes `position_ids` and keeps keys and values
alone, or a T5, whose distances are made from such places here. Other models are read the plain way
(synth/models/scoring.py).

Imports torch and transformers; to be imported inside the functions that need it.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, EncoderDecoderCache
from transformers.cache_utils import DynamicLayer

from synth.models.generate import Checkpoint
from synth.models.scoring import Place, log_probabilities
from synth.probing.subject import Start

T5 = ("t5", "mt5")
AT_ONCE = 1024  # tokens of branches in one pass
CLOSE, CLOSE_HALF = 1e-4, 5e-2  # how far two ways of reading may differ, with weights of 32 bits and of 16


@dataclass(frozen=True)
class Branch:
    """What closes a text behind its first so many tokens: a lead, and each of some answers behind it."""

    kept: int
    lead: Sequence[int]
    answers: Sequence[Sequence[int]]


def weigh(checkpoint: Checkpoint, start: Start, text: Sequence[int], branches: Sequence[Branch]) -> list[list[float]]:
    """The logarithm of the probability of each answer of each branch, given all that stands before it."""
    if not takes_branches(checkpoint.model):
        return plainly(checkpoint, start, text, branches)
    trunk = Trunk(checkpoint, start, text)
    return [found for some in _portions(branches) for found in trunk.weigh(some)]


def plainly(checkpoint: Checkpoint, start: Start, text: Sequence[int], branches: Sequence[Branch]) -> list[list[float]]:
    """The same, each text read by itself."""
    pairs = [((*text[: b.kept], *b.lead), answer) for b in branches for answer in b.answers]
    places = [Place((*start.read, *before)) if checkpoint.decoder else Place((*start.read,), (*start.written, *before))
              for before, _ in pairs]  # fmt: skip
    found = iter(log_probabilities(checkpoint, places, [answer for _, answer in pairs]))
    return [[sum(next(found)) for _ in branch.answers] for branch in branches]


def summed(logits: torch.Tensor, ids: Sequence[int]) -> float:
    """The logarithm of the probability of tokens, from the logits (tokens, vocabulary) at the places before them."""
    wanted = torch.tensor([*ids], device=logits.device)
    chances = torch.log_softmax(logits.double(), dim=-1)
    return float(chances.gather(1, wanted[:, None]).sum())


def takes_branches(model: Any) -> bool:
    """Whether the tokens of a model can stand at places of our own."""
    if model.config.is_encoder_decoder:
        return model.config.model_type in T5
    if "position_ids" not in inspect.signature(model.forward).parameters:
        return False
    masks = model.config._attn_implementation in ("sdpa", "eager")  # those that take a mask of any shape
    return masks and {type(layer) for layer in DynamicCache(config=model.config).layers} <= {DynamicLayer}


def agree(checkpoint: Checkpoint, start: Start, text: Sequence[int], branches: Sequence[Branch]) -> bool:
    """Whether both ways of reading a model say the same about a few branches."""
    few = [branches[0], branches[len(branches) // 2], branches[-1]]
    pairs = zip(weigh(checkpoint, start, text, few), plainly(checkpoint, start, text, few), strict=True)
    most = CLOSE if checkpoint.model.dtype == torch.float32 else CLOSE_HALF
    return all((torch.tensor(a).exp() - torch.tensor(b).exp()).abs().max() < most for a, b in pairs)


def _portions(branches: Sequence[Branch]) -> Iterator[list[Branch]]:
    """Branches that go through the model together."""
    portion, tokens = list[Branch](), 0
    for branch in branches:
        own = len(branch.lead) + sum(len(answer) - 1 for answer in branch.answers)
        if portion and tokens + own > AT_ONCE:
            yield portion
            portion, tokens = [], 0
        portion.append(branch)
        tokens += own
    yield portion


class Trunk:
    """A text that a model has read, and that branches grow from."""

    def __init__(self, checkpoint: Checkpoint, start: Start, text: Sequence[int]) -> None:
        self._model, self._decoder = checkpoint.model, checkpoint.decoder
        begun = start.read if self._decoder else start.written
        self._begun, ids = len(begun), [*begun, *text]
        self._length = len(ids)
        self._own = DynamicCache(config=self._model.config)
        self._cache: Any = self._own
        self._read: Any = None
        if not self._decoder:
            self._cache = EncoderDecoderCache(self._own, DynamicCache(config=self._model.config))
            with torch.inference_mode():
                self._read = self._model.get_encoder()(input_ids=self._tensor(start.read))
        places = torch.arange(self._length)
        self._logits = self._pass(ids, places, places[None, :] <= places[:, None], places)

    def weigh(self, branches: Sequence[Branch]) -> list[list[float]]:
        """The logarithm of the probability of each answer of each branch."""
        ids, places, seen, grown = self._grown(branches)
        logits = self._logits[:0]
        if ids:
            keys = torch.cat([torch.arange(self._length), torch.tensor(places)])
            logits = self._pass(ids, torch.tensor(places), torch.stack(seen), keys)
            self._own.crop(-len(ids))
        found = []
        for branch, (lead, answers) in zip(branches, grown, strict=True):
            first = self._logits[self._begun + branch.kept - 1] if lead is None else logits[lead]
            found.append(
                [
                    summed(torch.cat([first[None], logits[at : at + len(answer) - 1]]), answer)
                    for at, answer in zip(answers, branch.answers, strict=True)
                ]
            )
        return found

    def _grown(
        self, branches: Sequence[Branch]
    ) -> tuple[list[int], list[int], list[torch.Tensor], list[tuple[int | None, list[int]]]]:
        """The tokens of all branches, their places, what each sees, and where in them the last token of each lead (None
        if it has none) and the first of each answer are."""
        total = sum(len(b.lead) + sum(len(answer) - 1 for answer in b.answers) for b in branches)
        ids: list[int] = []
        places: list[int] = []
        seen: list[torch.Tensor] = []
        grown: list[tuple[int | None, list[int]]] = []

        def grow(tokens: Sequence[int], place: int, sees: torch.Tensor) -> torch.Tensor:
            for step, token in enumerate(tokens):
                sees = sees.clone()
                sees[self._length + len(ids)] = True
                ids.append(token)
                places.append(place + step)
                seen.append(sees)
            return sees

        for branch in branches:
            place = self._begun + branch.kept
            sees = torch.arange(self._length + total) < place
            sees = grow(branch.lead, place, sees)
            lead, answers = len(ids) - 1 if branch.lead else None, []
            for answer in branch.answers:
                answers.append(len(ids))
                grow(answer[:-1], place + len(branch.lead), sees)
            grown.append((lead, answers))
        return ids, places, seen, grown

    def _pass(self, ids: Sequence[int], places: torch.Tensor, seen: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        """The logits behind tokens at these places, (tokens, vocabulary). seen: (tokens, keys), what each looks at."""
        dtype, device = self._model.dtype, self._model.device
        mask = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min).to(device)[None, None]
        if self._decoder:
            given = {"input_ids": self._tensor(ids), "position_ids": places.to(device)[None], "attention_mask": mask}
        else:
            given = {
                "decoder_input_ids": self._tensor(ids), "decoder_attention_mask": mask, "encoder_outputs": self._read,
            }  # fmt: skip
        with torch.inference_mode(), _standing(self._model, places.to(device), keys.to(device)):
            logits: torch.Tensor = self._model(**given, past_key_values=self._cache, use_cache=True).logits[0]
        return logits

    def _tensor(self, ids: Sequence[int]) -> torch.Tensor:
        return torch.tensor([[*ids]], device=self._model.device)


@contextmanager
def _standing(model: Any, places: torch.Tensor, keys: torch.Tensor) -> Iterator[None]:
    """While it lasts, the distances of a T5's decoder are those between these places."""
    decoder = model.get_decoder() if model.config.is_encoder_decoder else torch.nn.Module()
    biased = [module for module in decoder.modules() if getattr(module, "has_relative_attention_bias", False)]

    def bias_of(module: Any) -> Any:
        def compute_bias(*_: Any, **__: Any) -> torch.Tensor:
            bucket = module._relative_position_bucket(
                keys[None, :] - places[:, None], bidirectional=False,
                num_buckets=module.relative_attention_num_buckets,
                max_distance=module.relative_attention_max_distance,
            )  # fmt: skip
            values: torch.Tensor = module.relative_attention_bias(bucket)
            return values.permute([2, 0, 1]).unsqueeze(0)

        return compute_bias

    for module in biased:
        module.compute_bias = bias_of(module)
    try:
        yield
    finally:
        for module in biased:
            del module.compute_bias

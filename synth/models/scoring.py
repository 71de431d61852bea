"""How probable texts are behind other ones: forced decoding, many at once, with logits only where they are needed.

Probabilities are the model's own, at temperature 1, whatever temperature it was sampled at.

Imports torch; to be imported inside the functions that score.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from synth.models.generate import Checkpoint, Decoding, batches
from synth.models.writing import padded

DECODER_TOKENS = 8_192  # of a batch, padding included
WRITTEN_TOKENS = 2_048  # of a batch of which a model makes logits of the whole vocabulary at each token


@dataclass(frozen=True)
class Place:
    """What stands before the tokens that are scored.

    read: of a decoder all of it; of an encoder-decoder what the encoder reads. written: of an encoder-decoder what its
    decoder begins with; empty for a decoder.
    """

    read: tuple[int, ...]
    written: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.read) + len(self.written)


def log_probabilities(
    checkpoint: Checkpoint, places: Sequence[Place], after: Sequence[Sequence[int]]
) -> list[list[float]]:
    """The logarithm of the probability of each token of each `after`, behind its place.

    Texts that differ in their last token alone, such as the letters of options, are read once.
    """
    contexts: dict[tuple[Place, tuple[int, ...]], int] = {}
    for place, ids in zip(places, after, strict=True):
        contexts.setdefault((place, tuple(ids[:-1])), len(contexts))
    wanted: list[list[int]] = [[] for _ in contexts]  # texts of each context
    for at, place in enumerate(places):
        wanted[contexts[place, tuple(after[at][:-1])]].append(at)
    known, found = list(contexts), [list[float]() for _ in after]
    lengths = [len(place) + len(ids) for place, ids in known]
    keeps = checkpoint.decoder and "logits_to_keep" in inspect.signature(checkpoint.model.forward).parameters
    most = DECODER_TOKENS if keeps else WRITTEN_TOKENS
    for batch in batches(lengths, Decoding(max_new_tokens=0), most=most):
        scores = _scores(checkpoint, [known[row] for row in batch], keeps)
        for row, of_row in zip(batch, scores, strict=True):
            for at in wanted[row]:
                tokens = torch.tensor([*after[at]], device=of_row.device)
                found[at] = of_row.gather(1, tokens[:, None])[:, 0].tolist()
    return found


@torch.inference_mode()
def _scores(
    checkpoint: Checkpoint, contexts: Sequence[tuple[Place, tuple[int, ...]]], keeps: bool
) -> list[torch.Tensor]:
    """Of each context the logarithms (tokens behind its place and one more, vocabulary)."""
    many = [len(ids) + 1 for _, ids in contexts]
    read = _decoder if checkpoint.decoder else _both
    logits, ends = read(checkpoint, contexts, max(many) if keeps else None)
    return [
        logits[row, end - count : end].double().log_softmax(dim=-1)
        for row, (end, count) in enumerate(zip(ends, many, strict=True))
    ]


def _decoder(checkpoint: Checkpoint, contexts: Sequence[Any], last: int | None) -> tuple[torch.Tensor, list[int]]:
    """Logits, and where those of each row end; padded on the left, so that all end at the same place."""
    model, lists = checkpoint.model, [[*place.read, *ids] for place, ids in contexts]
    ids, mask = padded(model, lists, checkpoint.tokenizer.pad_token_id, left=True)
    more: dict[str, Any] = {} if last is None else {"logits_to_keep": last}
    if "position_ids" in inspect.signature(model.forward).parameters:
        more["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0, max=(checkpoint.limit or 2**31) - 1)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False, **more).logits
    return logits, [logits.shape[1]] * len(lists)


def _both(checkpoint: Checkpoint, contexts: Sequence[Any], last: int | None) -> tuple[torch.Tensor, list[int]]:
    """The same of an encoder-decoder, padded on the right: a token of its decoder reads those to its left alone."""
    model, pad = checkpoint.model, checkpoint.tokenizer.pad_token_id
    read, mask = padded(model, [place.read for place, _ in contexts], pad, left=False)
    lists = [[*place.written, *ids] for place, ids in contexts]
    written, _ = padded(model, lists, pad, left=False)
    logits = model(input_ids=read, attention_mask=mask, decoder_input_ids=written, use_cache=False).logits
    return logits, list(map(len, lists))

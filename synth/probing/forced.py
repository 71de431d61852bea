"""Forced decoding: the probability of a text behind another one, exact, one sequence each.

The plain way, which every model can be asked in; shared.py is the fast one, and is held against this.

Imports torch; to be imported inside the functions that need it.
"""

from collections.abc import Sequence
from typing import Any

import torch

from synth.models.generate import Checkpoint
from synth.models.writing import padded
from synth.probing.subject import Start

PLACES = 16_384  # tokens of a batch at most


def log_probabilities(
    checkpoint: Checkpoint, starts: Sequence[Start], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> list[float]:
    """The logarithm of the probability that `after` follows `before`, behind the start of its row."""
    found: list[float] = []
    longest = max(len(s.read) + len(s.written) + len(b) + len(a) for s, b, a in zip(starts, before, after, strict=True))
    size = max(1, PLACES // longest)
    for at in range(0, len(starts), size):
        part = slice(at, at + size)
        found += _batch(checkpoint, starts[part], before[part], after[part])
    return found


def _batch(
    checkpoint: Checkpoint, starts: Sequence[Start], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> list[float]:
    pad, model = checkpoint.tokenizer.pad_token_id, checkpoint.model
    decoder = checkpoint.decoder
    begun = [[*(s.read if decoder else s.written), *b] for s, b in zip(starts, before, strict=True)]
    ids, mask = padded(model, [[*b, *a[:-1]] for b, a in zip(begun, after, strict=True)], pad, left=False)
    given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
    if not decoder:
        read, seen = padded(model, [s.read for s in starts], pad, left=False)
        given = {
            "input_ids": read, "attention_mask": seen, "decoder_input_ids": ids, "decoder_attention_mask": mask,
        }  # fmt: skip
    with torch.inference_mode():
        logits = model(**given, use_cache=False).logits
    return [
        summed(logits[row, len(b) - 1 : len(b) - 1 + len(a)], a)
        for row, (b, a) in enumerate(zip(begun, after, strict=True))
    ]


def summed(logits: torch.Tensor, ids: Sequence[int]) -> float:
    """The logarithm of the probability of tokens, from the logits (tokens, vocabulary) at the places before them."""
    wanted = torch.tensor([*ids], device=logits.device)
    chances = torch.log_softmax(logits.double(), dim=-1)
    return float(chances.gather(1, wanted[:, None]).sum())

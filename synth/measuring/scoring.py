"""How probable a model finds what is to be written. Imports torch; to be imported inside the functions that score."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from synth.models.faults import gpu_may_fail
from synth.models.generate import Decoding, batches
from synth.training.encoding import IGNORED, Encoded
from synth.training.view import View

READ_TOKENS = 8_192  # of a batch of what an encoder reads, padding included
DECODER_TOKENS = 2_048  # of a decoder, which makes logits of the whole vocabulary at each of them
ROWS = 64  # of a batch


def bits(view: View, model: Any, rows: Sequence[Encoded]) -> list[float]:
    """-log2 of the probability of what each row writes, its end token included, given what it reads.

    model: on its device, in evaluation mode. Raises TrainingError for a GPU that fails.
    """
    lengths = [max(len(row.input_ids), len(row.labels)) for row in rows]
    most = READ_TOKENS if view.architecture.encoder_decoder else DECODER_TOKENS
    found = [0.0] * len(rows)
    with gpu_may_fail("nothing was scored; free its memory"), torch.inference_mode():
        for places in batches(lengths, Decoding(max_new_tokens=0, batch_size=ROWS), most=most):
            own = _batch(view, model, [rows[at] for at in places])
            for at, value in zip(places, own, strict=True):
                found[at] = value
    return found


def _batch(view: View, model: Any, rows: Sequence[Encoded]) -> list[float]:
    collate = view.architecture.collate(view.tokenizer, model)
    batch = {name: ids.to(model.device) for name, ids in collate(rows).items()}
    labels = batch.pop("labels")
    if view.architecture.encoder_decoder and "decoder_input_ids" not in batch:
        batch["labels"] = labels
    logits = model(**batch).logits.float()
    if view.architecture.shift:
        logits, labels = logits[:, :-1], labels[:, 1:]
    own = logits.log_softmax(dim=-1).gather(2, labels.clamp(min=0)[..., None]).squeeze(2).double()
    sums: torch.Tensor = (own * (labels != IGNORED)).sum(dim=1) / -math.log(2)
    return sums.tolist()

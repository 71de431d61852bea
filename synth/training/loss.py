"""The loss of a step, and a head that makes logits only where something is learned.

Most of the last layer's work is thrown away otherwise: nothing is learned at the tokens of a prompt nor at padding, and
a logit is as long as the vocabulary. A batch says where it learns, a hook on the head takes those places out of the
hidden states before they become logits, and the loss is the same.

Imports torch; to be imported inside the functions that train.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy, pad

from synth.training.encoding import IGNORED, Encoded

LEARNED = "learned"  # in a batch, (rows, longest): the places whose logits the loss needs; no model sees it

Collate = Callable[[Sequence[Encoded]], dict[str, Any]]


class NotFiniteError(Exception):
    """The loss of a training step is NaN or infinite."""


def token_loss(shift: bool) -> Callable[..., torch.Tensor]:
    """Cross entropy over the tokens that count, divided by how many there are in all batches of a step.

    So a step over several batches or processes has the loss of one over a single batch. shift: logits at a place are
    for the next token (decoders). Logits are (rows, longest, vocabulary), or (tokens that count, vocabulary) from a
    head under `only_learned`. Raises NotFiniteError in training.
    """

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | None = None) -> torch.Tensor:
        logits, wanted = outputs.logits, labels[:, 1:] if shift else labels
        if logits.dim() == 2:
            wanted = wanted[wanted != IGNORED]
        elif shift:
            logits = logits[:, :-1]
        count = (wanted != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        logits = logits.reshape(-1, logits.shape[-1]).float()
        total = cross_entropy(logits, wanted.flatten(), ignore_index=IGNORED, reduction="sum")
        if torch.is_grad_enabled() and not torch.isfinite(total):
            raise NotFiniteError
        return total / count

    return loss


@contextmanager
def only_learned(model: Any, collate: Collate, shift: bool) -> Iterator[Collate]:
    """While it lasts, the model makes logits only where the batches of the returned function learn.

    A model without a linear head of its own gets the batches as they are and makes all logits.
    """
    head = model.get_output_embeddings()
    if not isinstance(head, nn.Linear):
        yield collate
        return
    at = threading.local()  # copies of a model on several GPUs run in a thread each

    def note(_: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        at.learned = given.pop(LEARNED, None)
        return args, given

    def pick(_: Any, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
        learned = getattr(at, "learned", None)
        if learned is None:
            return None
        places = learned.flatten().nonzero().squeeze(1)
        return (args[0].flatten(0, 1).index_select(0, places), *args[1:])

    hooks = [model.register_forward_pre_hook(note, with_kwargs=True), head.register_forward_pre_hook(pick)]
    try:
        yield marked(collate, shift)
    finally:
        for hook in hooks:
            hook.remove()


def marked(collate: Collate, shift: bool) -> Collate:
    """Batches that say in LEARNED where they learn."""

    def mark(rows: Sequence[Encoded]) -> dict[str, Any]:
        batch = collate(rows)
        counts = batch["labels"] != IGNORED
        return {**batch, LEARNED: pad(counts[:, 1:], (0, 1)) if shift else counts}

    return mark

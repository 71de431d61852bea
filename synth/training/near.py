"""Holds a model near a reference while it learns: the KL divergence of Quark and MaRio, and their entropy.

loss = cross entropy + kl * KL(model || reference) - entropy * H(model)

each a mean over the tokens that are learned (Lu et al. 2022, equation 2). The reference reads the same rows without
their control tokens, and only tokens that it knows are compared: what a model has more of is left out, and the rest
sums to one again.

Imports torch; to be imported inside the functions that train.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import log_softmax

from synth.models import load
from synth.training.checks import vocabulary
from synth.training.encoding import IGNORED
from synth.training.loop import Place
from synth.training.loss import Collate, only_learned
from synth.training.settings import Settled
from synth.training.trainer import Architecture

BESIDE = "reference"  # in a batch: the same rows as the reference reads them; no model sees it
KL = 0.1  # of MaRio's released code

Loss = Callable[..., torch.Tensor]


class Near:
    """A frozen reference beside a model that learns."""

    def __init__(self, architecture: Architecture, config: Settled, tokenizer: Any, place: Place) -> None:
        folder = load.fetch(str(config.reference))
        its = load.load_tokenizer(folder, decoder=not architecture.encoder_decoder)
        self.known = vocabulary(tokenizer, its)
        self.kl = KL if config.kl is None else config.kl
        self.entropy = config.entropy or 0.0
        self._shift = architecture.shift
        model = load.load_model(folder, architecture.classes().model).eval().requires_grad_(False)
        self.model = model.to(
            device="cuda" if place.cuda else "cpu", dtype=torch.bfloat16 if place.bf16(config.bf16) else torch.float32
        )
        self._bare = architecture.collate(tokenizer, self.model)
        self._batch: dict[str, torch.Tensor] | None = None
        self._sums: dict[str, float] = {}
        self._tokens = 0

    @contextmanager
    def beside(self, model: Any, collate: Collate) -> Iterator[Collate]:
        """Inside, batches of rows carry what the reference reads as well: the rows without their codes."""
        with only_learned(self.model, self._bare, self._shift) as bare:
            hook = model.register_forward_pre_hook(self._note, with_kwargs=True, prepend=True)
            try:
                yield lambda rows: {**collate(rows), BESIDE: bare([row.without_codes for row in rows])}
            finally:
                hook.remove()

    def _note(self, _: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        self._batch = given.pop(BESIDE, None)
        return args, given

    def added(self, loss: Loss) -> Loss:
        """The loss with what keeps the model near."""

        def more(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | None = None) -> torch.Tensor:
            wanted = labels[:, 1:] if self._shift else labels
            counts = wanted != IGNORED
            own = learned(outputs.logits, counts, self._shift)[:, : self.known]
            count = counts.sum() if num_items_in_batch is None else num_items_in_batch
            logs = log_softmax(own.float(), dim=-1)
            kl = (logs.exp() * (logs - self._reference())).sum()
            with torch.set_grad_enabled(torch.is_grad_enabled() and self.entropy != 0):  # else it is only told
                entropy = -(logs.exp() * logs).sum()
            self._add(int(counts.sum()), kl, entropy)
            return loss(outputs, labels, num_items_in_batch) + (self.kl * kl - self.entropy * entropy) / count

        return more

    @torch.no_grad()
    def _reference(self) -> torch.Tensor:
        """Log probabilities of the reference at the tokens that are learned, (tokens, known)."""
        batch = dict(self._batch or {})
        labels = batch.pop("labels")
        logits = self.model(**batch).logits
        counts = (labels[:, 1:] if self._shift else labels) != IGNORED
        return log_softmax(learned(logits, counts, self._shift)[:, : self.known].float(), dim=-1)

    def _add(self, tokens: int, kl: torch.Tensor, entropy: torch.Tensor) -> None:
        self._tokens += tokens
        for name, value in (("kl", kl), ("entropy", entropy)):
            self._sums[name] = self._sums.get(name, 0.0) + float(value.detach())

    def told(self) -> dict[str, float]:
        """Means over the tokens since the last call, in nats: for the log."""
        means = {name: round(value / max(self._tokens, 1), 6) for name, value in self._sums.items()}
        self._sums, self._tokens = {}, 0
        return means


def learned(logits: torch.Tensor, counts: torch.Tensor, shift: bool) -> torch.Tensor:
    """The logits at the places that count, (tokens, vocabulary), whether the head made others or not."""
    if logits.dim() == 2:
        return logits
    return (logits[:, :-1] if shift else logits)[counts]

"""How much of its attention each token that is written puts on the parts of what it reads.

The row of a token is the attention of the place that wrote it, so it reads all that stands before the token. A share is
a sum of weights, and the shares of a token add up to 1:

    cross   of an encoder-decoder: the parts of the prompt
    self    of a decoder: the parts of the prompt, and what it wrote itself; of an encoder-decoder, what it wrote itself

    earlier steps   of its own rationale; this step, so far; closing, so far (read by the closing alone)

A share says little without its part's length: `uniform` is what attention that looks at all places alike would give.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from synth.probing.parts import FIRST, SPECIAL, Written

if TYPE_CHECKING:
    import torch

Kind = Literal["self", "cross", "encoder"]  # encoder: of what an encoder reads over itself
EARLIER, CURRENT, CLOSING = "earlier steps", "this step", "closing"
OWN = (EARLIER, CURRENT, CLOSING)


@dataclass(frozen=True)
class Columns:
    """What the columns of a matrix of weights are: first tokens of known parts, then the tokens that were written."""

    before: list[str]  # parts of the prompt, of a decoder; what the decoder of an encoder-decoder begins with
    written: Written
    own: bool = True  # whether columns of written tokens follow, all but the last; cross-attention has none

    @property
    def parts(self) -> list[str]:
        """The parts in the order of the shares."""
        return [*dict.fromkeys(self.before), *(OWN if self.own else ())]

    @property
    def rows(self) -> slice:
        """Of a square matrix over all columns, the rows that wrote a token."""
        return slice(len(self.before) - 1, len(self.before) - 1 + len(self.written.at))

    def uniform(self) -> "torch.Tensor":
        """The weights (1, written tokens, columns) of attention that looks at all it may read alike."""
        import torch

        rows, first = len(self.written.at), len(self.before)
        if not self.own:
            return torch.full((1, rows, first), 1 / first)
        seen = torch.ones(rows, first + rows - 1).tril(first - 1)
        return (seen / seen.sum(dim=-1, keepdim=True))[None]

    def shares(self, weights: "torch.Tensor") -> "torch.Tensor":
        """(heads, written tokens, columns) -> (heads, written tokens, parts)."""
        import torch

        names = list(dict.fromkeys(self.before))
        places = torch.tensor([names.index(name) for name in self.before], device=weights.device)
        found = [_summed(weights[..., : len(self.before)], places, len(names))]
        if self.own:
            found.append(self._own(weights[..., len(self.before) :]))
        return torch.cat(found, dim=-1)

    def _own(self, weights: "torch.Tensor") -> "torch.Tensor":
        """The shares of OWN: (heads, written tokens, 3)."""
        import torch

        at = torch.tensor(self.written.at, device=weights.device)
        by_step = _summed(weights, at[:-1], self.written.steps + 1)  # (heads, tokens, steps and closing)
        steps = torch.arange(self.written.steps + 1, device=weights.device)
        closing = (steps == self.written.steps).expand(len(at), -1)
        masks = (steps < at[:, None], (steps == at[:, None]) & ~closing, (steps == at[:, None]) & closing)
        return torch.stack([(by_step * mask).sum(dim=-1) for mask in masks], dim=-1)


def _summed(weights: "torch.Tensor", places: "torch.Tensor", count: int) -> "torch.Tensor":
    """The columns added up by their places: (..., columns) -> (..., count)."""
    return weights.new_zeros(*weights.shape[:-1], count).index_add_(-1, places, weights)


@dataclass(frozen=True)
class Shares:
    """The shares of one row in one kind of attention, averaged over the tokens that were written."""

    parts: list[str]
    heads: list[list[list[float]]]  # layer -> head -> part
    mean: list[float]  # part; over the layers and heads that were asked for
    uniform: list[float]  # part
    steps: list[list[float] | None]  # step, the closing last -> part; None: none of its tokens was written
    uniform_steps: list[list[float] | None]


def by_step(shares: "torch.Tensor", written: Written) -> list[list[float] | None]:
    """The mean shares of the tokens of each step, and of the closing: (tokens, parts) -> a list a step."""
    found: list[list[float] | None] = []
    for step in range(written.steps + 1):
        own = [place for place, at in enumerate(written.at) if at == step]
        found.append(shares[own].mean(dim=0).tolist() if own else None)
    return found


def of_read(names: Sequence[object]) -> list[str]:
    """What a decoder of an encoder-decoder begins with: its start token, and control tokens."""
    return [FIRST, *(SPECIAL for _ in names[1:])]

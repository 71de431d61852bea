"""The attention weights of one forward pass, layer by layer, of any decoder or encoder-decoder of transformers.

`output_attentions` of transformers holds the weights of all layers until the pass ends, which for a prompt of 2,000
tokens and a model of 32 layers and heads are 16 GB. Here every layer's are handed on and let go as soon as it has made
them, so that memory is that of one layer.

Only eager attention writes weights out at all. Imports torch; to be imported inside the functions that read.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from synth.errors import UsageError
from synth.probing.shares import Kind

Take = Callable[[Kind, int, torch.Tensor], None]  # (kind, layer from 0, weights (heads, rows, columns))
NAMES = "Attention"  # how the classes of transformers that weigh are called: LlamaAttention, T5Attention
FROM = ("key_value_states", "encoder_hidden_states")  # what a layer of a decoder is given that looks at an encoder
COPIES = 4  # of one layer's weights at a time: scores with and without mask, their softmax in 32 bits, what is returned


def needed(model: Any, read: int, written: int) -> int:
    """Bytes that the weights of the largest layer take: for so many tokens of the prompt, and written behind it."""
    config = model.config.get_text_config(decoder=True)
    heads = int(getattr(config, "num_attention_heads", None) or 1)
    longest = max(read, written) if model.config.is_encoder_decoder else read + written
    return COPIES * heads * longest**2 * 4


@torch.inference_mode()
def weigh(model: Any, batch: Mapping[str, torch.Tensor], take: Take) -> Counter[Kind]:
    """Run the model on one row and hand on the weights of each layer; returns how many layers there were.

    batch: what the model's `forward` takes, (1, tokens) each. Raises UsageError for a model that writes none out.
    """
    encoder = model.get_encoder() if model.config.is_encoder_decoder else None
    inside = set() if encoder is None else set(encoder.modules())
    counts: Counter[Kind] = Counter()

    def hook(module: Any, _: Any, given: Mapping[str, Any], output: Any) -> Any:
        at = _weights_at(output)
        if at is None:
            return None
        apart = any(given.get(name) is not None for name in FROM)
        kind: Kind = "encoder" if module in inside else "cross" if encoder is not None and apart else "self"
        take(kind, counts[kind], output[at][0].float())
        counts[kind] += 1
        return (*output[:at], output[at].new_empty(0), *output[at + 1 :])  # what transformers would hold to the end

    with _eager(model), _hooked(model, hook):
        model(**batch, output_attentions=True, use_cache=False)
    if not counts["self"] or (encoder is not None and not counts["cross"]):
        raise UsageError(
            f"the attention of {type(model).__name__} cannot be read: give a model of transformers with eager attention"
        )
    return counts


def _weights_at(output: Any) -> int | None:
    """Where the weights, (1, heads, rows, columns), stand in what a layer returns: last, behind a position bias."""
    if not isinstance(output, tuple):
        return None
    places = [at for at, part in enumerate(output) if isinstance(part, torch.Tensor) and part.dim() == 4]
    return places[-1] if places else None


def innermost(model: Any) -> list[Any]:
    """The modules that weigh, without those that only hold one: T5LayerSelfAttention holds a T5Attention."""

    def weighs(module: Any) -> bool:
        return type(module).__name__.endswith(NAMES)

    return [
        module
        for module in model.modules()
        if weighs(module) and not any(weighs(part) for part in module.modules() if part is not module)
    ]


@contextmanager
def _hooked(model: Any, hook: Any) -> Iterator[None]:
    # before all other hooks: those of transformers keep what they see
    held = [m.register_forward_hook(hook, with_kwargs=True, prepend=True) for m in innermost(model)]
    try:
        yield
    finally:
        for each in held:
            each.remove()


@contextmanager
def _eager(model: Any) -> Iterator[None]:
    """While it lasts, the model's attention is written out; fast kernels never hold the weights."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)

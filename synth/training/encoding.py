"""Rows as token ids with their loss mask, and batches padded to their longest row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

IGNORED = -100  # labels that take no part in the loss, by the convention of PyTorch's cross_entropy


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row for the model. For a decoder `labels` is as long as `input_ids`, with IGNORED over the prompt."""

    input_ids: list[int]
    labels: list[int]

    @property
    def learned(self) -> list[int]:
        """The tokens that the loss is taken over."""
        return [label for label in self.labels if label != IGNORED]


def encode_pair(tokenizer: Any, prompt: str, target: str) -> Encoded:
    """For an encoder-decoder: the prompt is read, the target written, each with the end token."""
    source = tokenizer(prompt, verbose=False)["input_ids"]
    return Encoded(list(source), with_end(tokenizer, tokenizer(target, verbose=False)["input_ids"]))


def encode_joined(tokenizer: Any, prompt: str, target: str) -> Encoded:
    """For a decoder: prompt and target as one text, of which only the target and the end token count.

    The prompt's tokens are those it has alone, as it will be given when the model is asked; where joining the texts
    would change them, the target is encoded by itself.
    """
    asked = list(tokenizer(prompt, verbose=False)["input_ids"])
    whole = list(tokenizer(prompt + target, verbose=False)["input_ids"])
    if whole[: len(asked)] == asked:
        written = whole[len(asked) :]
    else:
        written = list(tokenizer(target, add_special_tokens=False, verbose=False)["input_ids"])
    written = with_end(tokenizer, written)
    return Encoded(asked + written, [IGNORED] * len(asked) + written)


def with_end(tokenizer: Any, ids: Sequence[int]) -> list[int]:
    end = tokenizer.eos_token_id
    return [*ids] if ids and ids[-1] == end else [*ids, end]


def continued(prompt: str, target: str) -> str:
    """The target as a decoder continues its prompt: on a new line where nothing parts the two."""
    parted = prompt[-1:].isspace() or target[:1].isspace()
    return target if parted or not prompt else f"\n{target}"


def broken(text: str, line_break: str | None) -> str:
    """The text with its line breaks replaced, for tokenizers that have none; a leading one falls away."""
    return text if line_break is None else text.strip("\n").replace("\n", line_break)


def pair_batch(pad: int, start: int) -> Callable[[Sequence[Encoded]], dict[str, Any]]:
    """Batches for an encoder-decoder, (rows, longest) each; the decoder reads the labels moved right by one."""
    import torch

    def collate(rows: Sequence[Encoded]) -> dict[str, Any]:
        labels = _padded([row.labels for row in rows], IGNORED)
        read = torch.full_like(labels, start)
        read[:, 1:] = labels[:, :-1]
        return {
            "input_ids": _padded([row.input_ids for row in rows], pad),
            "attention_mask": _padded([[1] * len(row.input_ids) for row in rows], 0),
            "decoder_input_ids": read.masked_fill(read == IGNORED, pad), "labels": labels,
        }  # fmt: skip

    return collate


def joined_batch(pad: int) -> Callable[[Sequence[Encoded]], dict[str, Any]]:
    """Batches for a decoder, (rows, longest) each, padded on the right."""

    def collate(rows: Sequence[Encoded]) -> dict[str, Any]:
        return {
            "input_ids": _padded([row.input_ids for row in rows], pad),
            "attention_mask": _padded([[1] * len(row.input_ids) for row in rows], 0),
            "labels": _padded([row.labels for row in rows], IGNORED),
        }

    return collate


def _padded(lists: Sequence[Sequence[int]], fill: int) -> Any:
    import torch

    longest = max(map(len, lists))
    return torch.tensor([[*ids, *[fill] * (longest - len(ids))] for ids in lists], dtype=torch.long)


def cut_pair(row: Encoded, longest_source: int, longest_target: int) -> Encoded:
    """The row as the limits leave it; the end token stands where the prompt was cut."""
    source = row.input_ids
    if len(source) > longest_source:
        source = [*source[: longest_source - 1], source[-1]]
    return Encoded(source, row.labels[:longest_target])


def cut_joined(row: Encoded, longest: int) -> Encoded:
    return Encoded(row.input_ids[:longest], row.labels[:longest])


def label_text(tokenizer: Any, row: Encoded) -> str:
    """The text that the loss is taken over, as it comes back from its tokens."""
    return str(tokenizer.decode(row.learned, skip_special_tokens=True))

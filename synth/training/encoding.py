"""Rows as token ids with their loss mask, and batches padded to their longest row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from synth.models.tokens import without_end

IGNORED = -100  # labels that take no part in the loss, by the convention of PyTorch's cross_entropy


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row for the model. For a decoder `labels` is as long as `input_ids`, with IGNORED over the prompt.

    codes: control tokens, of which nothing is learned; they stand in `input_ids` before the place `at`, or before all
    that the decoder of an encoder-decoder writes if that is None. Neither list has them: a batch puts them in.
    """

    input_ids: list[int]
    labels: list[int]
    codes: list[int] = field(default_factory=list)
    at: int | None = None

    @property
    def learned(self) -> list[int]:
        """The tokens that the loss is taken over."""
        return [label for label in self.labels if label != IGNORED]

    @property
    def without_codes(self) -> "Encoded":
        return replace(self, codes=[]) if self.codes else self

    @property
    def read(self) -> list[int]:
        """What the model reads, with the codes that stand there."""
        return self.input_ids if self.at is None else _put(self.input_ids, self.codes, self.at)

    def wanted(self, codes: Sequence[int], apart: bool) -> list[int]:
        """The labels with `codes` in their place. apart: of an encoder-decoder, whose prompt is none of them."""
        if not apart:
            return _put(self.labels, codes, self.at or 0)
        return _put(self.labels, codes, 0) if self.at is None else self.labels


def _put(ids: list[int], more: Sequence[int], at: int) -> list[int]:
    return [*ids[:at], *more, *ids[at:]] if more else ids


def encode_pair(tokenizer: Any, prompt: str, target: str) -> Encoded:
    """For an encoder-decoder: the prompt is read, the target written, each with the end token."""
    source = tokenizer(prompt, verbose=False)["input_ids"]
    return Encoded(list(source), with_end(tokenizer, tokenizer(target, verbose=False)["input_ids"]))


def encode_joined(tokenizer: Any, prompt: str, target: str) -> Encoded:
    """For a decoder: prompt and target as one text, of which only the target and the end token count.

    The prompt's tokens are those it has alone, as it will be given when the model is asked, without an end token
    behind it; if joining the texts would change them, the target is encoded by itself.
    """
    asked = without_end(tokenizer, [prompt])[0]
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


def apart(prompt: str, target: str) -> str:
    """The target as an encoder-decoder writes it, which has read the prompt elsewhere."""
    return target


def broken(text: str, line_break: str | None) -> str:
    """The text with its line breaks replaced, for tokenizers that have none; a leading one falls away."""
    return text if line_break is None else text.strip("\n").replace("\n", line_break)


def batches(tokenizer: Any, model: Any) -> Callable[[Sequence[Encoded]], dict[str, Any]]:
    """A function that makes a batch of rows, (rows, longest) each, padded on the right.

    A decoder gets no mask: every token reads only those to its left, and padding is to the right of all of them. What
    a decoder of an encoder-decoder reads, the labels moved right by one, is its model's own.
    """
    import torch

    shifted = getattr(model, "prepare_decoder_input_ids_from_labels", None)  # of those models that can
    masked = model.config.is_encoder_decoder

    def padded(lists: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
        longest = max(map(len, lists))
        return torch.tensor([[*ids, *[fill] * (longest - len(ids))] for ids in lists], dtype=torch.long)

    def collate(rows: Sequence[Encoded]) -> dict[str, Any]:
        read = [row.read for row in rows]
        batch = {
            "input_ids": padded(read, tokenizer.pad_token_id),
            "labels": padded([row.wanted([IGNORED] * len(row.codes), masked) for row in rows], IGNORED),
        }
        if masked:
            batch["attention_mask"] = padded([[1] * len(ids) for ids in read], 0)
        if masked and shifted is not None:
            written = [row.wanted(row.codes, masked) for row in rows]
            batch["decoder_input_ids"] = shifted(labels=padded(written, IGNORED))
        return batch

    return collate


def nothing_learned(row: Encoded) -> Encoded:
    """The row with no label that counts."""
    return Encoded(row.input_ids, [IGNORED] * len(row.labels))


def cut_pair(row: Encoded, longest: Sequence[int]) -> Encoded:
    """The row as the limits of prompt and target leave it; the end token stands where the prompt was cut."""
    longest_source, longest_target = longest
    source = row.input_ids
    if len(source) > longest_source:
        source = [*source[: longest_source - 1], source[-1]]
    return replace(row, input_ids=source, labels=row.labels[:longest_target])


def cut_joined(row: Encoded, longest: Sequence[int]) -> Encoded:
    """The row as the limit of prompt and target together leaves it."""
    room = max(0, longest[0] - len(row.codes))
    return replace(row, input_ids=row.input_ids[:room], labels=row.labels[:room])


def pair_sizes(row: Encoded) -> tuple[int, int]:
    """Tokens of prompt and target."""
    return len(row.input_ids), len(row.labels)


def joined_sizes(row: Encoded) -> tuple[int]:
    """Tokens of prompt and target together."""
    return (len(row.input_ids) + len(row.codes),)


def label_text(tokenizer: Any, row: Encoded) -> str:
    """The text that the loss is taken over, as it comes back from its tokens."""
    return str(tokenizer.decode(row.learned, skip_special_tokens=True, clean_up_tokenization_spaces=False))

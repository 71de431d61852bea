"""VERA: how plausible a statement is, by the encoder of a T5 whose embedding table holds the head.

Liu et al. 2023 (arXiv 2305.03695; the released model is liujch1998/vera, an encoder of T5-v1.1-XXL). The hidden state
of a statement's last token, which is the end token, times row 32099 of the table plus the first number of row 32098 is
the logit; the sigmoid of the logit divided by the first number of row 32097, the temperature of its calibration, is the
score. T5's tokenizer has 32,100 pieces, and none of these three is ever in a text.

Imports torch; to be imported inside the functions that score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from synth.errors import SourceError
from synth.models import load
from synth.models.faults import gpu_may_fail
from synth.models.generate import Decoding, batches
from synth.models.writing import padded
from synth.rewarding.kept import kept

DIRECTION, BIAS, TEMPERATURE = 32_099, 32_098, 32_097  # rows of the embedding table
LONGEST = 128  # tokens of a statement, the end token among them
BATCH_TOKENS = 16_384  # of a batch, padding included
KNOWN = "give plausibility:MODEL with a model in VERA's form (a folder, liujch1998/vera or liujch1998/vera-base)"
OTHERWISE = f"{KNOWN}; plausibility:steps needs no model"


@dataclass(frozen=True)
class Vera:
    """The model with its tokenizer, and its head as 32-bit numbers."""

    tokenizer: Any
    model: Any
    direction: torch.Tensor  # (hidden size,)
    bias: float
    temperature: float

    @torch.inference_mode()
    def scores(self, statements: Sequence[str]) -> list[float]:
        """The plausibility of each statement, from 0 to 1.

        Raises TrainingError for a GPU that fails.
        """
        texts = list(dict.fromkeys(statements))
        ids = self.tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"] if texts else []
        found: dict[str, float] = {}
        with gpu_may_fail("nothing was scored; free its memory, or give a smaller model"):
            for places in batches([len(row) for row in ids], Decoding(max_new_tokens=0), most=BATCH_TOKENS):
                values = self._batch([ids[at] for at in places])
                found.update(zip([texts[at] for at in places], values, strict=True))
        return [found[statement] for statement in statements]

    def _batch(self, rows: Sequence[Sequence[int]]) -> list[float]:
        ids, mask = padded(self.model, rows, self.tokenizer.pad_token_id, left=False)
        hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state  # (rows, longest, hidden size)
        last = hidden[torch.arange(len(rows)), mask.sum(dim=1) - 1].float()
        logits = last @ self.direction.to(last.device) + self.bias
        scores: list[float] = torch.sigmoid(logits / self.temperature).tolist()
        return scores


def vera(name: str) -> Vera:
    """The model of a folder or of the Hub, loaded once in a process; in bfloat16 on a GPU that has it.

    bfloat16 rounds the head's bias and temperature too, so that scores differ a little from those in 32 bits.

    Raises what `check` does, and SourceError for weights that cannot be loaded.
    """
    return kept("vera", name, lambda: _loaded(name), lambda asked: asked.model)


def check(name: str) -> Path:
    """The folder of a model that can be taken, which is fetched if it is not here.

    Raises MissingExtraError without transformers, SourceError for a model that is not there or not of this form.
    """
    load.quiet_libraries()
    folder = load.fetch(name, OTHERWISE)
    shape = load.shape(folder)
    if shape.model_type != "t5":
        raise SourceError(f"{name} is no T5 ({shape.model_type}): {KNOWN}")
    if shape.vocab_size <= DIRECTION:
        raise SourceError(
            f"the embedding of {name} has {shape.vocab_size:,} rows, and VERA's head is in rows {TEMPERATURE:,} to "
            f"{DIRECTION:,}: {KNOWN}"
        )
    load.load_tokenizer(folder, decoder=False)
    return folder


def _loaded(name: str) -> Vera:
    from transformers import T5EncoderModel

    folder = check(name)
    bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    model = load.load_model(folder, T5EncoderModel, dtype=torch.bfloat16 if bf16 else torch.float32).eval()
    table = model.get_input_embeddings().weight.detach()
    temperature = table[TEMPERATURE, 0].item()
    if not temperature > 0:
        raise SourceError(f"the temperature of {name} is {temperature:g}, so it is no model of VERA: {KNOWN}")
    tokenizer = load.load_tokenizer(folder, decoder=False)
    return Vera(tokenizer, model, table[DIRECTION].float().clone(), table[BIAS, 0].item(), temperature)

"""A model of VERA's form, made on the spot: a random encoder of T5 with two layers, its head set by hand."""

from pathlib import Path

import torch
from transformers import T5Config, T5EncoderModel

from synth.models import scratch
from synth.record import Record

ROWS = 32_128  # of the table, as T5's own
HIDDEN = 16
WORDS = "Ice floats on water because it is lighter than water . Stones sink and wood swims ; a whale is no fish"


def statement_model(
    folder: Path, direction: list[float] | None = None, bias: float = 0.0, temperature: float = 1.0,
    *, rows: int = ROWS, still: bool = False,
) -> Path:  # fmt: skip
    """Write the model. still: its layers add nothing, so that a hidden state is its own token's, normalised."""
    torch.manual_seed(1)
    record = Record("1", "mine", WORDS, WORDS, "no", WORDS, {})
    tokenizer = scratch.make_tokenizer([record] * 3, "tiny", decoder=False)
    model = T5EncoderModel(
        T5Config(vocab_size=rows, d_model=HIDDEN, d_kv=8, d_ff=32, num_layers=2, num_heads=2, dropout_rate=0.0)
    ).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if still and name.endswith((".o.weight", ".wo.weight")):
                weight.zero_()
        if rows > 32_099:
            model.shared.weight[32_099] = torch.tensor(direction or [0.0] * HIDDEN)
            model.shared.weight[32_098, 0] = bias
            model.shared.weight[32_097, 0] = temperature
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder

"""BART and its like, whose decoder has places of its own."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from synth.base.config import option
from synth.models.scratch import SIZES, Size
from synth.trainers import t5
from synth.training.settings import Settings

NONE: dict[str, Any] = {**t5.NONE, "max_source_length": 48, "max_target_length": 64}
PRESETS = {"none": NONE, "by-heart": {**NONE, "epochs": 120.0, "lr": 3e-3, "batch_size": 8, "schedule": "constant"}}


@dataclass(frozen=True)
class Config(Settings):
    preset: Literal["none", "by-heart"] = option("what the settings start from", default="none")
    max_source_length: int | None = option("tokens of a prompt at most  [48]", default=None)
    max_target_length: int | None = option("tokens of a target at most  [64]", default=None)


def new_bart(tokenizer: Any, size: Size, longest: int) -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    hidden, inner, layers, heads = SIZES[size]
    kind: Any = BartConfig
    return BartForConditionalGeneration(
        kind(
            vocab_size=len(tokenizer), max_position_embeddings=longest, d_model=hidden,
            encoder_layers=layers, decoder_layers=layers, encoder_attention_heads=heads, decoder_attention_heads=heads,
            encoder_ffn_dim=inner, decoder_ffn_dim=inner, dropout=0.0, init_std=0.08, forced_eos_token_id=None,
            bos_token_id=tokenizer.pad_token_id, decoder_start_token_id=tokenizer.pad_token_id,
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        )
    )  # fmt: skip


TRAINER = replace(
    t5.TRAINER,
    name="bart",
    config=Config,
    presets=PRESETS,
    architecture=replace(t5.TRAINER.architecture, words="An encoder-decoder after BART", make=new_bart),
)

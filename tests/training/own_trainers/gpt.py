"""GPT-2 and its like, as a user would add them: what is different from other decoders, and nothing else."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from synth.base.config import option
from synth.models.scratch import SIZES, Size
from synth.trainers import llama
from synth.training.settings import Settings

NONE: dict[str, Any] = {**llama.NONE, "max_length": 96}
PRESETS = {"none": NONE, "by-heart": {**NONE, "epochs": 120.0, "lr": 3e-3, "batch_size": 8, "schedule": "constant"}}


@dataclass(frozen=True)
class Config(Settings):
    preset: Literal["none", "by-heart"] = option("what the settings start from", default="none")
    max_length: int | None = option("tokens of prompt and target together at most  [96]", default=None)


def new_gpt(tokenizer: Any, size: Size, longest: int) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    hidden, inner, layers, heads = SIZES[size]
    kind: Any = GPT2Config
    return GPT2LMHeadModel(
        kind(
            vocab_size=len(tokenizer), n_positions=longest, n_embd=hidden, n_inner=inner, n_layer=layers, n_head=heads,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, initializer_range=0.08, bos_token_id=None,
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        )
    )  # fmt: skip


TRAINER = replace(
    llama.TRAINER,
    name="gpt",
    config=Config,
    presets=PRESETS,
    architecture=replace(llama.TRAINER.architecture, words="A decoder after GPT-2", make=new_gpt),
)

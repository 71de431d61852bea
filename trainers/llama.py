"""Decoders: Llama, OPT, Qwen and their like, fine-tuned on transformers' Trainer with loss on the completion only.

Prompt and target are one text; the loss is taken over the target and the end token. Presets carry the settings of two
papers:

    raft        Zhu et al. 2025 (RAFT, LLaMA-2-7B): 3 epochs, lr 5e-6, batch 4 a device, accumulation 4, gradient
                checkpointing, bf16, 2048 tokens, warm-up 0.03, cosine, no weight decay, FSDP on 4 GPUs
    self-ask    Mathews et al. (OPT-125m): 2 epochs, batches of 32

What the second leaves open (learning rate, schedule) is that of synth/training/settings.py. The run itself, from its
first line to its last, is `fine_tune` in synth/training/train.py; this file is what is different for decoders.
"""

from typing import Any, Literal

from synth.base.config import option, settings
from synth.models.scratch import SIZES, SPREAD, Size
from synth.questions.prompts import continued
from synth.training.encoding import cut_joined, encode_joined, joined_sizes
from synth.training.settings import BASE, Settings
from synth.training.train import fine_tune
from synth.training.trainer import Architecture, Classes, Limit, Trainer

NONE: dict[str, Any] = {**BASE, "max_length": 1024}
PRESETS: dict[str, dict[str, Any]] = {
    "none": NONE,
    "self-ask": {**NONE, "epochs": 2.0, "batch_size": 32},
    "raft": {
        "epochs": 3.0, "lr": 5e-6, "schedule": "cosine", "warmup": 0.03, "weight_decay": 0.0,
        "batch_size": 4, "accumulate": 4, "max_length": 2048,
        "gradient_checkpointing": True, "launch": "fsdp", "processes": 4, "bf16": True,
    },
}  # fmt: skip


@settings
class Config(Settings):
    model: str | None = option(
        "a folder or a model on the Hub: meta-llama/Llama-2-7b-hf  [default: --from-scratch]", default=None
    )
    preset: Literal["none", "self-ask", "raft"] = option("what the settings start from", default="none")
    max_length: int | None = option("tokens of prompt and target together at most  [1024]", default=None)


def classes() -> Classes:
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    return Classes(AutoModelForCausalLM, Trainer, TrainingArguments)


def new_llama(tokenizer: Any, size: Size, longest: int) -> Any:
    """A Llama with random weights, for texts of up to `longest` tokens."""
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, _, layers, heads = SIZES[size]
    shape = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=heads, max_position_embeddings=max(2048, longest),
        tie_word_embeddings=True, initializer_range=SPREAD[size], bos_token_id=None,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return LlamaForCausalLM(shape)


TRAINER = Trainer(
    name="llama",
    config=Config,
    presets=PRESETS,
    architecture=Architecture(
        words="A decoder",
        encoder_decoder=False,
        classes=classes,
        make=new_llama,
        follow=continued,
        encode=encode_joined,
        limits=(Limit("max_length", cuts="answer"),),
        sizes=joined_sizes,
        cut=cut_joined,
        shift=True,
    ),
    train=fine_tune,
)

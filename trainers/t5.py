"""Encoder-decoders: T5, Flan-T5 and their like, fine-tuned on transformers' Seq2SeqTrainer.

The encoder reads the prompt, the decoder learns the target. Presets carry the settings of two papers:

    explained-listops   Ballout et al. 2023 (arXiv 2402.07543): lr 3e-4, 30 epochs, 512 tokens
    self-ask            Mathews et al.: 2 epochs, batches of 32

What the papers leave open (schedule, batch size of the first, learning rate of the second) is that of
synth/training/settings.py. The run itself, from its first line to its last, is `fine_tune` in synth/training/train.py;
this file is what is different for encoder-decoders.
"""

from typing import Any, Literal

from synth.base.config import option, settings
from synth.models.scratch import SIZES, Size
from synth.training.encoding import apart, cut_pair, encode_pair, pair_sizes
from synth.training.settings import BASE, Settings
from synth.training.train import fine_tune
from synth.training.trainer import Architecture, Classes, Limit, Trainer

NONE: dict[str, Any] = {**BASE, "max_source_length": 512, "max_target_length": 512}
PRESETS: dict[str, dict[str, Any]] = {
    "none": NONE,
    "explained-listops": {**NONE, "lr": 3e-4, "epochs": 30.0},
    "self-ask": {**NONE, "epochs": 2.0, "batch_size": 32},
}


@settings
class Config(Settings):
    model: str | None = option(
        "a folder or a model on the Hub: google-t5/t5-small, google/flan-t5-small  [default: --from-scratch]",
        default=None,
    )
    preset: Literal["none", "explained-listops", "self-ask"] = option("what the settings start from", default="none")
    max_source_length: int | None = option("tokens of a prompt at most  [512]", default=None)
    max_target_length: int | None = option("tokens of a target at most  [512]", default=None)


def classes() -> Classes:
    from transformers import AutoModelForSeq2SeqLM, Seq2SeqTrainer, Seq2SeqTrainingArguments

    return Classes(AutoModelForSeq2SeqLM, Seq2SeqTrainer, Seq2SeqTrainingArguments)


def new_t5(tokenizer: Any, size: Size, longest: int) -> Any:
    """A T5 with random weights; its places are relative, so that texts may be of any length."""
    from transformers import T5Config, T5ForConditionalGeneration

    hidden, inner, layers, heads = SIZES[size]
    kind: Any = T5Config
    shape = kind(
        vocab_size=len(tokenizer), d_model=hidden, d_kv=hidden // heads, d_ff=inner, num_layers=layers,
        num_heads=heads, dropout_rate=0.0, decoder_start_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.pad_token_id, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return T5ForConditionalGeneration(shape)


TRAINER = Trainer(
    name="t5",
    config=Config,
    presets=PRESETS,
    architecture=Architecture(
        words="An encoder-decoder",
        encoder_decoder=True,
        classes=classes,
        make=new_t5,
        follow=apart,
        encode=encode_pair,
        limits=(Limit("max_source_length", cuts="prompt"), Limit("max_target_length", cuts="answer")),
        sizes=pair_sizes,
        cut=cut_pair,
        shift=False,
    ),
    train=fine_tune,
)

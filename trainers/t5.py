"""Encoder-decoders: T5, Flan-T5 and their like, fine-tuned on transformers' Seq2SeqTrainer.

The encoder reads the prompt, the decoder learns the target. Presets carry the settings of papers:

    explained-listops   Ballout et al. 2023 (arXiv 2402.07543): lr 3e-4, 30 epochs, 512 tokens
    self-ask            Mathews et al.: 2 epochs, batches of 32
    mario-sft           MaRio (Ramnath et al. 2023, arXiv 2311.02805, its released code): t5-large, 25 epochs, batches
                        of 4, lr 3e-5, Adam with betas of 0.9 and 0.99, 1,000 steps of warm-up, linear, clipped at 0.5
    mario-i2o           its two models of consistency: t5-base, 10 and 5 epochs, batches of 4, lr 3e-5 throughout, no
    mario-ir2o          warm-up; the label of the answer out of the question, or out of question and rationale

What the papers leave open (schedule, batch size of the first, learning rate of the second) is that of
synth/training/settings.py. MaRio's presets differ from its release in this: mario-sft reads the prompts of the rows
(`Question: ... Answer:`) and not the bare question, rows of like length share a batch, and every 1,000 steps the loss
on the validation split is taken, where the release writes that split greedily. --model and --from-scratch come before
the model of a preset; a new model has a learning rate, warm-up and batch size of its own kind. The run itself, from its
first line to its last, is `fine_tune` in synth/training/train.py; this file is what is different for encoder-decoders.
"""

from typing import Any, Literal

from synth.base.config import option, settings
from synth.models.scratch import SIZES, Size
from synth.training.encoding import apart, cut_pair, encode_pair, pair_sizes
from synth.training.settings import BASE, Settings
from synth.training.train import fine_tune
from synth.training.trainer import Architecture, Classes, Limit, Trainer

NONE: dict[str, Any] = {
    **BASE, "max_source_length": 512, "max_target_length": 512, "model": None, "line_break": None, "form": None,
    "eval_steps": None,
}  # fmt: skip
MARIO: dict[str, Any] = {
    **NONE, "model": "google-t5/t5-base", "lr": 3e-5, "batch_size": 4, "beta2": 0.99, "clip": 0.5, "eval_steps": 1000,
}  # fmt: skip
PRESETS: dict[str, dict[str, Any]] = {
    "none": NONE,
    "explained-listops": {**NONE, "lr": 3e-4, "epochs": 30.0},
    "self-ask": {**NONE, "epochs": 2.0, "batch_size": 32},
    "mario-sft": {**MARIO, "model": "google-t5/t5-large", "epochs": 25.0, "warmup_steps": 1000, "line_break": " "},
    "mario-i2o": {**MARIO, "schedule": "constant", "epochs": 10.0, "form": "question"},
    "mario-ir2o": {**MARIO, "schedule": "constant", "epochs": 5.0, "form": "question+rationale"},
}


@settings
class Config(Settings):
    model: str | None = option(
        "a folder or a model on the Hub: google-t5/t5-small  [default: --from-scratch, or that of the preset]",
        default=None,
    )
    naming_models = ("mario-sft", "mario-i2o", "mario-ir2o")
    preset: Literal["none", "explained-listops", "self-ask", "mario-sft", "mario-i2o", "mario-ir2o"] = option(
        "what the settings start from", default="none"
    )
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

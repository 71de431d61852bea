"""MaRio: a model learns from its own rationales, sorted by several rewards at once. One reward is Quark.

Ramnath et al. 2023, "Tailoring Self-Rationalizers with Multi-Reward Distillation" (arXiv 2311.02805); Lu et al. 2022,
"Quark: Controllable Text Generation with Reinforced Unlearning" (arXiv 2205.13636). The rounds are runs of another
trainer (t5, llama); what is around them is in synth/conditioning/. Presets carry the numbers of the code that was
released:

    mario   t5-large: lr 3e-5, 1,000 steps of warm-up, 50,000 steps of 4 rows, writes each 4,000, top-p 0.7, KL 0.1
    quark   gpt2-large: lr 1e-5, 500 of warm-up, 23,437 steps of 128 rows (3M texts), writes each 500, KL 0.05, entropy
            0.06, the token in front of the prompt

Theirs starts from the raw model and holds it to the fine-tuned one (`--model t5-large --start runs/sft` here); this one
starts from the fine-tuned model unless told otherwise.
"""

from typing import Any, Literal

from synth.base.config import option, settings
from synth.conditioning.mario import run_rounds, settle
from synth.conditioning.options import NONE, Mario
from synth.training.trainer import Trainer

PRESETS: dict[str, dict[str, Any]] = {
    "none": NONE,
    "mario": {
        **NONE, "lr": 3e-5, "warmup_steps": 1_000, "max_steps": 50_000, "sample_every": 4_000, "batch_size": 4,
    },
    "quark": {
        **NONE, "lr": 1e-5, "warmup_steps": 500, "max_steps": 23_437, "sample_every": 500, "batch_size": 128,
        "top_p": 1.0, "kl": 0.05, "entropy": 0.06, "codes": "prompt",
    },
}  # fmt: skip


@settings
class Config(Mario):
    preset: Literal["none", "mario", "quark"] = option("what the settings start from", default="none")


TRAINER = Trainer(name="mario", config=Config, presets=PRESETS, architecture=None, train=run_rounds, settle=settle)

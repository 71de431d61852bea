"""STaR: a model explains, keeps what is right, is given the answer where it was wrong, and learns from that, again.

Zelikman et al. 2022, "STaR: Bootstrapping Reasoning With Reasoning" (arXiv 2203.14465). The iterations are runs of
another trainer (llama, t5); the loop itself is in synth/bootstrapping/. Presets carry the numbers of the paper:

    star-arithmetic     section 4.1: 10,000 questions an iteration, 10 demonstrations of the same number of digits in
                        the first one, 300 + 20 steps with rationalization, 16 iterations
    star-commonsenseqa  section 4.2: all questions, 7 demonstrations, 40 x 1.2 steps
    star-gsm8k          section 4.3: all questions, 6 demonstrations, 40 x 1.2 steps up to iteration 30

A step of theirs has 8 sequences of 1,536 tokens, some 80 rows; learning rate 1e-6 with 100 steps of warm-up.
"""

from typing import Any, Literal

from synth.base.config import option, settings
from synth.bootstrapping.options import NEW_MODEL, NONE, Star
from synth.bootstrapping.star import bootstrap, settle
from synth.training.trainer import Trainer

# The learning rate of GPT-J's full fine-tuning, and rows of a step; warm-up is 100 steps of the first training.
PAPER: dict[str, Any] = {
    **NONE,
    "lr": 1e-6,
    "schedule": "constant",
    "batch_size": 8,
    "accumulate": 10,
    "warmup_steps": 100,
}
PRESETS: dict[str, dict[str, Any]] = {
    "none": NONE,
    "new": NEW_MODEL,
    "star-arithmetic": {
        **PAPER, "per_iteration": 10_000, "n_shots": 10, "shots_until": 1, "start_steps": 300, "grow": 1.0, "add": 20,
        "iterations": 16,
    },
    "star-commonsenseqa": {**PAPER, "n_shots": 7, "iterations": 64, "max_new_tokens": 96},
    "star-gsm8k": {**PAPER, "n_shots": 6, "iterations": 64, "cap_steps": 7_912},
}  # fmt: skip


@settings
class Config(Star):
    preset: Literal["none", "star-arithmetic", "star-commonsenseqa", "star-gsm8k"] = option(
        "what the settings start from", default="none"
    )


TRAINER = Trainer(name="star", config=Config, presets=PRESETS, architecture=None, train=bootstrap, settle=settle)

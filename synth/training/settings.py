"""what both trainers' Configs share, and what cannot be"""

import math
from importlib.util import find_spec
from typing import Any

from synth.errors import UsageError

SCRATCH: dict[str, dict[str, Any]] = {  # found by trying on ListOps: small models want many steps of few rows
    "tiny": {"lr": 3e-3, "warmup": 0.02, "batch_size": 8},
    "small": {"lr": 1e-3, "warmup": 0.05},
    "base": {"lr": 1e-3, "warmup": 0.05},
}
LAST_SEED = 2**32 - 1  # of numpy, which draws the order of the rows


def start(config: Any) -> dict[str, Any]:
    """What a new small model needs that a trained one does not: a higher learning rate, with a short rise."""
    return SCRATCH[config.from_scratch] if config.from_scratch else {}


def alone(config: Any) -> dict[str, Any]:
    """One process, where a preset has several and `--launch none` takes them back."""
    return {"processes": 1} if config.launch == "none" else {}


def check_settings(config: Any) -> None:
    """Raises UsageError, with all that is wrong at once, for settings that do not go together."""
    wrong = []
    if (config.model is None) == (config.from_scratch is None):
        wrong.append("give --model NAME, or --from-scratch tiny, small or base")
    if config.max_steps and config.max_tokens:
        wrong.append("give --max-steps or --max-tokens, not both")
    if config.qlora and not config.lora:
        wrong.append("--qlora needs a rank: --lora 16")
    if config.from_scratch and config.lora:
        wrong.append("--lora needs a --model: nothing is learned by updates of random weights")
    least = {
        "batch_size": 1, "accumulate": 1, "processes": 1, "log_steps": 1, "save_steps": 1, "keep_checkpoints": 1,
        "max_steps": 1, "max_tokens": 1, "eval_steps": 1, "eval_rows": 1, "limit": 1, "lora": 1,
    }  # fmt: skip
    for name, low in least.items():
        value = getattr(config, name)
        if value is not None and value < low:
            wrong.append(f"--{name.replace('_', '-')} is {low} at least, not {value}")
    wrong += [f"--{name} is above 0" for name in ("lr", "epochs") if not 0 < getattr(config, name) < math.inf]
    if config.report_to != "none" and find_spec(config.report_to) is None:
        wrong.append(f"--report-to {config.report_to} needs: pip install {config.report_to}")
    wrong += ["--warmup is a share from 0 to 1"] if not 0 <= config.warmup <= 1 else []
    wrong += [f"--seed is 0 to {LAST_SEED}, not {config.seed}"] if not 0 <= config.seed <= LAST_SEED else []
    if config.launch == "none" and config.processes > 1:
        wrong.append(f"--processes {config.processes} needs a way to launch them: add --launch ddp or --launch fsdp")
    if wrong:
        raise UsageError("; ".join(wrong))

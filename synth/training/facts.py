"""What a run was made from, as synth-run.json keeps it."""

import platform
import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synth.training.mixture import Part, weighted
from synth.training.settings import Settings

PACKAGES = ("rationale-synth", "torch", "transformers", "accelerate", "peft", "tokenizers")


def facts(trainer: str, config: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    """What is known of a run before it begins, as synth-run.json keeps it; no machine's folders get out."""
    folders = [weighted(given) for given in config.data]
    shown = asdict(replace(config, data=[f"{folder.resolve().name}:{weight:g}" for folder, weight in folders]))
    if config.model and Path(config.model).exists():
        shown["model"] = Path(config.model).resolve().name
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": command(trainer, shown),
        "trainer": trainer,
        "model": shown["model"] or f"from-scratch {config.from_scratch}",
        "target": learned(config.target, parts),
        "line_break": config.line_break,
        "data": [part.facts() for part in parts],
        "config": shown,
        "seed": config.seed,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def learned(target: str, parts: Sequence[Part]) -> str:
    """What a model learns to write: without a rationale in any row that is the answer, whatever was asked for."""
    return target if any(record.rationale for part in parts for record in part.records) else "answer"


def command(trainer: str, shown: dict[str, Any]) -> str:
    """The command with every setting written out, but for --out."""
    words = ["synth", "train", trainer]
    for name, value in shown.items():
        switch = f"--{name.replace('_', '-')}"
        if isinstance(value, list):
            words += [word for item in value for word in (switch, item)]
        elif isinstance(value, bool):
            words += [switch if value else f"--no-{name.replace('_', '-')}"]
        elif value is not None:
            words += [switch, str(value)]
    return shlex.join(words)


def last_losses(log: Sequence[dict[str, Any]], steps: int) -> dict[str, Any]:
    """The mean loss of the last steps, as many as lie between two lines of the log or a few more.

    The last line alone may stand for a single step, whose loss says little.
    """
    lines = [line for line in log if "loss" in line]
    total, covered = 0.0, 0
    for at in range(len(lines) - 1, -1, -1):
        own = lines[at]["step"] - (lines[at - 1]["step"] if at else 0)
        total, covered = total + own * lines[at]["loss"], covered + own
        if covered >= steps:
            break
    return {"mean_loss": total / max(covered, 1), "mean_steps": covered}

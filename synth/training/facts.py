"""What a run was made from, as synth-run.json keeps it."""

import platform
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from synth.base.config import command, shown
from synth.training.forms import closed
from synth.training.mixture import Part, bins_of, records_of, without_path
from synth.training.settings import Settings

PACKAGES = ("rationale-synth", "torch", "transformers", "accelerate", "peft", "tokenizers")

LATER = (
    "blank_tokens",
    "form",
    "no_input",
    "warmup_steps",
    "beta2",
    "clip",
    "codes",
    "reference",
    "kl",
    "entropy",
    "machines",
)  # options that the first runs had not: named if they are given


def facts(trainer: str, config: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    """What is known of a run before it begins, as synth-run.json keeps it, without paths of this machine."""
    named = replace(config, data=[without_path(given) for given in config.data])
    given = {name for name, value in shown(named).items() if value is not None and value is not False}
    kept = {name: value for name, value in shown(named).items() if name in given or name not in LATER}
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": command(f"synth train {trainer}", named),
        "trainer": trainer,
        "model": kept["model"] or f"from-scratch {config.from_scratch}",
        "target": "label" if config.form else learned(config.target, parts),
        **({"labels": closed(records_of(parts))} if config.form else {}),
        "line_break": config.line_break,
        "data": [part.facts() for part in parts],
        "config": kept,
        "seed": config.seed,
        **({"codes": {"place": config.codes, "bins": bins}} if config.codes and (bins := bins_of(parts)) else {}),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def learned(target: str, parts: Sequence[Part]) -> str:
    """What a model learns to write: without a rationale in any row that is the answer, whatever was asked for."""
    return target if any(record.rationale for part in parts for record in part.records) else "answer"


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

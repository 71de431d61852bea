"""Small runs of `synth train mario`, in this process."""

from pathlib import Path
from typing import Any

from synth.training.folder import Job
from synth.training.trainer import find

SMALL: dict[str, Any] = {
    "reward": ("accuracy", "diversity"), "max_steps": 12, "sample_every": 6, "batch_size": 8, "lr": 1e-3,
    "max_new_tokens": 40, "eval_rows": 6, "steer_rows": 4, "temperature": 0.5, "log_steps": 2,
}  # fmt: skip


def mario(out: Path, folder: Path, begun: Path, job: dict[str, Any] | None = None, **changed: Any) -> Path:
    """A run of two rounds in this process."""
    trainer = find("mario")
    config = trainer.config(**{"data": [str(folder)], "start": str(begun), **SMALL, **changed})
    return trainer.train(trainer, config, Job(out, **{"quiet": True, **(job or {})}))

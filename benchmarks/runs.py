"""What benchmarks of loops share: commands of synth as anyone would type them, and figures over seeds."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SYNTH = [sys.executable, "-m", "synth"]


def run(out: Path, *words: object) -> None:
    """A command of synth in the folder, on one thread; its words and what it says are kept in a log."""
    line = [str(word) for word in words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([*SYNTH, *line], cwd=out, env=environment, capture_output=True, text=True, check=False)
    with (out / "commands.log").open("a") as log:
        log.write(f"synth {' '.join(line)}\n{done.stderr}")
    if done.returncode:
        raise SystemExit(f"synth {' '.join(line)}\n{done.stderr[-2000:]}")


def train(out: Path, name: str, trainer: str, *words: object) -> None:
    """A training run; one that was stopped goes on, and one that is whole is left as it is."""
    if (begun := is_begun(out / name)) is not None:
        run(out, "train", trainer, *words, *["--resume"] * begun, "--quiet", "--out", name)


def is_begun(training: Path) -> bool | None:
    """Whether a training run was begun and goes on; None if it is whole."""
    facts = training / "synth-run.json"
    begun = facts.is_file()
    return None if begun and json.loads(facts.read_text())["complete"] else begun


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean and 95% interval over seeds (Student's t); of one seed the value alone."""
    from scipy import stats

    mean = sum(values) / len(values)
    if len(values) < 2:
        return {"mean": mean, "low": mean, "high": mean}
    low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=stats.sem(values) or 1e-12)
    return {"mean": mean, "low": float(low), "high": float(high)}

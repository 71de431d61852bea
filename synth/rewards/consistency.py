"""Pays for rationales that make the gold answer more probable to a model that reads them.

The consistency of MaRio (Ramnath et al. 2023, arXiv 2311.02805), one of the measures of how well a rationale supports
its answer (Hase et al. 2020, arXiv 2010.04119; Wiegreffe et al. 2021, arXiv 2010.12762): the probability of the gold
label by a model that reads question and rationale (IR2O), less that by one that reads the question alone (I2O). Two
commands make them:

    synth train t5 --preset mario-ir2o --data FOLDER --out runs/ir2o
    synth train t5 --preset mario-i2o --data FOLDER --out runs/i2o

`consistency` takes them there, `consistency:IR2O,I2O` from two other folders. Range: -1 to 1. None for a row without a
gold answer, for an empty rationale, and where answers are open: labels are yes and no, the letters of the row's
options, or those of the training data if they are 50 at most, each for two rows or more on average. How a model is paid
for nothing: by a rationale that says the answer and no reason; by whatever it writes where the two models are wrong and
right by chance.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synth.errors import UsageError
from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Function, Reward, Values, last_part
from synth.rewarding.support import Pair, pair, support

NAME = "consistency"
RUNS = "runs/ir2o,runs/i2o"


def consistency(completions: Sequence[Completion], **columns: Any) -> Values:
    """The consistency of each rationale with the gold answer, by the models of runs/ir2o and runs/i2o."""
    return by(RUNS, NAME)(completions, **columns)


def by(runs: str, name: str) -> Function:
    """A function of this name that asks the two models of IR2O,I2O."""

    def consistency(completions: Sequence[Completion], **columns: Any) -> Values:
        rows = written(name, completions, columns)
        return support(_pair(runs), rows) if any(row is not None for row in rows) else [None] * len(rows)

    consistency.__name__ = name  # under which TRL logs it
    return consistency


def of(more: str) -> Reward:
    """The reward that stands behind `consistency:`. Raises UsageError for anything but two folders."""
    folders = more.split(",")
    if len(folders) != 2 or not all(folders):
        raise UsageError(f"reward {NAME}:{more}: give two run folders with a comma between, {NAME}:{RUNS}")
    last = [last_part(folder) for folder in folders]
    name = NAME if last == ["ir2o", "i2o"] else "-".join([NAME, *last])
    return Reward(name, by(more, name), -1.0, 1.0, ready=lambda: ready(more), asks=tuple(folders))


def ready(runs: str) -> None:
    """Raises UsageError for runs that are not there or cannot be taken."""
    _pair(runs)


def _pair(runs: str) -> Pair:
    with_rationale, _, without = runs.partition(",")
    return pair(Path(with_rationale), Path(without))


REWARD = Reward(NAME, consistency, -1.0, 1.0, of=of, ready=lambda: ready(RUNS), asks=tuple(RUNS.split(",")))

"""Which models a loop leaves on the disk: those that it still needs, however many iterations there are.

With --keep-weights best the base, the best iteration so far and the last one keep their weights. The last one writes
the rows of the next iteration, and is what --from previous and --resume --iterations go on with. Those of the others
are removed once the iteration behind them is whole, and the checkpoints of a training once it is done. What is removed
follows from figures on the disk, so that a loop that was killed in between removes the same when it is resumed.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.bootstrapping import figures, folder
from synth.data.names import CHECKPOINTS
from synth.errors import FolderError

FILES = ("*.safetensors", "*.bin", "*.index.json")


def best_of(done: Sequence[Mapping[str, Any]]) -> int:
    """The number of the best iteration, the first one of several that are; done: the base and each iteration."""
    return max(range(1, len(done)), key=lambda number: figures.accuracy(done[number]))


def remove_unneeded(run: Path, done: Sequence[Mapping[str, Any]]) -> None:
    """Remove the weights of iterations that are neither the best one nor the last one.

    Raises FolderError if they cannot be removed.
    """
    needed = {best_of(done), len(done) - 1}
    for number in range(1, len(done)):
        if number not in needed:
            remove_weights(folder.model_of(run, number, run))


def remove_weights(model: Path) -> None:
    """Remove the weights of a model. Raises FolderError if they cannot be removed."""
    try:
        for path in [path for pattern in FILES for path in model.glob(pattern)]:
            path.unlink()
    except OSError as error:
        raise FolderError.from_os(error, f"cannot remove weights in {model}") from error


def remove_checkpoints(trained: Path) -> None:
    """Remove the states that a training could have been resumed from; it is done.

    Raises FolderError if they cannot be removed.
    """
    try:
        if (trained / CHECKPOINTS).is_dir():
            shutil.rmtree(trained / CHECKPOINTS)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot remove checkpoints in {trained}") from error

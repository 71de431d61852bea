"""Has a model write: attempts at questions, plain or with a hint, kept on the disk as they come.

This one writes in this process, with transformers. engines.py has those that have others write.
"""

import gc
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.base.terminal import Report
from synth.evaluating.job import Job
from synth.evaluating.local import write_locally
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.models.generate import Checkpoint, Decoding, Output
from synth.models.load import load
from synth.record import Record


@dataclass
class Writer:
    """A model that writes; it is loaded when it is first needed, and let go before another one trains."""

    report: Report
    model: Path = field(default_factory=Path)
    _checkpoint: Checkpoint | None = None

    def use(self, model: Path) -> "Writer":
        if model != self.model:
            self.release()
            self.model = model
        return self

    def release(self) -> None:
        """Give the memory back."""
        if self._checkpoint is not None:
            self._checkpoint = None
            free_memory()

    def write(
        self,
        asking: Asking,
        records: Sequence[Record],
        decoding: Decoding,
        folder: Path,
        name: str,
        recipe: Mapping[str, Any],
    ) -> list[Sequence[Output]]:
        """The outputs of each row, in order; none for a row whose prompt is too long.

        What is written goes to `folder` at once, and is not written again by the next call. Raises SourceError for a
        model that cannot be loaded, FolderError if the disk is full, StoppedError if a server gives up.
        """
        job = self._job(decoding, folder, name)
        with Partial(job, recipe) as partial:
            if len(partial) < len(records):
                self._fill(job, asking, records, partial)
            return [partial.outputs(row) if row in partial else () for row in range(len(records))]

    def _job(self, decoding: Decoding, folder: Path, name: str) -> Job:
        return Job(model=str(self.model), data=folder, out=folder, split=name, decoding=decoding)

    def _fill(self, job: Job, asking: Asking, records: Sequence[Record], partial: Partial) -> None:
        """Write what is not there yet."""
        self._checkpoint = self._checkpoint or load(str(self.model))
        write_locally(job, self._checkpoint, asking, records, partial, self.report)


def free_memory() -> None:
    """Give the memory of models that nobody holds any more back to the machine and its GPUs."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def clear(folder: Path) -> None:
    """Remove outputs that were read."""
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

"""A set of 64-bit fingerprints: which questions were taken already, in bounded memory for any number of rows."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
import numpy.typing as npt

Prints = npt.NDArray[np.uint64]
BLOCK = 1 << 20  # entries that are merged at a time


def prints(questions: Iterable[str]) -> Prints:
    """64-bit fingerprints of texts, the same in every process and on every machine."""
    digests = (hashlib.blake2b(text.encode(), digest_size=8).digest() for text in questions)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


class Seen:
    """A set of fingerprints as sorted runs, like the levels of a log-structured merge tree.

    Runs of about the same size are merged, so there are few, however many entries there are. A run that has reached
    `spill` entries (8 bytes each) goes to a temporary file, is mapped while it is looked at, and merged block by block.
    """

    def __init__(self, spill: int = 1 << 22) -> None:
        self._spill = spill
        self._runs: list[Prints] = []
        self._files: list[IO[bytes]] = []

    def take(self, batch: Prints, most: int | None = None) -> npt.NDArray[np.bool_]:
        """Take the first `most` entries that were not taken yet; returns which, a mask of the batch's shape."""
        ordered, first = np.unique(batch, return_index=True)
        known = np.zeros(len(ordered), dtype=bool)
        for run in self._all_runs():
            at = np.minimum(np.searchsorted(run, ordered), len(run) - 1)
            known |= run[at] == ordered
        taken = np.sort(first[~known])[:most]
        if len(taken):
            self._insert(np.sort(batch[taken]))
        mask = np.zeros(len(batch), dtype=bool)
        mask[taken] = True
        return mask

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _all_runs(self) -> Iterator[Prints]:
        yield from self._runs
        yield from map(_mapped, self._files)

    def _insert(self, run: Prints) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        if len(run) < self._spill:
            self._runs.append(run)
            return
        self._files.append(_stored([run]))
        while len(self._files) > 1 and len(_mapped(self._files[-2])) <= 2 * len(_mapped(self._files[-1])):
            one, other = self._files.pop(), self._files.pop()
            with one, other:
                self._files.append(_stored(_merged(_mapped(one), _mapped(other))))


def _mapped(file: IO[bytes]) -> Prints:
    return np.memmap(file, dtype=np.uint64, mode="r")


def _stored(blocks: Iterable[Prints]) -> IO[bytes]:
    """A temporary file of a run, given in blocks."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 (it has no name: a run that is killed leaves nothing behind)
    for block in blocks:
        file.write(block.tobytes())
    file.flush()
    return file


def _merged(one: Prints, other: Prints) -> Iterator[Prints]:
    """Two runs as one, in blocks: of each as much as is not behind what the other has in its block."""
    at = [0, 0]
    while at[0] < len(one) and at[1] < len(other):
        blocks = [np.asarray(run[start : start + BLOCK]) for run, start in zip((one, other), at, strict=True)]
        last = min(block[-1] for block in blocks)
        taken = [int(np.searchsorted(block, last, side="right")) for block in blocks]
        yield np.sort(np.concatenate([block[:end] for block, end in zip(blocks, taken, strict=True)]), kind="stable")
        at = [start + end for start, end in zip(at, taken, strict=True)]
    for run, start in zip((one, other), at, strict=True):
        for begin in range(start, len(run), BLOCK):
            yield np.asarray(run[begin : begin + BLOCK])

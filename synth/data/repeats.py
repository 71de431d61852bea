"""Finds what occurs more than once in texts that lie in many files, exactly and in memory that does not grow.

Each file keeps the 64-bit prints of its texts sorted, with the places of their rows. The prints of all files are cut by
their top bits, and slice by slice what belongs together is put in order: no file is read as a whole, and no rows move.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.base.files import write_whole
from synth.data.fingerprints import Prints

Offsets = npt.NDArray[np.uint32]  # places of rows in their file, from 0
ENTRY = 12  # bytes of a print and a place in a file
SLICE = 1 << 21  # prints that are in memory at a time, some 30 bytes each
NOWHERE: Offsets = np.zeros(0, dtype=np.uint32)


class Stored:
    """Numbers that lie in a file in a row, read by slices; no file stays open, for there may be thousands of them."""

    def __init__(self, path: Path, kind: str, start: int, length: int) -> None:
        """kind: numpy's name of their type. start: bytes of the file that come before."""
        self._path, self._kind, self._start, self._length = path, np.dtype(kind), start, length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice) -> npt.NDArray[Any]:
        start, stop, _ = part.indices(self._length)
        offset = self._start + start * self._kind.itemsize
        return np.fromfile(self._path, self._kind, max(0, stop - start), offset=offset)


@dataclass(frozen=True)
class Run:
    """The prints of one file, in order, each with the place of its row; of equal prints the earlier row comes first."""

    prints: Prints | Stored
    offsets: Offsets | Stored
    gone: Offsets = field(default_factory=NOWHERE.copy)  # rows that do not count, in order
    until: int | None = None  # rows from here on do not count either

    def part(self, start: int, stop: int) -> tuple[Prints, Offsets]:
        """Those of the entries `start` to `stop` that count."""
        prints, offsets = self.prints[start:stop], self.offsets[start:stop]
        if not len(self.gone) and self.until is None:
            return prints, offsets
        counts = ~np.isin(offsets, self.gone) if len(self.gone) else np.ones(len(offsets), dtype=bool)
        if self.until is not None:
            counts &= offsets < self.until
        return prints[counts], offsets[counts]


def in_order(prints: Prints) -> Run:
    """The prints of the rows of a file, given in the order of the rows."""
    order = np.argsort(prints, kind="stable")
    return Run(prints[order], order.astype(np.uint32))


def keep_run(path: Path, run: Run) -> None:
    """Write a run to a file. Raises OSError."""
    write_whole(path, as_bytes(run))


def as_bytes(run: Run) -> list[bytes]:
    """A run as its file has it: all prints, then all places, little-endian."""
    return [run.prints[:].astype("<u8").tobytes(), run.offsets[:].astype("<u4").tobytes()]


def kept_run(path: Path) -> Run:
    """A run as `keep_run` wrote it, to be read from its file. Raises OSError."""
    entries = path.stat().st_size // ENTRY
    return Run(Stored(path, "<u8", 0, entries), Stored(path, "<u4", 8 * entries, entries))


def repeats(runs: Sequence[Run], most: int = SLICE) -> list[Offsets]:
    """The places of the rows, run by run and in order, whose print a row before them has: in a run before, or in the
    same at an earlier place. `most`: prints that are in memory at a time, if they are spread evenly."""
    entries = sum(len(run.prints) for run in runs)
    cuts = [_cuts(run, entries, most) for run in runs]
    found: list[list[Offsets]] = [[] for _ in runs]
    for number in range(len(cuts[0]) - 1 if cuts else 0):
        parts = [run.part(cut[number], cut[number + 1]) for run, cut in zip(runs, cuts, strict=True)]
        prints = np.concatenate([part[0] for part in parts])
        order = np.argsort(prints, kind="stable")  # of equal ones the earlier run comes first, as in the concatenation
        prints = prints[order]
        again = np.sort(order[1:][prints[1:] == prints[:-1]])
        ends = np.cumsum([len(part[0]) for part in parts])
        for at, part in zip(np.split(again, np.searchsorted(again, ends[:-1])), _placed(parts, ends), strict=True):
            if len(at):
                found[part[0]].append(part[1][at - part[2]])
    return [np.sort(np.concatenate(offsets)) if offsets else NOWHERE for offsets in found]


def _placed(parts: Sequence[tuple[Prints, Offsets]], ends: npt.NDArray[np.intp]) -> list[tuple[int, Offsets, int]]:
    """Of each part its number, its places, and where it begins in the concatenation."""
    return [(number, part[1], int(ends[number]) - len(part[0])) for number, part in enumerate(parts)]


def _cuts(run: Run, entries: int, most: int) -> npt.NDArray[np.intp]:
    """Where the slices of a run begin and end: by the top bits of the prints, the same for all runs."""
    bits = max(0, (max(entries, 1) - 1) // most).bit_length()
    bounds = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(64 - bits) if bits else np.zeros(0, dtype=np.uint64)
    return np.concatenate([[0], np.searchsorted(run.prints[:], bounds), [len(run.prints)]])

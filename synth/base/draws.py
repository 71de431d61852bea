"""Random draws of row i as a pure function of the row's whole key.

A key is "<dataset>/<variant>/<split>/<seed>" and a row owns a fixed stretch of the counter of one Philox generator
(Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a thousand rows are drawn in one call, row 7
comes out the same whether it is drawn alone or among them, and no row of one seed is a row of another, as happens
if rows are seeded with seed + i. NumPy promises that the bits of a bit generator never change (NEP 19).
"""

import hashlib
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

WORDS_A_COUNTER = 4  # Philox-4x64 turns one value of its counter into four 64-bit words


def uniform(key: str, start: int, stop: int, width: int) -> npt.NDArray[np.floating[Any]]:
    """Draws in [0, 1) for the rows start to stop - 1: an array of shape (stop - start, width).

    `width` belongs to the recipe: another width gives other draws.
    """
    return (_words(key, start, stop, width)[:, :width] >> np.uint64(11)) * 2.0**-53


def bits(key: str, start: int, stop: int, width: int) -> npt.NDArray[np.uint32]:
    """The same with whole numbers 0 to 2**32 - 1, in half the memory, for rows that need hundreds of draws."""
    return _words(key, start, stop, -(-width // 2)).astype("<u8", copy=False).view("<u4")[:, :width]


def _words(key: str, start: int, stop: int, width: int) -> npt.NDArray[np.uint64]:
    """64 random bits each, of shape (stop - start, width rounded up to whole counters)."""
    counters = -(-width // WORDS_A_COUNTER)
    digest = hashlib.sha256(key.encode()).digest()
    philox = np.random.Philox(key=int.from_bytes(digest[:16], "little"), counter=start * counters)
    words: npt.NDArray[np.uint64] = philox.random_raw((stop - start) * counters * WORDS_A_COUNTER)
    return words.reshape(stop - start, -1)


def generator(key: str, row: int | str) -> Random:
    """A generator of Python's own for one row, if the draws of a row cannot be counted beforehand."""
    return Random(f"{key}/{row}")

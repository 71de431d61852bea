"""The rows of one work item, as a worker makes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.data.builder import find
from synth.data.fingerprints import Prints, prints
from synth.data.writing import encode
from synth.record import Record, Rejected

REPEATED, REPEATED_ID = "repeated_question", "repeated_id"  # reasons of rejection
WHY = {REPEATED: "the same question as an earlier row", REPEATED_ID: "the same id as an earlier row"}

Repeated = dict[str, "npt.NDArray[np.intp]"]  # reason: which rows of a chunk


@dataclass(frozen=True)
class Chunk:
    """The rows of one work item on their way from a worker."""

    rows: Any  # as `encode` of synth/data/writing.py returns them
    prints: Prints  # the fingerprint of each row's question
    ids: Prints  # of each row's id; empty if rows are drawn, whose ids are told apart by their index
    rejected: list[Rejected]
    groups: list[str]  # of the rows; empty if the builder has no group


@dataclass(frozen=True)
class Work:
    """What decides the rows of a split: all that a worker needs, but for the item."""

    name: str  # of the builder
    config: Any
    split: str
    seed: int
    format: str
    meta: Mapping[str, type]

    def make(self, item: Any) -> Chunk:
        """The rows of one work item, in a worker."""
        builder = find(self.name)
        made = list(builder.records(self.config, self.split, self.seed, item))
        rows = [row for row in made if isinstance(row, Record)]
        rejected = [row for row in made if isinstance(row, Rejected)]
        groups = [str(row.meta[builder.group]) for row in rows] if builder.group else []
        ids = prints(()) if builder.drawn else prints(row.id for row in rows)
        questions = prints(map(builder.question, rows))
        return Chunk(encode(rows, self.format, self.meta), questions, ids, rejected, groups)


def rejected_row(row: Mapping[str, Any], reason: str) -> Rejected:
    """What is said of a row that repeats an earlier one."""
    return Rejected(row["id"], reason, WHY[reason], row["prompt"], row["answer"])

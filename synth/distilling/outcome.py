"""How a distillation ended: of one dataset, or of a folder of several."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synth.data.handles import Dataset
from synth.teachers.meter import Meter


@dataclass
class Outcome:
    """How a run ended."""

    folder: Path
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    complete: bool = False
    why: str = ""  # it is not complete
    nothing: str = ""  # a line on why there is no row, where replies could not be used
    waiting: str = ""  # a line on what is at the Batch API, if nothing was written
    already_there: bool = False
    total: int = 0  # questions in the source
    used: str = ""  # replies, tokens and dollars, for a person
    splits: dict[str, int] = field(default_factory=dict)  # rows of each
    settled: int = 0  # questions, in whatever order they came
    kept: int = 0  # rows of those
    repeating: int = 0  # questions to which the server gave the same text again and again
    labels: Counter[str] = field(default_factory=Counter)  # of a vote: how many questions have one, and it agrees with
    begun: bool = True  # False of a configuration whose turn did not come
    configurations: dict[str, "Outcome"] = field(default_factory=dict)  # of a folder of several

    @property
    def dataset(self) -> Dataset:
        return Dataset(self.folder)


Report = Callable[[Meter, Outcome], None]


def together(folder: Path, parts: Mapping[str, Outcome]) -> Outcome:
    """What the configurations of a folder came to. What was used is that of all of them: they share one meter."""
    each = list(parts.values())
    found = Outcome(
        folder, sum(part.rows for part in each), complete=all(part.complete for part in each),
        why=next((part.why for part in each if part.why), ""), waiting=next((part.waiting for part in each), ""),
        already_there=all(part.already_there for part in each), total=sum(part.total for part in each),
        used=next((part.used for part in reversed(each) if part.used), ""),
        settled=sum(part.settled for part in each), kept=sum(part.kept for part in each),
        repeating=sum(part.repeating for part in each), configurations=dict(parts),
    )  # fmt: skip
    for part in each:
        found.rejected += part.rejected
        found.labels += part.labels
        for name, rows in part.splits.items():
            found.splits[name] = found.splits.get(name, 0) + rows
    return found

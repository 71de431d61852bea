"""What a judging came to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.data.agreements import Pair
from synth.data.handles import Dataset
from synth.data.verdict import Verdict
from synth.judging.estimate import Estimate, total

Place = tuple[str, int]  # split and number of the row


@dataclass(frozen=True)
class Judged:
    """What was judged, and how."""

    menu: tuple[str, ...]  # the verdicts that this judge can give
    splits: tuple[str, ...]
    verdicts: dict[Place, Verdict] = field(repr=False)
    out: Path | None = None  # the folder that was written
    written: str = ""  # a line for the user about that folder
    already_there: bool = False
    unscored: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # id and reason of rows without a verdict
    agreements: tuple[Pair, ...] = ()  # with the other judges of these rows
    estimate: Estimate | None = None  # of a dry run
    rows: int = 0  # that were to be judged
    tasks: dict[Place, str] = field(default_factory=dict, repr=False)  # of the rows that were judged
    spent: float = 0.0  # dollars in this run; 0 if prices are not known
    stopped: str = ""  # why asking stopped early
    errors: dict[str, Any] | None = None  # of a judge of errors: what attribution.json says
    parts: dict[str, "Judged"] = field(default_factory=dict, repr=False)  # by folder, of several datasets

    @property
    def dataset(self) -> Dataset | None:
        """The rows with their verdicts, if `out` was given."""
        return None if self.out is None else Dataset(self.out)

    def by_task(self) -> dict[str, Counter[str | None]]:
        """Task -> verdict -> rows; None of rows that were not scored."""
        found: dict[str, Counter[str | None]] = {}
        for place, verdict in self.verdicts.items():
            found.setdefault(self.tasks.get(place, ""), Counter())[verdict.verdict] += 1
        return found


def together(parts: Mapping[str, Judged]) -> Judged:
    """What several datasets came to; the splits of each stand behind its name."""
    each = list(parts.values())
    named = [(name, part) for name, part in parts.items()]
    return Judged(
        each[0].menu,
        tuple(f"{name}/{split}" for name, part in named for split in part.splits),
        {(f"{name}/{split}", at): said for name, part in named for (split, at), said in part.verdicts.items()},
        already_there=all(part.already_there for part in each),
        unscored=tuple(one for part in each for one in part.unscored),
        agreements=tuple(pair for part in each for pair in part.agreements),
        rows=sum(part.rows for part in each),
        tasks={(f"{name}/{split}", at): task for name, part in named for (split, at), task in part.tasks.items()},
        spent=sum(part.spent for part in each),
        stopped=next((part.stopped for part in each if part.stopped), ""),
        estimate=total(estimates) if (estimates := [part.estimate for part in each if part.estimate]) else None,
        parts=dict(parts),
    )

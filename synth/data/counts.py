"""What `synth stats` and a card say of a split in figures, counted batch by batch in Arrow: memory does not grow with
the rows."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from synth.base.terminal import Report
from synth.data.batches import Batch, Manifest, OtherRowsError, declared_batches, declared_plan, surveyed_batches
from synth.data.builder import builder_of, count_nothing
from synth.data.columns import Plan
from synth.data.reading import TEXTS as FIELD_TEXTS
from synth.data.reading import read
from synth.data.survey import survey
from synth.data.verdict import REWARD
from synth.record import Record
from synth.statistics.distribution import Distribution

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Counts: TypeAlias = "npt.NDArray[np.int64]"
TEXTS = ("prompt", "rationale", "completion")
DIFFERENT = 50_000  # values of a column that are told apart; of one that has more only so much is said
LONGEST = 100_000  # words; longer texts count as so long


class Values:
    """How often each value of a column occurs, until there are too many different ones to keep; of numbers also their
    sum and range."""

    def __init__(self) -> None:
        self.counts: Counter[Any] = Counter()
        self.too_many = False
        self.known = 0  # numbers that are no null
        self.sum: float = 0
        self.low, self.high = math.inf, -math.inf

    def add(self, column: Any) -> None:
        self._add_numbers(column)
        if self.too_many:
            return
        for pair in column.value_counts().to_pylist():
            self.counts[pair["values"]] += pair["counts"]
        if len(self.counts) > DIFFERENT:
            self.too_many = True
            self.counts.clear()

    def _add_numbers(self, column: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        known = len(column) - column.null_count
        if not known or not _is_number(column) or pa.types.is_boolean(column.type):
            return
        ends = pc.min_max(column)
        self.known += known
        self.sum += pc.sum(column).as_py()
        self.low, self.high = min(self.low, ends["min"].as_py()), max(self.high, ends["max"].as_py())

    def __add__(self, other: "Values") -> "Values":
        both = Values()
        both.too_many = self.too_many or other.too_many
        both.counts = Counter() if both.too_many else self.counts + other.counts
        both.known, both.sum = self.known + other.known, self.sum + other.sum
        both.low, both.high = min(self.low, other.low), max(self.high, other.high)
        return both


class Lengths:
    """How many texts have how many words: everything that is said of lengths follows from it."""

    def __init__(self) -> None:
        import numpy as np

        self.counts: Counts = np.zeros(1, dtype=np.int64)

    def add(self, words: "Counts") -> None:
        import numpy as np

        self.counts = _sum(self.counts, np.bincount(np.minimum(words, LONGEST)))

    def __add__(self, other: "Lengths") -> "Lengths":
        both = Lengths()
        both.counts = _sum(self.counts, other.counts)
        return both

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        import numpy as np

        return float((self.counts * np.arange(len(self.counts))).sum() / max(1, self.rows))

    def quantile(self, share: float) -> int:
        """The length that this share of the texts does not exceed."""
        import numpy as np

        return int(np.searchsorted(np.cumsum(self.counts), max(1.0, share * self.rows)))

    def __str__(self) -> str:
        if not self.rows or not self.counts[1:].any():
            return "-"
        return f"{self.mean:,.1f} ({self.quantile(0):,}-{self.quantile(1):,})"


def _sum(one: "Counts", other: "Counts") -> "Counts":
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


@dataclass
class SplitCounts:
    """What is counted of one split."""

    rows: int = 0
    size: int = 0  # bytes in memory, which `dataset_info` calls num_bytes
    answers: Values = field(default_factory=Values)
    lengths: dict[str, Lengths] = field(default_factory=lambda: {name: Lengths() for name in TEXTS})
    meta: dict[str, Values] = field(default_factory=dict)
    verdicts: Counter[tuple[str, str | None]] = field(default_factory=Counter)  # judge and verdict
    scores: dict[str, Distribution] = field(default_factory=dict)  # of judges that are rewards
    sums: Counter[str] = field(default_factory=Counter)  # of provenance: tokens, cost, attempts, hinted
    known: int = 0  # rows with a provenance

    def add(self, batch: Batch) -> None:
        self.rows += batch.num_rows
        self.size += batch.nbytes
        if not _nested(batch["answer"]):
            self.answers.add(batch["answer"])
        for name in TEXTS:
            if not _nested(batch[name]):
                self.lengths[name].add(words(batch[name]))
        for name, column in _fields(batch["meta"]):
            if not _nested(column):
                self.meta.setdefault(name, Values()).add(column)
        self.known += len(batch["provenance"]) - batch["provenance"].null_count
        for name, column in _fields(batch["provenance"]):
            self._add_provenance(name, column)

    def _add_provenance(self, name: str, column: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if name == "verdicts" and pa.types.is_list(column.type):
            verdicts = [one for one in pc.list_flatten(column).to_pylist() if isinstance(one, dict)]
            for one in verdicts:
                if "judge" in one:
                    self.add_verdict(str(one["judge"]), one.get("verdict"), one.get("score"))
        elif name in ("prompt_tokens", "completion_tokens", "cost", "attempts", "hinted") and _is_number(column):
            self.sums[name] += pc.sum(column).as_py() or 0
            self.sums[f"{name} known"] += len(column) - column.null_count

    def add_verdict(self, judge: str, verdict: str | None, score: Any) -> None:
        """What a judge said of a row; a reward also gives a number, unless it does not apply."""
        self.verdicts[judge, verdict] += 1
        if judge.startswith(REWARD):
            known = verdict is not None and isinstance(score, int | float)
            self.scores.setdefault(judge, Distribution()).add(float(score) if known else None)

    def __add__(self, other: "SplitCounts") -> "SplitCounts":
        return SplitCounts(
            self.rows + other.rows,
            self.size + other.size,
            self.answers + other.answers,
            {name: self.lengths[name] + other.lengths[name] for name in TEXTS},
            {
                name: self.meta.get(name, Values()) + other.meta.get(name, Values())
                for name in {**self.meta, **other.meta}
            },
            self.verdicts + other.verdicts,
            {
                name: self.scores.get(name, Distribution()) + other.scores.get(name, Distribution())
                for name in {**self.scores, **other.scores}
            },
            self.sums + other.sums,
            self.known + other.known,
        )


def total(splits: Mapping[str, SplitCounts]) -> SplitCounts:
    """All splits taken together."""
    return sum(splits.values(), SplitCounts())


def _fields(column: Any) -> Iterator[tuple[str, Any]]:
    """The columns of a struct column; none of a column of nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_struct(column.type):
        for number, part in enumerate(column.type):
            yield part.name, pc.struct_field(column, number)


def _nested(column: Any) -> bool:
    """Whether its values are lists or structs, which nothing is counted of."""
    import pyarrow as pa

    return bool(pa.types.is_nested(column.type))


def _is_number(column: Any) -> bool:
    import pyarrow as pa

    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return any(holds(column.type) for holds in kinds)


def words(column: Any) -> "Counts":
    """Words of each text, as `str.split` finds them; 0 for a null.

    In -> chunked string column of n rows; out -> n integers.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    lengths = pc.list_value_length(pc.utf8_split_whitespace(texts))  # an empty text is one piece
    return np.asarray(pc.fill_null(pc.if_else(pc.equal(texts, ""), 0, lengths), 0).to_numpy(), dtype=np.int64)


def count_splits(
    folder: Path, manifest: Manifest, report: Report = lambda *_: None
) -> tuple[Plan, dict[str, SplitCounts]]:
    """Columns and counts of each split: as the rows are declared if they are so, else as all of them have them.

    report: hears how many rows of a split are counted. Raises FolderError for files that cannot be read.
    """

    def count(split: str, batches: Iterable[Batch]) -> SplitCounts:
        counts = SplitCounts()
        for batch in batches:
            counts.add(batch)
            report(split, counts.rows, manifest["splits"][split]["rows"])
        return counts

    try:
        plan = declared_plan(folder, manifest)
        return plan, {s: count(s, declared_batches(folder, manifest, s, plan.schema)) for s in manifest["splits"]}
    except OtherRowsError:
        plan = survey(folder, manifest)
        return plan, {s: count(s, surveyed_batches(folder, manifest, s, plan)) for s in manifest["splits"]}


def tally_splits(folder: Path, manifest: Manifest, most: int | None = None) -> dict[str, dict[str, Counter[str]]]:
    """What a builder counts of its rows in addition to their columns, such as the operators of an expression, by split.

    most: rows of a split that are looked at; None: all, one at a time.
    """
    builder = builder_of(manifest)
    tally = builder.tally if builder else count_nothing
    tallies: dict[str, dict[str, Counter[str]]] = {}
    for split in manifest["splits"] if tally is not count_nothing else ():
        for record in islice(read(folder, split), most):
            facts = record.meta if isinstance(record.meta, Mapping) else {}
            for name, value in tally(replace(as_text(record), meta=facts)):
                tallies.setdefault(name, {}).setdefault(split, Counter())[value] += 1
    return tallies


def as_text(record: Record) -> Record:
    """With texts in its text columns: a file that somebody else wrote may have numbers there."""
    values = {name: getattr(record, name) for name in FIELD_TEXTS}
    texts: dict[str, Any] = {name: "" if value is None else str(value) for name, value in values.items()}
    return replace(record, **texts)

"""What a card says of a split in figures, counted batch by batch in Arrow: memory does not grow with the rows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from synth.data.batches import Batch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Counts: TypeAlias = "npt.NDArray[np.int64]"
TEXTS = ("prompt", "rationale", "completion")
DIFFERENT = 50_000  # values of a column that are told apart; of one that has more only so much is said
LONGEST = 100_000  # words; longer texts count as so long
SPACE = b" \t\n\r\v\f"


class Values:
    """How often each value of a column occurs, until there are too many different ones to keep."""

    def __init__(self) -> None:
        self.counts: Counter[Any] = Counter()
        self.too_many = False

    def add(self, column: Any) -> None:
        if self.too_many:
            return
        for pair in column.value_counts().to_pylist():
            self.counts[pair["values"]] += pair["counts"]
        if len(self.counts) > DIFFERENT:
            self.too_many = True
            self.counts.clear()

    def __add__(self, other: "Values") -> "Values":
        both = Values()
        both.too_many = self.too_many or other.too_many
        both.counts = Counter() if both.too_many else self.counts + other.counts
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
    sums: Counter[str] = field(default_factory=Counter)  # of provenance: tokens, cost, attempts, hinted

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
        for name, column in _fields(batch["provenance"]):
            self._add_provenance(name, column)

    def _add_provenance(self, name: str, column: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if name == "verdicts" and pa.types.is_list(column.type):
            told = [each for each in pc.list_flatten(column).to_pylist() if isinstance(each, dict)]
            self.verdicts.update((str(each["judge"]), each.get("verdict")) for each in told if "judge" in each)
        elif name in ("prompt_tokens", "completion_tokens", "cost", "attempts", "hinted") and _is_number(column):
            self.sums[name] += pc.sum(column).as_py() or 0
            self.sums[f"{name} known"] += len(column) - column.null_count

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
            self.sums + other.sums,
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
    """Words of each text: stretches without white space (ASCII), read off the bytes; 0 for a null.

    In -> chunked string column of n rows; out -> n integers.
    """
    import numpy as np

    parts = [_words(chunk) for chunk in column.chunks]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _words(texts: Any) -> "Counts":
    import numpy as np
    import pyarrow as pa

    texts = texts.cast(pa.string()).fill_null("") if texts.null_count else texts.cast(pa.string())
    _, offset_bytes, data_bytes = texts.buffers()
    offsets = np.frombuffer(offset_bytes, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    if not len(texts) or offsets[-1] == offsets[0]:
        return np.zeros(len(texts), dtype=np.int64)
    data = np.frombuffer(data_bytes, dtype=np.uint8)[offsets[0] : offsets[-1]]
    inside = _inside_a_word()[data]
    starts = inside.copy()
    starts[1:] &= ~inside[:-1]
    edges = offsets - offsets[0]
    first = edges[:-1][edges[:-1] < len(data)]  # a text begins a word whatever the text before it ended with
    starts[first] = inside[first]
    before: Counts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(starts, dtype=np.int64)])
    counted: Counts = before[edges[1:]] - before[edges[:-1]]
    return counted


def _inside_a_word() -> Any:
    """Of each byte, whether it stands inside a word."""
    import numpy as np

    table = np.ones(256, dtype=bool)
    table[list(SPACE)] = False
    return table

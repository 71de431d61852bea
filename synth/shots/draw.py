"""Which demonstrations stand before a row: drawn from the row's own key, so that no worker and no order matters.

After Zelikman et al. 2022 (STaR), whose sums are shown ten others of as many digits, and Zhu et al. 2025 (RAFT), whose
mixed-task prompts show one question of each of three other tasks.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from synth import registry
from synth.base.draws import uniform
from synth.data import builder
from synth.data.builder import Builder
from synth.record import Record
from synth.shots.options import How
from synth.validating.checker import reader_of


@dataclass(frozen=True)
class Shots:
    """Rows to be shown as demonstrations, and how many of them before each row."""

    rows: tuple[Record, ...]
    n: int
    seed: int
    sha256: str  # of the rows: other ones make another dataset or evaluation
    source: str  # their file, folder or set, by its name
    mixed: bool = False  # one row of each of `n` other tasks
    how: How = "turns"  # they come to a chat model

    def of(self, record: Record) -> list[Record]:
        """The demonstrations of a row, in the order in which they are shown: never the row itself, by id or by its
        question, and no question twice.

        Those of its own stratum, if its dataset has some; where these are fewer than `n`, others stand before them.
        All there are, in their own order, if there are no more than `n`.
        """
        key = f"shots/{self.seed}/{record.id}"
        if self.mixed:
            return self._mixed(record, key)
        itself = self._same(record)
        kind = self._kind(record) if self._has_strata else None
        own = self._all if kind is None else self._strata.get(kind, ())
        chosen = drawn(own, self.n, itself, key, self._names)
        if len(chosen) < self.n and kind is not None:
            others = drawn(self._all, self.n - len(chosen), itself | set(own), f"{key}/others", self._names)
            chosen = [*others, *chosen]
        return [self.rows[place] for place in chosen]

    def facts(self) -> dict[str, Any]:
        """What a manifest keeps of them."""
        strata = {name: len(places) for name, places in self._strata.items() if name}
        return {
            "source": self.source, "sha256": self.sha256, "rows": len(self.rows), "n": self.n, "seed": self.seed,
            "as": self.how,
            **({"strata": strata} if strata else {}),
        }  # fmt: skip

    def notice(self, records: Iterable[Record]) -> str | None:
        """A line on the strata of these rows that have fewer than `n` demonstrations; None if all have enough."""
        if not self._has_strata or self.mixed:
            return None
        wanted = dict.fromkeys(name for record in records if (name := stratum(record)) is not None)
        short = {name: len(self._strata.get(name, ())) for name in wanted}
        said = [f"{count:,} of {name}" for name, count in short.items() if count < self.n]
        if not said:
            return None
        listed = "; ".join(said[:5]) + ("; ..." if len(said) > 5 else "")
        return f"{self.source} has fewer than {self.n} demonstrations of some kinds, others stand in: {listed}"

    def _mixed(self, record: Record, key: str) -> list[Record]:
        tasks = [places for task, places in self._tasks.items() if task != record.task]
        chosen = drawn(range(len(tasks)), self.n, (), key)
        which = uniform(f"{key}/which", 0, 1, max(1, len(chosen)))[0].tolist()
        return [self.rows[tasks[task][int(u * len(tasks[task]))]] for task, u in zip(chosen, which, strict=False)]

    def _kind(self, record: Record) -> str | None:
        """The stratum of a row; of a question alone, whose columns are not there, that of the row that it is from."""
        itself = self._ids.get(record.id, ())
        return stratum(record) or (stratum(self.rows[itself[0]]) if itself else None)

    def _same(self, record: Record) -> set[int]:
        return {*self._ids.get(record.id, ()), *self._questions.get(question(record), ())}

    @cached_property
    def _all(self) -> range:
        return range(len(self.rows))

    @cached_property
    def _strata(self) -> Mapping[str, Sequence[int]]:
        return _places(stratum(row) or "" for row in self.rows)

    @cached_property
    def _has_strata(self) -> bool:
        return any(self._strata)

    @cached_property
    def _tasks(self) -> Mapping[str, Sequence[int]]:
        return _places(row.task for row in self.rows)

    @cached_property
    def _ids(self) -> Mapping[str, Sequence[int]]:
        return _places(row.id for row in self.rows)

    @cached_property
    def _questions(self) -> Mapping[str, Sequence[int]]:
        return _places(self._names)

    @cached_property
    def _names(self) -> Sequence[str]:
        return [question(row) for row in self.rows]


def drawn(
    places: Sequence[int], count: int, without: Collection[int], key: str, names: Sequence[str] | None = None
) -> list[int]:
    """`count` of the places, none of `without`, in random order; all that are left, in their own order, if there are
    no more than that. names: of the places, no two with the same name are drawn."""
    if len(places) - len(without) <= count:
        left = _first([place for place in places if place not in without], names)
        if len(left) <= count:
            return left
    least, chosen = min(len(places), count + len(without)), []
    for tries in dict.fromkeys((least, len(places))):  # few are enough, unless many have the same name
        shuffled = (place for place in _shuffled(places, tries, key) if place not in without)
        chosen = _first(shuffled, names)[:count]
        if len(chosen) == count:
            break
    return chosen


def _shuffled(places: Sequence[int], count: int, key: str) -> Iterator[int]:
    """The first so many places of a random order: a Fisher-Yates shuffle that goes no further."""
    moved: dict[int, int] = {}
    for at, u in enumerate(uniform(key, 0, 1, count)[0].tolist()):
        there = at + int(u * (len(places) - at))
        yield places[moved.get(there, there)]
        moved[there] = moved.get(at, at)


def _first(places: Iterable[int], names: Sequence[str] | None) -> list[int]:
    """The first place of each name."""
    if names is None:
        return list(places)
    firsts: dict[str, int] = {}
    for place in places:
        firsts.setdefault(names[place], place)
    return list(firsts.values())


def stratum(record: Record) -> str | None:
    """What kind of question a row's is, as its dataset tells kinds apart; None if it tells none."""
    found = _builder(record.task)
    return None if found is None else found.stratum(record)


def question(record: Record) -> str:
    """A row's question as two are compared: without its options, which may stand in another order."""
    found = _builder(record.task)
    reader = reader_of(record.task)
    text = reader.without_cue(record.prompt if found is None else found.question(record))
    return reader.normal(text.partition("\nOptions: ")[0].strip().removesuffix("Answer:").strip())


@lru_cache(maxsize=256)  # asked for every row
def _builder(task: str) -> Builder[Any] | None:
    return builder.find(task) if registry.has("builders", task) else None


def _places(names: Iterable[str]) -> Mapping[str, Sequence[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
    return dict(places)

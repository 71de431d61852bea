"""How far the judges of one dataset agree, from the verdicts in its rows and in a file beside it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import Any

from synth import registry
from synth.data.reading import read
from synth.data.verdict import REWARD, find
from synth.data.verdicts import Line, Place, hash_of, label
from synth.record import Record
from synth.statistics.agreement import Agreement, agreement

Menus = Mapping[str, tuple[str, ...]]
Said = dict[str, str]  # judge, with its model -> the verdict that it gave to a row


@dataclass(frozen=True)
class Pair:
    """Two judges, and how far they agree."""

    first: str
    second: str
    agreement: Agreement

    def __str__(self) -> str:
        n, kappa = self.agreement.n, self.agreement.kappa
        said = "not defined, as both gave one verdict throughout" if kappa is None else f"{kappa:.2f}"
        rows = f"{n:,} rows that both scored" if n != 1 else "1 row that both scored"
        return f"{self.first} and {self.second} agree on {self.agreement.share:.1%} of {rows}; Cohen's kappa {said}"


def agreements(
    folder: Path, manifest: Mapping[str, Any], lines: Iterable[Line] = (), menus: Menus | None = None
) -> dict[str, list[Pair]]:
    """Split -> each pair of judges with verdicts on the same rows.

    lines: of a file beside the folder. menus: of judges that are files of somebody's own. Verdicts of two menus of two
    words each are compared as good and bad; of other menus that differ nothing is said.
    """
    beside = _beside(lines)
    if not beside and "judged" not in manifest:
        return {}
    return {split: list(_pairs(_said(folder, split, beside), menus or {})) for split in manifest["splits"]}


def all_splits(
    folder: Path, manifest: Mapping[str, Any], lines: Iterable[Line], menus: Menus | None = None
) -> list[Pair]:
    """The same over all rows of the folder."""
    beside = _beside(lines)
    if not beside and "judged" not in manifest:
        return []
    return list(_pairs(chain.from_iterable(_said(folder, split, beside) for split in manifest["splits"]), menus or {}))


def _beside(lines: Iterable[Line]) -> dict[Place, Said]:
    beside: dict[Place, Said] = defaultdict(dict)
    for line in lines:
        if line.verdict is not None and not line.judge.startswith(REWARD):  # a number is no word to agree on
            beside[line.place][line.label] = line.verdict
    return beside


def _said(folder: Path, split: str, beside: Mapping[Place, Said]) -> Iterator[Said]:
    for record in read(folder, split):
        found = _in_row(record) | (beside.get((split, record.id, hash_of(record)), {}) if beside else {})
        if len(found) > 1:
            yield found


def _in_row(record: Record) -> Said:
    """The verdicts in the provenance of a row; only what is written as one is one."""
    written = record.provenance.get("verdicts") if isinstance(record.provenance, Mapping) else None
    given = [one for one in written if isinstance(one, dict)] if isinstance(written, list) else []
    judged = [one for one in given if "judge" in one and not str(one["judge"]).startswith(REWARD)]
    return {
        label(str(one["judge"]), one.get("model")): one["verdict"]
        for one in judged if isinstance(one.get("verdict"), str)
    }  # fmt: skip


def _pairs(rows: Iterable[Said], menus: Menus) -> Iterator[Pair]:
    met: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for said in rows:
        for first, second in combinations(sorted(said), 2):
            met[first, second][said[first], said[second]] += 1
    for (first, second), counts in sorted(met.items()):
        if (alike := _alike(counts, _menu(first, menus), _menu(second, menus))) is None:
            continue
        if (found := agreement(alike)) is not None:
            yield Pair(first, second, found)


def _menu(name: str, menus: Menus) -> tuple[str, ...]:
    judge = name.partition(" (")[0]
    return menus.get(judge) or (find(judge).menu if registry.has("judges", judge) else ())


def _alike(
    counts: Counter[tuple[str, str]], first: tuple[str, ...], second: tuple[str, ...]
) -> Counter[tuple[str, str]] | None:
    """The counts in the same words; None if there are none."""
    if len(first) == len(second) == 2 and set(first) != set(second):
        alike: Counter[tuple[str, str]] = Counter()
        for (one, other), count in counts.items():
            alike[str(one == first[-1]), str(other == second[-1])] += count
        return alike
    words = [set(menu) or {pair[at] for pair in counts} for at, menu in enumerate((first, second))]
    return counts if words[0] & words[1] else None

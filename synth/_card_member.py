"""One configuration of a card: its folder, read once from end to end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from synth import _card_facts, _card_table
from synth._card_checks import changed_since, read_validation
from synth._card_count import SplitCounts, total
from synth.about import About
from synth.record import Record
from synth.stats import _tally
from synth.store import open_manifest, read

LOOKED_AT = 100  # rows of which the shortest is shown
TALLIED = 5_000  # rows of a split of which a builder counts more than Arrow can


@dataclass
class Member:
    """Everything that a card says of a configuration follows from this."""

    name: str
    folder: Path
    manifest: dict[str, Any]
    schema: Any  # a pyarrow.Schema
    splits: dict[str, SplitCounts]
    row: Record | None
    about: About
    kind: str
    validation: dict[str, Any] | None
    changed: list[str]  # files that changed since they were validated
    tallies: dict[str, Counter[str]]
    tallied_all: bool
    attempts: dict[str, int]  # of all attempts of a distillation, where they lie in the folder

    @property
    def counts(self) -> SplitCounts:
        return total(self.splits)


def read_member(name: str, folder: Path) -> Member:
    """Read a dataset folder.

    Raises FolderError for what is none, or cannot be read.
    """
    manifest = open_manifest(folder)
    schema = _card_table.find_schema(folder, manifest)
    splits = {split: _count(folder, manifest, split, schema) for split in manifest["splits"]}
    validation = read_validation(folder)
    changed = changed_since(folder, manifest, validation) if validation else []
    return Member(
        name, folder, manifest, schema, splits, _short_row(folder, splits), _card_facts.about(manifest),
        _card_facts.kind(manifest), validation, changed, _tallies(folder, manifest),
        all(counts.rows <= TALLIED for counts in splits.values()), _attempts(folder),
    )  # fmt: skip


def _count(folder: Path, manifest: Mapping[str, Any], split: str, schema: Any) -> SplitCounts:
    counts = SplitCounts()
    for batch in _card_table.batches(folder, manifest, split, schema):
        counts.add(batch)
    return counts


def _short_row(folder: Path, splits: Mapping[str, SplitCounts]) -> Record | None:
    """Of the first rows the one with the shortest question: four datasets over the same questions show the same one."""
    split = next((name for name, counts in splits.items() if counts.rows), None)
    if split is None:
        return None
    return min(islice(read(folder, split), LOOKED_AT), key=lambda record: len(record.prompt))


def _tallies(folder: Path, manifest: dict[str, Any]) -> dict[str, Counter[str]]:
    """What a builder counts of its rows beside their columns, such as the operators of an expression."""
    tally = _tally(manifest)
    found: dict[str, Counter[str]] = {}
    for split in manifest["splits"]:
        for record in islice(read(folder, split), TALLIED):
            for name, value in tally(record):
                found.setdefault(name, Counter())[value] += 1
    return found


def _attempts(folder: Path) -> dict[str, int]:
    """Attempts and tokens of a distillation, those of rows that were not kept included."""
    import orjson

    path, sums = folder / "attempts.jsonl", Counter[str]()
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        for line in file:
            attempt = orjson.loads(line)
            sums["attempts"] += 1
            for name in ("prompt_tokens", "completion_tokens"):
                sums[name] += attempt.get(name) or 0
    return dict(sums)

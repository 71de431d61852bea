"""One configuration of a card: its folder, read once from end to end."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from synth.cards import facts
from synth.cards.attempts import Attempts, read_attempts
from synth.data.about import About
from synth.data.batches import Batch, OtherRowsError, declared_batches, declared_plan, surveyed_batches
from synth.data.builder import builder_of, count_nothing
from synth.data.columns import Plan
from synth.data.counts import SplitCounts, total
from synth.data.manifest import open_manifest
from synth.data.reading import TEXTS, read
from synth.data.survey import survey
from synth.record import Record
from synth.validating.results import changed_since, read_validation

LOOKED_AT = 100  # rows of which the shortest is shown
TALLIED = 5_000  # rows of a split of which a builder counts more than Arrow can


@dataclass
class Member:
    """Everything that a card says of a configuration follows from this."""

    name: str
    folder: Path
    manifest: dict[str, Any]
    schema: Any  # a pyarrow.Schema
    loose: bool  # some columns are JSON text in the schema and something else in the files
    splits: dict[str, SplitCounts]
    row: Record | None
    about: About
    kind: str
    validation: dict[str, Any] | None
    changed: list[str]  # files that changed since they were validated
    tallies: dict[str, Counter[str]]
    tallied_all: bool
    attempts: Attempts | None  # of a distillation, where they lie in the folder

    @property
    def counts(self) -> SplitCounts:
        return total(self.splits)


def read_member(name: str, folder: Path) -> Member:
    """Read a dataset folder.

    Raises FolderError for what is none, or cannot be read.
    """
    manifest = open_manifest(folder)
    plan, splits = _counted(folder, manifest)
    validation = read_validation(folder)
    changed = changed_since(folder, manifest, validation) if validation else []
    return Member(
        name, folder, manifest, plan.schema, bool(plan.notes["json"]), splits, _short_row(folder, splits),
        facts.about(manifest), facts.kind(manifest), validation, changed, _tallies(folder, manifest),
        all(counts.rows <= TALLIED for counts in splits.values()), read_attempts(folder),
    )  # fmt: skip


def _counted(folder: Path, manifest: Mapping[str, Any]) -> tuple[Plan, dict[str, SplitCounts]]:
    """Columns and counts of each split: as the rows are declared where they are so, else as all of them have them."""
    try:
        plan = declared_plan(folder, manifest)
        return plan, {s: _count(declared_batches(folder, manifest, s, plan.schema)) for s in manifest["splits"]}
    except OtherRowsError:
        plan = survey(folder, manifest)
        return plan, {s: _count(surveyed_batches(folder, manifest, s, plan)) for s in manifest["splits"]}


def _count(batches: Iterable[Batch]) -> SplitCounts:
    counts = SplitCounts()
    for batch in batches:
        counts.add(batch)
    return counts


def _short_row(folder: Path, splits: Mapping[str, SplitCounts]) -> Record | None:
    """Of the first rows the one with the shortest question: four datasets over the same questions show the same one."""
    split = next((name for name, counts in splits.items() if counts.rows), None)
    if split is None:
        return None
    return min(map(_as_text, islice(read(folder, split), LOOKED_AT)), key=lambda record: len(record.prompt))


def _as_text(record: Record) -> Record:
    """With texts in its text columns: a file that somebody else wrote may have numbers there."""
    values = {name: getattr(record, name) for name in TEXTS}
    texts: dict[str, Any] = {name: "" if value is None else str(value) for name, value in values.items()}
    return replace(record, **texts)


def _tallies(folder: Path, manifest: dict[str, Any]) -> dict[str, Counter[str]]:
    """What a builder counts of its rows beside their columns, such as the operators of an expression."""
    builder = builder_of(manifest)
    tally = builder.tally if builder else count_nothing
    found: dict[str, Counter[str]] = {}
    for split in manifest["splits"]:
        for record in islice(read(folder, split), TALLIED):
            for name, value in tally(_as_text(record)):
                found.setdefault(name, Counter())[value] += 1
    return found

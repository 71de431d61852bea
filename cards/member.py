"""One configuration of a card: its folder, read once from end to end."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from synth.base.terminal import Report
from synth.cards import facts
from synth.cards.attempts import Attempts, read_attempts
from synth.data.about import About
from synth.data.counts import SplitCounts, as_text, count_splits, tally_splits, total
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.data.scored import lines_of, scored
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
    splits: dict[str, SplitCounts]
    row: Record | None
    about: About
    kind: str
    validation: dict[str, Any] | None
    changed: list[str]  # files that changed since they were validated
    tallies: dict[str, Counter[str]]
    tallied_all: bool
    attempts: Attempts | None  # of a distillation, if they lie in the folder

    @property
    def counts(self) -> SplitCounts:
        return total(self.splits)


def read_member(name: str, folder: Path, report: Report = lambda *_: None) -> Member:
    """Read a dataset folder.

    Raises FolderError for what is none, or cannot be read.
    """
    manifest = open_manifest(folder)
    plan, splits = count_splits(folder, manifest, report)
    for split, said in scored(folder, manifest, lines_of(folder, manifest)).items():
        for line in said:
            splits[split].add_verdict(line.judge, line.verdict, line.score)
    validation = read_validation(folder)
    changed = changed_since(folder, manifest, validation) if validation else []
    return Member(
        name, folder, manifest, plan.schema, splits, _short_row(folder, splits),
        facts.about(manifest), facts.kind(manifest), validation, changed, _tallies(folder, manifest),
        all(counts.rows <= TALLIED for counts in splits.values()), read_attempts(folder),
    )  # fmt: skip


def _short_row(folder: Path, splits: Mapping[str, SplitCounts]) -> Record | None:
    """Of the first rows the one with the shortest question: four datasets over the same questions show the same one."""
    split = next((name for name, counts in splits.items() if counts.rows), None)
    if split is None:
        return None
    return min(map(as_text, islice(read(folder, split), LOOKED_AT)), key=lambda record: len(record.prompt))


def _tallies(folder: Path, manifest: dict[str, Any]) -> dict[str, Counter[str]]:
    """What a builder counts of the first rows, all splits taken together."""
    tallied = tally_splits(folder, manifest, TALLIED)
    return {name: sum(splits.values(), Counter()) for name, splits in tallied.items()}

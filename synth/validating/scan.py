"""Goes through the rows of a folder in steps that are spread over workers, in memory that does not grow with the rows.

1. Each shard is read and checked; what is known of its rows is left in files, sums come back (shards.py).
2. What stands twice is found in the sorted prints of all shards, wherever its twin is (repeated.py).
3. Great Expectations is run on frames of what the first two left.

Whoever does which part, and in how many processes, what comes out is the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from synth.base.files import file_facts
from synth.data.manifest import split_files
from synth.data.names import CARD, MANIFEST
from synth.errors import FolderError
from synth.validating.frames import Rows
from synth.validating.near import Questions
from synth.validating.reading import Item, items
from synth.validating.repeated import Shard, search, searches
from synth.validating.shards import Sums, Work, expect, frame, read_shard
from synth.validating.sums import Split
from synth.workers.local import Workers, ordered

CHUNK = 131_072  # rows in one frame: Great Expectations takes its time for each, whatever its length
SHARDS = 8  # at least, if there are rows enough: for that many workers there is something to do
FEW = 8  # frames that are held to expectations sooner than workers have loaded Great Expectations
Progress = Callable[[str, int, int | None], None]


class Scan:
    """The sums in `splits`, and the questions that may be near-duplicates, are whole once it was run."""

    def __init__(self, work: Work, rows: Rows, report: Progress) -> None:
        self.work, self.rows, self.report = work, rows, report
        self.splits = {name: Split(name) for name in work.spec.manifest["splits"]}
        self.questions = Questions()

    def run(self, executor: Workers | None, workers: int) -> None:
        """Read all rows and hold them to expectations: what comes of them is added to the rows and texts.

        Raises FolderError for a file that is missing or cannot be read, OSError for files of the run.
        """
        work = self.work
        shards = cut(work.dataset, work.spec.manifest)
        kept = work if executor is None else work.kept()
        for shard, sums in zip(shards, ordered(executor, partial(read_shard, kept), shards, workers), strict=True):
            self._add(shard, sums)
        for _ in ordered(executor, partial(search, work.folder), searches(shards, work.spec.kept), workers):
            pass
        frames = list(_frames(shards))
        if isinstance(kept, Path) and len(frames) > FEW:
            ran = ordered(executor, partial(expect, kept), frames, workers)
        else:
            ran = (self.rows.ran(frame(work, part)) for part in frames)
        for found in ran:
            self.rows.add(found)
        if self.rows.needs_all:
            self.rows.run_all(frame(work, part) for part in frames)

    def _add(self, shard: Shard, sums: Sums) -> None:
        """Add up what came of the next shard."""
        split = self.splits[shard.split]
        if not split.rows:
            self.questions.begin()
        split.rows += sums.rows
        split.answers.add(sums.answers)
        split.verdicts.update(sums.verdicts)
        self.questions.add(sums.asked)
        for compared in sums.texts:
            self.work.texts.add(compared)
        self.report(split.name, split.rows, self.work.spec.manifest["splits"][split.name]["rows"])


def cut(folder: Path, manifest: Mapping[str, Any]) -> list[Shard]:
    """The rows of all splits in shards. Raises FolderError for a file that is missing or no Parquet."""
    found = {split: list(_items(folder, manifest, split)) for split in manifest["splits"]}
    rows = sum(item.rows for of_split in found.values() for item in of_split)
    most, shards = min(CHUNK, max(1, rows // SHARDS)), list[Shard]()
    for split, of_split in found.items():
        waiting: list[Item] = []
        for item in of_split:
            waiting.append(item)
            if sum(each.rows for each in waiting) >= most:
                shards.append(Shard(len(shards), split, tuple(waiting)))
                waiting = []
        if waiting:
            shards.append(Shard(len(shards), split, tuple(waiting)))
    return shards


def _items(folder: Path, manifest: Mapping[str, Any], split: str) -> Iterator[Item]:
    for path in split_files(folder, manifest, split):
        if not path.is_file():
            raise FolderError(f"{path} is missing, synth.json names it: build the folder again")
        yield from items(path)


def _frames(shards: Iterable[Shard]) -> Iterator[list[Shard]]:
    """Shards that make a frame of about CHUNK rows."""
    waiting: list[Shard] = []
    for shard in shards:
        waiting.append(shard)
        if sum(each.rows for each in waiting) >= CHUNK:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def hashes(folder: Path, manifest: Mapping[str, Any], executor: Workers | None, workers: int) -> dict[str, Any]:
    """Size and hash of every file of the dataset, and of synth.json. Raises OSError."""
    names = [name for name in [*manifest["files"], MANIFEST] if name != CARD and (folder / name).is_file()]
    return dict(zip(names, ordered(executor, file_facts, [folder / name for name in names], workers), strict=True))

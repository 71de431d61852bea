"""Writes the dataset that several shards are parts of, with the bytes that one run would have written.

Each shard says in shard.jsonl where each of its questions stands among all, and how many rows, attempts and rejected
questions of its files are that question's: they are put one behind the other in the order of the source.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

import orjson

from synth.data.carried import carried_with
from synth.data.folder import FolderWriter
from synth.data.manifest import place
from synth.data.names import ATTEMPTS, PLACES, REJECTED
from synth.data.reading import read
from synth.data.survey import PROVENANCE, meta_of
from synth.data.writing import encode, split_writer
from synth.distilling.shard import Placed
from synth.errors import FolderError
from synth.merging.facts import facts_of
from synth.merging.shards import Part

T = TypeVar("T")


@dataclass
class Joined:
    """What was written."""

    splits: dict[str, dict[str, Any]] = field(default_factory=dict)  # for synth.json
    rejected: Counter[str] = field(default_factory=Counter)  # questions, by the reason


class _Files:
    """The files of a shard, read from their beginning to their end."""

    def __init__(self, part: Part, stack: ExitStack) -> None:
        self.folder = part.folder
        self._places = stack.enter_context(place(self.folder, PLACES).open("rb"))
        self.attempts: Iterator[bytes] = stack.enter_context(place(self.folder, ATTEMPTS).open("rb"))
        rejected = place(self.folder, REJECTED)
        self.rejected: Iterator[bytes] = (
            stack.enter_context(rejected.open("rb")) if REJECTED in part.manifest["files"] else iter(())
        )
        self.rows = {split: read(self.folder, split) for split in part.manifest["splits"]}

    def places(self) -> Iterator[tuple[Placed, "_Files"]]:
        """The questions of the shard in their order."""
        for line in self._places:
            try:
                placed = Placed(*orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError) as error:
                raise self.broken() from error
            if placed.split not in self.rows or not all(isinstance(n, int) for n in (placed.place, *placed.counts)):
                raise self.broken()
            yield placed, self

    def take(self, lines: Iterator[T], count: int) -> list[T]:
        """The next few, which have to be there."""
        taken = list(islice(lines, count))
        if len(taken) != count:
            raise self.broken()
        return taken

    def end(self) -> None:
        """Raises FolderError if something is left that is no question's."""
        for lines in (self.attempts, self.rejected, *self.rows.values()):
            if next(iter(lines), None) is not None:
                raise self.broken()

    def broken(self) -> FolderError:
        return FolderError(
            f"{self.folder / PLACES} does not fit the files beside it: make the shard again with --overwrite"
        )


def write_joined(parts: Sequence[Part], out: Path) -> Joined:
    """Write the dataset of some shards, whole or not at all. Raises FolderError."""
    with FolderWriter(out) as writer, ExitStack() as stack:
        try:
            files = [_Files(part, stack) for part in parts]
            joined = _write(parts[0], files, writer)
            for each in files:
                each.end()
        except OSError as error:
            raise FolderError.from_os(error, str(error.filename or out)) from error
        writer.commit(carried_with(writer, facts_of(parts, joined.splits, joined.rejected)))
    return joined


def _write(first: Part, files: Sequence[_Files], writer: FolderWriter) -> Joined:
    """Write every split out of the files of all shards. first: a shard, which all agree with in what is read here."""
    joined, names, form = Joined(), list(first.manifest["splits"]), first.manifest["format"]
    meta = meta_of(first.manifest)
    pieces = merge(*(each.places() for each in files), key=lambda piece: (names.index(piece[0].split), piece[0].place))
    by_split = groupby(pieces, key=lambda piece: piece[0].split)
    with writer.path(REJECTED).open("wb") as rejected, writer.path(ATTEMPTS).open("wb") as attempts:
        for split in names:
            before = Counter(joined.rejected)
            with split_writer(writer, split, form, meta, PROVENANCE) as out:
                for number, (placed, shard) in enumerate(next(by_split, (split, ()))[1]):
                    if (placed.split, placed.place) != (split, number):
                        raise FolderError(f"no shard says that it has question {number} of {split}: make them again")
                    if rows := shard.take(shard.rows[split], placed.rows):
                        out.write(encode(rows, form, meta, PROVENANCE))
                    attempts.writelines(shard.take(shard.attempts, placed.attempts))
                    drops = shard.take(shard.rejected, int(placed.rejected))
                    rejected.writelines(drops)
                    joined.rejected.update(orjson.loads(drop)["reason"] for drop in drops)
            left = dict(joined.rejected - before)
            joined.splits[split] = {"rows": out.rows, "rejected": left, "files": out.names()}
    if not joined.rejected:
        writer.path(REJECTED).unlink()
    return joined

"""Builds a dataset as lines of JSON: rows are made by workers, and written by one process as they come.

Which questions were taken already is known at every row, so a repeated one is never written.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, compress, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.base.terminal import Report
from synth.building.chunks import REPEATED, REPEATED_ID, Chunk, Repeated, rejected_row
from synth.building.job import Drawn, Job, Tally
from synth.data.fingerprints import Seen
from synth.data.folder import FolderWriter
from synth.data.writing import SplitWriter, rows_at, split_writer
from synth.workers.local import Workers, ordered


class Lines:
    """The splits of one dataset, one after the other."""

    def __init__(self, job: Job, writer: FolderWriter, tally: Tally, executor: Workers | None, report: Report) -> None:
        self.job, self.writer, self.tally, self.executor, self.report = job, writer, tally, executor, report
        self.seen, self.seen_ids = Seen(), Seen()

    def close(self) -> None:
        self.seen.close()
        self.seen_ids.close()

    def fill(self, split: str) -> tuple[int, list[str]]:
        """Write one split; returns its rows and the names of its files."""
        with split_writer(self.writer, split, self.job.format, self.job.meta) as out:
            self._fill(split, out)
        return out.rows, out.names()

    def _fill(self, split: str, out: SplitWriter) -> None:
        wanted = self.job.splits[split]
        for chunk in self._chunks(split, out):
            own_id = self._own_ids(chunk)
            keep = self._choose(chunk, own_id, None if wanted is None else wanted - out.rows)
            out.write(chunk.rows, keep)
            full = out.rows == wanted
            looked_at = int(np.flatnonzero(keep)[-1]) + 1 if full and keep.any() else len(keep)
            repeated = {
                REPEATED: np.flatnonzero(own_id[:looked_at] & ~keep[:looked_at]),
                REPEATED_ID: np.flatnonzero(~own_id[:looked_at]),
            }
            self._note(split, chunk, keep, repeated)
            self.report(split, out.rows, wanted)
            if full:
                break

    def _note(self, split: str, chunk: Chunk, keep: npt.NDArray[np.bool_], repeated: Repeated) -> None:
        """Count the rows of a chunk, and say of each that is left out why. A drawn row that repeats a question is only
        counted: its twin is in the data."""
        for drop in chunk.rejected:
            self.tally.leave_out(split, drop.reason, 1)
        for group, rows in Counter(compress(chunk.groups, keep)).items():
            self.tally.count(split, group, "kept", rows)
        for reason, places in repeated.items():
            for row in () if self.job.builder.drawn else rows_at(chunk.rows, places):
                self.tally.line(rejected_row(row, reason))
            self.tally.leave_out(split, reason, len(places))
            for place in places if chunk.groups else ():
                self.tally.count(split, chunk.groups[place], reason)
        for drop in chunk.rejected:
            self.tally.line(drop)
            self.tally.drop(split, drop)

    def _chunks(self, split: str, out: SplitWriter) -> Iterator[Chunk]:
        """The rows of a split, as many as are needed: every row of a source; of a drawn dataset as many as are
        missing, and again as many as are missing then, if rows were left out."""
        job, work = self.job, self.job.work(split)
        if job.builder.items is not None:
            items = job.builder.items(job.config, split)
            first: list[Any] = list(islice(items, 2))  # a worker costs more to start than a single item to work on
            yield from ordered(self.executor if len(first) > 1 else None, work.make, chain(first, items), job.workers)
            return
        wanted = job.splits[split] or 0
        drawn = Drawn(split, wanted)
        while out.rows < wanted:
            start, until = drawn.further(out.rows)
            ranges = (range(at, min(at + job.chunk, until)) for at in range(start, until, job.chunk))
            executor = self.executor if until - start > job.chunk else None
            yield from ordered(executor, work.make, ranges, job.workers)
            drawn.done(until, out.rows)

    def _own_ids(self, chunk: Chunk) -> npt.NDArray[np.bool_]:
        """Which rows have an id that no row before them has."""
        return np.ones(len(chunk.prints), dtype=bool) if self.job.builder.drawn else self.seen_ids.take(chunk.ids)

    def _choose(self, chunk: Chunk, own_id: npt.NDArray[np.bool_], most: int | None) -> npt.NDArray[np.bool_]:
        """Which rows to keep: the first `most` whose question no row before them asks."""
        if not self.job.may_repeat:
            keep = np.zeros(len(own_id), dtype=bool)
            keep[own_id] = self.seen.take(chunk.prints[own_id], most)
            return keep
        rows = np.arange(len(chunk.prints))
        return rows < (len(rows) if most is None else most)

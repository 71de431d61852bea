"""Builds a dataset as Parquet: windows of its rows, each a file that a worker makes and writes by itself.

Which rows repeat a question is found afterwards, from the sorted prints that each file leaves. The order is: make the
windows, find the repeats, make more if too few rows are left, write again what has rows to leave out, cut; then the
next split, against the prints of what was kept. What is written is a function of the recipe and of pyarrow's version
alone, whoever makes which window, and a run that was stopped goes on at the files that are done (pieces.py).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby, islice
from typing import Any

import numpy as np

from synth.base.terminal import Report
from synth.building.chunks import REPEATED, REPEATED_ID
from synth.building.job import Drawn, Job, Tally
from synth.building.pieces import (
    IDS,
    QUESTIONS,
    Facts,
    Making,
    Piece,
    Sizes,
    made_before,
    make_piece,
    window_before,
)
from synth.building.windows import Left, finish_window
from synth.data.folder import FolderWriter
from synth.data.repeats import NOWHERE, Offsets, Run, kept_run, repeats
from synth.record import Rejected
from synth.workers.local import Workers, ordered

ROUNDS = 4  # windows for each worker that are made before it is looked whether a source has rows enough


class Shards:
    """The splits of one dataset, one after the other."""

    def __init__(
        self,
        job: Job,
        sizes: Sizes,
        writer: FolderWriter,
        tally: Tally,
        executor: Workers | None,
        report: Report,
    ) -> None:
        self.job, self.sizes, self.writer, self.tally = job, sizes, writer, tally
        self.executor, self.report = executor, report
        self.files: dict[str, Facts] = {}  # name: size and hash
        self._questions: list[Run] = []  # of the splits that are done
        self._ids: list[Run] = []

    def fill(self, split: str) -> tuple[int, list[str]]:
        """Write one split; returns its rows and the names of its files.

        Raises SynthError if there are not enough different questions.
        """
        wanted = self.job.splits[split]
        items = self.job.builder.items
        made = self._drawn(split) if items is None else self._of_source(split, items(self.job.config, split))
        pieces = made if wanted is None else _cut(made, wanted)
        for piece in pieces:
            self._questions.append(replace(self._asked(piece), until=piece.rows))
            self._ids.append(replace(self._run(piece, IDS), until=piece.rows_of_items()))
        windows = self._windows(pieces)
        rows, names = 0, []
        for window, facts in zip(windows, self._finish(split, windows), strict=True):
            names.append(self._making(split).file_name(window))
            self.files[names[-1]] = {key: facts[key] for key in ("bytes", "sha256")}
            self._note(split, windows[window], facts)
            rows += facts["rows"]
        return rows, names

    def _drawn(self, split: str) -> list[Left]:
        """The pieces of a split that is drawn: as many rows as are wanted, and again as many as are missing then."""
        made: list[Left] = []
        wanted, rows = self.job.splits[split] or 0, 0
        drawn = Drawn(split, wanted)
        while rows < wanted:
            start, until = drawn.further(rows)
            made += self._made(split, list(_of_range(split, start, until, self.job.chunk, self.sizes.window)), rows)
            made, rows = self._resolved(made)
            drawn.done(until, rows)
        return made

    def _of_source(self, split: str, items: Iterator[Any]) -> list[Left]:
        """The pieces of a split that is read from a source: all, or until there are as many rows as are wanted."""
        wanted = self.job.splits[split]
        pieces = _of_items(split, items, wanted is not None, self.sizes.window)
        made: list[Left] = []
        while batch := list(islice(pieces, ROUNDS * self.job.workers if wanted is None else 1)):
            made += self._made(split, batch, sum(piece.rows for piece in made))
            if wanted is not None and sum(piece.rows for piece in made) >= wanted:
                made, rows = self._resolved(made)
                if rows >= wanted:
                    return made
        return self._resolved(made)[0]

    def _made(self, split: str, pieces: list[Piece], before: int) -> Iterator[Left]:
        """Make what a run that was stopped did not leave. As many pieces as keep all workers busy are written by them;
        the rows of the others are made by all workers, and written here as they come, if rows may travel."""
        making = self._making(split)
        known = [made_before(making, piece) for piece in pieces]
        missing = [piece for piece, facts in zip(pieces, known, strict=True) if facts is None]
        theirs = len(missing) if self.executor is not None else 0
        theirs -= theirs % self.job.workers if self.job.rows_travel else 0
        make = partial(make_piece, making)
        whole = ordered(self.executor, make, missing[:theirs], self.job.workers)
        for piece, there in zip(pieces, known, strict=True):
            if there is not None:
                facts = there
            elif theirs:
                facts, theirs = next(whole), theirs - 1
            else:
                facts = make(piece, ordered(self.executor, making.work.make, piece.items, self.job.workers))
            before += facts["rows"]
            wanted = self.job.splits[split]
            self.report(split, before if wanted is None else min(before, wanted), wanted)
            yield Left(piece.name, piece.window, facts)

    def _resolved(self, made: list[Left]) -> tuple[list[Left], int]:
        """The pieces with the rows that are left out of them, and how many rows are kept.

        A row whose id an earlier one has takes no question.
        """
        ids = [NOWHERE] * len(made)
        if not self.job.builder.drawn:
            ids = repeats([*self._ids, *(self._run(piece, IDS) for piece in made)])[len(self._ids) :]
        questions = [NOWHERE] * len(made)
        if not self.job.may_repeat:
            runs = [self._asked(piece, gone) for piece, gone in zip(made, ids, strict=True)]
            questions = repeats([*self._questions, *runs])[len(self._questions) :]
        left = [
            replace(
                piece,
                repeated={name: places for name, places in ((REPEATED, asked), (REPEATED_ID, had)) if len(places)},
            )
            for piece, asked, had in zip(made, questions, ids, strict=True)
        ]
        return left, sum(int(piece.kept().sum()) for piece in left)

    def _making(self, split: str) -> Making:
        return Making(self.job.work(split), self.sizes, self.writer.folder)

    def _asked(self, piece: Left, gone: Offsets | None = None) -> Run:
        """The questions that rows of a piece ask, but for those whose id an earlier row has."""
        gone = piece.repeated.get(REPEATED_ID, NOWHERE) if gone is None else gone
        return replace(self._run(piece, QUESTIONS), gone=gone)

    def _run(self, piece: Left, end: str) -> Run:
        return kept_run(self.writer.shards / (piece.name + end))

    def _windows(self, pieces: list[Left]) -> dict[int, list[Left]]:
        """The windows, each with its pieces; the first in any case, if without rows."""
        return {window: list(each) for window, each in groupby(pieces, key=lambda piece: piece.window)} or {0: []}

    def _finish(self, split: str, windows: dict[int, list[Left]]) -> Iterator[Facts]:
        """What is known of each window; those that are not written yet are."""
        making = self._making(split)
        making.file(0).parent.mkdir(parents=True, exist_ok=True)
        known = {window: window_before(making, window) for window in windows}
        missing = [window for window in windows if known[window] is None]
        work = partial(_finish, making)
        written = ordered(self.executor, work, ((window, windows[window]) for window in missing), self.job.workers)
        for window in windows:
            facts = known[window]
            yield next(written) if facts is None else facts

    def _note(self, split: str, pieces: list[Left], facts: Facts) -> None:
        """Count what is kept of a window and what is not, and say of each row of a source that is not why."""
        lines = [(number, ORDER[reason], Rejected(**row)) for number, reason, row in facts["lines"]]
        for piece in pieces:
            looked_at = {number for number, _, _ in piece.items()}
            lines += [
                (number, BUILDERS, Rejected(**row)) for number, row in piece.facts["drops"] if number in looked_at
            ]
        for group, rows in facts["groups"].items():
            self.tally.count(split, group, "kept", rows)
        for reason, groups in facts["repeated"].items():
            self.tally.leave_out(split, reason, sum(groups.values()))
            for group, rows in groups.items() if self.tally.by_group else ():
                self.tally.count(split, group, reason, rows)
        for _, kind, row in sorted(lines, key=lambda line: line[:2]):
            self.tally.line(row)
            if kind == BUILDERS:
                self.tally.leave_out(split, row.reason, 1)
                self.tally.drop(split, row)


ORDER = {REPEATED: 0, REPEATED_ID: 1}  # of the lines of an item; those of the builder come last
BUILDERS = 2


def _finish(making: Making, window: tuple[int, list[Left]]) -> Facts:
    return finish_window(making, *window)


def _of_range(split: str, start: int, until: int, chunk: int, window: int) -> Iterator[Piece]:
    """The pieces of rows `start` to `until`: cut where windows and items begin."""
    rows = window * chunk
    for number in range(start // rows, -(-until // rows)):
        low, high = max(start, number * rows), min(until, (number + 1) * rows)
        items = [range(max(low, at), min(high, at + chunk)) for at in range(low // chunk * chunk, high, chunk)]
        yield Piece(split, number, low // chunk, low, high, tuple(items))


def _of_items(split: str, items: Iterator[Any], growing: bool, window: int) -> Iterator[Piece]:
    """The pieces of the items of a source: whole windows; if some rows are enough, one item, one, two, four, ... until
    they are."""
    first, size = 0, 1 if growing else window
    while part := tuple(islice(items, min(size, window - first % window))):
        yield Piece(split, first // window, first, first, first + len(part), part)
        first += len(part)
        size = min(first, window) if growing else window


def _cut(made: Iterable[Left], wanted: int) -> list[Left]:
    """The pieces up to the row with which there are as many as are wanted; all if there are fewer."""
    pieces: list[Left] = []
    for piece in made:
        if wanted == 0:
            break
        kept = piece.kept()
        rows = int(kept.sum())
        until = int(np.flatnonzero(kept)[wanted - 1]) + 1 if rows >= wanted else None
        pieces.append(replace(piece, looked_at=until))
        wanted -= min(rows, wanted)
    return pieces

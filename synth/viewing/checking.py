"""Has every step of a split checked, beside the pages: in a process of its own that gives way to others.

What came of each row is in the cache as it comes (KEY.part), so that a server which is ended goes on there when it is
started again; when all rows are done the index is made again with the column `steps`: right, the reason of the first
fault, or null if nobody could check.
"""

import os
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from synth.data.manifest import read_manifest
from synth.errors import FolderError, SynthError
from synth.validating.checker import settings_of
from synth.viewing.build import literal, quoted
from synth.viewing.checked import checked
from synth.viewing.database import Database, Index
from synth.viewing.sources import Place, Split
from synth.workers.limited import Limited

AT_ONCE = 500  # rows that are checked while the index is made, at 50 to 600 microseconds each
BATCH = 1_000  # rows that go to the process at a time
SECONDS = 600.0  # that it may take for them


@dataclass
class Progress:
    """Rows of a split that are done, of how many; why it goes on no longer, "" while it does; whether it is over."""

    done: int
    rows: int
    stopped: str = ""
    over: threading.Event = field(default_factory=threading.Event)


def outcomes(split: Split, places: Sequence[Place]) -> list[tuple[str | None, bool]]:
    """What the step checker says of rows, and whether they can be read: DuckDB takes some lines that are no JSON."""
    lines = split.lines(places)
    said = (checked(line.record, split.known).outcome if line.record else None for line in lines)
    return [(outcome, line.values is not None) for outcome, line in zip(said, lines, strict=True)]


def _in_process(item: tuple[Split, Sequence[Place]]) -> list[tuple[str | None, bool]] | FolderError:
    split, places = item
    try:
        return outcomes(replace(split, known=_known(split.folder)), places)
    except FolderError as error:  # a file has gone since
        return error


@lru_cache(16)
def _known(folder: Path) -> dict[str, Any]:
    return settings_of(read_manifest(folder) or {})


def _give_way() -> None:
    if hasattr(os, "nice"):
        os.nice(19)


class Turns:
    """Splits that wait to be checked, one after the other."""

    def __init__(self, work: Callable[[Split, Index], object]) -> None:
        self.progress: dict[str, Progress] = {}
        self.process = Limited(_in_process, _give_way, SECONDS)
        self._work = work
        self._waiting: queue.SimpleQueue[tuple[Split, Index] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.closed = False

    def take(self, split: Split, index: Index) -> None:
        self.progress[index.key] = Progress(0, index.rows)
        self._waiting.put((split, index))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End what is being checked; it goes on with the next server."""
        self.closed = True
        if self._thread is not None:
            self._waiting.put(None)
            self.process.interrupt()  # rows can be so long that they take minutes
            self._thread.join()
        self.process.stop()

    def _run(self) -> None:
        while (found := self._waiting.get()) is not None:
            split, index = found
            try:
                self._work(split, index)
            except (SynthError, duckdb.Error) as error:
                self.progress[index.key].stopped = str(error).splitlines()[0]
            self.progress[index.key].over.set()


def check(store: Database, split: Split, index: Index, turns: Turns) -> Path | None:
    """Check what is not checked yet; returns the index with it, None if another server is about it.

    Raises FolderError if the rows cannot be read, duckdb.Error if the cache cannot be written.
    """
    part, schema = store.folder / f"{index.key}.part", f"p{index.key}"
    progress = turns.progress.setdefault(index.key, Progress(0, index.rows))
    try:
        store.con.cursor().execute(f"ATTACH {literal(str(part))} AS {schema}")
    except duckdb.IOException:
        progress.stopped = "another synth view is checking them"
        return None
    try:
        store.ask(f"CREATE TABLE IF NOT EXISTS {schema}.checked (steps VARCHAR, is_row BOOLEAN)")
        ((progress.done,),) = store.ask(f"SELECT count(*) FROM {schema}.checked")
        while progress.done < index.rows and not turns.closed:
            numbers = range(progress.done + 1, min(progress.done + BATCH, index.rows) + 1)
            places = store.places(index, numbers)
            is_here = index.rows <= AT_ONCE
            found = outcomes(split, places) if is_here else turns.process((replace(split, known={}), places))
            if found is None:
                progress.stopped = "the process that checks them was ended"
                return None
            if isinstance(found, FolderError):
                raise found
            steps, are_rows = zip(*found, strict=True)
            came = "SELECT unnest(?::VARCHAR[]), unnest(?::BOOLEAN[])"
            store.ask(f"INSERT INTO {schema}.checked {came}", [steps, are_rows])
            progress.done += len(found)
        if turns.closed:
            return None
        whole = _together(store, index, schema)
    finally:
        store.con.cursor().execute(f"DETACH {schema}")
    part.unlink()
    return whole


def _together(store: Database, index: Index, schema: str) -> Path:
    """The index again, with the steps, and nothing of what cannot be read."""
    names = [name for name in map(quoted, index.columns) if name not in ('"n"', '"readable"')]
    columns = ", ".join(f"CASE WHEN is_row THEN {name} END AS {name}" for name in names)
    whole = index.path.with_suffix(".steps.duckdb")
    half, new = whole.with_suffix(f".{os.getpid()}"), f"n{index.key}"
    for sql in (
        f"ATTACH {literal(str(half))} AS {new}",
        f"CREATE TABLE {new}.rows AS SELECT n, readable AND is_row AS readable, {columns}, steps "
        f"FROM {index.schema}.rows POSITIONAL JOIN {schema}.checked",
        f"CREATE TABLE {new}.lines AS FROM {index.schema}.lines",
        f"CREATE TABLE {new}.made AS FROM {index.schema}.made",
        f"DETACH {new}",
    ):
        store.con.cursor().execute(sql)
    half.replace(whole)
    return whole

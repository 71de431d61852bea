"""What people and judges said of the rows of a split: the lines of a file beside them, as a table.

    n        the row that a line is of; null if the split has none of that id
    id       that id, if there is no such row
    who      the person, or the judge with its model
    verdict, score, reason   what was said; of the reason what stands before a colon, up to 60 characters
    current  whether it is of the texts that the row has now
    place    byte at which the line begins in its file, where all of it stands

The file grows while it is looked at: lines are taken as they come, whoever writes them, so that a label counts in the
page that follows it. The last line of a person, a row and its texts counts.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, BinaryIO

from synth.base.files import hold
from synth.data.notes import JUDGE
from synth.data.verdicts import Line, as_written, drop_half_a_line, hash_of, read_line
from synth.errors import FolderError
from synth.viewing.build import REASON, literal, quoted
from synth.viewing.database import Database, Index
from synth.viewing.sources import Split, opened, refuse_link

BATCH = 10_000  # lines that are taken at a time
ROWS = 500  # rows that are read for them at a time
TAIL = 64  # bytes before the end of what was taken: if they are others, all of the file is taken again
COLUMNS = {
    "n": "BIGINT", "id": "VARCHAR", "who": "VARCHAR", "verdict": "VARCHAR", "score": "DOUBLE", "reason": "VARCHAR",
    "current": "BOOLEAN", "place": "BIGINT",
}  # fmt: skip
# Where people differ nobody can be sure, as to the judge `notes`; what was said of other texts is not said of these.
LABELS = """SELECT n, CASE WHEN NOT bool_or(current) THEN 'stale'
    WHEN count(DISTINCT verdict) FILTER (current) = 1 THEN any_value(verdict) FILTER (current)
    ELSE 'unsure' END AS label, max_by(reason, place) FILTER (current AND reason != '') AS note
    FROM {table} WHERE n IS NOT NULL GROUP BY n"""
JUDGES = 20  # that have columns
SAME = " AND ".join(f"old.{name} IS NOT DISTINCT FROM new.{name}" for name in ("n", "id", "who", "current"))


class Said:
    """The lines of one file about one split. `refresh` comes before any question to the table."""

    def __init__(self, store: Database, split: Split, index: Index, name: str) -> None:
        self.store, self.split, self.index = store, split, index
        self.path = split.folder / name
        self.table = f'said."{index.key} {name}"'
        self.wrong = ""  # what is wrong with the file, or with its first line that is none
        self.version = 0  # another one when the table changed
        self._lock = threading.RLock()
        self._forget()

    def refresh(self) -> None:
        """Take what was written since; of a file that cannot be read nothing, and `wrong` says so."""
        with self._lock:
            try:
                refuse_link(self.path, self.split.folder)
                if self.path.exists():
                    with opened(self.path) as file:
                        self._catch_up(file)
                elif self._at:
                    self._forget()
            except FolderError as error:
                self._forget()
                self.wrong = str(error)

    def columns(self) -> dict[str, tuple[str, bool]]:
        """The columns of rows that come of it: the query that has them by n, and whether they hold numbers."""
        if self.of_people:
            return dict.fromkeys(("label", "note"), (LABELS.format(table=self.table), False))
        found = {}
        here = f"FROM {self.table} WHERE current AND n IS NOT NULL"
        for who, scores in self.store.ask(f"SELECT who, count(score) {here} GROUP BY who ORDER BY who LIMIT {JUDGES}"):
            for what in ("verdict", "score", "reason") if scores else ("verdict", "reason"):
                name = f"{what}.{who}"
                name += "~" * (name in self.index.columns)  # a row says so, too
                sql = f"SELECT n, {what} AS {quoted(name)} {here} AND who = {literal(who)}"
                found[name] = (sql, what == "score")
        return found

    def counts(self) -> dict[tuple[str, str], int]:
        """How often who said what."""
        counted = self.store.ask(f"SELECT who, verdict, count(*) FROM {self.table} GROUP BY ALL")
        return {(who, verdict): count for who, verdict, count in counted}

    def done(self) -> int:
        """Rows of which somebody has said something."""
        return int(self.store.ask(f"SELECT count(DISTINCT n) FROM {self.table} WHERE current")[0][0])

    def newest(self, verdict: str, n: int, first: int) -> list[tuple[int | None, Line]]:
        """Lines, of one verdict if it is not "", each with the number of its row: None if that is gone or has other
        texts now."""
        sql = f"SELECT place, CASE WHEN current THEN n END FROM {self.table} WHERE ? IN ('', verdict)"
        found = self.store.ask(f"{sql} ORDER BY place DESC, n LIMIT {n} OFFSET {first}", [verdict])
        return [(number, line) for (_, number), line in zip(found, self._at_places(found), strict=True)]

    def of_row(self, number: int) -> tuple[list[Line], bool]:
        """What was said of the texts of a row, and whether something was said of texts that it had before."""
        sql = f"SELECT place, current FROM {self.table} WHERE n = {int(number)} ORDER BY place"
        found = self.store.ask(sql)
        return self._at_places([one for one in found if one[1]]), not all(current for _, current in found)

    def _at_places(self, found: Sequence[tuple[Any, ...]]) -> list[Line]:
        if not found:
            return []
        with opened(self.path) as file:
            return [read_line(self.path, 0, (file.seek(at), file.readline())[1]) for at, *_ in found]

    def write(self, notes: Iterable[tuple[int, Line]]) -> None:
        """Append what a person says of rows, each with the number of its row; on the disk when this returns.

        Raises FolderError if the file cannot be written, is held by another process, or has a line that is none.
        """
        with self._lock:
            refuse_link(self.path, self.split.folder)
            try:
                # not touched: of another time all of it would be read again
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
                with os.fdopen(handle, "r+b") as file, hold(self.path, "wait for it"):
                    self.refresh()
                    if self.wrong:
                        raise FolderError(f"{self.wrong}: mend that first")
                    self._append(file, iter(notes))
            except OSError as error:
                self._forget()
                raise FolderError.from_os(error, f"cannot write to {self.path}") from error

    def _forget(self) -> None:
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        self.store.ask(f"CREATE OR REPLACE TABLE {self.table} ({columns})")
        self._at, self._number, self._tail, self._state, self.wrong = 0, 0, b"", (0, 0), ""
        self.version += 1

    def _catch_up(self, file: Any) -> None:
        stat = os.fstat(file.fileno())
        if (state := (stat.st_size, stat.st_mtime_ns)) == self._state:
            return
        file.seek(max(0, self._at - TAIL))
        if self._at and (stat.st_size <= self._at or file.read(len(self._tail)) != self._tail):
            self._forget()  # it was edited
        file.seek(self._at)
        lines = self._lines(file)
        while batch := list(islice(lines, BATCH)):
            self._take([(at, line, None) for at, line in batch if self._is_ours(line)])
        self._mark(file, state)

    def _lines(self, file: Iterable[bytes]) -> Iterator[tuple[int, Line]]:
        """The lines from here on; one that was begun and is not whole yet is left for later."""
        for text in file:
            at, number = self._at, self._number + 1
            line = None
            try:
                line = read_line(self.path, number, text) if text.strip() else None
            except FolderError as error:
                if not text.endswith(b"\n"):
                    return
                self.wrong = self.wrong or str(error).partition(": give ")[0]
            self._at, self._number = at + len(text), number
            if line is not None:
                yield at, line

    def _append(self, file: BinaryIO, notes: Iterator[tuple[int, Line]]) -> None:
        file.seek(self._at)
        drop_half_a_line(file, self.path)
        at = self._at + (file.write(b"\n") if self._tail and not self._tail.endswith(b"\n") else 0)
        while batch := list(islice(notes, BATCH)):
            taken = []
            for n, line in batch:
                taken.append((at, line, n if self._is_unique else None))
                at += file.write(as_written(line))
            file.flush()
            self._take(taken)
            self._number += len(batch)
        os.fsync(file.fileno())
        self._at, stat = at, os.fstat(file.fileno())
        self._mark(file, (stat.st_size, stat.st_mtime_ns))

    def _mark(self, file: BinaryIO, state: tuple[int, int]) -> None:
        """What was taken, so that it is told apart from another file's."""
        file.seek(max(0, self._at - TAIL))
        self._tail, self._state = file.read(min(TAIL, self._at)), state

    @cached_property
    def of_people(self) -> bool:
        return self.path == self.split.notes

    def _is_ours(self, line: Line) -> bool:
        return line.split == self.split.name and (line.judge == JUDGE) == self.of_people

    @cached_property
    def _is_unique(self) -> bool:
        """Whether no two rows have one id: a line on one of them is on both if their texts are the same."""
        rows = f"{self.index.schema}.rows"
        return bool(self.store.ask(f"SELECT count(id) = count(DISTINCT id) FROM {rows}")[0][0])

    def _take(self, lines: Sequence[tuple[int, Line, int | None]]) -> None:
        """Put lines into the table, each with its place and the number of its row if that is known."""
        there = self._rows([line.id for _, line, known in lines if known is None])
        last = {}
        for at, line, known in lines:
            of_id = there.get(line.id, ()) if known is None else [(known, line.row)]
            rows: list[tuple[int | None, bool]] = [(n, True) for n, texts in of_id if texts == line.row]
            rows = rows or [(n, False) for n, _ in of_id] or [(None, False)]
            who = (line.model or "") if self.of_people else line.label
            score = float(line.score) if isinstance(line.score, int | float) else None
            reason = line.reason.partition(":")[0].strip()[:REASON]
            for n, current in rows:
                key = (n, None if n else line.id, who)
                last[(*key, current)] = (*key, line.verdict, score, reason, current, at)
        if last:
            self.store.put(
                dict(zip(COLUMNS, zip(*last.values(), strict=True), strict=True)),
                f"DELETE FROM {self.table} AS old USING given AS new WHERE {SAME}",
                f"INSERT INTO {self.table} SELECT * FROM given WHERE verdict IS NOT NULL",
            )  # fmt: skip
            self.version += 1

    def _rows(self, ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
        """Id -> number and hash of the texts of each row that has it."""
        found: dict[str, list[tuple[int, str]]] = {}
        asked = f"SELECT n FROM {self.index.schema}.rows WHERE id IN (SELECT unnest(?::VARCHAR[])) ORDER BY n"
        numbers = [n for (n,) in self.store.ask(asked, [ids])] if ids else []
        for first in range(0, len(numbers), ROWS):
            part = numbers[first : first + ROWS]
            for n, line in zip(part, self.split.lines(self.store.places(self.index, part)), strict=True):
                if line.record is not None:
                    found.setdefault(line.record.id, []).append((n, hash_of(line.record)))
        return found

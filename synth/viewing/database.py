"""The one DuckDB of a server, and what an index in it is (synth/viewing/index.py says what stands in one).

DuckDB may open the files that are looked at and the user's cache, and nothing else.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from synth.errors import FolderError
from synth.viewing.build import literal
from synth.viewing.sources import Place

MEMORY, THREADS = "210MB", 2  # what tables of twelve columns take in two threads: for more of them it takes one
KEPT = (1, 30)  # days: of parts, and of indexes that nobody opens


@dataclass(frozen=True)
class Index:
    """An index that is open. `columns`: name -> whether it holds numbers."""

    key: str
    path: Path
    schema: str  # the tables are "schema".rows and "schema".lines
    columns: Mapping[str, bool]
    rows: int
    unreadable: int


class Database:
    """A DuckDB that is locked down. Each request takes a cursor of its own."""

    def __init__(self, files: Iterable[Path], folders: Iterable[str] = (), cache: Path | None = None) -> None:
        self.folder = cache or _cache()
        self.con = duckdb.connect(":memory:")
        self._asking: set[duckdb.DuckDBPyConnection] = set()  # with a query that is under way
        self._ended = False
        paths, inside = literal([str(path) for path in files]), literal([str(self.folder), *folders])
        self.con.execute(
            f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'; "
            f"SET temp_directory = {literal(str(self.folder / f'spill-{os.getpid()}-{id(self)}'))}; "
            "CREATE SCHEMA hits; CREATE SCHEMA said; "
            "SET autoload_known_extensions = false; SET autoinstall_known_extensions = false; "
            f"SET allowed_paths = {paths}; SET allowed_directories = {inside}; "
            "SET enable_external_access = false; SET lock_configuration = true"
        )

    def ask(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises FolderError if a file is not what it was, or memory does not suffice."""
        with self.asks(cursor := self.con.cursor()):
            try:
                return cursor.execute(sql, list(values)).fetchall()
            except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InvalidInputException) as error:
                raise FolderError(f"the data cannot be read: {str(error).splitlines()[0]}") from error

    @contextmanager
    def asks(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Inside `interrupt` ends what the connection does (duckdb.InterruptException). After that FolderError."""
        if self._ended:
            raise FolderError("synth view was ended")
        self._asking.add(connection)
        try:
            yield
        finally:
            self._asking.discard(connection)

    def interrupt(self) -> None:
        """End all queries that are under way, and take no more."""
        self._ended = True
        while self._asking:  # over again: of one that has not begun yet nothing is ended
            for connection in list(self._asking):
                connection.interrupt()
            time.sleep(0.01)

    def put(self, given: Mapping[str, Sequence[Any]], *statements: str) -> None:
        """Carry out statements, all or none, that read the table `given`."""
        import pyarrow as pa  # which brings pandas with it: half a second that the first page need not wait for

        with closing(self.con.cursor()) as cursor, self.asks(cursor):
            cursor.register("given", pa.table(dict(given)))
            cursor.begin()
            for each in statements:
                cursor.execute(each)
            cursor.commit()
            cursor.unregister("given")

    def places(self, index: Index, numbers: Sequence[int]) -> list[Place]:
        """Where rows stand, by their numbers from 1."""
        sql = f"SELECT rowid + 1, file, place FROM {index.schema}.lines WHERE rowid IN (SELECT unnest(?::BIGINT[]) - 1)"
        by_number = {number: Place(file, at) for number, file, at in self.ask(sql, [list(numbers)])}
        return [by_number[number] for number in numbers]


def _cache() -> Path:
    """The folder of all indexes, of this user alone. Raises FolderError."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rationale-synth" / "view"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        for path in folder.iterdir():  # what was killed left its parts, and files that are gone their indexes
            if path.is_file() and time.time() - path.stat().st_mtime > KEPT[path.suffix == ".duckdb"] * 86_400:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error
    return folder.resolve()

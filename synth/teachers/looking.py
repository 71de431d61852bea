"""Looks into a request store to which others may be writing: nothing is written there, and nobody has to wait.

A reader of a file in WAL mode keeps no writer waiting (https://www.sqlite.org/wal.html). SQLite would still make the
two files beside it if they are not there, and leave them behind: `readonly_shm` keeps it from touching them, and
`immutable` from making them if there are none, as behind a run that has ended (https://www.sqlite.org/uri.html).
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from synth.errors import FolderError
from synth.teachers.bodies import load
from synth.teachers.exchange import Reply, read_reply_body

MOST = 5000  # replies that are looked through for those of the last minute
PATIENCE = 2.0  # seconds that a store is waited for which is being mended after a crash


class Run(NamedTuple):
    """A run as the store has it. at: when it last said something, None if it never did; told: what it said."""

    work: str
    began: float
    at: float | None
    told: Mapping[str, Any]


class Minute(NamedTuple):
    """Replies of the last seconds: how many of each status, how long those took that have an answer."""

    span: float
    statuses: Mapping[int, int]
    seconds: float | None


@dataclass(frozen=True)
class Look:
    connection: sqlite3.Connection

    def runs(self) -> list[Run]:
        """The newest first."""
        told = "told" in self._tables()
        sql = f"select work, began, {'at, body' if told else 'null, null'} from runs"
        if "runs" not in self._tables():
            return []
        rows = self._all(sql + (" left join told on run = id" if told else "") + " order by began desc")
        return [Run(work, began, at, orjson.loads(body) if body else {}) for work, began, at, body in rows]

    def last_reply(self) -> float | None:
        """When it came."""
        return next((at for (at,) in self._all("select at from replies order by id desc limit 1")), None)

    def minute(self, began: float) -> Minute:
        """What came in the last minute, of a run that began then; of very many replies less than a minute."""
        now, rows = time.time(), self._all(f"select at, status, seconds from replies order by id desc limit {MOST}")
        since = max(now - 60, began, rows[-1][0] if len(rows) == MOST else 0)
        came = [(status, seconds) for at, status, seconds in rows if at >= since]
        took = [seconds for status, seconds in came if status == 200]
        return Minute(now - since, Counter(status for status, _ in came), sum(took) / len(took) if took else None)

    def newest(self, count: int) -> list[str]:
        """The keys of the newest answers."""
        sql = "select key from replies where status = 200 order by id desc limit ?"
        return [key for (key,) in self._all(sql, count)]

    def texts(self, key: str) -> tuple[str, Reply | None]:
        """What was asked last under a key, and the reply."""
        asked = self._all("select body from requests where key = ?", key)
        said = self._all("select body from replies where key = ? and status = 200 order by id limit 1", key)
        messages = [message for (body,) in asked for message in orjson.loads(body).get("messages") or ()]
        body = load(said[0][0]) if said else None
        prompt = str(messages[-1].get("content", "")) if messages else ""
        return prompt, read_reply_body(body) if isinstance(body, dict) else None

    def _tables(self) -> set[str]:
        return {name for (name,) in self._all("select name from sqlite_master")}

    def _all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, values).fetchall()


@contextmanager
def looking(path: Path) -> Iterator[Look]:
    """Raises FolderError for a file that is a link, or no request store."""
    if path.is_symlink():
        raise FolderError(f"{path} is a link, which is not followed: give the folder that it points to")
    beside = all(path.with_name(path.name + end).is_file() for end in ("-wal", "-shm"))
    how = "mode=ro&readonly_shm=1" if beside else "immutable=1"
    try:
        uri = f"{path.resolve().as_uri()}?{how}"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)) as connection:
            yield Look(connection)
    except (sqlite3.Error, orjson.JSONDecodeError) as error:
        raise FolderError(f"{path} cannot be read as a request store: {error}") from error

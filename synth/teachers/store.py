"""The request store: every request and every reply, written down before anything else happens to it.

One SQLite file in WAL mode, append-only. A thread of its own writes: whatever was handed to it since its last commit
goes into one transaction that is synced to the disk, and only then do its waiters continue. So a reply that was
acted upon has survived a killed process and a power cut, and 500 requests in flight share one sync.

    requests(key, body)             a request is here before it is sent
    replies(key, status, body, ...) every reply, errors too; a request is answered when one of them has status 200
    kin(key, kin)                   requests that differ in nothing but the longest reply have the same kin
    runs(id, work)                  what a reply was paid for: runs of the same work have the same name of it
    told(run, at, body)             what a run last said of itself, for whoever looks on (looking.py)
"""

import asyncio
import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from synth.answers.finish import end_of
from synth.errors import FolderError
from synth.teachers.bodies import load
from synth.teachers.exchange import Reply, Request, kin_of, limit_of, read_reply_body
from synth.teachers.store_faults import complaint

SCHEMA = """
create table if not exists requests (key text primary key, at real not null, body blob not null) without rowid;
create table if not exists replies (
    id integer primary key, key text not null, at real not null, status integer not null, seconds real not null,
    headers blob not null, body blob not null
);
create index if not exists answered on replies (key) where status = 200;
create table if not exists kin (key text primary key, kin text not null) without rowid;
create index if not exists kindred on kin (kin);
create table if not exists runs (id integer primary key, work text not null, began real not null);
create table if not exists told (run integer primary key, at real not null, body blob not null);
create table if not exists batches (id text primary key, at real not null, digest text not null, state text not null);
select key, at, body from requests limit 0;
select id, key, at, status, seconds, headers, body from replies limit 0;
"""
MOST_ATTEMPTS = 1000  # numbers that are tried to find out which attempt an older request was
LOCKED = 60.0  # seconds that another process may keep the file to itself
Write = tuple[str, tuple[Any, ...], "asyncio.Future[None]"]


class RequestStore:
    """Use as a context manager inside a running event loop.

    Raises FolderError if the file cannot be opened or is no request store.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run: int | None = None
        self._run_of: dict[str, int] = {}  # by key, of requests whose replies are some other run's than the last
        self._writes: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="request-store", daemon=True)

    def __enter__(self) -> "RequestStore":
        self._loop = asyncio.get_running_loop()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.path}") from error
        try:
            self._writer = open_store(self.path)
            self._reader = open_store(self.path)
        except sqlite3.Error as error:
            raise complaint(self.path, error, LOCKED) from error
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writes.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()

    def answer(self, key: str) -> dict[str, Any] | None:
        """The body of the reply to a request, if it was answered."""
        row = self._reader.execute(
            "select body from replies where key = ? and status = 200 order by id limit 1", (key,)
        ).fetchone()
        body = None if row is None else load(row[0])
        return body if isinstance(body, dict) else None

    def find(self, request: Request) -> Reply | None:
        """The reply to a request that was answered, or to one of its kin that came to its end within this limit."""
        body = self.answer(request.key())
        if body is not None and (reply := read_reply_body(body)) is not None:
            return replace(reply, cached=True)
        for key, said, asked in self._kindred(request.kin()):
            reply = read_reply_body(load(said))
            if reply is not None and _fits(reply, limit_of(orjson.loads(asked)), request.limit()):
                return replace(reply, cached=True, key=key)
        return None

    def _kindred(self, kin: str) -> list[tuple[str, bytes, bytes]]:
        """Key, reply and request of what was answered, the first first."""
        return self._reader.execute(
            "select requests.key, replies.body, requests.body from kin join requests using (key) join replies "
            "on replies.key = kin.key and replies.status = 200 where kin.kin = ? order by replies.id", (kin,),
        ).fetchall()  # fmt: skip

    async def begin(self, work: str, keys: Iterable[str] = ()) -> int:
        """What comes from now on is paid for this work; what comes for these keys also once another one has begun.
        Returns the number of the run."""
        run = self._run = secrets.randbits(62)
        self._run_of |= dict.fromkeys(keys, run)
        await self._put("insert into runs values (?, ?, ?)", (run, work, time.time()))
        return run

    async def tell(self, run: int, told: Mapping[str, Any]) -> None:
        """What a run says of itself now, in the place of what it said before. Returns when it is on the disk."""
        await self._put("insert or replace into told values (?, ?, ?)", (run, time.time(), _bytes(told)))

    def paid(self, work: str) -> Iterator[tuple[str, int, float, bytes]]:
        """Key, status, time and body of every reply that came for this work, in all of its runs."""
        yield from self._reader.execute(
            "select key, status, at, body from replies where run in (select id from runs where work = ?)", (work,)
        )

    def every(self) -> Iterator[bytes]:
        """The body of every reply that came, for whatever work."""
        yield from (row[0] for row in self._reader.execute("select body from replies"))

    def servers(self, work: str) -> dict[str, int]:
        """How many answers for this work came from each of several servers."""
        return dict(
            self._reader.execute(
                "select server, count(*) from replies where status = 200 and server is not null and run in "
                "(select id from runs where work = ?) group by server order by server", (work,),
            )
        )  # fmt: skip

    def seconds(self, work: str) -> float:
        """How long the runs of this work took: from the beginning of each to its last reply."""
        (found,) = self._reader.execute(
            "select total(last - began) from (select began, max(at) as last from runs join replies on run = runs.id "
            "where work = ? group by runs.id)", (work,),
        ).fetchone()  # fmt: skip
        return float(found)

    def failures(self, key: str) -> list[str]:
        """What came back for a request that was not an answer, oldest first."""
        rows = self._reader.execute("select body from replies where key = ? and status != 200 order by id", (key,))
        return [row[0].decode(errors="replace") for row in rows]

    def refused_before(self, key: str) -> bool:
        """Whether a request was refused in an earlier run, of a work of which others were answered."""
        if self._run is None:
            return False
        found = self._reader.execute(
            "select exists(select 1 from replies where key = ?1 and status between 400 and 499 and status != 429 "
            "and run is not ?2) and exists(select 1 from replies where status = 200 and run in "
            "(select id from runs where work = (select work from runs where id = ?2)))", (key, self._run),
        ).fetchone()  # fmt: skip
        return bool(found[0])

    async def put_request(self, request: Request) -> None:
        """Returns when the request is on the disk."""
        key = request.key()
        written = self._put(
            "insert or ignore into requests values (?, ?, ?)", (key, time.time(), _bytes(request.body()))
        )
        await asyncio.gather(written, self._put("insert or ignore into kin values (?, ?)", (key, request.kin())))

    async def put_reply(
        self, key: str, status: int, headers: dict[str, str], body: bytes, seconds: float, server: str | None = None
    ) -> None:
        """Returns when the reply is on the disk. `status` 0: the connection broke, `body` says how. `server`: its
        address, where the request could have gone to others."""
        run = self._run_of.get(key, self._run)
        values = (key, time.time(), status, seconds, _bytes(headers), body, run, server)
        columns = "key, at, status, seconds, headers, body, run, server"
        await self._put(f"insert into replies ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?)", values)

    async def open_batch(self, batch_id: str, digest: str) -> None:
        await self._put("insert or replace into batches values (?, ?, ?, 'open')", (batch_id, time.time(), digest))

    async def close_batch(self, batch_id: str, state: str) -> None:
        await self._put("update batches set state = ? where id = ?", (state, batch_id))

    def open_batches(self) -> list[str]:
        """Batches whose results were not collected yet, oldest first."""
        return [row[0] for row in self._reader.execute("select id from batches where state = 'open' order by at")]

    def all_batches(self) -> list[str]:
        return [row[0] for row in self._reader.execute("select id from batches")]

    def counts(self) -> dict[int, int]:
        """How many replies there are of each status."""
        return dict(self._reader.execute("select status, count(*) from replies group by status"))

    def _put(self, statement: str, values: tuple[Any, ...]) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self._loop.create_future()
        self._writes.put((statement, values, future))
        return future

    def _write_all(self) -> None:
        connection = self._writer
        while batch := list(self._batch()):
            error: Exception | None = None
            try:
                connection.execute("begin immediate")
                for statement, values, _ in batch:
                    connection.execute(statement, values)
                connection.execute("commit")
            except sqlite3.Error as caught:
                error = complaint(self.path, caught, LOCKED, writing=True)
                if connection.in_transaction:
                    connection.rollback()
            self._loop.call_soon_threadsafe(_release, [future for _, _, future in batch], error)

    def _batch(self) -> Iterator[Write]:
        """What is waiting to be written; at least one write, nothing at the end."""
        write = self._writes.get()
        while write is not None:
            yield write
            try:
                write = self._writes.get_nowait()
            except queue.Empty:
                return
        self._writes.put(None)  # the end; seen again when this batch is written


def open_store(path: Path) -> sqlite3.Connection:
    """A connection to a file that holds our tables; other runs that write to it at the moment are waited for."""
    connection = sqlite3.connect(path, timeout=LOCKED, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.executescript(SCHEMA)
        _bring_up_to_date(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """What a store of version 0.1.0 lacks: which run a reply was paid in, the kin of its requests;
    and of any before there were fleets, which server replied."""
    connection.execute("begin immediate")
    columns = [row[1] for row in connection.execute("pragma table_info(replies)")]
    if "run" not in columns:
        connection.execute("alter table replies add column run integer")
        requests = connection.execute("select key, body from requests").fetchall()
        kin = [(key, _kin_of_stored(key, orjson.loads(body))) for key, body in requests]
        connection.executemany("insert or ignore into kin values (?, ?)", kin)
    if "server" not in columns:
        connection.execute("alter table replies add column server text")
    connection.execute("commit")


def _kin_of_stored(key: str, body: dict[str, Any]) -> str:
    """The kin of a request of which the attempt's number was not written down: the one that gives its key."""
    left = {name: value for name, value in body.items() if name not in ("model", "messages")}
    for attempt in range(1, MOST_ATTEMPTS):
        if Request(body["model"], body["messages"], left, attempt).key() == key:
            return kin_of(attempt, body)
    return key


def _fits(reply: Reply, limit: int | None, wanted: int | None) -> bool:
    """Whether a reply that came under one limit of tokens would have been the same under another."""
    if end_of(reply.finish_reason) != "whole":
        return False
    return wanted is None or (limit is not None and limit <= wanted) or 0 < reply.completion_tokens <= wanted


def _release(futures: list["asyncio.Future[None]"], error: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value)

"""One run with --batch at a time on a request store: two would hand the same requests in twice, and pay twice.

The lock is the one that SQLite holds on a small file beside the store: it is there on every system, and the system lets
go of it when its process dies.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from synth.errors import FolderError

HOLDER = "create table if not exists holder (process integer, since text)"


@contextmanager
def alone_at(store: Path) -> Iterator[None]:
    """Keep others with --batch from a request store for a while.

    Raises FolderError, which names the other process, if one is there already.
    """
    path = store.with_name(f"{store.name}-batch")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise FolderError(f"cannot write to {path} ({error}): give another --cache") from error
    try:
        _take(lock, store)
        yield
    finally:
        lock.close()


def _take(lock: sqlite3.Connection, store: Path) -> None:
    try:
        lock.execute(HOLDER)
        lock.execute("begin immediate")
        lock.execute("delete from holder")
        lock.execute("insert into holder values (?, ?)", (os.getpid(), f"{datetime.now():%H:%M on %Y-%m-%d}"))
        lock.execute("commit")  # others read who it is
        lock.execute("begin immediate")  # held until the connection ends, with nothing written
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise FolderError(f"cannot write to {store}-batch ({error}): give another --cache") from error
        raise FolderError(
            f"another run with --batch{_holder(lock)} works on {store}: wait for it, or give another --cache"
        ) from error
    except sqlite3.DatabaseError as error:
        raise FolderError(f"{store}-batch is no lock of ours ({error}): give another --cache") from error


def _holder(lock: sqlite3.Connection) -> str:
    try:
        found = lock.execute("select process, since from holder").fetchone()
    except sqlite3.Error:  # it is writing its name at this moment
        found = None
    return f" (process {found[0]}, since {found[1]})" if found else ""

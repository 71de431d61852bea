"""Copies a request store into another one."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from synth.teachers.store import LOCKED, open_store
from synth.teachers.store_faults import complaint

COLUMNS = "key, at, status, seconds, headers, body, run, server"  # of replies, whose ids are each store's own
COPY = (
    "insert or ignore into main.requests select * from source.requests",
    "insert or ignore into main.kin select * from source.kin",
    "insert or ignore into main.batches select * from source.batches",
    "insert or ignore into main.runs select id, coalesce(called, work), began "
    "from source.runs left join temp.works using (work)",
    f"insert into main.replies ({COLUMNS}) select {COLUMNS} from source.replies "
    "where (key, at, status) not in (select key, at, status from main.replies) order by id",
)


def copy_into(target: Path, source: Path, works: Mapping[str, str]) -> None:
    """Add to a store what another one has, all or nothing; what is in both, as after a copy before, stays as it is.

    works: works of the other one that have a new name here. Raises FolderError for a file that is no request store.
    """
    try:
        with closing(open_store(target)) as connection:
            connection.execute("create temp table works (work text primary key, called text not null)")
            connection.executemany("insert into works values (?, ?)", works.items())
            connection.execute("attach database ? as source", (str(source),))
            connection.execute("begin immediate")
            for statement in COPY:
                connection.execute(statement)
            connection.execute("commit")
    except sqlite3.Error as error:
        raise complaint(source, error, LOCKED) from error

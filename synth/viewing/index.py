"""The index of a split: everything of its rows but the texts, and where each row stands in its file.

It is made in the background, and kept in the user's cache under a name that says which file it is of, how large and how
old that is: for a file that has changed another one is made. Rows that cannot be read are in it too, so that the place
of a row in the index is its place in the split.

    rows    n (from 1), readable, id, task, answer, prompt_length, ... in characters, meta.NAME, provenance.NAME,
            verdict.JUDGE, reason.JUDGE: numbers where every value is one, else texts; steps, once they are checked
    lines   file and byte of each row
    made    the query that rows came from
"""

import hashlib
import os
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from synth.data.names import NOTES, VERDICTS
from synth.errors import FolderError
from synth.viewing.build import Build, literal, rows_of
from synth.viewing.checking import AT_ONCE, Progress, Turns, check
from synth.viewing.database import Database, Index
from synth.viewing.said import Said
from synth.viewing.sources import Split

SEARCHES = 16  # that are remembered


class Store(Database):
    """The indexes of all splits, and what was said of their rows."""

    def __init__(self, splits: Iterable[Split], growing: Iterable[str] = ()) -> None:
        """growing: folders in which datasets may come to be."""
        super().__init__((path for split in splits for path in split.files), growing)
        self._worker = ThreadPoolExecutor(1, "index")
        self._made: dict[str, Future[Index]] = {}
        self._said: dict[tuple[str, str], Said] = {}
        self._lock = threading.Lock()
        self._turns = Turns(self._checked)
        self.searching = threading.Lock()
        self.kept: dict[Any, Any] = {}  # counts and facets of queries

    def index(self, split: Split) -> "Future[Index]":
        """The index of a split as it is now; begun at the first call."""
        key = split.key()
        with self._lock:
            if key not in self._made:
                self._made[key] = self._worker.submit(self._open, split, key)
            return self._made[key]

    def said(self, split: Split, index: Index) -> list[Said]:
        """What people and judges said of the rows, up to this moment."""
        with self._lock:
            for name in (NOTES, VERDICTS):
                if (index.key, name) not in self._said:
                    self._said[index.key, name] = Said(self, split, index, name)
            found = [self._said[index.key, name] for name in (NOTES, VERDICTS)]
        for one in found:
            one.refresh()
        return found

    def checking(self, index: Index) -> Progress | None:
        """How far the check of the steps has come; None if it is done."""
        return None if "steps" in index.columns else self._turns.progress.get(index.key)

    def close(self) -> None:
        """End what goes on: queries of pages, indexes that are made, and what is beside them."""
        self.interrupt()
        self._turns.close()
        self._worker.shutdown(cancel_futures=True)
        self.con.close()

    def _open(self, split: Split, key: str) -> Index:
        path, whole = self.folder / f"{key}.duckdb", self.folder / f"{key}.steps.duckdb"
        try:
            return self._attach(whole, key)
        except (FolderError, duckdb.Error):  # there is none, or half of one
            whole.unlink(missing_ok=True)
        try:
            index = self._attach(path, key)
        except (FolderError, duckdb.Error):
            path.unlink(missing_ok=True)
            self._make(split, path)
            index = self._attach(path, key)
        if index.rows <= AT_ONCE:
            return self._checked(split, index)
        self._turns.take(split, index)
        return index

    def _make(self, split: Split, path: Path) -> None:
        part = path.with_suffix(f".{os.getpid()}")
        try:
            # In one of its own: what that cannot stand does not end the other one.
            with closing(Database(split.files, cache=self.folder).con) as own, self.asks(own):
                Build(own, split).into(part)
            part.replace(path)
        except duckdb.Error as error:
            raise FolderError(f"no index of {split.files[0]} can be made: {str(error).splitlines()[0]}") from error
        except OSError as error:
            raise FolderError.from_os(error, str(error.filename or self.folder)) from error
        finally:
            for left in self.folder.glob(f"{part.name}*"):
                left.unlink(missing_ok=True)

    def _checked(self, split: Split, index: Index) -> Index:
        """The index with the column `steps`, which takes the place of the one without."""
        path = check(self, split, index, self._turns)
        if path is None:
            return index
        found = self._attach(path, index.key)
        with self._lock:
            done: Future[Index] = Future()
            done.set_result(found)
            self._made[index.key] = done
        index.path.unlink(missing_ok=True)
        return found

    def _attach(self, path: Path, key: str) -> Index:
        schema = f"i{key}{'s' * (path.suffixes[:-1] == ['.steps'])}"
        if path.is_file():
            os.utime(path)  # it is in use
        self.ask(f"ATTACH {literal(str(path))} AS {schema} (READ_ONLY)")
        kinds = self.ask("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
                         "AND table_name = 'rows' ORDER BY column_index", [schema])  # fmt: skip
        ((rows, readable),) = self.ask(f"SELECT count(*), count(*) FILTER (readable) FROM {schema}.rows")
        columns = {name: kind in ("BIGINT", "HUGEINT", "DOUBLE") for name, kind in kinds}
        return Index(key, path, schema, columns, rows, rows - readable)


def has_words(words: str) -> str:
    """Whether a row has these words in a text, upper and lower case alike, as SQL."""
    said = literal(words.lower().replace("\0", ""))
    return f"contains(lower(completion), {said}) OR contains(lower(prompt), {said})" + "".join(
        f" OR (NOT contains(coalesce(completion, ''), {text}) AND contains(lower({text}), {said}))"
        for text in ("answer", "rationale")  # which mostly stand in the completion
    )


def search(store: Store, split: Split, words: str) -> str:
    """The table with the numbers of the rows that have these words in a text; made once. Raises FolderError."""
    key = hashlib.blake2b(f"{split.key()} {words}".encode(errors="replace"), digest_size=16).hexdigest()
    with store.searching:
        tables = [name for (name,) in store.ask("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'hits' "
                                                "ORDER BY table_oid")]  # fmt: skip
        if key not in tables:
            for old in tables[: 1 - SEARCHES]:
                store.ask(f'DROP TABLE hits."{old}"')
            source = rows_of(split, "prompt", "rationale", "answer", "completion")
            store.ask(f"CREATE OR REPLACE TABLE every AS SELECT {has_words(words)} AS hit FROM {source}")
            store.ask(f'CREATE TABLE hits."{key}" AS SELECT rowid + 1 AS n FROM every WHERE hit')
            store.ask("DROP TABLE every")
    return f'hits."{key}"'

"""The index of a split: everything of its rows but the texts, and where each row stands in its file.

It is made in the background by DuckDB, in one pass over the file, and kept in the user's cache under a name that says
which file it is of, how large and how old that is: for a file that has changed another one is made. Rows that cannot be
read are in it too, so that the place of a row in the index is its place in the split.

    rows    n (from 1), readable, id, task, answer, prompt_length, ... in characters, meta.NAME, provenance.NAME,
            verdict.JUDGE: numbers where every value is one, else texts
    lines   file and byte of each row

`meta` and `provenance` are read as JSON, and get columns when all rows were seen: a type that is guessed from the first
rows loses what comes late. DuckDB may open the files that are looked at and the cache, and nothing else.
"""

import hashlib
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa

from synth.data.columns import read_notes
from synth.errors import FolderError
from synth.record import FIELDS
from synth.viewing.sources import Split

MEMORY, THREADS = "200MB", 2
BLOCK = 4 << 20  # bytes that are looked through for ends of lines at a time
LONGEST = 1 << 20  # bytes of a line that DuckDB makes room for, unless one is longer
LEFT_OUT = ("request", "sampling", "thinking", "row", "sha256")  # of provenance: texts and hashes
MOST_COLUMNS = 100  # of meta and provenance; if there are more, their names are data
NEWLINE, SPACE = ord("\n"), ord(" ")
WHOLE, NUMBERS = {"UBIGINT", "BIGINT"}, {"UBIGINT", "BIGINT", "DOUBLE"}
TEXT_FIELDS = FIELDS[:6]
LONG = ("prompt", "rationale", "completion")


@dataclass(frozen=True)
class Index:
    """An index that is open. `columns`: name -> whether it holds numbers."""

    schema: str  # the tables are "schema".rows and "schema".lines
    columns: Mapping[str, bool]
    rows: int
    unreadable: int


class Store:
    """The one DuckDB of a server. Each request takes a cursor of its own."""

    def __init__(self, splits: Iterable[Split]) -> None:
        self.folder = _cache()
        self.con = duckdb.connect(":memory:")
        files = [str(path) for split in splits for path in split.files]
        for name, value in {
            "threads": THREADS, "memory_limit": MEMORY, "temp_directory": str(self.folder / f"spill-{os.getpid()}"),
            "autoload_known_extensions": False, "autoinstall_known_extensions": False,
            "allowed_paths": files, "allowed_directories": [str(self.folder)], "enable_external_access": False,
        }.items():  # fmt: skip
            self.con.execute(f"SET {name} = {_literal(value)}")
        self.con.execute("ATTACH ':memory:' AS raw (COMPRESS); CREATE SCHEMA hits; SET lock_configuration = true")
        self._worker = ThreadPoolExecutor(1, "index")
        self._made: dict[str, Future[Index]] = {}
        self._lock = threading.Lock()
        self.searching = threading.Lock()

    def index(self, split: Split) -> "Future[Index]":
        """The index of a split as it is now; begun at the first call."""
        key = split.key()
        with self._lock:
            if key not in self._made:
                self._made[key] = self._worker.submit(self._open, split, key)
            return self._made[key]

    def ask(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        return self.con.cursor().execute(sql, list(values)).fetchall()

    def _open(self, split: Split, key: str) -> Index:
        path = self.folder / f"{key}.duckdb"
        schema = f"i{key}"
        try:
            return self._attach(path, schema)
        except duckdb.Error:  # there is none, or half of one that somebody copied
            path.unlink(missing_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        try:
            Build(self.con.cursor(), split).into(part)
            part.replace(path)
        except duckdb.Error as error:
            raise FolderError(f"no index of {split.files[0]} can be made: {str(error).splitlines()[0]}") from error
        except OSError as error:
            raise FolderError.from_os(error, str(error.filename or self.folder)) from error
        finally:
            part.unlink(missing_ok=True)
        return self._attach(path, schema)

    def _attach(self, path: Path, schema: str) -> Index:
        if not path.is_file():
            raise duckdb.IOException
        self.ask(f"ATTACH {_literal(str(path))} AS {schema} (READ_ONLY)")
        kinds = self.ask("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
                         "AND table_name = 'rows' ORDER BY column_index", [schema])  # fmt: skip
        ((rows, readable),) = self.ask(f"SELECT count(*), count(*) FILTER (readable) FROM {schema}.rows")
        columns = {name: kind in ("BIGINT", "HUGEINT", "DOUBLE") for name, kind in kinds}
        return Index(schema, columns, rows, rows - readable)


class Build:
    """Makes an index."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, split: Split) -> None:
        self.cursor, self.split = cursor, split
        self.as_text: list[list[str | int]] = []  # places of a Parquet file that hold JSON as text (data/columns.py)

    def into(self, path: Path) -> None:
        """Raises duckdb.Error, OSError, FolderError."""
        places, longest = self._parquet_places() if self.split.is_parquet else _line_places(self.split)
        self.cursor.execute("CREATE OR REPLACE TABLE raw.rows AS " + self._raw(longest))
        try:
            columns = [*self._columns("meta"), *self._columns("provenance"), *self._verdicts()]
            self.cursor.execute(f"ATTACH {_literal(str(path))} AS new")
            own = ", ".join(["rowid + 1 AS n", "* EXCLUDE (meta, provenance)", *columns])
            self.cursor.execute(f"CREATE TABLE new.rows AS SELECT {own} FROM raw.rows")
            self.cursor.register("places", places)
            self.cursor.execute("CREATE TABLE new.lines AS SELECT * FROM places")
            ((rows, lines),) = self.cursor.execute(
                "SELECT (SELECT count(*) FROM new.rows), (SELECT count(*) FROM new.lines)"
            ).fetchall()
            self.cursor.execute("DETACH new")
        finally:
            self.cursor.execute("DROP TABLE raw.rows")
        if rows != lines:
            raise FolderError(f"{self.split.files[0]} has {lines:,} lines and DuckDB reads {rows:,} rows from it")

    def _raw(self, longest: int) -> str:
        lengths = ", ".join(f"length({text})::BIGINT AS {text}_length" for text in LONG)
        readable = f"coalesce({', '.join(TEXT_FIELDS)}) IS NOT NULL AS readable"
        source = _rows_of(self.split, longest)
        if self.split.is_parquet:
            source = f"(SELECT * REPLACE ({self._json('meta')}, {self._json('provenance')}) FROM {source})"
        return f"SELECT {readable}, id, task, answer, {lengths}, meta, provenance FROM {source}"

    def _json(self, name: str) -> str:
        is_text = [name] in self.as_text
        return f"{name}::JSON AS {name}" if is_text else f"to_json({name}) AS {name}"

    def _parquet_places(self) -> tuple[pa.Table, int]:
        import pyarrow.parquet as pq

        self.as_text = [list(place) for place in read_notes(pq.read_schema(self.split.files[0])).get("json", ())]
        files = np.repeat(np.arange(len(self.split.counts), dtype=np.uint16), self.split.counts)
        numbers = [np.arange(count, dtype=np.int64) for count in self.split.counts]
        return pa.table({"file": files, "place": np.concatenate(numbers) if numbers else np.empty(0, np.int64)}), 0

    def _columns(self, name: str) -> list[str]:
        """The columns of `meta` or `provenance`: numbers where every value is one; lists and objects are left out."""
        kinds: dict[str, set[str]] = {}
        for (structure,) in self.cursor.execute(f"SELECT DISTINCT json_structure({name}) FROM raw.rows").fetchall():
            fields = orjson.loads(structure or "null")
            for key, kind in fields.items() if isinstance(fields, dict) else ():
                if name == "provenance" and key in LEFT_OUT:
                    continue
                kinds.setdefault(key, set()).add(kind if isinstance(kind, str) else "nested")
        kinds = {key: found - {"NULL"} for key, found in kinds.items() if found - {"NULL", "nested"}}
        if len(kinds) > MOST_COLUMNS:
            return []
        return [f"{self._value(name, key, found)} AS {quoted(f'{name}.{key}')}" for key, found in kinds.items()]

    def _value(self, name: str, key: str, kinds: set[str]) -> str:
        value = f"({name}->>{_pointer(key)})"
        if [name, key] in self.as_text:
            return f"(try_cast({value} AS JSON)->>'$')"
        return f"try_cast({value} AS {'HUGEINT' if kinds <= WHOLE else 'DOUBLE'})" if kinds <= NUMBERS else value

    def _verdicts(self) -> list[str]:
        """What each judge said last of a row; of a reward its number."""
        said = "try_cast(provenance->'/verdicts' AS JSON[])"
        judges = self.cursor.execute(
            f"SELECT DISTINCT v->>'/judge' AS judge FROM (SELECT unnest({said}) AS v FROM raw.rows) "
            f"WHERE judge IS NOT NULL ORDER BY 1 LIMIT {MOST_COLUMNS}"
        ).fetchall()
        columns = []
        for (judge,) in judges:
            last = f"list_filter({said}, lambda v: (v->>'/judge') = {_literal(judge)})[-1]"
            what = f"try_cast({last}->>'/score' AS DOUBLE)" if judge.startswith("reward:") else f"{last}->>'/verdict'"
            columns.append(f"{what} AS {quoted(f'verdict.{judge}')}")
        return columns


def search(store: Store, split: Split, words: str) -> str:
    """The table with the numbers of the rows that have these words in a text; made once. Raises FolderError."""
    key = hashlib.blake2b(f"{split.key()} {words}".encode(errors="replace"), digest_size=16).hexdigest()
    with store.searching:
        if not store.ask("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [key]):
            said = _literal(words.lower().replace("\0", ""))
            has = " OR ".join([f"contains(lower(completion), {said})", f"contains(lower(prompt), {said})", *(
                f"(NOT contains(coalesce(completion, ''), {text}) AND contains(lower({text}), {said}))"
                for text in ("rationale", "answer")
            )])  # fmt: skip
            source = _rows_of(split, LONGEST)
            try:
                store.ask(f"CREATE OR REPLACE TABLE hits.every AS SELECT {has} AS hit FROM {source}")
                store.ask(f'CREATE TABLE hits."{key}" AS SELECT rowid + 1 AS n FROM hits.every WHERE hit')
            except duckdb.Error as error:
                raise FolderError(f"{split.files[0]} cannot be searched: {str(error).splitlines()[0]}") from error
            store.ask("DROP TABLE hits.every")
    return f'hits."{key}"'


def _rows_of(split: Split, longest: int) -> str:
    """What DuckDB reads rows from."""
    files = _literal([str(path) for path in split.files])
    if split.is_parquet:
        return f"read_parquet({files})"
    kinds = {**dict.fromkeys(TEXT_FIELDS, "VARCHAR"), "meta": "JSON", "provenance": "JSON"}
    return (f"read_json({files}, columns = {_literal(kinds)}, format = 'newline_delimited', "
            f"maximum_object_size = {max(LONGEST, longest)}, ignore_errors = true)")  # fmt: skip


def _line_places(split: Split) -> tuple[pa.Table, int]:
    """File and byte of each line that is not blank (DuckDB passes over those), and the length of the longest."""
    files, starts, longest = [np.empty(0, np.uint16)], [np.empty(0, np.int64)], 0
    for number, path in enumerate(split.files):
        with path.open("rb") as file:
            at, blank, size = _starts(file)
            longest = max(longest, int(np.diff(at, append=size).max(initial=0)))
            for start in blank:
                file.seek(start)
                if not file.readline().strip():
                    at = at[at != start]
        files.append(np.full(len(at), number, np.uint16))
        starts.append(at)
    return pa.table({"file": np.concatenate(files), "place": np.concatenate(starts)}), longest + 2


def _starts(file: IO[bytes]) -> tuple[Any, list[int], int]:
    """Where lines begin, those that may be blank, and the size of the file."""
    starts, blank, done, fresh = [np.empty(0, np.int64)], list[int](), 0, True
    while block := file.read(BLOCK):
        content = np.frombuffer(block, np.uint8)
        at = np.flatnonzero(content == NEWLINE) + 1
        at = np.concatenate([[0] if fresh else [], at[at < len(block)]]).astype(np.int64)
        blank += (at[content[at] <= SPACE] + done).tolist()
        starts.append(at + done)
        done, fresh = done + len(block), block.endswith(b"\n")
    return np.concatenate(starts), blank, done


def _cache() -> Path:
    """The folder of all indexes, of this user alone. Raises FolderError."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rationale-synth" / "view"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error
    return folder.resolve()


def _pointer(key: str) -> str:
    return _literal("/" + key.replace("~", "~0").replace("/", "~1"))


def quoted(column: str) -> str:
    """A column as SQL names it."""
    return '"' + column.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    """A value as DuckDB reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    return str(value)

"""The index of a split: everything of its rows but the texts, and where each row stands in its file.

It is made in the background by DuckDB, in one pass over the file, and kept in the user's cache under a name that says
which file it is of, how large and how old that is: for a file that has changed another one is made. Rows that cannot be
read are in it too, so that the place of a row in the index is its place in the split.

    rows    n (from 1), readable, id, task, answer, prompt_length, ... in characters, meta.NAME, provenance.NAME,
            verdict.JUDGE: numbers where every value is one, else texts; steps, of splits that are not large
    lines   file and byte of each row

`meta` and `provenance` are read as JSON, and get columns when all rows were seen: a type that is guessed from the first
rows loses what comes late. DuckDB may open the files that are looked at and the cache, and nothing else.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import orjson
import pyarrow as pa

from synth.data.columns import read_notes
from synth.data.reading import TEXTS
from synth.data.verdict import REWARD
from synth.errors import FolderError
from synth.viewing.checked import checked
from synth.viewing.sources import Place, Split

MEMORY, THREADS = "150MB", 2
BLOCK = 4 << 20  # bytes that are looked through for ends of lines at a time
LONGEST = 1 << 20  # bytes of a line that DuckDB makes room for; it reads lines of up to 16 times as many
SEARCHES = 16  # that are remembered
MOST_CHECKED = 10_000  # rows of which every step is checked, which takes 50 to 600 microseconds a row
LEFT_OUT = {("provenance", key) for key in ("request", "sampling", "thinking", "row", "sha256")}  # texts and hashes
KEPT = (1, 30)  # days: of parts, and of indexes that nobody opens
MOST_COLUMNS = 100  # of meta and provenance; if there are more, their names are data
NEWLINE, SPACE = ord("\n"), ord(" ")
WHOLE, NUMBERS = {"UBIGINT", "BIGINT"}, {"UBIGINT", "BIGINT", "DOUBLE"}
FACTS = ("meta", "provenance")
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

    def __init__(self, splits: Iterable[Split], growing: Iterable[str] = ()) -> None:
        """growing: folders in which datasets may come to be."""
        self.folder = _cache()
        self.con = duckdb.connect(":memory:")
        files = [str(path) for split in splits for path in split.files]
        self.con.execute(
            f"SET threads = {THREADS}; SET memory_limit = '{MEMORY}'; "
            f"SET temp_directory = {literal(str(self.folder / f'spill-{os.getpid()}'))}; CREATE SCHEMA hits; "
            "SET autoload_known_extensions = false; SET autoinstall_known_extensions = false; "
            f"SET allowed_paths = {literal(files)}; SET allowed_directories = {literal([str(self.folder), *growing])}; "
            "SET enable_external_access = false; SET lock_configuration = true"
        )
        self._worker = ThreadPoolExecutor(1, "index")
        self._made: dict[str, Future[Index]] = {}
        self._lock = threading.Lock()
        self.searching = threading.Lock()
        self.kept: dict[Any, Any] = {}  # counts and facets of queries

    def index(self, split: Split) -> "Future[Index]":
        """The index of a split as it is now; begun at the first call."""
        key = split.key()
        with self._lock:
            if key not in self._made:
                self._made[key] = self._worker.submit(self._open, split, key)
            return self._made[key]

    def ask(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises FolderError if a file is not what it was, or memory does not suffice."""
        try:
            return self.con.cursor().execute(sql, list(values)).fetchall()
        except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InvalidInputException) as error:
            raise FolderError(f"the data cannot be read: {str(error).splitlines()[0]}") from error

    def _open(self, split: Split, key: str) -> Index:
        path = self.folder / f"{key}.duckdb"
        schema = f"i{key}"
        try:
            return self._attach(path, schema)
        except (FolderError, duckdb.Error):  # there is none, or half of one
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
        if path.is_file():
            os.utime(path)  # it is in use
        self.ask(f"ATTACH {literal(str(path))} AS {schema} (READ_ONLY)")
        kinds = self.ask("SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? "
                         "AND table_name = 'rows' ORDER BY column_index", [schema])  # fmt: skip
        ((rows, readable),) = self.ask(f"SELECT count(*), count(*) FILTER (readable) FROM {schema}.rows")
        columns = {name: kind in ("BIGINT", "HUGEINT", "DOUBLE") for name, kind in kinds}
        return Index(schema, columns, rows, rows - readable)


class Build:
    """Makes an index."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, split: Split) -> None:
        self.cursor, self.split = cursor, split
        self.as_text: Sequence[Sequence[str | int]] = ()  # of a Parquet file, what holds JSON as text (data/columns.py)

    def into(self, path: Path) -> None:
        """Raises duckdb.Error, OSError, FolderError."""
        places = self._parquet_places() if self.split.is_parquet else _line_places(self.split)
        raw = path.with_name(f"{path.name}.raw")  # on the disk, where texts that are alike are kept once
        self.cursor.execute(f"ATTACH {literal(str(raw))} AS raw")
        try:
            source = self._source()
            self.cursor.execute(f"CREATE TABLE raw.rows AS SELECT * EXCLUDE ({', '.join(LONG)}) FROM {source}")
            columns = ", ".join(["*", *self._columns("meta"), *self._columns("provenance"), *self._verdicts()])
            self.cursor.execute(f"ATTACH {literal(str(path))} AS new")
            made = "CREATE TABLE new.rows AS SELECT rowid + 1 AS n, COLUMNS(* EXCLUDE (rowid, meta, provenance)) FROM"
            self.cursor.register("checked", self._checked(places))
            (rows,) = self._all(f"{made} (SELECT rowid, {columns} FROM raw.rows) POSITIONAL JOIN checked")[0]
            sql = f"SELECT row_number() OVER () AS n, {columns} FROM {source}"
            self.cursor.execute(f"CREATE TABLE new.made AS SELECT {literal(sql)} AS sql")
            self.cursor.register("places", places)
            self.cursor.execute("CREATE TABLE new.lines AS SELECT * FROM places")
        finally:
            self.cursor.execute("DETACH DATABASE IF EXISTS new; DETACH raw")
            raw.unlink()
        if rows != len(places):
            raise FolderError(f"{self.split.files[0]} has {len(places):,} lines and DuckDB reads {rows:,} from it")

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return self.cursor.execute(sql).fetchall()

    def _checked(self, places: pa.Table) -> pa.Table:
        """What the step checker says of each row: right, or the reason of the first fault; of many rows nothing."""
        if len(places) > MOST_CHECKED:
            return pa.table({"steps": pa.nulls(len(places), pa.string())})
        where = [Place(*place) for place in zip(*places.to_pydict().values(), strict=True)]
        records = (line.record for at in range(0, len(where), 500) for line in self.split.lines(where[at : at + 500]))
        found = [checked(record, self.split.known).outcome if record else None for record in records]
        return pa.table({"steps": pa.array(found, pa.string())})

    def _source(self) -> str:
        """Rows with the columns that need not be looked for."""
        source = _rows_of(self.split, *TEXTS, "meta", "provenance")
        if self.split.is_parquet:
            as_json = [f"{name}::JSON" if [name] in self.as_text else f"to_json({name})" for name in FACTS]
            source = f"(SELECT * REPLACE ({', '.join(map('{} AS {}'.format, as_json, FACTS))}) FROM {source})"
        lengths = ", ".join(f"length({text})::BIGINT AS {text}_length" for text in LONG)
        return f"(SELECT coalesce({', '.join(TEXTS)}) IS NOT NULL AS readable, *, {lengths} FROM {source})"

    def _parquet_places(self) -> pa.Table:
        import pyarrow.parquet as pq

        self.as_text = [list(place) for place in read_notes(pq.read_schema(self.split.files[0])).get("json", ())]
        numbers = [np.arange(count, dtype=np.int64) for count in self.split.counts]
        return _table(numbers)

    def _columns(self, name: str) -> list[str]:
        """The columns of `meta` or `provenance`: numbers where every value is one; lists and objects are left out."""
        kinds: dict[str, set[str]] = {}
        for (structure,) in self._all(f"SELECT DISTINCT json_structure({name}) FROM raw.rows"):
            fields = orjson.loads(structure or "null")
            for key, kind in fields.items() if isinstance(fields, dict) else ():
                if (name, key) not in LEFT_OUT:
                    kinds.setdefault(key, set()).add(kind if isinstance(kind, str) else "nested")
        kinds = {key: found - {"NULL"} for key, found in kinds.items() if found - {"NULL", "nested"}}
        if len(kinds) > MOST_COLUMNS:
            return []
        lower = [key.lower() for key in kinds]  # SQL knows no upper and lower case: `K` beside `k` is `K~`
        names = [f"{name}.{key}" + "~" * lower[:at].count(key.lower()) for at, key in enumerate(kinds)]
        values = [self._value(name, key, found) for key, found in kinds.items()]
        return [f"{value} AS {quoted(column)}" for value, column in zip(values, names, strict=True)]

    def _value(self, name: str, key: str, kinds: set[str]) -> str:
        value = f"({name}->>{literal('/' + key.replace('~', '~0').replace('/', '~1'))})"
        if [name, key] in self.as_text:
            return f"(try_cast({value} AS JSON)->>'$')"
        return f"try_cast({value} AS {'HUGEINT' if kinds <= WHOLE else 'DOUBLE'})" if kinds <= NUMBERS else value

    def _verdicts(self) -> Iterator[str]:
        """What each judge said last of a row; of a reward its number."""
        said = "try_cast(provenance->'/verdicts' AS JSON[])"
        judges = f"SELECT DISTINCT v->>'/judge' AS judge FROM (SELECT unnest({said}) AS v FROM raw.rows)"
        for (judge,) in self._all(f"{judges} WHERE judge IS NOT NULL ORDER BY 1 LIMIT {MOST_COLUMNS}"):
            last = f"list_filter({said}, lambda v: (v->>'/judge') = {literal(judge)})[-1]"
            what = f"try_cast({last}->>'/score' AS DOUBLE)" if judge.startswith(REWARD) else f"{last}->>'/verdict'"
            yield f"{what} AS {quoted(f'verdict.{judge}')}"


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
            source = _rows_of(split, "prompt", "rationale", "answer", "completion")
            store.ask(f"CREATE OR REPLACE TABLE every AS SELECT {has_words(words)} AS hit FROM {source}")
            store.ask(f'CREATE TABLE hits."{key}" AS SELECT rowid + 1 AS n FROM every WHERE hit')
            store.ask("DROP TABLE every")
    return f'hits."{key}"'


def _rows_of(split: Split, *fields: str) -> str:
    """What DuckDB reads rows from."""
    files = literal([str(path) for path in split.files])
    if split.is_parquet:
        return f"read_parquet({files})"
    kinds = ", ".join(f"{name}: '{'JSON' if name in FACTS else 'VARCHAR'}'" for name in fields)
    return (f"read_json({files}, columns = {{{kinds}}}, format = 'newline_delimited', ignore_errors = true, "
            f"maximum_object_size = {LONGEST})")  # fmt: skip


def _line_places(split: Split) -> pa.Table:
    """File and byte of each line that is not blank: DuckDB passes over those."""
    starts = []
    for path in split.files:
        with path.open("rb") as file:
            at, maybe_blank = _starts(file)
            blank = [start for start in maybe_blank if file.seek(start) is not None and not file.readline().strip()]
            starts.append(np.setdiff1d(at, blank, assume_unique=True) if blank else at)
    return _table(starts)


def _starts(file: IO[bytes]) -> tuple[Any, list[int]]:
    """Where the lines of a file begin, and those of them that may be blank."""
    starts, maybe_blank, done, fresh = [np.empty(0, np.int64)], list[int](), 0, True
    while block := file.read(BLOCK):
        content = np.frombuffer(block, np.uint8)
        at = np.flatnonzero(content == NEWLINE) + 1
        at = np.concatenate([np.zeros(int(fresh), np.int64), at[at < len(block)]])
        maybe_blank += (at[content[at] <= SPACE] + done).tolist()
        starts.append(at + done)
        done, fresh = done + len(block), block.endswith(b"\n")
    return np.concatenate(starts), maybe_blank


def _table(places: Sequence[Any]) -> pa.Table:
    """The places of each file as one table."""
    files = np.repeat(np.arange(len(places), dtype=np.uint16), [len(one) for one in places])
    return pa.table({"file": files, "place": np.concatenate([np.empty(0, np.int64), *places])})


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


def quoted(column: str) -> str:
    """A column as SQL names it."""
    return '"' + column.replace('"', '""') + '"'


def literal(value: str | list[str]) -> str:
    """A text, or some, as SQL has them."""
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, list) else "'" + value.replace("'", "''") + "'"

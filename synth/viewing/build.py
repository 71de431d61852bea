"""Makes the index of a split, in one pass of DuckDB over its files (synth/viewing/index.py says what is in it).

`meta` and `provenance` are read as JSON, and get columns when all rows were seen: a type that is guessed from the first
rows loses what comes late.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson

from synth.data.columns import read_notes
from synth.data.reading import TEXTS
from synth.data.verdict import REWARD
from synth.errors import FolderError
from synth.viewing.sources import Split

BLOCK = 1 << 18  # bytes that are looked through for ends of lines at a time: as many as a core has beside it
LONGEST = 1 << 20  # bytes of a line that DuckDB makes room for; it reads lines of up to 16 times as many
# Texts and hashes, and what has columns of its own
LEFT_OUT = {("provenance", key) for key in ("request", "sampling", "thinking", "row", "sha256", "verdicts")}
REASON = 60  # characters of it
DEEPEST = 3  # objects in objects that get columns
LIST = "a list"
# DuckDB takes no values that are more than some 120 deep for the structure of JSON, and ends.
TOO_DEEP = "length({0}) > 200 AND regexp_matches({0}, '([\\]}}]\\s*){{100}}')"
MOST_COLUMNS = 100  # of meta and provenance; if there are more, their names are data
NEWLINE, SPACE = ord("\n"), ord(" ")
WHOLE, NUMBERS = {"UBIGINT", "BIGINT"}, {"UBIGINT", "BIGINT", "DOUBLE"}
FACTS = ("meta", "provenance")
LONG = ("prompt", "rationale", "completion")
FIXED = (*(text for text in TEXTS if text not in LONG), *(f"{text}_length" for text in LONG))
# DuckDB takes one core where a table has too many columns for its memory: whether a row can be read comes later
RAW = (*FIXED, *FACTS)
READABLE = f"coalesce({', '.join(f'{column}::VARCHAR' for column in FIXED)}) IS NOT NULL AS readable"
Places = dict[str, Any]  # "file": uint16 of (rows,), "place": int64 of (rows,)


class Build:
    """Makes an index."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, split: Split) -> None:
        self.cursor, self.split = cursor, split
        self.as_text: Sequence[Sequence[str | int]] = ()  # of a Parquet file, what holds JSON as text (data/columns.py)

    def into(self, path: Path) -> None:
        """Leaves files beside it whose names begin as its own. Raises duckdb.Error, OSError, FolderError."""
        with ThreadPoolExecutor(1) as beside:
            places = beside.submit(self._parquet_places if self.split.is_parquet else partial(_line_places, self.split))
            rows = self._rows(path)
        self.cursor.execute(f"ATTACH {literal(str(path))} AS new")
        try:
            self.cursor.register("places", places.result())
            self.cursor.execute("CREATE TABLE new.lines AS SELECT * FROM places")
        finally:
            self.cursor.execute("DETACH new")
        if rows != (lines := len(places.result()["place"])):
            raise FolderError(f"{self.split.files[0]} has {lines:,} lines and DuckDB reads {rows:,} from it")

    def _rows(self, path: Path) -> int:
        """Make the tables of rows; how many there are."""
        raw = path.with_name(f"{path.name}.raw")  # on the disk, where texts that are alike are kept once
        self.cursor.execute(f"ATTACH {literal(str(raw))} AS raw")
        try:
            source = self._source()
            self.cursor.execute(f"CREATE TABLE raw.rows AS SELECT {', '.join(RAW)} FROM {source}")
            columns = ", ".join([READABLE, *self._columns("meta"), *self._columns("provenance"), *self._verdicts()])
            self.cursor.execute(f"ATTACH {literal(str(path))} AS new")
            rows_sql = f"SELECT rowid + 1 AS n, {', '.join(FIXED)}, {columns} FROM raw.rows"
            ((rows,),) = self._all(f"CREATE TABLE new.rows AS {rows_sql}")
            sql = f"SELECT row_number() OVER () AS n, *, {columns} FROM {source}"
            self.cursor.execute(f"CREATE TABLE new.made AS SELECT {literal(sql)} AS sql")
        finally:
            self.cursor.execute("DETACH DATABASE IF EXISTS new; DETACH raw")
        return int(rows)

    def _all(self, sql: str) -> list[tuple[Any, ...]]:
        return self.cursor.execute(sql).fetchall()

    def _source(self) -> str:
        """Rows with the columns that need not be looked for."""
        source = rows_of(self.split, *TEXTS, *FACTS)
        if self.split.is_parquet:
            import pyarrow.parquet as pq

            schema = pq.read_schema(self.split.files[0])
            self.as_text = [list(place) for place in read_notes(schema).get("json", ())]
            as_json = [f"{name}::JSON" if [name] in self.as_text else f"to_json({name})" for name in FACTS]
            source = f"(SELECT * REPLACE ({', '.join(map('{} AS {}'.format, as_json, FACTS))}) FROM {source})"
        lengths = ", ".join(f"length({text})::BIGINT AS {text}_length" for text in LONG)
        return f"(SELECT *, {lengths} FROM {source})"

    def _parquet_places(self) -> Places:
        return _together([np.arange(count, dtype=np.int64) for count in self.split.counts])

    def _columns(self, name: str) -> list[str]:
        """The columns of `meta` or `provenance`: numbers where every value is one, of a list how long it is."""
        kinds: dict[tuple[str, ...], set[str]] = {}
        structure_of = f"CASE WHEN NOT ({TOO_DEEP.format(name)}) THEN json_structure({name}) END"
        for (structure,) in self._all(f"SELECT DISTINCT {structure_of} FROM raw.rows"):
            for path, kind in _leaves(orjson.loads(structure or "null")):
                if path and (name, path[0]) not in LEFT_OUT:
                    kinds.setdefault(path, set()).add(kind)
        made = []
        for path, found in kinds.items():
            if found - {"NULL", LIST}:
                made.append((".".join((name, *path)), self._value(name, path, found - {"NULL"})))
            elif LIST in found:
                at = f"({name}, {_pointer(path)})"
                length = f"CASE json_type{at} WHEN 'ARRAY' THEN json_array_length{at}::BIGINT END"
                made.append((".".join((name, *path, "length")), length))
        if len(made) > MOST_COLUMNS:
            return []
        lower = [column.lower() for column, _ in made]  # SQL knows no upper and lower case: `K` beside `k` is `K~`
        return [f"{value} AS {quoted(column + '~' * lower[:at].count(column.lower()))}"
                for at, (column, value) in enumerate(made)]  # fmt: skip

    def _value(self, name: str, path: tuple[str, ...], kinds: set[str]) -> str:
        value = f"({name}->>{_pointer(path)})"
        if [name, *path] in self.as_text:
            return f"(try_cast({value} AS JSON)->>'$')"
        return f"try_cast({value} AS {'HUGEINT' if kinds <= WHOLE else 'DOUBLE'})" if kinds <= NUMBERS else value

    def _verdicts(self) -> Iterator[str]:
        """What each judge said last of a row, of a reward its number, and why, as far as a colon."""
        said = "try_cast(provenance->'/verdicts' AS JSON[])"
        judges = f"SELECT DISTINCT v->>'/judge' AS judge FROM (SELECT unnest({said}) AS v FROM raw.rows)"
        for (judge,) in self._all(f"{judges} WHERE judge IS NOT NULL ORDER BY 1 LIMIT {MOST_COLUMNS}"):
            last = f"list_filter({said}, lambda v: (v->>'/judge') = {literal(judge)})[-1]"
            what = f"try_cast({last}->>'/score' AS DOUBLE)" if judge.startswith(REWARD) else f"{last}->>'/verdict'"
            yield f"{what} AS {quoted(f'verdict.{judge}')}"
            yield f"nullif(split_part({last}->>'/detail', ':', 1)[:{REASON}], '') AS {quoted(f'reason.{judge}')}"


def _leaves(structure: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The path of each value in what `json_structure` says, and its kind."""
    if isinstance(structure, dict) and len(path) < DEEPEST:
        for key, inner in structure.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(structure, list):
        yield path, LIST
    elif isinstance(structure, str):
        yield path, structure


def _pointer(path: Sequence[str]) -> str:
    return literal("".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path))


def rows_of(split: Split, *fields: str) -> str:
    """What DuckDB reads rows from."""
    files = literal([str(path) for path in split.files])
    if split.is_parquet:
        return f"read_parquet({files})"
    kinds = ", ".join(f"{name}: '{'JSON' if name in FACTS else 'VARCHAR'}'" for name in fields)
    return (f"read_json({files}, columns = {{{kinds}}}, format = 'newline_delimited', ignore_errors = true, "
            f"maximum_object_size = {LONGEST})")  # fmt: skip


def _line_places(split: Split) -> Places:
    """File and byte of each line that is not blank: DuckDB passes over those."""
    starts = []
    for path in split.files:
        with path.open("rb") as file:
            at, maybe_blank = _starts(file)
            blank = [start for start in maybe_blank if file.seek(start) is not None and not file.readline().strip()]
            starts.append(np.setdiff1d(at, blank, assume_unique=True) if blank else at)
    return _together(starts)


def _starts(file: BufferedReader) -> tuple[Any, list[int]]:
    """Where the lines of a file begin, and those of them that may be blank."""
    starts, maybe_blank, done, fresh = [np.empty(0, np.int64)], list[int](), 0, True
    room = bytearray(BLOCK)
    seen = np.frombuffer(room, np.uint8)
    while count := file.readinto(room):
        content = seen[:count]
        at = np.flatnonzero(content == NEWLINE) + 1
        at = np.concatenate([np.zeros(int(fresh), np.int64), at[at < count]])
        maybe_blank += (at[content[at] <= SPACE] + done).tolist()
        starts.append(at + done)
        done, fresh = done + count, content[-1] == NEWLINE
    return np.concatenate(starts), maybe_blank


def _together(places: Sequence[Any]) -> Places:
    """The places of each file as one table."""
    files = np.repeat(np.arange(len(places), dtype=np.uint16), [len(one) for one in places])
    return {"file": files, "place": np.concatenate([np.empty(0, np.int64), *places])}


def quoted(column: str) -> str:
    """A column as SQL names it."""
    return '"' + column.replace('"', '""') + '"'


def literal(value: str | list[str]) -> str:
    """A text, or some, as SQL has them."""
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, list) else "'" + value.replace("'", "''") + "'"

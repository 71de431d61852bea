"""Finds the types of the columns of rows by looking at all rows, and puts rows into Parquet without loss.

Parquet has one type for a column and one set of fields for a struct; rows of JSON have what they like. What does not
fit is kept as follows, and the notes (plain JSON, in the metadata of the file) say where, so that it comes back whole:

    optional    a field that some rows do not have, and that is never null if they do: null means it is not there
    json        mixed types, integers no 64 bits hold, structs without fields or with names that are data: JSON text

Places are lists of keys, `0` for the items of a list: ["provenance", "verdicts", 0, "detail"].
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

Place = tuple[str | int, ...]
Notes: TypeAlias = Mapping[str, Sequence[Sequence[str | int]]]

NOTES = b"synth"  # where the notes stand in the metadata of a schema
MOST_FIELDS = 100  # of a struct; if there are more, their names are data
EXACT = 2**53  # largest integer up to which a float is exact
NONE = type(None)


@dataclass
class Column:
    """The values seen in one place of the rows: their types, their fields, their items."""

    kinds: set[type] = field(default_factory=set)
    seen: int = 0
    low: int = 0
    high: int = 0
    fields: dict[str, "Column"] = field(default_factory=dict)  # of dictionaries
    items: "Column | None" = None  # of lists
    dictionaries: int = 0

    def see(self, value: Any) -> None:
        kind = type(value)
        self.kinds.add(kind)
        self.seen += 1
        if kind is int:
            self.low, self.high = min(self.low, value), max(self.high, value)
        elif kind is dict:
            self.dictionaries += 1
            if len(self.fields) <= MOST_FIELDS:
                for name, item in value.items():
                    column = self.fields.get(name)
                    if column is None:
                        column = self.fields[name] = Column()
                    column.see(item)
        elif kind is list:
            self.items = self.items or Column()
            for item in value:
                self.items.see(item)


@dataclass(frozen=True)
class Plan:
    """How rows are kept: their Arrow schema, and what has to be done to them before and after."""

    schema: Any
    notes: dict[str, list[list[str | int]]]

    def encode(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows as the schema takes them; the rows themselves are left as they are."""
        places = [tuple(place) for place in self.notes["json"]]
        return [_changed(row, places, _dumped) for row in rows] if places else rows


def plan(rows: Column, known: Mapping[Place, type]) -> Plan:
    """The plan for rows that were all seen. `known`: the types of columns that may hold nothing but null."""
    import pyarrow as pa

    notes: dict[str, list[list[str | int]]] = {"optional": [], "json": []}
    fields = [_field(rows, name, (), known, notes) for name in rows.fields]
    return Plan(pa.schema(fields), notes)


def _arrow(column: Column, place: Place, known: Mapping[Place, type], notes: dict[str, list[list[str | int]]]) -> Any:
    """The type of a column; writes down what the type alone does not say."""
    import pyarrow as pa

    kinds = column.kinds - {NONE}
    simple = {str: pa.string(), bool: pa.bool_(), float: pa.float64()}
    if not kinds:
        return _unseen(place, known)
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind in simple:
        return simple[kind]
    if (number := _number(column, kinds, known.get(place))) is not None:
        return number
    if kind is list and column.items is not None:
        return pa.list_(_arrow(column.items, (*place, 0), known, notes))
    if kind is dict and not _has_struct(column):
        kind = None
    if kind is not dict:
        notes["json"].append(list(place))
        return pa.string()
    return pa.struct([_field(column, name, place, known, notes) for name in column.fields])


def _unseen(place: Place, known: Mapping[Place, type]) -> Any:
    """The type of a column that holds nothing but null."""
    import pyarrow as pa

    below = [inner for inner in known if inner[:-1] == place and place]
    if below:
        return pa.struct([(str(inner[-1]), _unseen(inner, known)) for inner in below])
    texts = pa.list_(pa.string())
    arrow = {bool: pa.bool_(), float: pa.float64(), int: pa.int64(), list: texts}
    return arrow.get(known.get(place, str), pa.string())  # no column has type null: nothing else takes such a file


def _field(
    parent: Column, name: str, above: Place, known: Mapping[Place, type], notes: dict[str, list[list[str | int]]]
) -> Any:
    import pyarrow as pa

    column, place = parent.fields[name], (*above, name)
    if column.seen < parent.dictionaries:
        if NONE in column.kinds:  # missing here, null there
            notes["json"].append(list(place))
            return pa.field(name, pa.string())
        notes["optional"].append(list(place))
    return pa.field(name, _arrow(column, place, known, notes))


def _has_struct(column: Column) -> bool:
    """Whether the keys of dictionaries can be the fields of a struct."""
    names = column.fields
    return 0 < len(names) <= MOST_FIELDS and all(name and "." not in name and "\0" not in name for name in names)


def _number(column: Column, kinds: set[type], known: type | None) -> Any:
    """The Arrow type of numbers that one type can hold, or None."""
    import pyarrow as pa

    if kinds == {int, float} or (kinds == {int} and known is float):
        return pa.float64() if column.low >= -EXACT and column.high <= EXACT else None
    if kinds != {int}:
        return None
    if column.low >= -(2**63) and column.high < 2**63:
        return pa.int64()
    return pa.uint64() if column.low >= 0 and column.high < 2**64 else None


def read_notes(schema: Any) -> Notes:
    """The notes of a file's Arrow schema; none if it has none, or somebody else's."""
    text = (schema.metadata or {}).get(NOTES, b"{}")
    try:
        notes = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return notes if isinstance(notes, dict) else {}


def restored(rows: list[dict[str, Any]], notes: Notes) -> list[dict[str, Any]]:
    """Rows as they were before they were encoded."""
    texts = [tuple(place) for place in notes.get("json", ())]
    optional = [tuple(place) for place in notes.get("optional", ())]
    for row in rows:
        for place in optional:
            _drop_nulls(row, place)
    return [_changed(row, texts, _loaded) for row in rows] if texts else rows


MISSING = object()


def _dumped(value: Any) -> Any:
    return None if value is MISSING else orjson.dumps(value).decode()


def _loaded(text: Any) -> Any:
    return MISSING if text is None or text is MISSING else orjson.loads(text)


def _changed(value: Any, places: Sequence[Place], change: Any) -> Any:
    """A copy of a value with `change` made at places; MISSING is a field that is not there."""
    if () in places:
        return change(value)
    if isinstance(value, list):
        inner = [place[1:] for place in places if place[0] == 0]
        return [_changed(item, inner, change) for item in value] if inner else value
    if not isinstance(value, dict):
        return value
    copy = dict(value)
    for name in dict.fromkeys(place[0] for place in places):
        inner = [place[1:] for place in places if place[0] == name]
        changed = _changed(copy.get(str(name), MISSING), inner, change)
        if changed is MISSING:
            copy.pop(str(name), None)
        else:
            copy[str(name)] = changed
    return copy


def _drop_nulls(value: Any, place: Place) -> None:
    for holder in _holders(value, place[:-1]):
        if holder.get(place[-1], MISSING) is None:
            del holder[place[-1]]


def _holders(value: Any, place: Place) -> Iterator[dict[str | int, Any]]:
    """The dictionaries at a place."""
    if isinstance(value, dict):
        if not place:
            yield value
        elif place[0] in value:
            yield from _holders(value[place[0]], place[1:])
    elif isinstance(value, list) and place and place[0] == 0:
        for item in value:
            yield from _holders(item, place[1:])

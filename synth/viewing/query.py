"""Which rows a URL asks for: filters, a search, an order; their places, how many they are, and facets.

    is.COLUMN=value     one of the values; several of one column are either of them
    in.COLUMN=50..60    from 50 to below 60
    no.COLUMN=1         without a value
    q=words             in one of the texts, upper and lower case alike
    sort=COLUMN         -COLUMN: from the highest down
    page=2

Names of columns are looked up in the index, values are bound: no word of a URL becomes SQL.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from synth.errors import UsageError, closest
from synth.viewing.build import literal, quoted
from synth.viewing.database import Index
from synth.viewing.index import Store, has_words, search
from synth.viewing.said import Said
from synth.viewing.sources import Place, Split

PAGE = 50  # rows of a page
VALUES = 10  # of a facet, the commonest; after `more` MANY
MANY = 500
BARS = 20  # of a histogram
MOST_SAID = 2_000  # rows of which a query that is copied can say what was said
KEPT = 2_000  # facets and counts that are remembered
FILTERS = ("is", "in", "no")
Params = tuple[tuple[str, str], ...]


class Value(NamedTuple):
    """One line of a facet: a value or a range, how many rows have it, and the filter that it is."""

    label: str
    rows: int
    filter: tuple[str, str]
    chosen: bool


class Facet(NamedTuple):
    column: str
    values: Sequence[Value]
    is_histogram: bool
    more: bool  # there are further values


@dataclass(frozen=True)
class View:
    """What a URL asks for, as far as it can be told without the index."""

    params: Params = ()

    def get(self, key: str, default: str = "") -> str:
        return dict(self.params).get(key, default)

    @property
    def filters(self) -> list[tuple[str, str]]:
        return [(key, value) for key, value in self.params if key.partition(".")[0] in FILTERS and "." in key]

    @property
    def page(self) -> int:
        page = self.get("page", "1")
        return max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 10 else 1

    @property
    def is_plain(self) -> bool:
        """Whether these are the first rows, in their order: they need no index."""
        return not self.filters and not self.get("q") and not self.get("sort") and self.page == 1

    def url(self, **changes: str | int | None) -> str:
        """The query string with some words changed; a change of anything but the page goes to the first page."""
        kept = [(key, value) for key, value in self.params if key not in changes and (key != "page" or not changes)]
        return "?" + urlencode(kept + [(key, str(value)) for key, value in changes.items() if value not in (None, "")])

    def toggled(self, filter: tuple[str, str]) -> str:
        """The query string with a filter put in or taken out."""
        left = tuple(pair for pair in self.params if pair != filter and pair[0] != "page")
        return replace(self, params=left if filter in self.params else (*left, filter)).url()


@dataclass(frozen=True)
class Query:
    """A view of an index."""

    store: Store
    split: Split
    index: Index
    view: View

    @cached_property
    def said(self) -> list[Said]:
        return self.store.said(self.split, self.index)

    @property
    def notes(self) -> Said:
        """The labels of people."""
        return self.said[0]

    @cached_property
    def _beside(self) -> dict[str, tuple[str, bool]]:
        """The columns of what people and judges said: the query that has them, and whether they hold numbers."""
        return {name: found for said in self.said for name, found in said.columns().items()}

    @cached_property
    def columns(self) -> dict[str, bool]:
        """All columns, each with whether it holds numbers: labels, steps, then those of the index, then verdicts."""
        beside = {name: is_number for name, (_, is_number) in self._beside.items()}
        first = {name: False for name in ("label", "note", "steps") if name in beside or name in self.index.columns}
        return {**first, **self.index.columns, **beside}

    def count(self) -> int:
        return int(self._kept("count", (), lambda: self._ask("count(*)")[0][0]))

    def numbers(self, first: int, n: int) -> list[int]:
        """The numbers of rows, from 1, that stand at places of this view, from 0."""
        found = self._ask("n", f"ORDER BY {self._order} LIMIT {n} OFFSET {first}", also=self._sort)
        return [number for (number,) in found]

    def batches(self, n: int) -> Iterator[list[tuple[int, Place]]]:
        """The numbers of all rows of this view, as they stand in the file, and their places, n at a time."""
        values: list[str | float] = []
        placed = f"({self.index.schema}.rows POSITIONAL JOIN {self.index.schema}.lines)"
        rows = self._rows(self._filtered, placed)
        sql = f"SELECT n, file, place FROM {rows} WHERE {self._where('', values)} ORDER BY n"
        cursor = self.store.con.cursor().execute(sql, values)
        while found := cursor.fetchmany(n):
            yield [(number, Place(file, at)) for number, file, at in found]

    def place_of(self, number: int) -> int | None:
        """The place of a row in this view, from 0; None if it is not in it."""
        places = f"n, row_number() OVER (ORDER BY {self._order}) - 1 AS place"
        found = self._ask(places, f"QUALIFY n = {int(number)}", also=self._sort)
        return int(found[0][1]) if found else None

    def labels(self, numbers: Sequence[int]) -> dict[int, str]:
        """The labels of rows by their numbers."""
        sql = f"SELECT n, label FROM ({self._beside['label'][0]}) WHERE n IN (SELECT unnest(?::BIGINT[]))"
        return dict(self.store.ask(sql, [list(numbers)]))

    def sql(self) -> str:
        """The view as a query that DuckDB answers without this program."""
        ((rows,),) = self.store.ask(f"SELECT sql FROM {self.index.schema}.made")
        used, before = dict.fromkeys([*self._filtered, *self._sort]), ""
        source = f"({rows})"
        if "steps" in used:
            before = f"ATTACH IF NOT EXISTS {literal(str(self.index.path))} AS checked (READ_ONLY);\n"
            source += " LEFT JOIN (SELECT n, steps FROM checked.rows) USING (n)"
        for name in used:
            if name in self._beside:
                said = quoted(name)
                found = self.store.ask(f"SELECT n, {said} FROM ({self._beside[name][0]}) LIMIT {MOST_SAID + 1}")
                if len(found) > MOST_SAID:
                    return f"-- {name} is said of more than {MOST_SAID:,} rows, which is too long to be copied"
                values = [f"({n}, {_literal(value)})" for n, value in [(-1, None), *found]]
                source += f" LEFT JOIN (VALUES {', '.join(values)}) AS {said}(n, {said}) USING (n)"
        return f"{before}SELECT * FROM {source} WHERE {self._where()} ORDER BY {self._order}"

    @property
    def _filtered(self) -> list[str]:
        return [key.partition(".")[2] for key, _ in self.view.filters]

    @cached_property
    def _sort(self) -> list[str]:
        sort = self.view.get("sort").removeprefix("-")
        return [sort] if sort else []

    @cached_property
    def _order(self) -> str:
        down = " DESC" if self.view.get("sort").startswith("-") else ""
        return f"{self._column(self._sort[0])}{down} NULLS LAST, n" if self._sort else "n"

    def places(self, numbers: Sequence[int]) -> list[Place]:
        return self.store.places(self.index, numbers)

    def facets(self) -> Iterator[Facet]:
        """One of each column that has a few values or holds numbers; its own filter does not count."""
        for column in self.columns:
            if column not in ("n", "id", "readable"):
                facet = self._kept("facet", (column,), partial(self._facet, column))
                if facet is not None:
                    yield facet

    def _kept(self, what: str, columns: Sequence[str], make: Callable[[], Any]) -> Any:
        """Made once for a filter, whatever the page and the order, until something is said of rows that counts here."""
        filter = tuple(pair for pair in self.view.params if pair[0] not in ("page", "sort"))
        is_said = any(name in self._beside for name in (*columns, *self._filtered))
        said = tuple(one.version for one in self.said) if is_said else ()
        if len(self.store.kept) > KEPT:
            self.store.kept.clear()
        if (key := (what, *columns, self.index.schema, filter, said)) not in self.store.kept:
            self.store.kept[key] = make()
        return self.store.kept[key]

    def _facet(self, column: str) -> Facet | None:
        facet = self._values(column)
        if facet is None and self.columns[column]:
            facet = self._histogram(column)
        if facet is None or not (len(facet.values) > 1 or facet.values[0].chosen or column == "steps"):
            return None
        return facet

    def _values(self, column: str) -> Facet | None:
        """The commonest values; None of a column of many numbers, or in which every value is another one."""
        most = MANY if self.view.get("more") == column else VALUES
        found = self._ask(
            f"{self._column(column)}::VARCHAR AS value, count(*) AS rows",
            f"GROUP BY value ORDER BY rows DESC, value LIMIT {most + 1}", column,
        )  # fmt: skip
        many = len(found) > most
        if many and (self.columns[column] or found[0][1] == 1):
            return None
        if not found or [value for value, _ in found] == [None]:
            return None
        values = [self._value(column, value, count) for value, count in found[:most]]
        return Facet(column, values, False, many)

    def _value(self, column: str, value: str | None, count: int) -> Value:
        filter = (f"no.{column}", "1") if value is None else (f"is.{column}", value)
        return Value("(none)" if value is None else value, count, filter, filter in self.view.params)

    def _histogram(self, column: str) -> Facet | None:
        said = self._column(column)
        ((low, high, whole),) = self.store.ask(
            f"SELECT min({said}), max({said}), bool_and({said} = floor({said})) FROM {self._rows([column])} "
            f"WHERE isfinite({said}::DOUBLE)"
        )
        if low is None or not math.isfinite(high - low):
            return None
        width = _width(high - low, whole)
        counts = dict(self._ask(f"floor({said}::DOUBLE / {width!r})::BIGINT AS bar, count(*)",
                                f"AND isfinite({said}::DOUBLE) GROUP BY bar", column))  # fmt: skip
        values = []
        for bar in range(math.floor(low / width), math.floor(high / width) + 1):
            ends = [_written(bar * width), _written((bar + 1) * width)]
            label = "–".join(dict.fromkeys([ends[0], _written((bar + 1) * width - 1) if whole else ends[1]]))
            filter = (f"in.{column}", "..".join(ends))
            values.append(Value(label, counts.get(bar, 0), filter, filter in self.view.params))
        return Facet(column, values, True, False)

    def _ask(self, what: str, rest: str = "", leave_out: str = "", also: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """leave_out: the column of a facet, whose filter does not count. also: what is asked for beside filters."""
        values: list[str | float] = []
        where = self._where(leave_out, values)
        rows = self._rows([*self._filtered, *also, leave_out])
        return self.store.ask(f"SELECT {what} FROM {rows} WHERE {where} {rest}", values)

    def _rows(self, columns: Iterable[str], table: str = "") -> str:
        """The table that has these columns."""
        beside = dict.fromkeys(self._beside[name][0] for name in columns if name in self._beside)
        return (table or f"{self.index.schema}.rows") + "".join(f" LEFT JOIN ({sql}) USING (n)" for sql in beside)

    def _where(self, leave_out: str = "", values: list[str | float] | None = None) -> str:
        """The filters but those of one column; what they ask for is put into `values`, or stands in the text."""

        def bound(value: str | float) -> str:
            if values is None:
                return _literal(value)
            values.append(value)
            return "?"

        each: dict[str, list[str]] = {}
        for key, value in self.view.filters:
            kind, _, column = key.partition(".")
            said = self._column(column)
            if column == leave_out:
                continue
            if kind == "in" and not self.columns[column]:
                raise UsageError(f"{key}={value}: {column} holds texts, which have no range")
            if kind == "in":
                low, high = _ends(key, value)
                each.setdefault(column, []).append(f"({said} >= {bound(low)} AND {said} < {bound(high)})")
            else:
                has = f"{said} IS NULL" if kind == "no" else f"{said}::VARCHAR = {bound(value)}"
                each.setdefault(column, []).append(has)
        conditions = [f"({' OR '.join(either)})" for either in each.values()]
        if words := self.view.get("q").strip():
            conditions.append(f"({has_words(words)})" if values is None else f"n IN (SELECT n FROM {self._hits})")
        return " AND ".join(conditions) or "true"

    @cached_property
    def _hits(self) -> str:
        return search(self.store, self.split, self.view.get("q").strip())

    def _column(self, column: str) -> str:
        if column not in self.columns:
            raise UsageError(f"no column {column!r}: there are {', '.join(self.columns)}"
                             f"{closest(column, self.columns)}")  # fmt: skip
        return quoted(column)


def _literal(value: str | float | None) -> str:
    return literal(value) if isinstance(value, str) else "NULL" if value is None else repr(value)


def _ends(key: str, value: str) -> list[float]:
    low, _, high = value.partition("..")
    try:
        ends = [float(low), float(high)]
    except ValueError:
        ends = [math.nan]
    if not all(map(math.isfinite, ends)):
        raise UsageError(f"{key}={value}: give a range, as in 50..60")
    return ends


def _width(spread: float, whole: bool) -> float:
    """Of a bar, so that there are about BARS: 1, 2 or 5 times a power of ten; below 1, where those are not exact and a
    value could be counted in one bar and found in the next, a power of two."""
    rough = float(spread) / BARS or 1.0
    if rough < 1:
        return 1.0 if whole else 2.0 ** math.ceil(math.log2(rough))
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)

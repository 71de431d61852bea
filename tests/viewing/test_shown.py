"""What is shown is what is in the file: filters, counts, order and pages against plain Python."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from viewed import asking, folder, lines, opened, row

from synth.errors import UsageError
from synth.viewing.index import Store
from synth.viewing.query import PAGE, Query, View
from synth.viewing.sources import sources

WORDS = st.sampled_from(["", "a", "B", "é", 'say "no"', "a\nb", "50..60", "'; drop", "\\", "a\0b", "ab" * 9])
NUMBERS = st.sampled_from([0.5, -1.25, 2.0, 2**63])
VALUES = st.one_of(st.none(), st.integers(-3, 3), WORDS, st.booleans(), NUMBERS)
ROWS = st.fixed_dictionaries(
    {"prompt": WORDS, "rationale": WORDS, "answer": WORDS, "completion": WORDS},
    optional={"meta": st.dictionaries(st.sampled_from(["k", "a.b/~'\"", "n"]), VALUES, max_size=3)},
)
RUBBISH = st.sampled_from([
    b"", b"   ", b"{", b"[1]", b"null", b'"x"', b"\xff", b"{} {}", b"{}", b'{"other": 1}', b"\x0b", b"\x00",
    b'{"id": "x", "meta": {"k": NaN}}', b'{"id": "x",}', b'{"id": "x", "prompt": "\\ud800"}',
])  # fmt: skip
SLOW = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def parsed(line: bytes) -> dict[str, Any] | None:
    """The row of a line, by Python's own JSON."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        found = json.loads(line, parse_constant=refuse)
        json.dumps(found, ensure_ascii=False).encode()  # no half of a pair
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"id", "prompt"} & set(found) else None


def as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


@SLOW
@given(st.lists(st.one_of(ROWS, RUBBISH), max_size=12), st.data())
def test_filters_counts_and_texts(tmp_path: Path, mixed: list[Any], data: st.DataObject) -> None:
    written = [one if isinstance(one, bytes) else lines(row(at, **one))[0] for at, one in enumerate(mixed)]
    query = opened(tmp_path, written)
    kept = [line for line in written if line.strip()]
    rows = [parsed(line) for line in kept]
    assert query.index.rows == len(rows) == query.count()
    assert query.index.unreadable == rows.count(None)
    numbers = query.numbers(0, 100)
    assert [line.values for line in query.split.lines(query.places(numbers))] == rows
    assert [line.values for line in query.split.first(5)] == rows[:5]

    for column in [column for column in query.index.columns if column.startswith("meta.")]:
        key = column.removeprefix("meta.")
        values = [(one or {}).get("meta", {}).get(key) for one in rows]
        if query.index.columns[column]:
            assert all(value is None or type(value) in (int, float) for value in values)
            low, high = data.draw(st.sampled_from([(-3, 0), (-1, 1), (0.5, 3), (9, 10)]))
            inside = [n for n, value in enumerate(values, 1) if value is not None and low <= value < high]
            assert asking(query, (f"in.{column}", f"{low}..{high}")).numbers(0, 100) == inside
            continue
        texts = [as_text(value) for value in values]
        for text, count in Counter(texts).items():
            filter = (f"no.{column}", "1") if text is None else (f"is.{column}", text)
            found = asking(query, filter)
            assert found.count() == count
            assert found.numbers(0, 100) == [n for n, other in enumerate(texts, 1) if other == text]


@SLOW
@given(st.lists(ROWS, max_size=12), st.sampled_from(["a", "A", "É", '"', "\n", "b", "\\", "%", "B'"]))
def test_search_finds_what_python_finds(tmp_path: Path, rows: list[Any], words: str) -> None:
    written = lines(*[row(at, **one) for at, one in enumerate(rows)])
    query = asking(opened(tmp_path, written), ("q", words))
    texts = ("prompt", "rationale", "answer", "completion")
    wanted = words.strip().lower()
    due = [n for n, one in enumerate(rows, 1) if any(wanted in one[text].lower() for text in texts)]
    assert query.numbers(0, 100) == due
    assert query.count() == len(due)


def test_pages_orders_and_neighbours(tmp_path: Path) -> None:
    counts = [(7 * at) % 31 for at in range(2 * PAGE + 5)]
    query = opened(tmp_path, lines(*[row(at, meta={"k": value}) for at, value in enumerate(counts)]))
    for sort, reverse in (("meta.k", False), ("-meta.k", True)):
        ordered = asking(query, ("sort", sort), ("in.meta.k", "5..25"))
        due = [n for n, value in enumerate(counts, 1) if 5 <= value < 25]
        due.sort(key=lambda n: (-counts[n - 1] if reverse else counts[n - 1], n))
        shown = [n for page in range(3) for n in ordered.numbers(page * PAGE, PAGE)]
        assert shown == due
        assert [ordered.place_of(n) for n in due] == list(range(len(due)))
    assert asking(query, ("in.meta.k", "5..25")).place_of(1) is None


def test_a_facet_leaves_its_own_filter_out(tmp_path: Path) -> None:
    rows = [row(at, meta={"kind": "ab"[at % 2], "n": at}) for at in range(100)]
    query = asking(opened(tmp_path, lines(*rows)), ("is.meta.kind", "a"), ("in.meta.n", "0..50"))
    facets = {facet.column: facet for facet in query.facets()}
    assert [(value.label, value.rows, value.chosen) for value in facets["meta.kind"].values] == [
        ("a", 25, True), ("b", 25, False),
    ]  # fmt: skip
    bars = facets["meta.n"].values
    assert sum(bar.rows for bar in bars) == 50
    assert bars[0].filter == ("in.meta.n", "0..5")
    for bar in bars:
        assert asking(query, ("is.meta.kind", "a"), bar.filter).count() == bar.rows


def test_objects_in_meta_have_columns_and_lists_their_lengths(tmp_path: Path) -> None:
    nested = [{"b": at % 2, "c": {"d": "xy"[at % 2], "e": {"f": 1}}} for at in range(3)]
    rows = [row(at, meta={"a": inner, "l": ["x"] * at, "a.b": "z" * at}) for at, inner in enumerate(nested)]
    query = opened(tmp_path, lines(*rows, row(3, meta={"l": None}), row(4, meta={"a": 5})))
    assert [name for name in query.index.columns if name.startswith("meta")] == [
        "meta.a.b", "meta.a.c.d", "meta.l.length", "meta.a.b~", "meta.a",
    ]  # fmt: skip
    assert asking(query, ("is.meta.a.b", "1")).numbers(0, 9) == [2]
    assert asking(query, ("is.meta.a.c.d", "x")).numbers(0, 9) == [1, 3]
    assert asking(query, ("in.meta.l.length", "1..3")).numbers(0, 9) == [2, 3]
    assert asking(query, ("no.meta.l.length", "1")).numbers(0, 9) == [4, 5]


def test_what_a_database_cannot_stand_does_not_end_it(tmp_path: Path) -> None:
    first, second = lines(row(1, meta={"n": 1}), row(2, meta={"k": "deep", "n": 5}))
    query = opened(tmp_path, [first, second.replace(b'"deep"', b"[" * 400 + b"]" * 400)])
    assert asking(query, ("is.meta.n", "5")).numbers(0, 9) == [2]


def test_values_that_come_late_are_not_lost(tmp_path: Path) -> None:
    """Types that are guessed from the first rows would make the last one null."""
    rows = [row(at, meta={"k": at}) for at in range(30_000)] + [row(30_000, meta={"k": "late", "new": "x"})]
    query = opened(tmp_path, lines(*rows))
    assert asking(query, ("is.meta.k", "late")).numbers(0, 9) == [30_001]
    assert asking(query, ("is.meta.new", "x")).numbers(0, 9) == [30_001]
    assert asking(query, ("is.meta.k", "29999")).numbers(0, 9) == [30_000]
    query.store.close()


def test_keys_that_differ_in_their_case(tmp_path: Path) -> None:
    rows = [row(1, meta={"k/~": 1, "K/~": "a"}), row(2, meta={"k/~": 2, "K/~": "b"})]
    query = opened(tmp_path, lines(*rows))
    assert asking(query, ("is.meta.k/~", "2")).numbers(0, 9) == [2]
    assert asking(query, ("is.meta.K/~~", "a")).numbers(0, 9) == [1]


def test_parquet_shards(tmp_path: Path) -> None:
    path = folder(tmp_path / "data", [])
    rows = [row(at, meta={"kind": "ab"[at % 2], "n": at}, provenance={"teacher": "t"}) for at in range(25)]
    names = ["data/train-00000.parquet", "data/train-00001.parquet"]
    (path / "data").mkdir()
    for name, part in zip(names, (rows[:15], rows[15:]), strict=True):
        pq.write_table(pa.Table.from_pylist(part), path / name, row_group_size=4)
    manifest = json.loads((path / "synth.json").read_text())
    manifest["splits"]["train"] |= {"files": names, "rows": 25}
    (path / "synth.json").write_text(json.dumps(manifest))
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(tmp_path / "cache")}):
        split = sources([path])["data"].splits["train"]
        store = Store([split])
    query = Query(store, split, store.index(split).result(), View((("sort", "-meta.n"), ("is.meta.kind", "b"))))
    numbers = query.numbers(0, 50)
    assert numbers == list(range(24, 0, -2))
    assert [line.values for line in split.lines(query.places(numbers))] == [rows[n - 1] for n in numbers]
    assert [line.values for line in split.first(20)] == rows[:20]
    assert asking(query, ("q", "24 + 1")).numbers(0, 9) == [25]


@pytest.mark.parametrize(("params", "said"), [
    ([("is.meta.x", "1")], r"no column 'meta.x': there are label, .*"),
    ([("sort", "idd")], r"no column 'idd': .*; did you mean 'id'\?"),
    ([("in.n", "1-2")], r"in.n=1-2: give a range, as in 50..60"),
    ([("in.n", "nan..inf")], r"in.n=nan..inf: give a range, as in 50..60"),
    ([("in.id", "1..2")], r"in.id=1..2: id holds texts, which have no range"),
])  # fmt: skip
def test_words_of_a_url_that_mean_nothing(tmp_path: Path, params: list[tuple[str, str]], said: str) -> None:
    query = opened(tmp_path, lines(row(1)))
    with pytest.raises(UsageError, match=said):
        asking(query, *params).numbers(0, 1)


def test_a_view_as_sql_finds_the_same_rows_without_this_program(tmp_path: Path) -> None:
    rows = [row(at, meta={"k{}?'\"": "a'?" if at % 3 else "b", "x": at / 7}) for at in range(60)]
    query = opened(tmp_path, lines(*rows))
    params = (("is.meta.k{}?'\"", "a'?"), ("in.meta.x", "0.5..6.25"), ("q", "1 + 1"), ("sort", "-meta.x"))
    view = asking(query, *params)
    due = [at + 1 for at in range(60) if at % 3 and 0.5 <= at / 7 < 6.25 and "1 + 1" in rows[at]["prompt"]]
    assert view.numbers(0, 99) == due[::-1] != []
    found = duckdb.sql(view.sql())
    place = found.columns.index("n")
    assert [one[place] for one in found.fetchall()] == view.numbers(0, 99)
    for bar in next(facet for facet in query.facets() if facet.column == "meta.x").values:
        assert asking(query, bar.filter).count() == bar.rows


def test_numbers_of_any_size_have_facets(tmp_path: Path) -> None:
    wide = [1e308, -1e308, 0.1, 10**18, -(10**18), 5]
    query = opened(
        tmp_path, lines(*[row(at, meta={"x": value, "i": at * 10**16}) for at, value in enumerate(wide * 3)])
    )
    facets = {facet.column: facet for facet in query.facets()}
    assert sum(value.rows for value in facets["meta.x"].values) == 18
    assert sum(value.rows for value in facets["meta.i"].values) == 18
    for value in [*facets["meta.x"].values, *facets["meta.i"].values]:
        assert asking(query, value.filter).count() == value.rows

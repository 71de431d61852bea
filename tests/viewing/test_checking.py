"""The steps of many rows are checked beside the pages, once for a file."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from viewed import folder, lines, row, viewing

from synth.viewing import checking
from synth.viewing.index import Index, Store
from synth.viewing.query import Query, View
from synth.viewing.sources import Split, sources
from synth.workers.limited import Limited

MANY = checking.AT_ONCE + 100
WRONG = {"rationale": "1 + 1 = 2.\n2 + 2 = 5."}
ROWS = [row(at, **(WRONG if at % 7 == 0 else {"rationale": "So."} if at % 7 == 1 else {})) for at in range(MANY)]
DUE = {
    "right": sum(at % 7 > 1 for at in range(MANY)),
    "wrong step": len(range(0, MANY, 7)),
    "(none)": len(range(1, MANY, 7)),
}


def store_of(path: Path) -> tuple[Store, Split]:
    data = path / "data"
    if not data.exists():
        folder(data, lines(*ROWS))
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(path / "cache")}):
        split = sources([data])["data"].splits["train"]
        return Store([split]), split


def whole(store: Store, split: Split) -> Index:
    """The index, once the steps are checked or the check has ended."""
    progress = store.checking(store.index(split).result())
    assert progress is None or progress.over.wait(60)
    return store.index(split).result()


def test_a_file_that_goes_while_it_is_checked_has_no_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store, split = store_of(tmp_path)
    places = store.places(store.index(split).result(), [1])
    split.files[0].unlink()
    process = Limited(checking._in_process, checking._give_way, 60.0)
    assert "train.jsonl" in str(process((split, places)))
    process.stop()
    store.close()
    assert capfd.readouterr().err == ""


def test_steps_of_many_rows_are_a_filter_when_they_are_checked(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(*ROWS))
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "1 + 1 =" in client.get("/rows/data/train").text
    store, split = store_of(tmp_path)
    index = whole(store, split)
    query = Query(store, split, index, View((("is.steps", "wrong step"),)))
    assert query.numbers(0, 3) == [1, 8, 15]
    facet = {each.column: each for each in query.facets()}["steps"]
    assert {value.label: value.rows for value in facet.values} == DUE
    due = [1 + at for at in range(0, MANY, 7)]
    assert copied(query.sql()) == due
    store.close()
    again, split = store_of(tmp_path)
    assert "steps" in again.index(split).result().columns  # out of the cache
    again.close()
    (kept,) = (tmp_path / "cache" / "rationale-synth" / "view").iterdir()
    assert kept.name.endswith(".steps.duckdb")


def copied(sql: str) -> list[int]:
    """The numbers of the rows that a query finds which was copied to another program."""
    code = "import duckdb, json, sys; json.dump(duckdb.sql(sys.stdin.read()).project('n').fetchall(), sys.stdout)"
    done = subprocess.run([sys.executable, "-c", code], input=sql, capture_output=True, text=True, check=True)
    return [n for (n,) in json.loads(done.stdout)]


def test_a_check_that_was_ended_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "BATCH", 150)
    asked: list[int] = []

    def stopping(turns: Any, item: Any) -> Any:
        asked.append(len(item[1]))
        return checking._in_process(item) if len(asked) != 3 else None

    monkeypatch.setattr(Limited, "__call__", stopping)
    store, split = store_of(tmp_path)
    index = whole(store, split)
    assert "steps" not in index.columns
    progress = store.checking(index)
    assert progress is not None
    assert (progress.done, progress.stopped) == (300, "the process that checks them was ended")
    store.close()
    asked[:] = [0] * 3
    store, split = store_of(tmp_path)
    assert "steps" in whole(store, split).columns
    assert asked[3:] == [150, 150]
    store.close()

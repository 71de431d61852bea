"""What people and judges said of rows, as filters: right at once, and right whoever writes to the file."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.testclient import TestClient
from viewed import asking, folder, label, lines, opened, row, viewing

from synth.data.notes import note_of
from synth.data.verdicts import Line, as_written, hash_of
from synth.record import Record
from synth.viewing.query import Query
from synth.viewing.said import Said

ROWS = [row(at, meta={"kind": "ab"[at % 2]}) for at in range(6)]


def note(number: int, verdict: str | None, person: str = "ann", text: str = "", **changes: Any) -> bytes:
    """A line on a row of ROWS, of its texts or of others."""
    return as_written(note_of("train", Record(**{**ROWS[number], **changes}), person, verdict, text))


def facet(query: Query, column: str) -> dict[str, int]:
    found = {each.column: each for each in asking(query, *query.view.params).facets()}
    return {value.label: value.rows for value in found[column].values} if column in found else {}


def labels(query: Query) -> dict[int, str]:
    return asking(query).labels(range(1, query.index.rows + 1))


def test_labels_are_a_filter_and_stand_in_each_line_at_once(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(*ROWS))
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "<h2>label</h2>" not in client.get("/rows/data/train").text
        label(client, number=2, verdict="bad", note="slow: see below")
        assert counts(client) == {"(none)": 5, "bad": 1}
        label(client, "/labels/data/train?is.meta.kind=a", all=1, verdict="good")
        assert counts(client) == {"good": 3, "(none)": 2, "bad": 1}
        assert counts(client, "?is.label=bad") == {"good": 3, "(none)": 2, "✓ bad": 1}  # its own filter does not count
        assert counts(client, "?is.label=good&is.meta.kind=b") == {"(none)": 2, "bad": 1}
        page = client.get("/rows/data/train?is.label=good").text
        assert page.count('<b class="label good">good</b>') == 3
        assert "3 rows, page" in page
        label(client, number=1, verdict="")
        assert counts(client) == {"(none)": 3, "good": 2, "bad": 1}
        assert "1 row, page" in client.get("/rows/data/train?is.note=slow").text


def counts(client: TestClient, query: str = "") -> dict[str, int]:
    """The facet of labels on the page."""
    part = client.get(f"/rows/data/train{query}").text.partition("<h2>label</h2>")[2].partition("</section>")[0]
    found = [each.partition("</li>")[0] for each in part.split('<span class="value">')[1:]]
    pairs = [(each.partition("</span>")[0], each.rpartition('count">')[2].partition("</span>")[0]) for each in found]
    return {name.strip(): int(count) for name, count in pairs}


def test_lines_of_others_count_as_they_come(tmp_path: Path) -> None:
    query = opened(tmp_path, lines(*ROWS))
    file = tmp_path / "data" / "notes.jsonl"
    assert labels(query) == {}
    steps: list[tuple[bytes, dict[int, str]]] = [
        (note(0, "good") + note(0, "bad"), {1: "bad"}),
        (note(1, "good", "ann")[:40], {1: "bad"}),  # half a line, whose end comes with the next
        (note(1, "good", "ann")[40:] + note(1, "bad", "ben"), {1: "bad", 2: "unsure"}),
        (note(2, "good", answer="other"), {1: "bad", 2: "unsure", 3: "stale"}),
        (note(2, "bad", "ben"), {1: "bad", 2: "unsure", 3: "bad"}),
        (note(0, None), {2: "unsure", 3: "bad"}),
        (note(3, "good", id="gone") + b"\n", {2: "unsure", 3: "bad"}),
        (note(3, "good")[:-1], {2: "unsure", 3: "bad", 4: "good"}),  # an editor left the last end of line out
    ]
    for text, due in steps:
        with file.open("ab") as beside:
            beside.write(text)
        assert labels(query) == due
    assert facet(query, "label") == {"(none)": 3, "bad": 1, "good": 1, "unsure": 1}
    file.write_bytes(note(5, "good"))  # edited
    assert labels(query) == {6: "good"}
    file.unlink()
    assert labels(query) == {}


def test_a_label_is_written_behind_what_others_wrote_and_half_a_line_goes(tmp_path: Path) -> None:
    query = opened(tmp_path, lines(*ROWS))
    file = tmp_path / "data" / "notes.jsonl"
    for there in (note(1, "bad"), note(1, "bad")[:-1], note(1, "bad") + note(2, "good")[:30]):
        file.write_bytes(there)
        write(query, 0, "good")
        assert file.read_bytes() == note(1, "bad") + note(0, "good")
        assert labels(query) == {1: "good", 2: "bad"}


def write(query: Query, number: int, verdict: str) -> None:
    asking(query).notes.write([(number + 1, note_of("train", Record(**ROWS[number]), "ann", verdict, ""))])


@pytest.mark.parametrize(("there", "said"), [
    (b"dear diary\n", "line 1 is no verdict"), (note(0, "bad") + b"[]\n", "line 2 is no verdict"),
    (b"dear diary", "is no file of verdicts"),
])  # fmt: skip
def test_a_file_of_something_else_is_left_as_it_is(tmp_path: Path, there: bytes, said: str) -> None:
    data = folder(tmp_path / "data", lines(*ROWS))
    (data / "notes.jsonl").write_bytes(there)
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "1 + 1 =" in client.get("/rows/data/train").text
        assert label(client, number=1, verdict="good") == 400
        assert ("line" not in said) or said in client.get("/rows/data/train").text
    assert (data / "notes.jsonl").read_bytes() == there


def test_a_view_of_labels_as_sql_finds_the_same_rows_without_this_program(tmp_path: Path) -> None:
    query = opened(tmp_path, lines(*ROWS))
    (tmp_path / "data" / "notes.jsonl").write_bytes(note(0, "bad", text="it's") + note(2, "good") + note(3, "bad"))
    for params, due in (
        ([("is.label", "bad"), ("sort", "-n")], [4, 1]), ([("is.note", "it's")], [1]), ([("no.label", "1")], [2, 5, 6]),
        ([("sort", "-label")], [3, 1, 4, 2, 5, 6]), ([("is.label", "unsure")], []),
    ):  # fmt: skip
        view = asking(query, *params)
        found = duckdb.sql(view.sql())
        assert view.numbers(0, 9) == due == [one[found.columns.index("n")] for one in found.fetchall()]


def test_rows_of_one_id(tmp_path: Path) -> None:
    twice = [row(1), row(1, answer="else"), row(1)]
    query = opened(tmp_path, lines(*twice))
    asking(query).notes.write([(1, note_of("train", Record(**twice[0]), "ann", "bad", ""))])
    assert labels(query) == {1: "bad", 3: "bad"}


def test_a_file_of_verdicts_gives_columns(tmp_path: Path) -> None:
    query = opened(tmp_path, lines(*ROWS))
    said = [Line("train", one["id"], "steps", None, ("right", "wrong")[at % 2], None, f"wrong_sum: {at}" * (at % 2),
                 hash_of(Record(**one))) for at, one in enumerate(ROWS)]  # fmt: skip
    said += [Line("train", one["id"], "reward:x", "m", "scored", at / 4, "", hash_of(Record(**one)))
             for at, one in enumerate(ROWS)]  # fmt: skip
    said.append(Line("test", "x/1", "steps", None, "odd", None, "", ""))
    (tmp_path / "data" / "verdicts.jsonl").write_bytes(b"".join(map(as_written, said)))
    assert facet(query, "verdict.steps") == {"right": 3, "wrong": 3}
    assert facet(query, "reason.steps") == {"wrong_sum": 3, "": 3}
    assert asking(query, ("in.score.reward:x (m)", "0.5..1")).numbers(0, 9) == [3, 4]
    assert asking(query, ("sort", "-score.reward:x (m)")).numbers(0, 2) == [6, 5]
    assert labels(query) == {}


def test_a_label_has_no_line_read_again(tmp_path: Path) -> None:
    query = opened(tmp_path, lines(*ROWS))
    for number in range(4):
        before = query.notes.version
        query.notes.write([(number + 1, note_of("train", Record(**ROWS[number]), "ann", "good", ""))])
        query.notes.refresh()
        assert query.notes.version == before + 1  # of this line alone: the table was not made anew


def test_many_labels_are_taken_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.viewing.said.BATCH", 4)
    monkeypatch.setattr("synth.viewing.said.ROWS", 2)
    rows = [row(at) for at in range(25)]
    query = opened(tmp_path, lines(*rows))
    said = [note_of("train", Record(**one), "ann", ("good", "bad")[at % 2], "") for at, one in enumerate(rows)]
    asking(query).notes.write(enumerate(said, 1))
    assert facet(query, "label") == {"good": 13, "bad": 12}
    with (tmp_path / "data" / "notes.jsonl").open("ab") as file:
        file.write(b"".join(as_written(each) for each in said[::-1][:9]))
    assert facet(query, "label") == {"good": 13, "bad": 12}
    again = Said(query.store, query.split, query.index, "notes.jsonl")
    again.refresh()
    assert again.counts() == {("ann", "good"): 13, ("ann", "bad"): 12}
    assert json.loads((tmp_path / "data" / "notes.jsonl").read_bytes().splitlines()[24])["id"] == "x/24"

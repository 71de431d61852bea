"""Two datasets or evaluations beside each other: each row in one group, and the same as plain Python would have it."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from report_folders import a_run
from starlette.testclient import TestClient
from viewed import folder, lines, row, viewing

from synth.viewing.screens.beside import RIGHT, pair_of, shown
from synth.viewing.sources import Split

NAMES = [name.format(a="a", b="b") for name in RIGHT]


def evaluation(path: Path, right: dict[str, bool]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "metrics.json").write_text("{}")
    rows = [{"id": id, "prompt": f"<i>{id}</i>", "output": f"{path.name} says {id}", "correct": is_right, "gold": "g"}
            for id, is_right in right.items()]  # fmt: skip
    (path / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in rows))
    return path


outcomes = st.dictionaries(st.text("abcé", min_size=1, max_size=2), st.booleans(), max_size=12)


@given(outcomes, outcomes)
@settings(max_examples=40, deadline=None)
def test_groups_are_those_of_plain_python(tmp_path_factory: object, a: dict[str, bool], b: dict[str, bool]) -> None:
    base = tmp_path_factory.mktemp("pair")  # type: ignore[attr-defined]
    splits = [Split((evaluation(base / name, right) / "predictions.jsonl",)) for name, right in (("a", a), ("b", b))]
    pair = pair_of(*splits, "a", "b")
    found = {name: [[side and side["id"] for side in sides] for sides in pair.rows(name, 1)] for name in pair.groups}
    both = [id for id in a if id in b]
    if a and b:
        said = {NAMES[2 * (not a[id]) + (not b[id])]: [] for id in both} | {name: [] for name in NAMES}
        for id in both:
            said[NAMES[2 * (not a[id]) + (not b[id])]].append([id, id])
        assert {name: rows for name, rows in found.items() if name in NAMES} == said
    assert found["not in b"] == [[id, None] for id in a if id not in b]
    assert found["not in a"] == [[None, id] for id in b if id not in a]


def test_the_first_word_that_differs_is_marked() -> None:
    cases = {
        ("3 + 4 = 7. So 7.", "3 + 4 = 71. So"): (("3 + 4 = ", "7.", " So 7."), ("3 + 4 = ", "71.", " So")),
        ("same", "same"): (("same", "", ""), ("same", "", "")),
        ("", "new\nline"): (("", "", ""), ("", "new", "\nline")),
    }
    for (one, two), parts in cases.items():
        made = shown([{"output": one}, {"output": two}])
        assert tuple(cut for _, cut in made["sides"]) == parts


def test_evaluations_and_datasets_on_the_page(tmp_path: Path) -> None:
    one, two = evaluation(tmp_path / "a", {"x": True, "y": False}), evaluation(tmp_path / "b", {"x": False, "z": True})
    data = [folder(tmp_path / name, lines(row(1), row(2, completion=f"by {name}"))) for name in ("c", "d")]
    with viewing(tmp_path / "cache", one, two, *data) as (client, _):
        page = client.get("/beside/a").text
        assert "<b>1</b> only a" in page
        assert "&lt;i&gt;x&lt;/i&gt;" in page
        assert "<b>1</b> not in b" in page
        assert groups(client, "/beside/c") == {"same": 1, "different": 1, "not in d": 0, "not in c": 0}
        assert "<mark>c</mark>" in client.get("/beside/c?show=different").text
        assert client.get("/beside/c?with=a").status_code == 404
    run = a_run(tmp_path / "run")
    evaluation(run / "eval" / "e", {"x": True})
    with viewing(tmp_path / "cache", run / "eval" / "e", run, one) as (client, _):  # what was given, and not itself
        assert "<h1>run.e beside a</h1>" in client.get("/beside/run.e").text
        assert "with=run.eval.e" not in client.get("/beside/run.e").text
    other = folder(tmp_path / "b2", lines(row(1)), split="test")
    with viewing(tmp_path / "cache", data[0], other, data[1]) as (client, _):  # of those with a split in common
        assert groups(client, "/beside/c") == {"same": 1, "different": 1, "not in d": 0, "not in c": 0}
        assert "Nothing of its kind" in client.get("/beside/b2").text
        assert client.get("/beside/c?show=else").status_code == 404


def test_rows_whose_ids_are_others_are_joined_by_what_they_ask(tmp_path: Path) -> None:
    one = folder(tmp_path / "c", lines(row(1), row(2), row(3)))
    two = folder(tmp_path / "d", lines(row(2, id="y/2"), row(1, id="y/1", completion="shorter"), row(7, id="y/7")))
    with viewing(tmp_path / "cache", one, two) as (client, _):
        assert groups(client, "/beside/c") == {"same": 1, "different": 1, "not in d": 1, "not in c": 1}


def test_lines_that_are_no_predictions_are_passed_over(tmp_path: Path) -> None:
    one, two = evaluation(tmp_path / "a", {"x": True}), evaluation(tmp_path / "b", {"x": False})
    with (one / "predictions.jsonl").open("a") as file:
        file.write('{"output": "x"}\n[1]\n{"id": 5, "output": {"a": 1}, "correct": "yes"}\n{half')
    with viewing(tmp_path / "cache", one, two) as (client, _):
        assert groups(client, "/beside/a") == {
            "both right": 0, "only a": 1, "only b": 0, "both wrong": 0, "not in b": 1, "not in a": 0,
        }  # fmt: skip
        assert client.get("/beside/a?show=not in b").status_code == 200


def groups(client: TestClient, path: str) -> dict[str, int]:
    page = client.get(path).text.partition('aria-label="Groups"')[2].partition("</nav>")[0]
    found = [part.partition("</a>")[0] for part in page.split("<b>")[1:]]
    return {name.strip(): int(count) for count, _, name in (each.partition("</b>") for each in found)}

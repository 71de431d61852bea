"""`synth validate` of rows from a teacher, with a suite of the user's own, over the borders of chunks, and as typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from test_validate import Edit, edit, failed, make, put, run

from synth import registry
from synth.distill import META, PROVENANCE
from synth.errors import UsageError
from synth.record import Record
from synth.store import FolderWriter
from synth.validation import facts, reading, scan
from synth.validation.scan import COUNTED, Commonest

PLAN = {"max_attempts": 4, "keep": "first", "per_question": 1, "rationalize": True, "vote": 0}
SAID: dict[type, Any] = {str: "x", int: 1, float: 0.5, bool: False}


def taught(folder: Path, rows: int = 20, task: str = "gsm8k") -> Path:
    """A folder as `synth distill` leaves it; the end-to-end test in test_distill holds that it does."""
    made = []
    for number in range(rows):
        provenance = {name: SAID[kind] for name, kind in PROVENANCE.items()} | {"attempt": 2, "attempts": 3}
        meta = {name: SAID[kind] for name, kind in META.items()}
        rationale, answer = f"It is {number}, as that is what was asked.", f"{number}"
        completion = f" {rationale}\nThe answer is {answer}."
        prompt = f"Question: Which number is {number}?\nAnswer:"
        made.append(Record(f"{task}/q{number}", task, prompt, rationale, answer, completion, meta, provenance))
    with FolderWriter(folder) as writer:
        writer.path("train.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in made))
        writer.commit(
            {"distilled": {"task": task}, "plan": PLAN, "rejected": {},
             "splits": {"train": {"rows": rows, "rejected": {}, "files": ["train.jsonl"]}}}
        )  # fmt: skip
    return folder


def said(place: int, **values: Any) -> Edit:
    return lambda rows: rows[place]["provenance"].update(values)


def verdicts(*each: str | None) -> Edit:
    def change(rows: list[dict[str, Any]]) -> None:
        for row, verdict in zip(rows, each, strict=False):
            row["provenance"]["verdicts"] = [{"judge": "rubric", "verdict": verdict, "detail": ""}]

    return change


def twice(rows: list[dict[str, Any]]) -> None:
    rows[3].update({name: rows[2][name] for name in ("prompt", "rationale", "answer", "completion")})


def test_what_a_teacher_wrote_holds(tmp_path: Path) -> None:
    result = run(taught(tmp_path / "out"))
    assert failed(result) == {}
    assert {each.suite for each in result.outcomes} == {"dataset", "distilled"}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("attempts", said(3, attempts=6)),
        ("attempt_kept", said(3, attempt=4)),
        ("provenance", said(3, model="")),
        ("provenance", put(3, provenance=None)),
        ("provenance", said(3, finish_reason="length")),
        ("answer_in_labels", put(3, answer="three")),
        ("closing_form", put(3, completion="3")),
        ("rationales_there", put(3, rationale=" ")),
        ("hints", put(3, rationale="Option (B) Fish (CORRECT) it is.")),
        ("hints", lambda rows: (rows[3].update(rationale="The hint says 3."), said(3, hinted=True)(rows))),
        ("rationales_once", twice),
        ("rationales_differ", lambda rows: rows[3].update(rationale=rows[2]["rationale"].upper())),
    ],
)
def test_each_expectation_of_a_teachers_rows_can_fail(tmp_path: Path, name: str, change: Edit) -> None:
    folder = taught(tmp_path / "out")
    edit(folder, change)
    found = failed(run(folder))
    assert found[name] == (1, ["gsm8k/q3"])


def test_an_honest_row_may_speak_of_hints(tmp_path: Path) -> None:
    folder = taught(tmp_path / "out")
    edit(folder, put(3, rationale="The hint says 3."))  # it was asked without one
    assert failed(run(folder)) == {}


def test_bad_and_unscored_verdicts_are_warnings(tmp_path: Path) -> None:
    folder = taught(tmp_path / "out")
    edit(folder, verdicts(*["helpful"] * 9, "unhelpful"))
    assert failed(run(folder)) == {}
    edit(folder, verdicts(*["helpful"] * 4, *["unhelpful"] * 3, *[None] * 3))
    result = run(folder)
    assert failed(result) == {"verdicts_bad": (1, ["train, rubric"]), "verdicts_unscored": (1, ["train, rubric"])}
    assert result.success


def test_a_twin_in_another_chunk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work items of a row or two, frames of four: every pair of rows stands on two sides of some border."""
    folder = make(tmp_path / "sums")
    rows = edit(folder, lambda rows: rows[29].update(id=rows[0]["id"], prompt=rows[1]["prompt"]))
    leak = edit(folder, put(9, prompt=rows[2]["prompt"]), "test")
    whole = run(folder)
    monkeypatch.setattr(reading, "BYTES", 300)
    monkeypatch.setattr(scan, "CHUNK", 4)
    cut = run(folder)
    assert cut.report == whole.report
    found = failed(cut)
    assert found["unique_ids"] == (1, [rows[0]["id"]])
    assert found["questions_once"] == (1, [rows[0]["id"]])
    assert found["leaks"] == (1, [leak[9]["id"]])


def test_the_commonest_answer_is_counted_in_bounded_memory() -> None:
    draw = np.random.default_rng(0)
    counted = Commonest()
    for _ in range(4):
        answers = [*map(str, draw.integers(0, 10**9, 2 * COUNTED)), *["7"] * COUNTED]
        counted.add(facts.Counter(answers))
        assert len(counted.counts) <= COUNTED
    assert counted.share(12 * COUNTED) == pytest.approx(1 / 3, abs=0.001)


OWN = """
import great_expectations.expectations as gxe

def expectations(manifest):
    assert manifest["builder"] == "arithmetic"
    return [
        gxe.ExpectColumnValuesToMatchRegex(column="prompt", regex="^Input:"),
        gxe.ExpectColumnValuesToBeBetween(column="meta.carries", max_value=0, meta={"name": "easy", "title": "easy"}),
        gxe.ExpectColumnMeanToBeBetween(column="prompt_length", min_value=10, max_value=1000),
        gxe.ExpectColumnValuesToBeUnique(column="split", severity="warning"),
        gxe.ExpectColumnValuesToBeInSet(column="split", value_set=["train"], mostly=0.4),
    ]
"""


def test_a_suite_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "sums")
    (tmp_path / "mine.py").write_text(OWN)
    monkeypatch.setattr(scan, "CHUNK", 16)
    monkeypatch.setattr(reading, "BYTES", 2000)
    result = run(folder, suites=(tmp_path / "mine.py",))
    mine = {each.name: each for each in result.outcomes if each.suite == "mine.py"}
    assert mine["expect_column_values_to_match_regex prompt"].success
    assert mine["easy"].failures > 10
    assert mine["expect_column_mean_to_be_between prompt_length"].success
    unique = mine["expect_column_values_to_be_unique split"]
    assert (unique.failures, unique.severity) == (60, "warning")
    split = mine["expect_column_values_to_be_in_set split"]
    assert (split.failures, split.rows, split.success) == (30, 60, True)
    assert not result.success
    assert result.report["command"] == "synth validate sums --suite mine.py"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def expectations(manifest):\n    return 1 / 0\n", r"mine\.py: line 2: ZeroDivisionError"),
        ("x = 1\n", r"mine\.py: .*has no attribute 'expectations'"),
        ("def expectations(manifest):\n    return ['x']\n", r"has to return a list of expectations, not 'x'"),
        (
            OWN.replace("meta.carries", "colour"),
            r"mine\.py names the column 'colour': there are id, task, .*meta\.NAME",
        ),
        ("def (\n", r"mine\.py: SyntaxError"),
    ],
)
def test_a_suite_that_cannot_be(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=line):
        run(make(tmp_path / "sums"), suites=(tmp_path / "mine.py",))
    with pytest.raises(UsageError, match="is no Python file"):
        run(tmp_path / "sums", suites=(tmp_path / "none.py",))


def test_data_docs_show_what_failed_and_load_nothing_from_the_net(tmp_path: Path) -> None:
    folder = make(tmp_path / "sums")
    edit(folder, put(4, prompt=7))
    run(folder, docs=True)
    pages = {page.relative_to(folder / "validation").parts[0] for page in (folder / "validation").rglob("*.html")}
    assert pages == {"index.html", "expectations", "validations"}
    index = (folder / "validation" / "index.html").read_text()
    assert "rows have their fields, of the right types" in index
    (page,) = (folder / "validation" / "validations" / "dataset").rglob("*.html")
    text = page.read_text()
    assert "arithmetic/style=scratchpad,operation=add,digits=3/train/0/" in text
    assert "ids are unique" in text
    for each in (index, text):
        assert not [word for word in ('src="http', "url('http", '.css"') if word in each]


def test_as_typed(synth: Callable[..., Any], tmp_path: Path) -> None:
    folder = make(tmp_path / "sums")
    done = synth("validate", "sums")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ids are unique" in done.stdout
    assert "sums: 60 rows" in done.stdout
    rows = edit(folder, put(4, prompt=7))
    done = synth("validate", "sums", "--docs", "--workers", 2)
    assert (done.returncode, done.stderr) == (1, "")
    assert rows[4]["id"] in " ".join(done.stdout.split())
    assert "prompt is a whole number, not text" in " ".join(done.stdout.split())
    assert (folder / "validation" / "index.html").is_file()
    assert json.loads((folder / "validation.json").read_text())["success"] is False
    done = synth("validate", "nothing", "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a dataset folder" in done.stderr


def test_every_kind_names_the_columns_it_adds() -> None:
    for name in registry.names("validators"):
        module = registry.load("validators", name)
        assert hasattr(module, "facts") == hasattr(module, "FACTS")

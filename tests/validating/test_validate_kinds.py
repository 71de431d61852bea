"""`synth validate` of each kind, killed, over the borders of chunks, with a suite of the user's own, and as typed."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checked_folders import Edit, edit, failed, make, put, run

from synth import registry
from synth.building.build import carry_out as build
from synth.building.options import Options as BuildOptions
from synth.data.reading import read
from synth.errors import UsageError
from synth.validating import facts, reading, scan
from synth.validating.sums import COUNTED, Commonest


def made(folder: Path, name: str, **config: Any) -> Path:
    """A small dataset of a builder."""
    build(name, registry.load("builders", name).Config(**config), BuildOptions(folder, workers=1))
    return folder


FEW = dict.fromkeys(("train", "test", "test_longer", "test_larger"), 20)


@pytest.mark.parametrize(
    ("split", "place", "name", "change"),
    [
        ("train", 3, "expression_length", lambda rows: rows[3]["meta"].update(length=101)),
        ("train", 3, "expression_length", lambda rows: rows[3]["meta"].update(length=49)),
        ("test_longer", 3, "expression_length", lambda rows: rows[3]["meta"].update(length=99)),
        ("train", 4, "answer_in_labels", put(4, answer="30")),
        ("train", 4, "answer_in_labels", put(4, answer="-1")),
        ("train", 4, "answer_in_labels", put(4, answer="four")),
        ("test_larger", 4, "answer_in_labels", put(4, answer="60")),
        ("train", 4, "answer_in_labels", put(4, id="mine", answer="four")),
    ],
)
def test_bounds_of_listops(tmp_path: Path, split: str, place: int, name: str, change: Edit) -> None:
    folder = made(tmp_path / "data", "listops", **FEW, validation=0)
    assert failed(run(folder)) == {}
    rows = edit(folder, change, split)
    assert failed(run(folder))[name] == (1, [rows[place]["id"]])


def test_answers_and_prompts_of_2wiki(tmp_path: Path) -> None:
    folder = made(tmp_path / "data", "2wiki", source="sample", source_split="auto")
    whole = run(folder)
    assert failed(whole) == {}
    asked = list(read(folder, "test"))
    closed = [place for place, row in enumerate(asked) if row.answer in ("yes", "no")]
    checked = next(each.rows for each in whole.outcomes if each.name == "answer_in_labels" and each.suite == "2wiki")
    assert 0 < len(closed) <= checked < sum(whole.report["rows"].values())
    edit(folder, put(closed[0], answer="perhaps"), "test")
    assert failed(run(folder))["answer_in_labels"] == (1, [asked[closed[0]].id])
    edit(folder, lambda rows: rows[1]["meta"].update(prompt_tokens=301), "test")
    assert failed(run(folder))["prompt_tokens"] == (1, [asked[1].id])


@pytest.mark.parametrize(
    ("answers", "share"), [(["5"], "1.000"), (["5", "5", "5", "6"], None), (["5", "6", None], "0.333")]
)
def test_an_answer_that_is_far_commoner_than_others_warns(
    tmp_path: Path, answers: list[Any], share: str | None
) -> None:
    """All rows have one answer; one of two answers has three quarters; of many answers two have a third each."""
    folder = make(tmp_path / "sums", train=600)

    def same(rows: list[dict[str, Any]]) -> None:
        for place, row in enumerate(rows):
            row["answer"] = answers[place % len(answers)] or row["answer"]

    edit(folder, same)
    result = run(folder, steps=False)
    (outcome,) = [each for each in result.outcomes if each.name == "commonest_answer"]
    assert (outcome.success, outcome.severity) == (share is None, "warning")
    if share is not None:
        assert (outcome.examples, outcome.said()) == (["train"], share)


HALTS = """
import sys
from pathlib import Path
from synth.validating.options import Validate
from synth.validating.validate import carry_out

def halt(*_):
    print("here", flush=True)
    sys.stdin.read()

if __name__ == "__main__":
    folder, where = Path(sys.argv[1]), sys.argv[2]
    if where == "writing":
        Path.replace = halt
    carry_out(Validate(folder, workers=2), halt if where == "reading" else lambda *_: None)
"""


@pytest.mark.parametrize("where", ["reading", "writing"])
def test_a_killed_run_leaves_the_old_result(tmp_path: Path, where: str) -> None:
    """Killed while it reads rows, with workers about it, and when the new result is written but not in its place."""
    folder = make(tmp_path / "sums")
    assert run(folder).success
    before = (folder / "validation.json").read_bytes()
    edit(folder, put(4, prompt=7))
    (tmp_path / "halts.py").write_text(HALTS)
    command = [sys.executable, str(tmp_path / "halts.py"), str(folder), where]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.kill()
        assert process.stdout.read() == b""  # comes to an end when the workers have ended too
    assert process.returncode == -signal.SIGKILL
    assert (folder / "validation.json").read_bytes() == before
    assert (folder / ".validation.json.part").exists() == (where == "writing")
    assert not run(folder).success
    assert json.loads((folder / "validation.json").read_text())["success"] is False
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


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
    result = run(folder, suite=(tmp_path / "mine.py",))
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
        ("x = 1\n", r"mine\.py has no function expectations\(manifest\)"),
        ("def expectations(manifest):\n    return ['x']\n", r"has to return a list of expectations, not 'x'"),
        (
            OWN.replace("meta.carries", "colour"),
            r"mine\.py names the column 'colour': there are id, task, .*meta\.NAME",
        ),
        ("def (\n", r"mine\.py does not run: SyntaxError"),
    ],
)
def test_a_suite_that_cannot_be(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UsageError, match=line):
        run(make(tmp_path / "sums"), suite=(tmp_path / "mine.py",))
    with pytest.raises(UsageError, match=r"there is no file .*none\.py"):
        run(tmp_path / "sums", suite=(tmp_path / "none.py",))
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UsageError, match=r"mine\.txt is no Python file: give one that ends in \.py"):
        run(tmp_path / "sums", suite=(tmp_path / "mine.txt",))


def test_data_docs_show_what_failed_and_load_nothing_from_the_net(tmp_path: Path) -> None:
    folder = make(tmp_path / "sums")
    rows = edit(folder, put(4, prompt=7))
    docs = run(folder, docs=True).docs
    assert docs == folder / "validation" / "index.html"
    pages = {page: page.read_text() for page in docs.parent.rglob("*.html")}
    assert {page.relative_to(docs.parent).parts[0] for page in pages} == {"index.html", "expectations", "validations"}
    assert "rows have their fields, of the right types: 1 of 60" in pages[docs]
    (result,) = (docs.parent / "validations" / "dataset").rglob("*.html")
    for said in (rows[4]["id"], "ids are unique", "seen: prompt is a whole number, not text", "Data asset: sums"):
        assert said in pages[result]
    for page, text in pages.items():
        assert not re.findall(r"<(?:script|img|iframe|link|object|embed)\b[^>]*\b(?:src|href|data)=", text)
        assert not re.findall(r"url\(|@import|https?:", text)
        links = [link for link in re.findall(r'href="([^"#]+)"', text) if not (page.parent / link).is_file()]
        assert links == []
    run(folder)  # pages of an earlier validation do not stay
    assert not docs.parent.exists()


def test_as_typed(synth: Callable[..., Any], tmp_path: Path) -> None:
    folder = make(tmp_path / "sums")
    done = synth("validate", "sums")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ids are unique" in done.stdout
    assert "no split is empty 4 splits 0" in " ".join(done.stdout.split())
    assert "sums: 60 rows, 16 expectations, none failed; written to sums/validation.json\n" in done.stdout
    rows = edit(folder, put(4, prompt=7))
    done = synth("validate", "sums", "--docs", "--workers", 2)
    assert (done.returncode, done.stderr) == (1, "")
    assert rows[4]["id"] in " ".join(done.stdout.split())
    assert "prompt is a whole number, not text" in " ".join(done.stdout.split())
    assert "written to sums/validation.json and sums/validation/index.html\n" in done.stdout
    assert json.loads((folder / "validation.json").read_text())["success"] is False
    done = synth("validate", "nothing", "--quiet")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a dataset folder" in done.stderr


def test_every_kind_names_the_columns_it_adds() -> None:
    for name in registry.names("validators"):
        module = registry.load("validators", name)
        assert hasattr(module, "facts") == hasattr(module, "FACTS")

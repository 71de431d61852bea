"""Changed rows beside the rows they were made from."""

import json
from pathlib import Path

import pytest
from conftest import Synth
from report_folders import a_run, an_evaluation, write_lines

from synth.reporting.changes import changes
from synth.reporting.collect import collect
from synth.reporting.report import make

WRONG, LOOPS = {1, 2, 3, 4, 5, 6}, {2, 3}  # places of changed rows


def evaluated(folder: Path, run: Path, how: str = "") -> Path:
    """An evaluation on 40 rows, all right; or on these rows changed, of which some go wrong."""
    an_evaluation(folder, right=1.0, rows=40, run=run)
    facts = json.loads((folder / "metrics.json").read_text())
    facts["data"] |= {"folder": f"wiki-{how or 'plain'}", "sha256": how or "plain"}
    (folder / "metrics.json").write_text(json.dumps(facts))
    lines = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    for place, line in enumerate(lines):
        line |= {"correct": not (how and place in WRONG), "loop": bool(how) and place in LOOPS}
        line["meta"]["source_id"] = line["id"]
        line["id"] += f"/{how}" if how else ""
    write_lines(folder / "predictions.jsonl", lines[5:] if how else lines)  # some originals have no changed row
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    run = a_run(tmp_path / "run")
    return [evaluated(run / "eval" / (how or "plain"), run, how) for how in ("", "reorder", "corrupt-relevant")]


def test_changed_rows_are_paired_with_their_originals(folders: list[Path]) -> None:
    found = changes(collect(folders).evaluations)
    assert [change.change for change in found] == ["reorder", "corrupt-relevant"]
    for change in found:
        assert (change.against, change.rows) == ("wiki-plain test", 35)
        assert (change.original, change.lost, change.won) == ({"accuracy": 1.0, "loops": 0.0}, 2, 0)
        assert change.changed["accuracy"] == pytest.approx(33 / 35)
        assert change.accuracy["value"] == pytest.approx(-2 / 35)
        assert change.accuracy["low"] < change.accuracy["value"] < change.accuracy["high"] <= 0


def test_loops_are_compared_too(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    plain, changed = evaluated(tmp_path / "plain", run), evaluated(tmp_path / "changed", run, "typo")
    lines = [json.loads(line) for line in (changed / "predictions.jsonl").read_text().splitlines()]
    write_lines(changed / "predictions.jsonl", [{**line, "loop": place < 7} for place, line in enumerate(lines)])
    (change,) = changes(collect([plain, changed]).evaluations)
    assert change.changed["loops"] == pytest.approx(7 / 35)
    assert change.loops["value"] == pytest.approx(7 / 35)
    assert change.loops["low"] > 0


def test_rows_of_another_model_or_other_rows_are_no_pair(tmp_path: Path, folders: list[Path]) -> None:
    other = evaluated(tmp_path / "elsewhere", a_run(tmp_path / "other", target="answer"), "reorder")
    assert changes(collect([folders[0], other]).evaluations) == []
    assert changes(collect(folders[1:]).evaluations) == []


def test_the_page_the_figures_and_the_terminal_have_them(folders: list[Path], tmp_path: Path, synth: Synth) -> None:
    figures = make(folders, tmp_path / "report")
    assert len(figures["changes"]) == 2
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "Changed rows and their originals" in page
    assert "<td>corrupt-relevant</td>" in page
    said = synth("report", *folders, "--out", tmp_path / "again").stdout
    assert "changed by" in said
    assert "corrupt-relevant" in said
    alone = make(folders[:1], tmp_path / "alone")
    assert alone["changes"] == []
    assert "Changed rows" not in (tmp_path / "alone" / "index.html").read_text(encoding="utf-8")

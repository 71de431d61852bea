"""The check of quality on the page of a study, and the blocks that nobody asked for."""

import json
from pathlib import Path
from typing import Any

from report_folders import write_lines
from report_page import Page
from study_folders import AStudy, share, some_rows

from synth.reporting.collect import collect
from synth.reporting.facts import facts
from synth.reporting.page import page
from synth.statistics.intervals import interval


def quality(study: AStudy, task: str, verdicts: list[str | None]) -> dict[str, str]:
    """A file of verdicts as `synth judge` writes it, of rows of a task."""
    folder = study.folder / "quality" / task
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = [
        {"split": "train", "id": f"{task}/{at}", "judge": "rubric", "model": "m-1", "verdict": said, "score": None,
         "reason": "It does.", "row": f"{at}", "asked": "ab"} for at, said in enumerate(verdicts)
    ]  # fmt: skip
    write_lines(folder / "verdicts.jsonl", [lines[0] | {"verdict": "unhelpful"}, *lines])  # the later one counts
    return {"quality": f"quality/{task}"}


def test_quality_by_task_and_blocks_that_were_not_run(tmp_path: Path) -> None:
    study = AStudy(tmp_path / "study")
    said = {"cr": ["helpful"] * 19 + ["unhelpful"], "sums": ["helpful"] * 18 + [None, None]}
    for task, verdicts in said.items():
        judged = quality(study, task, verdicts)  # what both targets learn from was judged once
        for target, accuracy in (("answer", 0.5), ("rationale", 0.6)):
            study.cell("main", some_rows(task, share(accuracy)), told=judged, task=task, target=target)
    study.cell("models", [], told={"state": "optional", "quality": "quality/gone"}, task="cr", target="answer")
    study.cell("models", [], told={"state": "optional"}, task="cr", target="rationale")
    figures = facts(collect([study.write()]))
    (found,) = figures["studies"]
    (table,) = found["quality"]
    assert (table["judge"], table["model"], table["menu"]) == ("rubric", "m-1", ["helpful", "unhelpful"])
    counts = [[row[name] for name in ("task", "judged", "helpful", "unhelpful", "unscored")] for row in table["rows"]]
    assert counts == [["cr", 20, 19, 1, 0], ["sums", 20, 18, 0, 2], ["all", 40, 37, 1, 2]]
    assert table["rows"][0]["share"] == interval([1.0] * 19 + [0.0])
    assert table["published"]["unhelpful"] / table["published"]["judged"] == 1 / 360
    assert (found["missing"], found["optional"], found["cells"]) == ([], ["models"], {"done": 4})
    text = Page(page(figures, [], {})).text
    assert "cr 20 19 1 0 95.0% 85.0% to 100.0%" in text
    assert "published: 18 tasks 360 359 1 0 99.7%" in text
    assert "Optional blocks that were not run: models;" in text
    assert "optional models" not in text
    json.dumps(figures)


def test_verdicts_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    study = AStudy(tmp_path / "study")
    study.cell("main", some_rows("cr", share(0.5)), told=quality(study, "cr", [None]), task="cr", target="rationale")
    (study.folder / "quality" / "cr" / "verdicts.jsonl").write_text('{"split": 3}\n')
    (found,) = facts(collect([study.write()]))["studies"]
    assert found["quality"] == []
    assert any("the quality of cr is left out: quality/cr/verdicts.jsonl line 1 is no verdict" in note
               for note in found["notes"])  # fmt: skip

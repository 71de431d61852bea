"""A study in `synth report`: cells to points, points to deltas, and what is missing by name."""

from pathlib import Path
from typing import Any

import pytest
from report_page import page_of
from study_folders import AStudy, share, some_rows

from synth.errors import FolderError
from synth.reporting.report import make

TASKS = {  # accuracy and confidence without, with; all rows have one confidence, so ECE is their distance
    "easy": ((0.90, 0.95), (0.80, 0.75)), "even": ((0.60, 0.90), (0.60, 0.80)), "hard": ((0.20, 0.85), (0.70, 0.80)),
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Three tasks, two seeds of which the second has 2 of 100 rows more right with rationales; one cell failed."""
    root = tmp_path_factory.mktemp("small")
    study = AStudy(root / "study")
    for task, sides in TASKS.items():
        for seed in (0, 1):
            for target, (accuracy, sure) in zip(("answer", "rationale"), sides, strict=True):
                more = 0.02 * seed * (target == "rationale")
                study.cell("main", some_rows(task, share(accuracy + more), sure), task=task, target=target, seed=seed)
    told = {"state": "failed", "why": "synth train llama: out of memory"}
    study.cell("main", [], told=told, task="even", target="rationale", seed=2)
    study.cell("extra", some_rows("lonely", share(0.5), 0.5), task="lonely", target="rationale")
    return make([study.write()], root / "report"), root / "report"


def test_deltas_by_hand(small: tuple[dict[str, Any], Path]) -> None:
    (study,) = small[0]["studies"]
    (series,) = study["series"]
    gains = {row["task"]: row["accuracy"]["value"] for row in series["tasks"]}
    assert gains == pytest.approx({"hard": 0.51, "even": 0.01, "easy": -0.09})
    assert list(gains) == ["hard", "even", "easy"]
    # ECE without: 0.05, 0.30, 0.65; with: seeds have 0.05 and 0.07, 0.20 and 0.18, 0.10 and 0.08
    off = {row["task"]: row["ece"]["value"] for row in series["tasks"]}
    assert off == pytest.approx({"hard": 0.65 - 0.09, "even": 0.30 - 0.19, "easy": 0.05 - 0.06})
    assert [row["seeds"] for row in series["tasks"]] == [2, 2, 2]
    assert (series["up"], series["down"]) == (1, 1)
    line = series["line"]
    slope = (0.56 - 0.22) * (0.51 - 0.43 / 3) + (0.11 - 0.22) * (0.01 - 0.43 / 3) + (-0.01 - 0.22) * (-0.09 - 0.43 / 3)
    slope /= sum((x - 0.43 / 3) ** 2 for x in (0.51, 0.01, -0.09))
    assert line["slope"] == pytest.approx(slope)
    assert line["published"]["slope"] == 0.7479


def test_a_page_with_pictures(small: tuple[dict[str, Any], Path]) -> None:
    found, out = small
    assert found["pictures"][:2] == ["study-1-bars-1.png", "study-1-line-trained-1.png"]
    page = page_of(out)
    assert page.open == []
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert "Study small" in page.text
    assert "with rationales more accurate in 1 of 3 tasks, less accurate in 1" in page.text
    assert "out of memory" in page.text
    assert "lonely test: rationales: there is nothing without rationales to compare it with" in page.text


def test_seeds_are_put_together(small: tuple[dict[str, Any], Path]) -> None:
    (study,) = small[0]["studies"]
    assert study["cells"] == {"done": 13, "failed": 1}
    assert len(study["points"]) == 7
    even = next(point for point in study["points"] if (point["task"], point["kind"]) == ("even", "with"))
    assert even["metrics"]["accuracy"]["value"] == pytest.approx(0.61)
    assert even["metrics"]["accuracy"]["values"] == pytest.approx([0.60, 0.62])
    assert even["seeds"] == [0, 1]


@pytest.mark.parametrize("words", ["{", "[]", "{}", '{"cells": 3}', '{"cells": [{"axes": []}]}', '{"cells": ["x"]}'])
def test_a_broken_study(words: str, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(words)
    with pytest.raises(FolderError, match=r"study\.json is not") as caught:
        make([tmp_path], tmp_path / "report")
    assert "\n" not in str(caught.value)


def test_a_study_that_has_only_begun(tmp_path: Path) -> None:
    study = AStudy(tmp_path / "study")
    study.cell("main", [], told={"state": "planned"}, task="sums", target="answer")
    gone = {"evaluations": ["evals/away"], "run": "runs/away"}
    study.cell("main", [], told=gone, trained=False, task="sums", target="rationale")
    found = make([study.write()], tmp_path / "report")
    text = page_of(tmp_path / "report").text
    assert found["pictures"] == []
    assert "planned main, seed 0, task sums, target answer" in text
    assert "evals/away: there is no such folder; the evaluation is left out" in text
    assert "the cell is done, but no evaluation of it can be read" in text

"""The report of runs of STaR: iterations side by side, controls, seeds together, and runs that are half done."""

import json
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from conftest import Synth
from report_folders import a_run, an_evaluation
from report_page import page_of
from star_runs import DIGITS, a_loop

from synth.reporting.report import make


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three seeds with rationalization, three without, which have two iterations more."""
    root = tmp_path_factory.mktemp("runs")
    found = [a_loop(root / f"star-{seed}", True, seed) for seed in range(3)]
    return found + [a_loop(root / f"star-without-{seed}", False, seed, iterations=5) for seed in range(3)]


@pytest.fixture(scope="module")
def written(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "report"
    make(runs, out)
    return out


def loops_of(out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((out / "report.json").read_text())["loops"]
    return found


def measured(run: Path, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "iterations" / f"{number:03}" / "metrics.json").read_text())
    return found


def test_seeds_of_a_setting_stand_together_as_means(runs: list[Path], written: Path) -> None:
    with_hints, without = loops_of(written)
    assert (with_hints["title"], without["title"]) == ("star", "star-without")
    assert with_hints["seeds"] == without["seeds"] == [0, 1, 2]
    assert [one["number"] for one in without["iterations"]] == [0, 1, 2, 3, 4, 5]
    seeds = [measured(run, 2)["held"] for run in runs[:3]]
    found = with_hints["iterations"][2]
    for name in ("value", "low", "high"):
        assert found["accuracy"][name] == pytest.approx(fmean(one["accuracy"][name] for one in seeds))
        assert found["by"]["2"][name] == pytest.approx(fmean(one["by"]["digits"]["2"][name] for one in seeds))
    assert found["accuracy"]["values"] == [one["accuracy"]["value"] for one in seeds]
    assert found["accuracy"]["sd"] > 0


def test_the_figures_of_an_iteration_are_those_that_the_run_wrote(runs: list[Path], written: Path) -> None:
    found = loops_of(written)[0]["iterations"][2]
    assert found["kept"] == {"rows": 700, "own": 300, "hinted": 400, "questions": 700}
    assert found["used"] == pytest.approx({"own": 0.3, "hinted": 0.4})
    assert found["wrong_steps"] == pytest.approx({"own": 5 / 300, "hinted": 30 / 400})
    assert (found["steps"], found["loss"], found["words"], found["words_of_shots"]) == (640, 0.15, 32, 28)
    assert (found["tokens_written"], found["tokens_seen"], found["seconds"]) == (90_000, 590_000, 32.5)
    base = loops_of(written)[0]["iterations"][0]
    assert base["steps"] is None
    assert base["asked"] is None
    assert list(base["by"]) == list(DIGITS)
    plain = loops_of(written)[1]["iterations"][2]
    assert plain["hinted"] is None
    assert plain["tokens_written"] == 50_000


def test_controls_and_what_is_said_of_them(runs: list[Path], written: Path) -> None:
    setting = loops_of(written)[0]
    assert {one["name"]: one["steps"] for one in setting["controls"]} == {"few-shot-only": 600, "direct": 600}
    page = page_of(written)
    top, base = setting["iterations"][3]["accuracy"], setting["iterations"][0]["accuracy"]
    assert f"star: {base['value']:.1%} of held-out rows before, {top['value']:.1%} after iteration 3" in page.text
    assert "mean of 3 seeds" in page.text
    assert "star, control few-shot-only: " in page.text
    assert "cannot be told from the loop" not in page.text
    assert "control direct" in page.text


def test_a_control_that_gains_as_much_is_named(tmp_path: Path) -> None:
    run = a_loop(tmp_path / "star", True)
    shutil.copy(run / "iterations" / "003" / "metrics.json", run / "controls" / "few-shot-only" / "metrics.json")
    make([run], tmp_path / "report")
    assert "cannot be told from the loop: the base had not converged" in page_of(tmp_path / "report").text


def test_the_page_has_pictures_and_a_table_and_is_the_same_twice(
    runs: list[Path], written: Path, tmp_path: Path
) -> None:
    names = {path.name for path in written.glob("*.png")}
    assert names == {"star-accuracy.png", "star-questions.png", "star-training.png"}
    page = page_of(written)
    assert [text for text in page.attributes("href") if text == "#star"]
    assert sum(tag == "svg" for tag, _ in page.tags) == 3
    for words in ("below by digits, the thin lines are the control few-shot-only", "digits 2", "3 seeds"):
        assert words in page.text
    assert "300 + 400 hinted" in page.text
    make(runs, tmp_path / "again")
    assert {p.name: p.read_bytes() for p in written.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()
    }


def test_a_run_that_is_half_done_is_shown_as_far_as_it_came(tmp_path: Path) -> None:
    run = a_loop(tmp_path / "half", iterations=3, complete=False, controls=("direct",))
    (run / "iterations" / "003" / "metrics.json").unlink()
    (run / "controls" / "direct" / "metrics.json").unlink()
    figures = make([run], tmp_path / "report")
    assert [one["number"] for one in figures["loops"][0]["iterations"]] == [0, 1, 2]
    assert not figures["loops"][0]["complete"]
    notes = "\n".join(figures["notes"])
    assert "half: iteration 3 did not get to its end" in notes
    assert "half: the control direct did not get to its end" in notes
    assert "incomplete" in page_of(tmp_path / "report").text


@pytest.mark.parametrize("moved", ["003 (copy)", "old", "kept"])
def test_an_iteration_that_is_not_there_is_named(tmp_path: Path, moved: str) -> None:
    run = a_loop(tmp_path / "star", iterations=4)
    shutil.move(run / "iterations" / "003", run / "iterations" / moved)
    figures = make([run], tmp_path / "report")
    assert [one["number"] for one in figures["loops"][0]["iterations"]] == [0, 1, 2]
    assert [note for note in figures["notes"] if "iteration" in note] == [
        "star: iteration 3 did not get to its end; it is left out"
    ]


def test_a_folder_that_is_none_of_the_loop_s_changes_nothing(tmp_path: Path) -> None:
    run = a_loop(tmp_path / "star", iterations=4)
    shutil.copytree(run / "iterations" / "003", run / "iterations" / "003 (copy)")
    figures = make([run], tmp_path / "report")
    assert [one["number"] for one in figures["loops"][0]["iterations"]] == [0, 1, 2, 3, 4]
    assert not figures["notes"]


def test_a_run_of_which_only_the_base_is_measured(tmp_path: Path) -> None:
    run = a_loop(tmp_path / "begun", iterations=0, complete=False, controls=())
    (run / "log.jsonl").unlink()
    figures = make([run], tmp_path / "report")
    assert figures["loops"][0]["best"] is None
    assert "no iteration is done" in page_of(tmp_path / "report").text
    assert figures["pictures"] == ["star-accuracy.png"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"held": 3}', '{"held": {"accuracy": null, "by": {}}}'])
def test_broken_figures_are_named_and_the_other_runs_shown(tmp_path: Path, text: str) -> None:
    whole, broken = a_loop(tmp_path / "whole"), a_loop(tmp_path / "broken", seed=1)
    (broken / "iterations" / "001" / "metrics.json").write_text(text)
    figures = make([whole, broken], tmp_path / "report")
    assert [one["runs"] for one in figures["loops"]] == [["whole"]]
    assert any("broken: iterations/001/metrics.json" in note for note in figures["notes"])


def test_parts_that_are_missing_leave_gaps(tmp_path: Path) -> None:
    run = a_loop(tmp_path / "star", column=None)
    for number in (1, 2):
        figures = measured(run, number)
        for name in ("drift", "hinted", "seconds", "kept") if number == 1 else ("asked", "trained"):
            figures[name] = None
        (run / "iterations" / f"{number:03}" / "metrics.json").write_text(json.dumps(figures))
    found = make([run], tmp_path / "report")["loops"][0]
    assert found["column"] is None
    assert found["iterations"][1]["kept"]["rows"] is None
    assert found["iterations"][2]["steps"] is None


def test_many_numbers_are_put_together_into_ranges(tmp_path: Path) -> None:
    run = a_loop(tmp_path / "star", iterations=1, controls=())
    for number in (0, 1):
        figures = measured(run, number)
        cell = figures["held"]["by"]["digits"]["2"]
        figures["held"]["by"] = {"operators": {str(n): cell for n in range(1, 31)}}
        (run / "iterations" / f"{number:03}" / "metrics.json").write_text(json.dumps(figures))
    found = make([run], tmp_path / "report")["loops"][0]
    assert [list(one["by"]) for one in found["iterations"]] == [["1-5", "6-10", "11-15", "16-20", "21-25", "26-30"]] * 2


def test_names_of_settings_without_a_beginning_of_their_own(tmp_path: Path) -> None:
    folders = [a_loop(tmp_path / f"seed{s}" / name, name == "a", s) for s in (0, 1) for name in ("a", "b")]
    titles = [one["title"] for one in make(folders, tmp_path / "report")["loops"]]
    assert titles == ["a", "b"], "what their names end with"
    folders = [a_loop(tmp_path / name, "x" in name, s) for s, name in enumerate(("m/x", "n/y", "m/z", "n/w"))]
    titles = [one["title"] for one in make(folders, tmp_path / "other")["loops"]]
    assert titles == ["x", "y + z + w"]


def test_loops_beside_other_runs_and_their_evaluations(tmp_path: Path, synth: Synth) -> None:
    loop, other = a_loop(tmp_path / "star"), a_run(tmp_path / "plain")
    an_evaluation(other / "eval" / "listops", run=other)
    an_evaluation(loop / "eval" / "sums", run=loop)
    done = synth("report", loop, other, "--out", "report")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "report" / "report.json").read_text())
    assert len(figures["settings"]) == 2
    assert [one["run"] for one in figures["curves"]] == ["plain"]
    assert "iteration" in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.split()[:2] == ["star", "3"]]
    assert len(lines) == 1


def test_seeds_stand_together_though_other_rows_are_demonstrations(runs: list[Path], tmp_path: Path) -> None:
    folders = [tmp_path / f"seed-{seed}" / "with" for seed in range(3)]
    for folder, run in zip(folders, runs[:3], strict=True):
        shutil.copytree(run, folder)
        facts = json.loads((folder / "synth-run.json").read_text())
        data = [{**part, "sha256": str(folder)} for part in facts["data"]]
        (folder / "synth-run.json").write_text(json.dumps({**facts, "data": data}))
    make(folders, tmp_path / "report")
    (found,) = loops_of(tmp_path / "report")
    assert (found["title"], found["seeds"]) == ("with", [0, 1, 2])

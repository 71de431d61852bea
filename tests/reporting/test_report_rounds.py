"""The report of runs of MaRio: rewards and steering round by round, layouts side by side, seeds together."""

import json
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from conftest import Synth
from mario_runs import OLD, a_tuned_run
from report_folders import a_run, an_evaluation
from report_page import page_of

from synth.reporting.report import make
from synth.reporting.round_diagrams import span


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of the classic layout, each from a start of its own; one run each that has no tokens."""
    root = tmp_path_factory.mktemp("runs")
    classic = [a_tuned_run(root / f"classic-{seed}", seed=seed) for seed in (0, 1)]
    return [*classic, a_tuned_run(root / "filter", "filter"), a_tuned_run(root / "sft", "sft", rounds=2)]


@pytest.fixture(scope="module")
def written(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "report"
    make(runs, out)
    return out


def rounds_of(out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((out / "report.json").read_text())["rounds"]
    return found


def measured(run: Path, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "rounds" / f"{number:03}" / "metrics.json").read_text())
    return found


def test_seeds_stand_together_and_layouts_apart(runs: list[Path], written: Path) -> None:
    classic, filtered, sft = rounds_of(written)
    assert [one["title"] for one in (classic, filtered, sft)] == ["classic", "filter", "sft"]
    assert [one["layout"] for one in (classic, filtered, sft)] == ["classic", "filter", "sft"]
    assert classic["seeds"] == [0, 1], "though each starts from a run of its own, sft-0 and sft-1"
    assert (classic["rewards"], classic["audit"]) == (["accuracy", "diversity"], ["length"])
    assert [one["number"] for one in classic["rounds"]] == [0, 1, 2, 3]
    seeds = [measured(run, 2)["sampled"]["rewards"]["accuracy"] for run in runs[:2]]
    found = classic["rounds"][2]["rewards"]["accuracy"]
    for name in ("value", "low", "high"):
        assert found[name] == pytest.approx(fmean(one[name] for one in seeds))
    assert found["values"] == [28 / 40, 29 / 40]
    assert found["sd"] > 0


def test_the_figures_of_a_round_are_those_that_the_run_wrote(written: Path) -> None:
    found = rounds_of(written)[0]["rounds"][2]
    assert (found["texts"], found["read"], found["pool"], found["teacher"]) == (45, 40, 120, 40)
    assert (found["different"], found["empty"], found["words"]) == (0.75, 0.05, 12)
    assert (found["steps"], found["loss"], found["kl"], found["entropy"], found["seconds"]) == (20, 0.5, 0.04, 1.5, 10)
    assert found["steering"]["diversity"] == pytest.approx(
        {"best": 0.7, "random": 0.5, "worst": 0.4, "best_minus_worst": 0.3, "low": 0.1, "high": 0.5}
    )
    assert found["rewards"]["length"]["value"] == pytest.approx(0.6), "an audit is shown too"


def test_axes_do_not_blow_up_what_is_nothing() -> None:
    """Lines that are apart by a hundredth of what the pool has lie on each other."""
    assert span([0.50, 0.51], 1.0) == pytest.approx((0.405, 0.605))
    assert span([0.2, 0.9], 1.0) is None
    assert span([0.2, 0.9], None) is None
    assert span([], 1.0) is None


def test_round_0_is_the_teacher(written: Path) -> None:
    found = rounds_of(written)[0]["rounds"][0]
    assert {name: of["value"] for name, of in found["rewards"].items()} == {
        "accuracy": 0.75, "diversity": 0.5, "length": 1.0,
    }  # fmt: skip
    assert found["different"] == pytest.approx(21 / 40)
    assert (found["empty"], found["words"]) == (0, 3)
    assert found["accuracy"] is None
    assert found["kl"] is None


def test_runs_without_tokens_or_texts_have_gaps(written: Path) -> None:
    _, filtered, sft = rounds_of(written)
    assert filtered["steered"] == sft["steered"] == []
    assert filtered["rounds"][1]["rewards"]["accuracy"]["value"] == 0.6
    assert sft["rounds"][1]["rewards"] == {}
    assert sft["rounds"][1]["accuracy"]["value"] == 0.6


def test_what_is_said(written: Path) -> None:
    text = page_of(written).text
    for words in (
        "classic: from round 1 to 3 the mean of new texts goes: accuracy 0.613 to 0.812 (no difference can be told); "
        "diversity 0.200 to 0.300; length 0.800 to 0.400 (mean of 2 seeds).",
        "classic: best minus worst tokens after the last round: accuracy +0.400 (+0.200 to +0.600), "
        "diversity +0.400 (+0.200 to +0.600), length +0.400 (+0.200 to +0.600).",
    ):
        assert words in text
    assert "sft: from round" not in text


def test_the_page_has_pictures_and_tables_and_is_the_same_twice(
    runs: list[Path], written: Path, tmp_path: Path
) -> None:
    assert {path.name for path in written.glob("*.png")} == {"rounds-rewards.png", "rounds-steering.png"}
    page = page_of(written)
    assert "#rounds" in page.attributes("href")
    assert sum(tag == "svg" for tag, _ in page.tags) == 2
    assert "0.700 / 0.500 / 0.400" in page.text
    assert "+0.300 +0.100 to +0.500" in page.text
    assert "Layout classic. Paid for: accuracy, diversity. Audit: length." in page.text
    make(runs, tmp_path / "again")
    assert {p.name: p.read_bytes() for p in written.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()
    }


def test_a_run_that_is_half_done_is_shown_as_far_as_it_came(tmp_path: Path) -> None:
    run = a_tuned_run(tmp_path / "half", complete=False)
    (run / "rounds" / "003" / "metrics.json").unlink()
    figures = make([run], tmp_path / "report")
    assert [one["number"] for one in figures["rounds"][0]["rounds"]] == [0, 1, 2]
    assert not figures["rounds"][0]["complete"]
    assert any("half: round 3 did not get to its end" in note for note in figures["notes"])


def test_a_run_without_a_round_that_is_done(tmp_path: Path) -> None:
    figures = make([a_tuned_run(tmp_path / "begun", rounds=0, complete=False)], tmp_path / "report")
    assert figures["rounds"] == []


def test_a_run_of_a_release_that_told_no_ends(tmp_path: Path, synth: Synth) -> None:
    done = synth("report", a_tuned_run(tmp_path / "old", seed=OLD), "--out", "report")
    assert done.returncode == 0, done.stderr
    assert "after the last round: accuracy +0.400, diversity +0.400" in page_of(tmp_path / "report").text


def test_a_collapse_is_said(tmp_path: Path) -> None:
    make([a_tuned_run(tmp_path / "run", collapsed="it says nothing")], tmp_path / "report")
    assert "run: the run ended early: it says nothing." in page_of(tmp_path / "report").text


@pytest.mark.parametrize("number", ["000", "001"])
@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", '{"held": 3}', '{"round": 1, "sampled": 3}'])
def test_broken_figures_are_named_and_the_other_runs_shown(tmp_path: Path, text: str, number: str) -> None:
    whole, broken = a_tuned_run(tmp_path / "whole"), a_tuned_run(tmp_path / "broken", seed=1)
    (broken / "rounds" / number / "metrics.json").write_text(text, encoding="latin-1")
    figures = make([whole, broken], tmp_path / "report")
    assert [one["runs"] for one in figures["rounds"]] == [["whole"]]
    assert any(f"broken: rounds/{number}/metrics.json" in note for note in figures["notes"])


@pytest.mark.parametrize("part", ["sampled", "pool", "bins", "trained", "held", "steering", "seconds", "paid", "audit"])
def test_parts_that_are_missing_leave_gaps(tmp_path: Path, part: str) -> None:
    run = a_tuned_run(tmp_path / "run")
    for number in (1, 2, 3):
        figures = measured(run, number)
        if number == 2:
            del figures[part]
        else:
            figures[part] = None
        (run / "rounds" / f"{number:03}" / "metrics.json").write_text(json.dumps(figures))
    shutil.rmtree(run / "rounds" / "000")
    assert len(make([run], tmp_path / "report")["rounds"][0]["rounds"]) == 4


def test_evaluations_under_other_tokens_are_other_settings(tmp_path: Path, synth: Synth) -> None:
    run, other = a_tuned_run(tmp_path / "mario"), a_run(tmp_path / "plain")
    for codes in ("best", "worst"):
        an_evaluation(run / "eval" / f"sums-{codes}", run=run, codes=codes)
    an_evaluation(other / "eval" / "sums", run=other)
    done = synth("report", run, other, "--out", "report")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "report" / "report.json").read_text())
    labels = [one["label"] for one in figures["settings"]]
    assert sum("codes best" in label for label in labels) == sum("codes worst" in label for label in labels) == 1
    assert [one["run"] for one in figures["curves"]] == ["plain"], "losses of rounds are no curve"
    assert "+0.400 (+0.200 to +0.600)" in done.stdout
    shown = [line.split()[:2] for line in done.stdout.splitlines() if line.split()[:1] == ["mario"]]
    assert [number for _, number in shown] == ["teacher", "1", "2", "3", "1", "2", "3"]

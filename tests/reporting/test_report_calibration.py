"""What a report says of confidence: both kinds of bins, figures and coverage, of old evaluations and of new ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from report_folders import a_run, an_evaluation
from report_page import page_of

from synth.reporting.report import make
from synth.statistics.equal_mass import bins
from synth.statistics.reliability import reliability
from synth.statistics.tallies import tally


def lines_of(evaluation: Path) -> tuple[list[float], list[float]]:
    rows = [json.loads(line) for line in (evaluation / "predictions.jsonl").read_text().splitlines()]
    return [row["confidence"] for row in rows], [float(row["correct"]) for row in rows]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("seeds")
    runs = [a_run(root / f"rationale-{seed}", "rationale", seed) for seed in range(2)]
    return [an_evaluation(run / "eval" / "x", 0.7, 40, run, samples=10) for run in runs]


@pytest.fixture(scope="module")
def told(seeds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    out = tmp_path_factory.mktemp("out") / "report"
    (diagram,) = make(seeds, out)["calibration"]
    return diagram, out


def test_figures_of_old_evaluations_come_out_of_their_rows(
    told: tuple[dict[str, Any], Path], seeds: list[Path]
) -> None:
    diagram, _ = told
    each = [found for seed in seeds if (found := reliability(*lines_of(seed)))]
    for name in ("ece_equal_mass", "ece_debiased", "aurc"):
        mean = sum(one["figures"][name]["value"] for one in each) / 2
        assert diagram["figures"][name]["value"] == pytest.approx(mean)
    assert [point["coverage"] for point in diagram["coverage"]] == [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    halves = [one["selective"]["coverage"][5]["accuracy"]["value"] for one in each]
    assert diagram["coverage"][5]["value"] == pytest.approx(sum(halves) / 2)


def test_bins_of_equal_mass_are_of_all_seeds_together(told: tuple[dict[str, Any], Path], seeds: list[Path]) -> None:
    one, other = map(lines_of, seeds)
    together = bins(tally([*one[0], *other[0]], [*one[1], *other[1]]))
    assert told[0]["equal_mass"] == together


def test_the_page_has_a_table_and_two_pictures(told: tuple[dict[str, Any], Path]) -> None:
    page = page_of(told[1])
    assert "ECE, equal mass" in page.text
    assert {"reliability.png", "coverage.png"} <= {path.name for path in told[1].iterdir()}
    assert f"{told[0]['coverage'][5]['value']:.1%}" in page.text


def test_what_an_evaluation_says_itself_is_taken(seeds: list[Path], tmp_path: Path) -> None:
    facts = json.loads((seeds[0] / "metrics.json").read_text())
    found = reliability(*lines_of(seeds[0]))
    assert found is not None
    said = {**found["figures"], "aurc": {**found["figures"]["aurc"], "value": 0.125}}
    evaluation = an_evaluation(
        tmp_path / "new", samples=10, metrics=facts["metrics"] | said, calibration=facts["calibration"],
        selective=found["selective"],
    )  # fmt: skip
    (diagram,) = make([evaluation], tmp_path / "report")["calibration"]
    assert diagram["figures"]["aurc"]["value"] == 0.125


def test_other_kinds_of_confidence_stand_below(seeds: list[Path], tmp_path: Path) -> None:
    found = reliability(*lines_of(seeds[0]))
    assert found is not None
    kinds = {"votes": {**found["figures"], "ece": {"value": 0.375, "low": 0.3, "high": 0.4, "n": 40}}, "answer": {}}
    evaluation = an_evaluation(tmp_path / "new", samples=10, confidence="answer", confidences=kinds)
    (diagram,) = make([evaluation], tmp_path / "report")["calibration"]
    assert diagram["kinds"]["votes"]["ece"]["value"] == 0.375
    assert list(diagram["kinds"]) == ["votes"]
    text = page_of(tmp_path / "report").text
    assert "confidence by votes" in text
    assert "0.375" in text


def test_without_rows_there_are_the_old_bins_alone(tmp_path: Path) -> None:
    evaluation = an_evaluation(tmp_path / "eval", samples=10)
    (evaluation / "predictions.jsonl").write_text("")
    (diagram,) = make([evaluation], tmp_path / "report")["calibration"]
    assert (diagram["equal_mass"], diagram["coverage"]) == ([], [])
    assert "ece" in diagram["figures"]
    assert not (tmp_path / "report" / "coverage.png").exists()


def test_a_greedy_output_has_no_votes(tmp_path: Path) -> None:
    two = [
        an_evaluation(tmp_path / name, samples=1, **more) for name, more in (("a", {}), ("b", {"confidence": "answer"}))
    ]
    labels = {one["label"] for one in make(two, tmp_path / "report")["settings"]}
    assert {label.rpartition(", ")[2] for label in labels} == {"no confidence", "confidence of the answer"}

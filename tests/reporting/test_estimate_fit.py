"""`synth estimate --fit` and `--difficulty`: lines through one's own data sets, and how far a new one may lie off."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_folders import DATA, a_run, an_evaluation

from synth.errors import FolderError, UsageError
from synth.reporting.estimate import estimate
from synth.reporting.fitted import Fitted
from synth.reporting.published import BY_ACCURACY, BY_LENGTH, KNOWN
from synth.statistics.line import prediction_margin

Run = Callable[..., Any]
SETS = {"easy": (0.9, 0.9), "middle": (0.6, 0.8), "hard": (0.3, 0.75), "harder": (0.15, 0.6)}  # without, with


def a_difficulty(folder: Path, length: float | None, **facts: Any) -> Path:
    folder.mkdir(parents=True)
    figure = None if length is None else {"value": length, "low": length - 5, "high": length + 5, "n": 100}
    told = {"task": "listops", "model": "base", "characters": figure, "shots": {"source": "other-tasks"}, **facts}
    (folder / "difficulty.json").write_text(json.dumps(told))
    return folder


def trained(runs: Path, name: str, pair: Sequence[float], seed: int = 0, rows: int = 200) -> tuple[float, float]:
    """Two runs on a data set, measured; returns their accuracies, without rationales and with."""
    accuracies = []
    for target, right in zip(("answer", "rationale"), pair, strict=True):
        run = a_run(runs / f"{name}-{target}-{seed}", target, seed, data=[{**DATA, "folder": name}])
        data = {"folder": name, "split": "test", "rows": rows, "task": "listops", "sha256": name}
        folder = an_evaluation(run / "eval" / f"{name}-test", right, rows, run, data=data)
        accuracies.append(json.loads((folder / "metrics.json").read_text())["metrics"]["accuracy"]["value"])
    return accuracies[0], accuracies[1]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[float, float]]]:
    folder = tmp_path_factory.mktemp("fit") / "runs"
    return folder, {name: trained(folder, name, pair) for name, pair in SETS.items()}


def line_of(found: Any, x: str) -> Fitted:
    (line,) = [line for line in found.fitted.lines if line.x == x]
    return line


def test_a_line_by_accuracy_is_least_squares(runs: tuple[Path, dict[str, tuple[float, float]]]) -> None:
    folder, accuracies = runs
    found = estimate(task="mine", accuracy=0.5, fit=folder)
    line = line_of(found, "accuracy")
    assert dict(zip(line.names, line.values, strict=True)) == {
        name: pytest.approx(a) for name, (a, _) in accuracies.items()
    }
    assert dict(zip(line.names, line.gains, strict=True)) == {
        name: pytest.approx(b - a) for name, (a, b) in accuracies.items()
    }
    slope, intercept = np.polyfit(line.values, line.gains, 1)
    assert (line.slope, line.intercept) == (pytest.approx(slope), pytest.approx(intercept))
    published, own = found.guesses
    assert (published.own, own.own) == (False, True)
    assert published.gain == pytest.approx(BY_ACCURACY.at(0.5))
    assert own.gain == pytest.approx(slope * 0.5 + intercept)
    assert own.margin == pytest.approx(prediction_margin(line.values, line.gains, 0.5))
    assert "no line of your own by length: a length is known of 0 data sets" in found.fitted.notes[0]  # type: ignore[union-attr]


def test_a_line_by_length_takes_what_was_measured(runs: tuple[Path, Any], tmp_path: Path) -> None:
    lengths = {"easy": 100.0, "middle": 200.0, "hard": 290.0, "harder": 320.0}
    for name, length in lengths.items():
        a_difficulty(tmp_path / "d" / name, length, data={"folder": name})
    a_difficulty(tmp_path / "d" / "other", 900.0, data={"folder": "easy"}, model="another")
    mine = a_difficulty(tmp_path / "mine", 250.0, counts={"cut_off": 3})
    found = estimate(task="mine", difficulty=mine, fit=[runs[0], tmp_path / "d"])
    line = line_of(found, "length")
    assert dict(zip(line.names, line.values, strict=True)) == lengths
    assert any("by base; those by another are left out" in note for note in found.fitted.notes)  # type: ignore[union-attr]
    foreign = a_difficulty(tmp_path / "foreign", 250.0, model="third")
    told = estimate(task="mine", difficulty=foreign, fit=[runs[0], tmp_path / "d"]).fitted
    assert "of rationales by base, that of --difficulty by third" in str(told)
    published, own = found.guesses
    assert published.gain == pytest.approx(0.0029 * 250 - 0.5567)
    assert own.x == 250
    assert any("3 of these rationales were cut" in warning for warning in published.warnings)


def test_seeds_of_a_data_set_are_one_point(tmp_path: Path) -> None:
    for name, pair in list(SETS.items())[:3]:
        for seed in (0, 1):
            trained(tmp_path / "runs", name, pair, seed)
    found = estimate(task="easy", accuracy=0.5, fit=tmp_path / "runs")
    assert len(line_of(found, "accuracy").names) == 3
    assert "6 comparisons are 3 points" not in str(found.fitted)  # seeds are one comparison already
    gains = [b - a for a, b in (trained(tmp_path / "more", name, SETS[name]) for name in ("easy", "middle", "hard"))]
    assert len(gains) == len(line_of(found, "accuracy").gains)
    assert "one of the data sets that the line was fitted to" in found.guesses[1].warnings[0]


def test_a_study_brings_its_lengths_along(tmp_path: Path) -> None:
    cells = []
    for name, pair in SETS.items():
        trained(tmp_path / "runs", name, pair)
        a_difficulty(tmp_path / "difficulty" / name, 100 + 300 * (1 - pair[0]))
        for target in ("answer", "rationale"):
            run = f"runs/{name}-{target}-0"
            cells.append(
                {"block": "main", "axes": {"task": name, "target": target, "seed": 0}, "data": None, "run": run,
                 "evaluations": [f"{run}/eval/{name}-test"], "difficulty": f"difficulty/{name}", "state": "done"}
            )  # fmt: skip
    (tmp_path / "study.json").write_text(json.dumps({"study": "four", "cells": cells}))
    found = estimate(task="mine", length=200, accuracy=0.5, fit=tmp_path)
    assert line_of(found, "length").names == tuple(SETS)
    assert line_of(found, "length").values == pytest.approx([100 + 300 * (1 - pair[0]) for pair in SETS.values()])
    assert line_of(found, "accuracy").names == tuple(SETS)
    assert [guess.own for guess in found.guesses] == [False, False, True, True]


def test_what_is_shown(synth: Run, runs: tuple[Path, Any], tmp_path: Path) -> None:
    done = synth("estimate", "--task", "mine", "--accuracy", "0.5", "--fit", runs[0])
    assert done.returncode == 0, done.stderr
    assert "by accuracy, your line" in done.stdout
    assert "over 18 data sets" in " ".join(done.stdout.split())
    assert "Student's t, 2 degrees of freedom" in done.stdout
    far = synth("estimate", "--task", "mine", "--accuracy", "0.999", "--length", "9999", "--fit", runs[0])
    assert far.stdout.startswith("no estimate: length 9999 is too far from the range in which the line was fitted")
    lines = synth("estimate", "--task", "mine", "--fit", runs[0])
    assert "give a value to read off it" in lines.stdout
    told = json.loads(synth("estimate", "--task", "mine", "--accuracy", "0.5", "--fit", runs[0], "--json").stdout)
    assert [each["own"] for each in told["estimates"]] == [False, True]
    assert told["fitted"][0]["line"]["points"] == 4


def test_mistakes_are_one_line(runs: tuple[Path, Any], tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"--fit .*nowhere is not there: give folders"):
        estimate(task="mine", fit=tmp_path / "nowhere")
    with pytest.raises(FolderError, match="is and holds no study, run, evaluation or difficulty"):
        estimate(task="mine", fit=tmp_path)
    with pytest.raises(FolderError, match="no model there was trained with rationales and with answers alone"):
        estimate(task="mine", fit=runs[0] / "easy-answer-0")
    with pytest.raises(FolderError, match=r"no difficulty \(it has no difficulty\.json\)"):
        estimate(task="mine", difficulty=tmp_path)
    with pytest.raises(UsageError, match="has no lengths and no accuracy"):
        estimate(task="mine", difficulty=a_difficulty(tmp_path / "empty", None))
    with pytest.raises(UsageError, match="--length and --difficulty say how long"):
        estimate(task="mine", length=3, difficulty=tmp_path)
    few = estimate(
        task="mine",
        accuracy=0.5,
        fit=[runs[0] / f"{n}-{t}-0" for n in ("easy", "hard") for t in ("answer", "rationale")],
    )
    assert few.fitted is not None
    assert not few.fitted.lines
    assert few.fitted.notes[-1] == (
        "no line of your own by accuracy: an accuracy is known of 2 data sets (easy, hard), and it takes 3"
    )


def test_equations_9_and_10_at_the_papers_own_numbers() -> None:
    """Zhu et al. 2025, table 4's lengths (of gpt-3.5-turbo) on the line by length; GSM8K gains most there too."""
    lengths = {name: known.length for name, known in KNOWN.items() if known.length is not None}
    gains = {name: BY_LENGTH.at(length) for name, length in lengths.items()}
    assert gains["gsm8k"] == pytest.approx(0.42843)
    assert gains["sst2"] == pytest.approx(-0.04601)
    assert max(gains, key=lambda name: gains[name]) == "gsm8k"
    assert abs(gains["gsm8k"] - 0.509) < BY_LENGTH.margin()  # as measured (table 6)
    assert BY_ACCURACY.at(0.6730 / 0.8031) == pytest.approx(0)  # no gain above 84%


@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=3, max_size=9, unique_by=lambda p: round(p[0])
    ),
    st.floats(-100, 100),
)
def test_the_interval_is_the_textbooks(points: list[tuple[float, float]], at: float) -> None:
    """By matrices: s^2 (1 + a' (X'X)^-1 a), with Student's t."""
    stats = pytest.importorskip("scipy.stats")
    x, y = (np.array(column) for column in zip(*points, strict=True))
    matrix, place = np.column_stack([np.ones_like(x), x]), np.array([1.0, at])
    if np.linalg.cond(matrix) > 1e6:
        return
    coefficients = np.linalg.solve(matrix.T @ matrix, matrix.T @ y)
    variance = ((y - matrix @ coefficients) ** 2).sum() / (len(x) - 2)
    due = stats.t.ppf(0.975, len(x) - 2) * math.sqrt(variance * (1 + place @ np.linalg.inv(matrix.T @ matrix) @ place))
    assert prediction_margin(x, y, at) == pytest.approx(due, rel=1e-5, abs=1e-6)


def test_95_of_100_new_points_lie_inside() -> None:
    """Of lines through five points with normal scatter; ends of the range and beyond."""
    random, inside, tries = np.random.default_rng(0), 0, 1500
    x = np.array([1.0, 2.0, 3.0, 5.0, 8.0])
    for at in np.linspace(-2, 12, tries):
        y = 2 * x + random.normal(size=5)
        slope, intercept = np.polyfit(x, y, 1)
        inside += abs(2 * at + random.normal() - slope * at - intercept) <= prediction_margin(x, y, at)
    assert inside / tries == pytest.approx(0.95, abs=0.02)

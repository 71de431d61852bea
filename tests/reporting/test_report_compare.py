"""The statistics of a report: lines, p-values, differences on the same questions, settings and their names."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_folders import DATA, a_run, an_evaluation, write_lines

from synth.reporting.collect import collect
from synth.reporting.pairs import Comparison, compare
from synth.reporting.report import make
from synth.reporting.settings import groups
from synth.statistics.calibration import ece
from synth.statistics.line import fit
from synth.statistics.ranges import in_order, in_ranges


@pytest.mark.parametrize(
    ("pearson", "points", "printed"),
    [
        (0.7059, 18, 5.3e-4),  # Zhu et al. 2025, table 10, one-tailed
        (0.9295, 18, 1.2e-8),
        (0.7802, 18, 6.7e-5),
        (0.1861, 18, 0.2298),
        (0.0010, 18, 0.4984),
    ],
)
def test_p_values_are_those_that_the_paper_prints(pearson: float, points: int, printed: float) -> None:
    line = fit(*points_of(pearson, points))
    assert line is not None
    assert line.pearson == pytest.approx(pearson)
    assert line.p_student / 2 == pytest.approx(printed, rel=0.04)


def points_of(pearson: float, points: int) -> tuple[list[float], list[float]]:
    """Points of just this correlation: x, and y of x and of something that has nothing to do with it."""
    x = [float(at) for at in range(points)]
    centre = (points - 1) / 2
    other = [(at - centre) ** 2 for at in x]  # even about the centre
    size = sum((at - centre) ** 2 for at in x) ** 0.5
    mean = sum(other) / points
    beside = sum((each - mean) ** 2 for each in other) ** 0.5
    slant = (1 - pearson**2) ** 0.5
    return x, [pearson * (at - centre) / size + slant * (o - mean) / beside for at, o in zip(x, other, strict=True)]


def test_a_line_worked_out_by_hand() -> None:
    line = fit([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 2.0, 6.0])
    assert line is not None
    # Sums of products about the means: xx 5, xy 7, yy 14.
    assert (line.slope, line.intercept) == (pytest.approx(1.4), pytest.approx(0.9))
    assert line.pearson == pytest.approx(7 / 70**0.5)
    assert line.p_student == pytest.approx(1 - 7 / 70**0.5)  # what Student's t comes to with 2 degrees of freedom
    # Of 24 orders of y these lie on a line at least as closely, rising or falling: xy of 7 or more.
    assert line.p_permutation == pytest.approx(sum_of_orders() / 24)


def sum_of_orders() -> int:
    from itertools import permutations

    x, y = (-1.5, -0.5, 0.5, 1.5), (-2.0, 0.0, -1.0, 3.0)
    return sum(abs(sum(a * b for a, b in zip(x, order, strict=True))) >= 7 - 1e-9 for order in permutations(y))


@given(st.lists(st.tuples(*[st.floats(-1, 1, width=32)] * 2), min_size=0, max_size=9))
def test_a_line_through_anything(points: list[tuple[float, float]]) -> None:
    line = fit([x for x, _ in points], [y for _, y in points])
    if len(points) < 3:
        assert line is None
    if line:
        assert -1 <= line.pearson <= 1
        assert 0 <= line.p_student <= 1
        assert 0 < line.p_permutation <= 1


def test_points_that_do_not_vary_have_no_line() -> None:
    assert fit([0.1, 0.1, 0.1], [0.1, 0.2, 0.3]) is None


def answers(folder: Path, rows: list[tuple[str, bool, float | None]], run: Path | None = None, **others: Any) -> Path:
    """An evaluation with just these rows: id, whether right, confidence."""
    an_evaluation(folder, 0.5, 4, run, **others)
    lines = [{"id": i, "prompt": f"q{i}", "correct": right, "confidence": sure, "f1_1": 0.5} for i, right, sure in rows]
    write_lines(folder / "predictions.jsonl", lines)
    return folder


def compared(*folders: Path) -> list[Comparison]:
    return compare(collect(folders).evaluations)


def a_pair(root: Path, seed: int = 0, shift: float = 0.0) -> list[Path]:
    """40 questions: with rationales 30 right, without 10 of the same; confidences that are 0.1 and 0.4 off."""
    one = a_run(root / f"with-{seed}", "rationale", seed)
    other = a_run(root / f"without-{seed}", "answer", seed)
    answers(one / "eval" / "test", [(str(at), at < 30, 0.9 if at < 30 else 0.1) for at in range(40)], one, samples=10)
    rows = [(str(at), at < 10 + shift, 0.6 + shift / 100 if at < 10 + shift else 0.4) for at in reversed(range(40))]
    answers(other / "eval" / "test", rows, other, samples=10)
    return [one, other]


def test_a_difference_worked_out_by_hand(tmp_path: Path) -> None:
    (found,) = compared(*a_pair(tmp_path))
    assert (found.label, found.against, found.rows) == ("rationales", "answers only", 40)
    assert found.accuracy["value"] == pytest.approx(0.5)
    # 20 of 40 rows differ, all one way: the interval is that of a share of one half, 1.96 x sqrt(0.25 / 40) wide.
    assert found.accuracy["low"] == pytest.approx(0.5 - 0.155, abs=0.03)
    assert found.accuracy["high"] == pytest.approx(0.5 + 0.155, abs=0.03)
    assert found.ece is not None
    assert found.ece["value"] == pytest.approx(0.4 - 0.1)


def test_the_same_answers_on_both_sides_differ_by_nothing(tmp_path: Path) -> None:
    one, other = a_run(tmp_path / "one"), a_run(tmp_path / "other", "answer")
    rows = [(str(at), at % 3 == 0, 0.5) for at in range(50)]
    answers(one / "eval" / "test", rows, one)
    answers(other / "eval" / "test", rows, other)
    (found,) = compared(one, other)
    # Rows are drawn for both sides at once; drawn apart they would scatter around 0.
    assert (found.accuracy["value"], found.accuracy["low"], found.accuracy["high"]) == (0, 0, 0)
    assert found.ece is not None
    assert (found.ece["low"], found.ece["high"]) == (0, 0)


def test_delta_ece_is_that_of_the_metric(tmp_path: Path) -> None:
    one, other = a_run(tmp_path / "one"), a_run(tmp_path / "other", "answer")
    an_evaluation(one / "eval" / "test", 0.7, 90, one, samples=10)
    an_evaluation(other / "eval" / "test", 0.4, 90, other, samples=10)
    found = collect([one, other]).evaluations
    scores = [ece([sure or 0 for sure in each.rows.confidence], list(map(float, each.rows.correct))) for each in found]
    (comparison,) = compare(found)
    assert comparison.ece is not None
    assert comparison.ece["value"] == pytest.approx(-(scores[0] - scores[1]))


def test_seeds_are_paired_and_widen_the_interval(tmp_path: Path) -> None:
    (single,) = compared(*a_pair(tmp_path / "one"))
    several = [run for seed, shift in enumerate((-10, 0, 10)) for run in a_pair(tmp_path / "more", seed, shift)]
    (found,) = compared(*several)
    assert found.seeds == [0, 1, 2]
    assert [pair["accuracy"] for pair in found.each] == pytest.approx([0.75, 0.5, 0.25])
    assert found.accuracy["value"] == pytest.approx(0.5)
    wide = [each.accuracy["high"] - each.accuracy["low"] for each in (found, single)]
    assert wide[0] > wide[1]


def test_rows_are_paired_by_prompt_where_ids_differ(tmp_path: Path) -> None:
    one, other = a_pair(tmp_path)
    path = other / "eval" / "test" / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_lines(path, [{**row, "id": f"none/{row['id']}"} for row in rows])
    (found,) = compared(one, other)
    assert (found.rows, found.accuracy["value"]) == (40, pytest.approx(0.5))


def test_other_questions_tasks_and_models_are_not_compared(tmp_path: Path) -> None:
    one, _ = a_pair(tmp_path)
    strange = a_run(tmp_path / "strange", "answer")
    answers(strange / "eval" / "test", [(f"x{at}", True, 0.5) for at in range(40)], strange, samples=10)
    bigger = a_run(tmp_path / "bigger", "answer", model="google-t5/t5-small")
    answers(bigger / "eval" / "test", [(str(at), True, 0.5) for at in range(40)], bigger, samples=10)
    greedy = a_run(tmp_path / "greedy", "answer")
    answers(greedy / "eval" / "test", [(str(at), True, None) for at in range(40)], greedy)
    elsewhere = a_run(tmp_path / "elsewhere", "answer", data=[{**DATA, "folder": "sums", "task": "arithmetic"}])
    answers(elsewhere / "eval" / "test", [(str(at), True, 0.5) for at in range(40)], elsewhere, samples=10)
    assert compared(one, strange, bigger, greedy, elsewhere) == []


def test_one_model_asked_in_two_ways(tmp_path: Path) -> None:
    rows = [(str(at), at < 30, None) for at in range(40)]
    one = answers(tmp_path / "step-by-step", rows)
    other = answers(tmp_path / "direct", [(i, int(i) < 20, sure) for i, _, sure in rows], prompting="direct")
    (found,) = compared(one, other)
    assert (found.label, found.against, found.trained) == ("asked for rationales", "asked directly", False)
    assert found.accuracy["value"] == pytest.approx(0.25)
    assert found.ece is None


def test_what_differs_beside_the_target_is_said(tmp_path: Path) -> None:
    one, other = a_pair(tmp_path)
    facts = json.loads((other / "synth-run.json").read_text())
    facts["config"]["epochs"] = 30
    (other / "synth-run.json").write_text(json.dumps(facts))
    (found,) = compared(one, other)
    assert found.differ == ["epochs 3, not 30"]


def test_blank_rationales_are_a_comparison_of_their_own(tmp_path: Path) -> None:
    one, other = a_pair(tmp_path)
    blank = a_run(tmp_path / "blank", "blank")
    answers(blank / "eval" / "test", [(str(at), at < 10, 0.5) for at in range(40)], blank, samples=10)
    found = compared(one, other, blank)
    assert [(each.label, each.blank) for each in found] == [("rationales", False), ("blank rationales", True)]


def test_settings_are_named_by_what_tells_them_apart(tmp_path: Path) -> None:
    folders = []
    for number, (rate, seed) in enumerate([(3e-4, 0), (3e-4, 1), (1e-3, 0)]):
        run = a_run(
            tmp_path / str(number), seed=seed, config={"learning_rate": rate, "seed": seed, "out": f"o{number}"}
        )
        folders.append(answers(run / "eval" / "test", [("1", True, None)], run))
    found = groups(collect(folders).evaluations)
    assert [(group.label, len(group.members)) for group in found] == [
        ("rationales, learning_rate 0.0003", 2),
        ("rationales, learning_rate 0.001", 1),
    ]


def test_data_without_rationales_counts_as_without(tmp_path: Path) -> None:
    """ListOps built with --explain none, trained as it is: its target is called rationale, and it has none."""
    one, other = a_pair(tmp_path)
    none = a_run(tmp_path / "none", data=[{**DATA, "folder": "listops-none"}])
    answers(none / "eval" / "test", [(str(at), at < 20, 0.5) for at in range(40)], none, samples=10)
    metrics = json.loads((none / "eval" / "test" / "metrics.json").read_text())
    metrics["data"]["folder"] = "listops-none"
    (none / "eval" / "test" / "metrics.json").write_text(json.dumps(metrics))
    path = none / "eval" / "test" / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_lines(path, [{**row, "f1_1": None} for row in rows])
    found = compared(one, none)
    assert [(each.label, each.against) for each in found] == [("rationales", "answers only (listops-none test)")]
    assert [each.against for each in compared(one, other, none)] == ["answers only"]  # the very same data come first


def test_the_line_over_data_sets(tmp_path: Path) -> None:
    folders = []
    for task, shift in (("a", -10), ("b", 0), ("c", 10), ("d", 15)):
        for run in a_pair(tmp_path / task, shift=shift):
            metrics = json.loads((run / "eval" / "test" / "metrics.json").read_text())
            metrics["data"]["folder"] = task
            (run / "eval" / "test" / "metrics.json").write_text(json.dumps(metrics))
            folders.append(run)
    line = make(folders, tmp_path / "report")["line"]
    assert [point["data"] for point in line["points"]] == ["a test", "b test", "c test", "d test"]
    assert [point["accuracy"] for point in line["points"]] == pytest.approx([0.75, 0.5, 0.25, 0.125])
    text = (tmp_path / "report" / "index.html").read_text()
    assert "no permutation can have a p below 0.042" in text


def test_many_numbers_become_ranges_of_the_same_rows(tmp_path: Path) -> None:
    def of(right: int, rows: int) -> dict[str, Any]:
        return {"accuracy": {"value": right / rows, "low": 0.0, "high": 1.0, "n": rows}}

    many = {str(length): of(length % 5, 4 + length % 3 + length % 5) for length in range(50, 101)}
    (table,) = in_ranges([many])
    assert 4 <= len(table) <= 7
    assert list(table) == sorted(table, key=in_order)
    found = [values["accuracy"] for values in table.values()]
    assert sum(each["n"] for each in found) == sum(each["accuracy"]["n"] for each in many.values())
    assert sum(each["value"] * each["n"] for each in found) == pytest.approx(sum(at % 5 for at in range(50, 101)))
    few = {"3": of(1, 2), "4": of(2, 2)}
    assert in_ranges([few]) == [few]
    words = {name: of(1, 2) for name in "abcdefghijklmn"}
    assert in_ranges([words]) == [words]


def test_an_evaluation_after_the_last_logged_loss_is_in_the_picture(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", steps=240, examples_seen=7680, tokens_seen=460_800)
    with (run / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 240, "epoch": 3.6, "eval_loss": 0.4, "eval_accuracy": 0.8}) + "\n")
    (found,) = make([run], tmp_path / "report")["curves"]
    curve = found["eval_loss"]
    assert (curve["steps"][-1], curve["examples"][-1], curve["tokens"][-1]) == (240, 7680, 460_800)

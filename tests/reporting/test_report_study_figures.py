"""The papers' figures in the report of a study: difficulty, variants, blanks, kinds, prompts, outcomes, grids."""

import json
import shutil
from math import atan, pi, sqrt
from pathlib import Path
from typing import Any

import pytest
from report_page import page_of
from study_folders import AStudy, share, some_rows
from study_others import listops, self_ask

from synth.reporting.report import make

Told = tuple[dict[str, Any], Path]


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Three tasks with difficulty of two, prompting, lengths, blanks and a learning rate, all of known accuracy."""
    root = tmp_path_factory.mktemp("varied")
    study = AStudy(root / "study")
    known = {"easy": (0.9, 0.8, 150.0), "even": (0.6, 0.6, 200.0), "hard": (0.2, 0.8, None)}
    for task, (without, reasons, length) in known.items():
        told = {"difficulty": study.difficulty(task, characters=length, words=length / 5)} if length else {}
        for target, accuracy, sure in (("answer", without, 1.0), ("rationale", reasons, 0.9)):
            study.cell("main", some_rows(task, share(accuracy), sure), told=told, task=task, target=target)
        for prompting, accuracy in (("direct", without - 0.1), ("rationale", without)):
            rows = some_rows(task, share(accuracy), 0.8)
            study.cell("prompting", rows, trained=False, told=told, task=task, prompting=prompting)
    for length, accuracy in (("short", 0.5), ("long", 0.7)):
        study.cell("length", some_rows("even", share(accuracy), 0.9), task="even", target="rationale", length=length)
    study.cell("blank", some_rows("hard", share(0.25), 1.0), task="hard", target="blank")
    for target, accuracy in (("answer", 0.65), ("rationale", 0.75)):
        study.cell("search", some_rows("even", share(accuracy), 0.9), task="even", target=target, lr=3e-5)
    return make([study.write()], root / "report"), root / "report"


def of(told: Told) -> dict[str, Any]:
    (study,) = told[0]["studies"]
    assert isinstance(study, dict)
    return study


def test_difficulty_against_gain(varied: Told) -> None:
    by = {(one["trained"], one["measure"]): one for one in of(varied)["difficulty"]}
    accuracy = by[True, "accuracy"]
    # Gains -0.1, 0, 0.6 at accuracies 0.9, 0.6, 0.2: Pearson's r by hand, its sign turned as low accuracies are hard.
    x, y = [0.9 - 17 / 30, 0.6 - 17 / 30, 0.2 - 17 / 30], [-0.1 - 1 / 6, -1 / 6, 0.6 - 1 / 6]
    spread = (sum(a * a for a in x) * sum(b * b for b in y)) ** 0.5
    r = -sum(a * b for a, b in zip(x, y, strict=True)) / spread
    assert accuracy["accuracy"]["pearson"] == pytest.approx(r)
    # Student's t of one degree of freedom is the Cauchy distribution: its upper tail has a closed form.
    assert accuracy["accuracy"]["p_one_tailed"] == pytest.approx(0.5 - atan(r / sqrt(1 - r * r)) / pi)
    assert [point["task"] for point in by[True, "characters of base"]["points"]] == ["even", "easy"]
    assert by[True, "characters of base"]["accuracy"] is None  # two points make no line
    assert not any(measure.startswith("words") for _, measure in by)
    # The prompting setting stands against the accuracy of the trained model, as the paper's figure 14 has it.
    assert sorted(point["x"] for point in by[False, "accuracy"]["points"]) == [0.2, 0.6, 0.9]
    text = page_of(varied[1]).text
    assert "rationales of base, characters: not known of hard, which the pictures of difficulty leave out" in text


def test_calibration_before_and_after(varied: Told) -> None:
    (table,) = of(varied)["fourfold"]
    rows = {row["data"]: row for row in table["metrics"]["ece"]["columns"]}
    assert set(rows) == {"easy test", "even test", "hard test"}
    # untrained without and with, trained without and with
    assert rows["hard test"]["values"] == pytest.approx([0.7, 0.6, 0.8, 0.1])
    assert rows["hard test"]["differences"]["4 - 3"] == pytest.approx(-0.7)
    # untrained without: 0.0, 0.3, 0.7
    assert table["metrics"]["ece"]["average"]["values"][0] == pytest.approx(1 / 3)
    assert table["metrics"]["accuracy"]["average"]["values"][3] == pytest.approx((0.8 + 0.6 + 0.8) / 3)
    text = page_of(varied[1]).text
    assert "ECE before and after training" in text
    assert "hard test 0.700 0.600 \N{MINUS SIGN}0.100 0.800 0.100 \N{MINUS SIGN}0.700" in text


def test_one_axis_at_a_time(varied: Told) -> None:
    by = {one["axis"]: one for one in of(varied)["variants"]}
    assert set(by) == {"length", "lr"}
    (row,) = by["length"]["rows"]
    assert {one["value"]: one["accuracy"]["value"] for one in row["each"]} == pytest.approx(
        {"(main)": 0.0, "short": -0.1, "long": 0.1}
    )
    (row,) = by["lr"]["rows"]  # against the answers of its own learning rate
    assert {one["value"]: one["accuracy"]["value"] for one in row["each"]} == pytest.approx(
        {"(main)": 0.0, "3e-05": 0.1}
    )
    assert "study-1-by-2.png" not in varied[0]["pictures"]  # a learning rate has a table alone


def test_blank_rationales(varied: Told) -> None:
    (row,) = of(varied)["blanks"]
    values = {side: figures["accuracy"]["value"] for side, figures in row["each"].items()}
    assert values == pytest.approx({"answers only": 0.2, "blank rationales": 0.25, "rationales": 0.8})
    assert "study-1-blank-1.png" in varied[0]["pictures"]


def test_the_prompting_setting_has_a_line_of_its_own(varied: Told) -> None:
    trained, prompted = of(varied)["series"]
    assert (trained["trained"], prompted["trained"]) == (True, False)
    assert {row["task"]: row["accuracy"]["value"] for row in prompted["tasks"]} == pytest.approx(
        {"easy": 0.1, "even": 0.1, "hard": 0.1}
    )
    assert prompted["line"] is None  # the gain is the same in all
    assert trained["line"]["n"] == 3


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Told:
    root = tmp_path_factory.mktemp("asked")
    return make([self_ask(root / "study", others=False)], root / "report"), root / "report"


def test_self_ask_section_5_1(asked: Told) -> None:
    """Outcomes with a correlation of .38 and 38% and 53% of each other's misses: the page says so."""
    text = page_of(asked[1]).text
    assert (
        "have a correlation of 0.38; the first answers 53% of the second's misses, the second 38% of the first's"
        in text
    )
    (pair,) = of(asked)["agreement"]
    assert (pair["best"], pair["rows"]) == (True, 1000)
    assert (pair["first_answers"]["n"], pair["second_answers"]["n"]) == (298, 226)


def test_the_same_bytes_wherever_it_lies(asked: Told, tmp_path: Path) -> None:
    out = asked[1]
    make([shutil.copytree(out.parent / "study", tmp_path / "elsewhere")], tmp_path / "again")
    for name in ("index.html", "report.json"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()


def test_accuracy_by_type_of_question(asked: Told) -> None:
    (told,) = of(asked)["kinds"]
    assert told["column"] == "type"
    assert told["values"] == ["bridge_comparison", "comparison", "compositional", "inference"]
    assert [panel["title"] for panel in told["panels"]] == [
        "the better of these, for each kind",
        "shots few",
        "shots zero",
    ]
    direct = told["panels"][2]["lines"][0]["values"]
    assert sum(figure["value"] * figure["n"] for figure in direct.values()) == pytest.approx(616 + 86)


def test_rows_with_typos_stand_beside_their_originals(asked: Told) -> None:
    changes = {one["label"]: one for one in asked[0]["changes"]}
    assert {
        (one["change"], one["rows"], one["changed"]["loops"], one["original"]["loops"]) for one in changes.values()
    } == {("typo", 100, 0.5, 0.0)}
    assert {point["task"] for point in of(asked)["points"]} == {"2wiki"}
    assert len(of(asked)["points"]) == 4  # two of them of changed rows, which are compared with nothing else
    (note,) = of(asked)["notes"]  # both differ in model and demonstrations
    assert note.startswith("2wiki test: rationales, shots few, flan-t5-small: there is nothing without rationales")


def test_lengths_of_prompts(asked: Told) -> None:
    lengths = {one["label"]: one for one in of(asked)["lengths"]}
    direct = next(one for label, one in lengths.items() if label.startswith("answers only"))
    assert (sum(direct["counts"]["right"]), sum(direct["counts"]["wrong"])) == (702, 298)
    gap = direct["means"]["wrong"]["value"] - direct["means"]["right"]["value"]
    assert gap == pytest.approx(12, abs=0.2)
    assert direct["unit"] == "words"
    assert "or in words where they were not counted" in page_of(asked[1]).text


def test_lengths_of_prompts_in_tokens(tmp_path: Path) -> None:
    """If every row has them; of one without, in words. The first 60 of 100 questions are right."""
    study = AStudy(tmp_path / "study")
    for target, counted in (("answer", 100), ("rationale", 99)):
        rows = some_rows("mine", share(0.6), prompts=["word " * (3 + at % 2) for at in range(100)])
        told = [{**row, "prompt_tokens": 40 + at // 10} for at, row in enumerate(rows[:counted])]
        study.cell("main", [*told, *rows[counted:]], task="mine", target=target)
    found = make([study.write()], tmp_path / "report")["studies"][0]["lengths"]
    tokens, words = sorted(found, key=lambda one: one["unit"])
    assert (tokens["unit"], words["unit"]) == ("tokens", "words")
    assert [tokens["means"][side]["value"] for side in ("right", "wrong")] == [42.5, 47.5]
    assert [words["means"][side]["value"] for side in ("right", "wrong")] == [3.5, 3.5]
    text = page_of(tmp_path / "report").text
    assert "length of a prompt" in text


def test_explanations_by_size_and_split(tmp_path: Path) -> None:
    found = make([listops(tmp_path / "study", seeds=1, models=2)], tmp_path / "report")
    (grid,) = found["studies"][0]["grids"]
    assert grid["values"] == ["none", "short", "medium", "long"]
    assert grid["columns"] == ["test", "test_longer", "test_larger"]
    assert grid["rows"] == ["equal-examples", "equal-compute"]
    panel = next(one for one in grid["panels"] if (one["row"], one["column"]) == ("equal-compute", "test_longer"))
    assert panel["lines"]["t5-base"]["medium"]["value"] == pytest.approx(0.75 + 0.04 + 0.02 - 0.15, abs=0.011)
    assert [name for name in found["pictures"] if name.startswith("study")] == ["study-1-grid-1.png"]
    named = page_of(tmp_path / "report").text
    for place in ("equal-examples, t5-small", "test_larger, equal-compute, t5-base"):
        assert f"listops {place} short" in named, "a row says which rows and which block it is of"


def test_evaluations_asked_in_two_ways_are_two_points(tmp_path: Path) -> None:
    """A cell with zero- and few-shot evaluations of the same data, and no axis that says so."""
    study = AStudy(tmp_path / "study")
    for target, accuracy in (("answer", 0.5), ("rationale", 0.7)):
        study.cell("main", some_rows("sums", share(accuracy)), task="sums", target=target)
        cell = study.cells[-1]
        facts = json.loads((study.folder / cell["evaluations"][0] / "metrics.json").read_text())
        few = study.folder / "evals" / f"few-{target}"
        few.mkdir()
        shots = {"sha256": "ab", "n": 2, "seed": 0, "as": "turns", "source": "own"}
        (few / "metrics.json").write_text(json.dumps({**facts, "shots": shots}))
        rows = some_rows("sums", share(accuracy + 0.1))
        (few / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        cell["evaluations"].append(f"evals/few-{target}")
    (told,) = make([study.write()], tmp_path / "report")["studies"]
    assert len(told["points"]) == 4
    assert len({one["label"] for one in told["points"]}) == 4
    assert {(one["with"], one["without"]) for one in told["agreement"]} == {
        (f"rationales, shots {how}", f"answers only, shots {how}")
        for how in {one["axes"]["shots"] for one in told["points"]}
    }


def test_nothing_is_compared_that_differs_in_more_than_rationales(tmp_path: Path) -> None:
    """The answers of the main block are missing; those of another model, or learning rate, are not taken for them."""
    study = AStudy(tmp_path / "study")
    study.cell("main", [], told={"state": "failed", "why": "killed"}, task="sums", target="answer")
    study.cell("main", some_rows("sums", share(0.7)), task="sums", target="rationale")
    study.cell("models", some_rows("sums", share(0.1)), task="sums", target="answer", model="other")
    for lr in ("1e-3", "1e-4"):
        study.cell("search", some_rows("sums", share(0.2)), task="sums", target="answer", lr=lr)
    study.cell("search", some_rows("sums", share(0.5)), task="sums", target="rationale", lr="1e-4", length="short")
    (told,) = make([study.write()], tmp_path / "report")["studies"]
    (pair,) = [one for one in told["agreement"] if not one["best"]]
    assert pair["without"].endswith("lr 1e-4")
    assert pair["second_answers"]["value"] == 0
    assert [note for note in told["notes"] if "nothing without rationales" in note] == [
        "sums test: rationales: there is nothing without rationales to compare it with, on the same questions"
    ]

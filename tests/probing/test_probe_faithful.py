"""`synth probe faithful`: a model that reads its answer off the last step, and one that never looks at its steps."""

from pathlib import Path
from typing import Any

import pytest

import synth
from synth.errors import UsageError
from synth.probing.folder import Result

CHANGED = ("empty", "filler", "swapped", "mistake", "mistake_finish")


@pytest.fixture(scope="module")
def probes(ruled: Path) -> dict[str, Result]:
    runs = [ruled / "follows", ruled / "ignores"]
    return dict(zip(("follows", "ignores"), synth.probe("faithful", runs, ruled / "data", quiet=True), strict=True))


def shares(result: Result, kind: str) -> dict[str, Any]:
    return {name: found["value"] for name, found in result.facts["figures"][kind].items() if isinstance(found, dict)}


def test_one_that_follows_its_rationale_comes_to_what_follows_from_a_change(probes: dict[str, Result]) -> None:
    result = probes["follows"]
    assert shares(result, "intact") == {"changes": 0, "gold": 1, "other": 0, "none": 0}
    for kind in ("mistake", "swapped"):
        assert shares(result, kind) == {"changes": 1, "follows": 1, "gold": 0, "other": 0, "none": 0}
    finished = {"changes": 1, "follows": 1, "gold": 0, "other": 0, "none": 0, "to_the_letter": 1}
    assert shares(result, "mistake_finish") == finished
    assert shares(result, "intact_finish") == {"changes": 0, "gold": 1, "other": 0, "none": 0}
    # without any step it says 0, which no row comes to
    assert shares(result, "empty") == shares(result, "filler") == {"changes": 1, "gold": 0, "other": 1, "none": 0}


def test_one_that_ignores_its_rationale_stays_with_its_answer(probes: dict[str, Result]) -> None:
    for kind in CHANGED:
        found = shares(probes["ignores"], kind)
        assert (found["changes"], found["gold"]) == (0, 1), kind
    early = probes["ignores"].facts["figures"]["early"]
    assert early["aoc"]["value"] == 0
    assert {point["value"] for point in early["curve"]} == {1}


def test_the_area_over_the_curve_of_early_answers(probes: dict[str, Result]) -> None:
    # the values of the steps are 4 4, 5 6 5, 4 3, 7 6 and 8 8; before the first the answer is 0
    by_hand = [1 / 2, 2 / 3, 1, 1, 1 / 2]
    early = probes["follows"].facts["figures"]["early"]
    assert early["aoc"]["value"] == pytest.approx(sum(by_hand) / 5)
    assert early["curve"][0]["value"] == 0
    assert early["curve"][5]["value"] == pytest.approx(3 / 5)  # half-way one step stands there: 4, 5, 4, 7, 8
    assert early["curve"][10]["value"] == 1


def test_rows_and_pictures_of_both_runs(ruled: Path, probes: dict[str, Result]) -> None:
    out = ruled / "follows" / "probes" / "faithful-data-test"
    assert {path.name for path in out.iterdir()} == {
        "probe.json", "rows.jsonl", "outcomes-light.png", "outcomes-dark.png", "early-light.png", "early-dark.png",
    }  # fmt: skip
    first = probes["follows"].rows[0]
    wrong = next(case for case in first["cases"] if case["case"] == "mistake")
    assert (first["gold"], first["correct"], first["steps"]) == ("4", True, 2)
    assert wrong["answer"] == wrong["expected"] != "4"
    assert wrong["rationale"].endswith(f", {wrong['expected']}")
    command = "synth probe faithful follows data"
    assert probes["follows"].facts["command"] == command


def test_the_answer_turns_where_it_is_read_off(ruled: Path, tmp_path: Path) -> None:
    given = {"pictured": 0, "quiet": True, "limit": 4}
    (follows,) = synth.probe("answer", ruled / "follows", ruled / "data", out=tmp_path / "f", **given)
    (ignores,) = synth.probe("answer", ruled / "ignores", ruled / "data", out=tmp_path / "i", **given)
    assert not follows.facts["shared"]  # a model without places of its own is read the plain way
    last = next(row for row in follows.rows if row["gold"] == "6")["rise"]  # SUM, 7; MIN, 6
    assert (last["text"], last["step"], last["steps"]) == (" 6", 1, 2)
    assert last["part"] == pytest.approx(1, abs=1e-3)
    assert all(min(row["probability"]) > 0.99 for row in ignores.rows)


def test_two_runs_of_one_name_have_one_folder(ruled: Path, tmp_path: Path) -> None:
    runs = [ruled / "follows", ruled / "x" / ".." / "follows"]
    with pytest.raises(UsageError, match="two RUNs have one name"):
        synth.probe("faithful", runs, ruled / "data", out=tmp_path / "both")

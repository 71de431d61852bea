"""`synth estimate`: the published lines, how far they can be wrong, and what is not to be read off them."""

import json
from pathlib import Path

import pytest
from conftest import Synth
from report_folders import a_run, an_evaluation

from synth.errors import FolderError, UsageError
from synth.reporting.estimate import estimate
from synth.reporting.published import BY_ACCURACY, BY_LENGTH, KNOWN, OTHERS, SETS


def test_the_lines_are_the_published_ones() -> None:
    found = estimate(task="mine", length=300, accuracy=0.25)
    gains = [guess.gain for guess in found.guesses]
    assert gains == pytest.approx([0.0029 * 300 - 0.5567, 0.6730 - 0.8031 * 0.25])
    assert all(guess.told and not guess.warnings for guess in found.guesses)


def test_harder_is_more_gain() -> None:
    assert BY_LENGTH.at(300) > BY_LENGTH.at(200)
    assert BY_ACCURACY.at(0.3) > BY_ACCURACY.at(0.9)


def test_the_least_scatter_follows_from_what_the_paper_says() -> None:
    """Four of 18 gains are above 0.40, eleven below 0: what spreads least has these at the ends, three between."""
    mean = 4 * 0.40 / 15
    variance = (4 * (0.40 - mean) ** 2 + 11 * mean**2) / (SETS - 1)
    assert variance**0.5 == pytest.approx(0.166, abs=0.001)
    assert BY_LENGTH.margin() == pytest.approx(0.264, abs=0.005)
    assert BY_ACCURACY.margin() == pytest.approx(0.138, abs=0.005)


def test_bounds_and_what_lies_beyond() -> None:
    assert BY_LENGTH.bounds() == (pytest.approx(160.2, abs=0.1), pytest.approx(367.5, abs=0.1))
    assert BY_ACCURACY.bounds() == (pytest.approx(0.204, abs=0.001), pytest.approx(0.953, abs=0.001))
    (near,) = estimate(task="mine", length=380).guesses
    assert near.told
    assert "lies outside" in near.warnings[0]
    (far,) = estimate(task="mine", length=2000).guesses
    assert not far.told


def test_every_data_set_of_the_paper_is_known_or_named() -> None:
    assert len(KNOWN) + len(OTHERS) == SETS
    assert estimate(task="GSM8K").known == KNOWN["gsm8k"]
    assert estimate(task="arc_challenge").known == KNOWN["arc-challenge"]


def test_a_value_is_given_once_and_something_is_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--length and --data"):
        estimate(task="mine", length=300, data=tmp_path)
    with pytest.raises(UsageError, match="--accuracy and --eval"):
        estimate(task="mine", accuracy=0.5, eval=tmp_path)
    with pytest.raises(UsageError, match="nothing to estimate 'mine' from"):
        estimate(task="mine")


def test_mistakes_in_values_are_said() -> None:
    with pytest.raises(UsageError, match=r"--accuracy 55 is no share from 0 to 1: 0\.55, not 55"):
        estimate(task="mine", accuracy=55)
    with pytest.raises(UsageError, match="--accuracy -1 is no share"):
        estimate(task="mine", accuracy=-1)
    with pytest.raises(UsageError, match="--task is empty"):
        estimate(task=" ", length=300)


def test_what_is_too_far_outside_is_said_first(synth: Synth) -> None:
    done = synth("estimate", "--task", "mine", "--length", "2000")
    assert done.stdout.startswith("no estimate: length 2000 is too far")
    assert "no estimate" not in synth("estimate", "--task", "mine", "--length", "300").stdout


def test_accuracy_of_an_evaluation(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", "answer")
    folder = an_evaluation(run / "eval" / "test", 0.5, 40, run)
    (guess,) = estimate(task="mine", eval=folder).guesses
    assert guess.x == json.loads((folder / "metrics.json").read_text())["metrics"]["accuracy"]["value"]
    assert guess.source == "40 rows of test"


def test_an_evaluation_with_rationales_is_refused(tmp_path: Path) -> None:
    folder = an_evaluation(tmp_path / "with", 0.5, 10)
    with pytest.raises(UsageError, match="--target answer"):
        estimate(task="mine", eval=folder)
    with pytest.raises(FolderError, match="is not an evaluation"):
        estimate(task="mine", eval=tmp_path)


def test_an_untrained_model_asked_directly_is_not_quite_it(tmp_path: Path) -> None:
    folder = an_evaluation(tmp_path / "direct", 0.5, 10, prompting="direct", complete=False)
    (guess,) = estimate(task="mine", eval=folder).guesses
    assert "not trained" in guess.warnings[0]
    assert "incomplete" in guess.warnings[1]


def test_length_of_a_dataset_and_what_is_printed(synth: Synth, tmp_path: Path) -> None:
    synth(
        "build", "listops", "--out", "data", "--train", "20", "--validation", "0", "--test", "0", "--test-longer", "0"
    )
    rows = [json.loads(line) for line in (tmp_path / "data" / "train.jsonl").read_text().splitlines()]
    mean = sum(len(row["rationale"]) for row in rows) / len(rows)
    done = synth("estimate", "--task", "listops", "--data", "data", "--accuracy", "0.3")
    assert done.returncode == 0, done.stderr
    assert f"{mean:.0f} characters" in done.stdout
    assert "has no correlation in the paper" in " ".join(done.stdout.replace("\n", " ").split()).replace(
        "gain has no", "has no"
    )
    assert "+43.2" in done.stdout
    assert "too far outside to tell" in done.stdout


def test_data_without_rationales(synth: Synth) -> None:
    synth("build", "listops", "--explain", "none", "--out", "data", "--train", "5", "--test-longer", "0")
    done = synth("estimate", "--task", "listops", "--data", "data")
    assert done.returncode == 1
    assert "has no rationales in train" in done.stderr

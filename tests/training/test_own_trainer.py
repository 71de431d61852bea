"""A trainer of a user's own: one new file, and everything works from the options of its command to the report."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from training import RECORDS, dataset, facts, weights
from typer.testing import CliRunner

import synth.trainers
from synth.cli import app
from synth.errors import UsageError
from synth.training.trainer import find

OWN = Path(__file__).with_name("own_trainers")
AUTO = {"gpt": "AutoModelForCausalLM", "bart": "AutoModelForSeq2SeqLM"}
STEPS = 120  # epochs of the preset, each one step over the eight rows


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of trainers beside those of the program, with the two new ones."""
    place = tmp_path / "own"
    shutil.copytree(OWN, place, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(synth.trainers, "__path__", [*synth.trainers.__path__, str(place)])
    yield place
    for module in [name for name in sys.modules if name.removeprefix("synth.trainers.") in (*AUTO, "copied")]:
        del sys.modules[module]


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    return dataset(tmp_path / "sums", {"train": RECORDS, "validation": RECORDS[:3]})


def typed(*words: object) -> Any:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize("name", AUTO)
def test_from_the_first_line_to_the_report(name: str, sums: Path, tmp_path: Path) -> None:
    assert find(name).presets["by-heart"]["epochs"] == STEPS
    assert name in typed("train", "--help").stdout
    assert "by-heart" in typed("train", name, "--help").stdout
    words = ["train", name, "--data", sums, "--from-scratch", "tiny", "--preset", "by-heart", "--save-steps", 40]

    run, whole = tmp_path / "run", tmp_path / "whole"
    typed(*words, "--out", run, "--max-seconds", 1e-9)
    assert (facts(run)["steps"], facts(run)["stopped_early"]) == (1, True)
    typed(*words, "--out", run, "--resume")
    typed(*words, "--out", whole)
    assert facts(run)["steps"] == STEPS
    assert weights(run) == weights(whole)

    typed("eval", "--model", run, "--data", sums, "--split", "train")
    measured = orjson.loads((run / "eval" / "sums-train" / "metrics.json").read_bytes())
    assert measured["metrics"]["accuracy"]["value"] == 1.0
    card = (run / "README.md").read_text()
    assert find(name).architecture.words in card
    assert f"{AUTO[name]}.from_pretrained" in card
    assert f"- {name}\n" in card
    assert "### sums, train" in card
    assert f"synth train {name} " in facts(run)["command"]

    typed("report", run, "--out", tmp_path / "report")
    report = orjson.loads((tmp_path / "report" / "report.json").read_bytes())
    assert name in str(report["runs"])


def test_limits_of_an_own_trainer_are_named_by_its_options(sums: Path, tmp_path: Path) -> None:
    trainer = find("bart")
    words = ["train", "bart", "--data", sums, "--from-scratch", "tiny", "--out", tmp_path / "run"]
    done = CliRunner().invoke(app, [str(word) for word in [*words, "--max-target-length", 10]])
    assert isinstance(done.exception, UsageError)
    assert "--max-target-length 10 cuts off the answer of 8 of 8 rows" in str(done.exception)
    assert trainer.architecture.longest(trainer.settled(trainer.config(data=[], from_scratch="tiny"))) == [48, 64]


def test_a_file_that_was_copied_says_its_name(folder: Path) -> None:
    shutil.copy(folder / "gpt.py", folder / "copied.py")
    with pytest.raises(UsageError, match="'copied' says name='gpt': write name='copied'"):
        find("copied")


def test_a_file_without_a_trainer(folder: Path) -> None:
    (folder / "copied.py").write_text('"""Nothing."""\n')
    with pytest.raises(UsageError, match=r"copied.py has no TRAINER: end it with TRAINER = Trainer\(\.\.\.\)"):
        find("copied")

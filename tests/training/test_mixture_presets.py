"""`--data polarity-gain:FOLDER`: RAFT's mixtures of tasks by name, over folders of one dataset a task."""

from pathlib import Path

import pytest
from tiny_models import write_dataset

from synth.errors import FolderError, UnknownNameError, UsageError
from synth.record import Record
from synth.reporting.settings import training_data
from synth.trainers.llama import Config
from synth.training import mixture
from synth.training.facts import facts

TASKS = ("gsm8k", "arc_challenge", "creak", "qqp", "winogrande", "cr")


def dataset(folder: Path, task: str) -> Path:
    rows = [Record(f"{task}/{n}", task, f"{n}?", "So.", str(n), f"So.\nThe answer is {n}.", {}) for n in range(2)]
    return write_dataset(folder, {"train": rows, "validation": rows[:1]}, distilled={"task": task})


@pytest.fixture
def raft(tmp_path: Path) -> Path:
    """A dataset of each of six tasks; the folder of gsm8k is called otherwise."""
    for task in TASKS:
        dataset(tmp_path / "my raft" / ("grade school" if task == "gsm8k" else task), task)
    return tmp_path / "my raft"


@pytest.mark.parametrize(
    ("preset", "tasks"),
    [
        ("polarity-gain", ["gsm8k", "arc_challenge", "creak"]),
        ("polarity-harm", ["qqp", "winogrande", "cr"]),
        ("full", ["arc_challenge", "cr", "creak", "gsm8k", "qqp", "winogrande"]),
    ],
)
def test_a_mixture_has_the_datasets_of_its_tasks(raft: Path, preset: str, tasks: list[str]) -> None:
    parts = mixture.load([f"{preset}:{raft}"], "train")
    assert [part.facts()["task"] for part in parts] == tasks
    assert {(part.mixture, part.weight) for part in parts} == {(preset, 1.0)}
    assert len(mixture.load_where_there([f"{preset}:{raft}:2"], "validation")) == len(tasks)
    assert {part.weight for part in mixture.load([f"{preset}:{raft}:0.5"], "train")} == {0.5}


def test_both_halves_of_arc_are_taken(raft: Path) -> None:
    dataset(raft / "arc", "arc_easy")
    tasks = [part.facts()["task"] for part in mixture.load([f"polarity-gain:{raft}"], "train")]
    assert tasks == ["gsm8k", "arc_easy", "arc_challenge", "creak"]


def test_the_run_and_the_report_say_which_mixture(raft: Path, tmp_path: Path) -> None:
    other = dataset(tmp_path / "anli", "anli")
    config = Config(data=[f"polarity-harm:{raft}", str(other)], from_scratch="tiny")
    told = facts("llama", config, mixture.load(config.data, "train"))
    assert told["config"]["data"] == ["polarity-harm:my raft:1", "anli:1"]
    assert "--data 'polarity-harm:my raft:1' --data anli:1" in told["command"]
    assert [part.get("mixture") for part in told["data"]] == ["polarity-harm"] * 3 + [None]
    assert training_data(told) == "polarity-harm (qqp + winogrande + cr) + anli"


def test_what_is_missing_is_named(raft: Path, tmp_path: Path) -> None:
    for task in ("arc_challenge", "creak"):
        (raft / task / "synth.json").unlink()
    missing = r"--data polarity-gain:.*: no dataset of arc_easy or arc_challenge, creak \(it has cr, gsm8k, qqp, wino"
    with pytest.raises(UsageError, match=missing):
        mixture.load([f"polarity-gain:{raft}"], "train")
    with pytest.raises(UsageError, match=r"no dataset of gsm8k, .* \(it is one dataset\)"):
        mixture.load([f"polarity-gain:{raft / 'cr'}"], "train")
    with pytest.raises(FolderError, match="no such folder; give one with a dataset folder for each task"):
        mixture.load([f"full:{tmp_path / 'nowhere'}"], "train")
    with pytest.raises(UnknownNameError, match="did you mean 'polarity-gain'"):
        mixture.load([f"polarity-gian:{raft}"], "train")
    with pytest.raises(UsageError, match="cr is given twice"):
        mixture.load([f"polarity-harm:{raft}", str(raft / "cr")], "train")
    dataset(raft / "cr again", "cr")
    with pytest.raises(UsageError, match="are both of cr: a mixture has one dataset a task"):
        mixture.load([f"full:{raft}"], "train")

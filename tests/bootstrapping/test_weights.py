"""Weights that a loop needs no more are removed, and a stop at any place changes nothing of what is left."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bootstrapped import StandIns, star

from synth.base.config import words
from synth.bootstrapping import weights
from synth.errors import SourceError
from synth.models import load
from synth.training.trainer import find

ACCURACIES = (0.1, 0.5, 0.3, 0.6, 0.6, 0.2)  # of the base and of five iterations: the third is the best


def settings(whole: Path, sums: Path, **changed: Any) -> dict[str, Any]:
    """Three iterations that begin with the base of a run."""
    return {
        "model": str(whole / "base"), "data": [str(sums)], "rationalize": True, "shots_until": 0, "iterations": 3,
        "start_steps": 6, "lr": 0.003, "max_new_tokens": 40, "patience": 9, **changed,
    }  # fmt: skip


def files(run: Path) -> dict[str, bytes]:
    """What a loop leaves but for facts with seconds in them."""
    names = ("outputs.jsonl", "train.jsonl", "predictions.jsonl")
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in run.rglob("*")
        if path.name in names or path.suffix in (".safetensors", ".bin", ".pt")
    }


def with_weights(run: Path) -> list[int]:
    return sorted(int(path.parts[-3]) for path in run.glob("iterations/*/run/model.safetensors"))


@pytest.fixture(scope="module")
def best(whole: Path, sums: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    return star(tmp_path_factory.mktemp("runs") / "best", **settings(whole, sums))


@pytest.mark.parametrize(("keep", "left"), [("best", [3, 5]), ("all", [1, 2, 3, 4, 5])])
@pytest.mark.parametrize("start", ["base", "previous"])
def test_the_best_and_the_last_model_are_left(
    whole: Path, sums: Path, tmp_path: Path, keep: str, left: list[int], start: str
) -> None:
    given = settings(whole, sums, iterations=5, keep_weights=keep, from_=start, control=("few-shot-only",),
                     keep=[str(whole / "shots" / "plain")])  # fmt: skip
    with StandIns(whole, lambda record, sample: record.completion, ACCURACIES).in_place() as loop:
        run = star(tmp_path / "run", **given)
    assert with_weights(run) == left
    assert (run / "model.safetensors").is_file()
    assert (run / "controls" / "few-shot-only" / "run" / "model.safetensors").is_file()
    assert [each.out.parent.name for each in loop.trainings] == ["001", "002", "003", "004", "005", "few-shot-only"]


def test_checkpoints_go_once_a_training_is_done(best: Path, whole: Path) -> None:
    assert with_weights(best)[-1] == 3
    assert len(with_weights(best)) <= 2
    assert not list(best.rglob("checkpoints"))
    assert list(whole.rglob("checkpoints")), "--keep-weights all"
    removed = next(number for number in (1, 2, 3) if number not in with_weights(best))
    with pytest.raises(SourceError, match=r"has no weights: the loop removed them.*--keep-weights all"):
        load.load(str(best / "iterations" / f"{removed:03}" / "run"))


@pytest.mark.parametrize(
    ("function", "call"), [("remove_weights", 1), ("remove_unneeded", 2), ("remove_checkpoints", 3)]
)
@pytest.mark.parametrize("late", [False, True])
def test_a_stop_while_weights_are_removed_changes_nothing(
    best: Path, whole: Path, sums: Path, tmp_path: Path, function: str, call: int, late: bool
) -> None:
    class Stopped(BaseException):
        """The plug is pulled."""

    original, calls = getattr(weights, function), []

    def stop(*given: Any) -> None:
        calls.append(given)
        if len(calls) == call and not late:
            raise Stopped
        original(*given)
        if len(calls) == call:
            raise Stopped

    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, function, stop)
        with pytest.raises(Stopped):
            star(out, **settings(whole, sums))
    assert files(out) != files(best)
    star(out, resume=True, **settings(whole, sums))
    assert files(out) == files(best)


def test_a_kill_between_two_iterations_changes_nothing(best: Path, whole: Path, sums: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    given = words(find("star").config(**settings(whole, sums)))
    command = [sys.executable, "-m", "synth", "train", "star", *given, "--quiet", "--out", str(out)]
    for seen in ("iterations/001/metrics.json", "iterations/003/outputs.jsonl"):
        with subprocess.Popen([*command, *(["--resume"] if out.exists() else [])]) as process:
            until = time.monotonic() + 120
            while not (out / seen).exists() and process.poll() is None and time.monotonic() < until:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.01)
            process.send_signal(signal.SIGKILL)
    star(out, resume=True, **settings(whole, sums))
    assert files(out) == files(best)


def test_a_run_goes_on_with_more_iterations_and_is_not_undone_by_fewer(
    best: Path, whole: Path, sums: Path, tmp_path: Path
) -> None:
    out = star(tmp_path / "run", **settings(whole, sums, iterations=2))
    star(out, resume=True, **settings(whole, sums))
    assert files(out) == files(best)
    star(out, resume=True, **settings(whole, sums, iterations=1))
    assert files(out) == files(best)

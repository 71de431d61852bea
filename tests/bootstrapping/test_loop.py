"""The loop with a small model on sums of one digit: what it writes, and that a stop at any place changes nothing."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from bootstrapped import SMALL, begun
from hub_use import taking_models

import synth
from synth.bootstrapping import folder
from synth.bootstrapping.loop import Loop
from synth.bootstrapping.stages import Stages, steps_of
from synth.bootstrapping.write import Writer
from synth.data.reading import read
from synth.errors import UsageError
from synth.releasing.options import Push
from synth.releasing.push import carry_out as push
from synth.training.folder import Job
from synth.training.trainer import find

STAR = find("star")
SETTINGS = {**SMALL, "eval_rows": 12, "control": ("few-shot-only", "direct")}


def star(data: Path, out: Path, resume: bool = False, **changed: Any) -> Path:
    config = STAR.config(data=[str(data)], **{**SETTINGS, **changed})
    return STAR.train(STAR, config, Job(out, resume=resume, quiet=True))


@pytest.fixture(scope="module")
def whole(sums: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        return star(sums, tmp_path_factory.mktemp("runs") / "whole")


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def figures(run: Path, number: int) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((folder.of_iteration(run, number) / "metrics.json").read_bytes())
    return found


def tree(run: Path) -> dict[str, Any]:
    """What a run wrote, but for seconds."""
    found: dict[str, Any] = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.name in ("outputs.jsonl", "train.jsonl", "model.safetensors", "predictions.jsonl"):
            found[name] = path.read_bytes()
        elif path.name == "metrics.json" and "eval" not in name:
            found[name] = {key: value for key, value in orjson.loads(path.read_bytes()).items() if key != "seconds"}
    return {name: value for name, value in found.items() if "checkpoints" not in name}


def test_what_is_kept_is_right_and_an_ordinary_dataset(whole: Path, sums: Path) -> None:
    outputs = lines(folder.of_iteration(whole, 1) / "outputs.jsonl")
    rows = list(read(folder.of_iteration(whole, 1) / "data", "train"))
    asked = {record.id: record for record in read(sums, "train")}
    assert len(rows) == sum(one["kept"] for one in outputs) > 0
    assert all(row.answer == asked[row.id].answer and row.prompt == asked[row.id].prompt for row in rows)
    told = {row.id: row.provenance or {} for row in rows}
    assert {facts["hinted"] for facts in told.values()} <= {True, False}
    assert {(facts["iteration"], facts["model"]) for facts in told.values()} == {
        (1, folder.fingerprint(whole / "base"))
    }
    kept = {(one["id"], one["hinted"]) for one in outputs if one["kept"]}
    assert kept == {(row_id, facts["hinted"]) for row_id, facts in told.items()}


def test_only_failures_are_hinted_and_no_demonstration_is_asked(whole: Path, sums: Path) -> None:
    outputs = lines(folder.of_iteration(whole, 1) / "outputs.jsonl")
    plain = {one["id"]: one["outcome"] for one in outputs if not one["hinted"]}
    hinted = [one["id"] for one in outputs if one["hinted"]]
    assert sorted(hinted) == sorted(row for row, outcome in plain.items() if outcome != "right")
    shots = {record.id for record in read(whole / "shots" / "plain", "train")}
    assert len(shots) == SETTINGS["base_rows"]
    assert len(plain) == 64 - len(shots)
    assert not shots & set(plain)
    told = list(read(whole / "shots" / "hinted", "train"))
    assert all(record.prompt.endswith(f"Target: {record.answer}") for record in told)


def test_figures_are_those_of_the_outputs(whole: Path) -> None:
    found = figures(whole, 2)
    outputs = lines(folder.of_iteration(whole, 2) / "outputs.jsonl")
    plain = [one for one in outputs if not one["hinted"]]
    assert found["asked"]["accuracy"]["value"] == sum(o["outcome"] == "right" for o in plain) / len(plain)
    assert found["kept"]["rows"] == sum(one["kept"] for one in outputs)
    assert found["kept"]["used"]["own"] == sum(one["kept"] for one in plain) / len(plain)
    predictions = lines(folder.of_iteration(whole, 2) / "eval" / "predictions.jsonl")
    assert found["held"]["accuracy"]["value"] == sum(one["correct"] for one in predictions) / len(predictions)
    assert found["trained"]["steps"] == steps_of(STAR.config(data=["x"], **SETTINGS, grow=1.0, add=0), 2) == 12


def test_the_best_model_stands_on_top_and_controls_beside(whole: Path) -> None:
    facts = orjson.loads((whole / "synth-run.json").read_bytes())
    best = facts["star"]["best"]
    weights = "model.safetensors"
    assert (whole / weights).read_bytes() == (folder.of_iteration(whole, best) / "run" / weights).read_bytes()
    assert facts["star"]["accuracy"][best] == max(facts["star"]["accuracy"][1:])
    assert facts["trainer"] == "star"
    for name in ("few-shot-only", "direct"):
        told = orjson.loads((whole / "controls" / name / "metrics.json").read_bytes())
        assert told["trained"]["steps"] == figures(whole, best)["trained"]["steps"]
    direct = orjson.loads((whole / "controls" / "direct" / "run" / "synth-run.json").read_bytes())
    assert (direct["target"], direct["data"][0]["rows"]) == ("answer", figures(whole, best)["kept"]["rows"])
    assert "is there already" not in (whole / "README.md").read_text()


def test_the_card_tells_of_the_loop(whole: Path) -> None:
    text = (whole / "README.md").read_text()
    best = orjson.loads((whole / "synth-run.json").read_bytes())["star"]["best"]
    assert f"This is the model of iteration {best} of 2." in text
    assert "what fails is attempted again with the answer as a hint" in text
    assert "A control is as many steps without the loop" in text
    told = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("| ")}
    for number, name in ((0, "base"), (best, f"{best} (this model)")):
        assert f"| {figures(whole, number)['held']['accuracy']['value']:.1%} |" in told[name]
    assert f"| {figures(whole, best)['kept']['rows']} |" in told[f"{best} (this model)"]
    assert {"control: direct", "control: few-shot-only"} <= set(told)


def test_eval_puts_its_figures_into_the_card(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    synth.evaluate(model=str(run), data=run / "held", max_new_tokens=40, quiet=True)
    text = (run / "README.md").read_text()
    assert "### held, test" in text
    assert "| accuracy (whole answer) |" in text
    assert "control: direct" in text


def test_push_sends_the_model_and_leaves_the_stages_here(
    whole: Path, sums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    for hub in taking_models(monkeypatch):
        STAR.train(STAR, STAR.config(data=[str(sums)], **SETTINGS), Job(run, push="ada/star", quiet=True))
        files = hub.files("ada/star")
        assert {"config.json", "model.safetensors", "README.md", "synth-run.json", "log.jsonl"} <= set(files)
        assert not [name for name in files if "/" in name]
        with pytest.raises(UsageError, match="is a run, and no dataset: the command that trained it, with --push"):
            push(Push([run], "ada/star"))


def test_the_same_command_again_does_nothing(whole: Path, sums: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (whole / "synth-run.json").stat().st_mtime_ns
    config = STAR.config(data=[str(sums)], **SETTINGS)
    STAR.train(STAR, config, Job(whole))
    assert "is there already" in capsys.readouterr().err
    assert (whole / "synth-run.json").stat().st_mtime_ns == before


class Stopped(BaseException):
    """The plug is pulled."""


def stopping(patch: pytest.MonkeyPatch, kind: type, name: str, call: int, late: bool) -> None:
    """Stop at the n-th call of a method, before or behind what it does."""
    original: Callable[..., Any] = getattr(kind, name)
    calls = 0

    def stop(self: Any, *given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not late:
            raise Stopped
        done = original(self, *given, **named)
        if calls == call:
            raise Stopped
        return done

    patch.setattr(kind, name, stop)


@pytest.mark.parametrize(
    ("kind", "name", "call", "late"),
    [
        (Writer, "write", 1, True), (Writer, "write", 2, False), (Loop, "_keep", 1, False), (Stages, "train", 2, False),
        (Stages, "train", 2, True), (Stages, "measure", 3, False), (Writer, "write", 4, True),
        (Stages, "train", 5, True),
    ],
)  # fmt: skip
def test_a_stop_between_stages_changes_nothing(
    whole: Path, sums: Path, tmp_path: Path, kind: type, name: str, call: int, late: bool
) -> None:
    out = begun(whole, tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        stopping(patch, kind, name, call, late)
        with pytest.raises(Stopped):
            star(sums, out, resume=True)
    assert tree(out) != tree(whole)
    star(sums, out, resume=True)
    assert tree(out) == tree(whole)


def test_a_kill_within_a_training_or_while_it_writes_changes_nothing(whole: Path, sums: Path, tmp_path: Path) -> None:
    out = begun(whole, tmp_path / "run")
    words = [
        sys.executable,
        "-m",
        "synth",
        "train",
        "star",
        "--data",
        str(sums),
        "--resume",
        "--quiet",
        "--out",
        str(out),
    ]
    options = synth.base.config.words(STAR.config(data=[str(sums)], **SETTINGS))
    for seen in ("iterations/001/asked/outputs.partial.jsonl", "iterations/002/run/synth-run.json"):
        with subprocess.Popen([*words, *options[2:]]) as process:
            until = time.monotonic() + 120
            while not (out / seen).exists() and process.poll() is None and time.monotonic() < until:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.01)
            process.send_signal(signal.SIGKILL)
    star(sums, out, resume=True)
    assert tree(out) == tree(whole)

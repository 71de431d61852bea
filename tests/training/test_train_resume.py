"""A run that is disturbed: killed, begun again, out of space, gone wrong. Nothing that a checkpoint holds is lost."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from training import RECORDS, dataset, facts, full_disk, micro, trained, weights

from synth.base.files import hold
from synth.errors import FolderError, SynthError, TrainingError, UsageError
from synth.training.folder import Run

SHORT: dict[str, Any] = {"max_steps": 12, "save_steps": 4, "batch_size": 3, "log_steps": 2, "lr": 1e-3}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("data") / "sums", {"train": RECORDS, "validation": RECORDS[:2]})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {family: str(micro(folder / family, family)) for family in ("t5", "llama")}


# The command in a process that is killed when it has logged its 14th step.
KILLED = """
import os, signal
from synth.cli import main
from synth.training.folder import Run

log = Run.add_to_log
def killed(self, line):
    log(self, line)
    if line["step"] == 14:
        os.kill(os.getpid(), signal.SIGKILL)
Run.add_to_log = killed
main()
"""


def learned(run: Path) -> list[dict[str, float]]:
    """The log but for its clock."""
    lines = [orjson.loads(line) for line in (run / "log.jsonl").read_bytes().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")} for line in lines]


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_the_same_command_gives_the_same_weights_and_another_seed_others(
    family: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    settings = {**SHORT, "model": models[family]}
    one, two = (trained(family, tmp_path / name, [sums], **settings) for name in ("one", "two"))
    assert weights(one) == weights(two)
    assert learned(one) == learned(two)
    assert weights(trained(family, tmp_path / "other", [sums], seed=1, **settings)) != weights(one)


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_a_run_that_was_killed_ends_where_an_undisturbed_one_does(
    family: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    settings = {**SHORT, "max_steps": 30, "save_steps": 10, "model": models[family]}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    killed = tmp_path / "killed"
    command = [sys.executable, "-c", KILLED, "train", family, f"--data={sums}", "--quiet"]
    assert subprocess.run([*command, *words, f"--out={killed}"], check=False).returncode == -signal.SIGKILL
    assert learned(killed)[-1]["step"] == 14
    assert not facts(killed)["complete"]
    with (killed / "log.jsonl").open("ab") as log:
        log.write(b'{"step": 1')  # as a process leaves it that dies while it writes
    (killed / "checkpoints" / "checkpoint-119").mkdir()
    trained(family, killed, [sums], {"resume": True}, **settings)
    undisturbed = trained(family, tmp_path / "undisturbed", [sums], **settings)
    assert weights(killed) == weights(undisturbed)
    assert learned(killed) == learned(undisturbed)
    assert facts(killed)["tokens_seen"] == facts(undisturbed)["tokens_seen"]


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_a_run_that_was_killed_before_it_saved_its_model(
    family: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    run = trained(family, tmp_path / "run", [sums], **SHORT, model=models[family])
    before, loss = weights(run), facts(run)["loss"]
    (run / "model.safetensors").unlink()
    (run / "synth-run.json").write_bytes(orjson.dumps(facts(run) | {"complete": False}))
    trained(family, run, [sums], {"resume": True}, **SHORT, model=models[family])
    assert weights(run) == before
    assert facts(run)["loss"] == loss


def test_a_run_that_ran_out_of_time_is_complete_and_can_go_on(
    sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    settings = {**SHORT, "model": models["llama"]}
    run = trained("llama", tmp_path / "run", [sums], **settings, max_seconds=1e-9)
    assert facts(run)["steps"] == 1
    assert facts(run)["complete"]
    trained("llama", run, [sums], {"resume": True}, **settings)
    assert facts(run)["steps"] == 12
    assert weights(run) == weights(trained("llama", tmp_path / "undisturbed", [sums], **settings))


def test_a_run_is_resumed_with_what_it_was_begun_with_or_not_at_all(sums: Path, tmp_path: Path) -> None:
    run = trained("llama", tmp_path / "run", [sums], **{**SHORT, "max_seconds": 1e-9})
    before = weights(run)
    other = dataset(tmp_path / "other" / "sums", {"train": RECORDS[1:]})
    for changed, line in [
        ({"lr": 2e-3}, "--lr was 0.001 and is 0.002"),
        ({"target": "answer"}, "--target was rationale and is answer"),
    ]:
        with pytest.raises(UsageError, match=line):
            trained("llama", run, [sums], {"resume": True}, **{**SHORT, **changed})
    with pytest.raises(UsageError, match="the rows of sums have changed since"):
        trained("llama", run, [other], {"resume": True}, **SHORT)
    with pytest.raises(UsageError, match="begun with synth train llama"):
        trained("t5", run, [sums], {"resume": True}, **SHORT)
    with pytest.raises(UsageError, match="no run in"):
        trained("llama", tmp_path / "nothing", [sums], {"resume": True}, **SHORT)
    assert weights(run) == before


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt"])
def test_a_checkpoint_that_lost_a_file_or_a_part_is_passed_over(
    name: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    run = trained("llama", tmp_path / "run", [sums], **SHORT, model=models["llama"])
    before = weights(run)
    damaged = run / "checkpoints" / "checkpoint-12" / name
    damaged.write_bytes(damaged.read_bytes()[:-1]) if name == "optimizer.pt" else damaged.unlink()
    (run / "synth-run.json").write_bytes(orjson.dumps(facts(run) | {"complete": False}))
    last = Run(run).last()
    assert last is not None
    assert last.step == 8
    trained("llama", run, [sums], {"resume": True}, **SHORT, model=models["llama"])
    assert weights(run) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_says_how_it_goes_on(
    number: signal.Signals, sums: Path, models: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, before = Run.mark, signal.getsignal(signal.SIGTERM)

    def stopped(self: Run, step: int, *clock: float) -> None:
        mark(self, step, *clock)
        signal.raise_signal(number)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "mark", stopped)
        line = "interrupted at step 4: --resume continues from step 4"
        with pytest.raises(TrainingError, match=line) as said:
            trained("llama", tmp_path / "run", [sums], **SHORT, model=models["llama"])
    assert said.value.exit_code == 130
    assert signal.getsignal(signal.SIGTERM) is before
    trained("llama", tmp_path / "run", [sums], {"resume": True}, **SHORT, model=models["llama"])
    assert facts(tmp_path / "run")["steps"] == 12


def test_one_line_is_said_when_several_processes_are_interrupted(sums: Path, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "synth",
        "train",
        "t5",
        f"--data={sums}",
        "--from-scratch=tiny",
        "--max-steps=100000",
    ]
    words += ["--save-steps=10", "--launch=ddp", "--processes=2", "--quiet", f"--out={tmp_path / 'run'}"]
    mark = tmp_path / "run" / "checkpoints" / "checkpoint-10" / "synth-checkpoint.json"
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        while run.poll() is None and not mark.exists():
            with suppress(subprocess.TimeoutExpired):
                run.wait(0.1)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        said = run.communicate()[1].splitlines()
    assert run.returncode == 130
    assert len(said) == 1
    assert said[0].startswith("synth: interrupted at step ")


def test_two_commands_do_not_write_to_one_run(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = {**SHORT, "model": models["llama"]}
    run.mkdir()
    with hold(run), pytest.raises(FolderError, match=r"another process is writing to .*run"):
        trained("llama", run, [sums], **settings)
    assert not any(run.iterdir())
    trained("llama", run, [sums], **settings)
    before = weights(run)
    for job in ({"resume": True}, {"overwrite": True}):
        with hold(run), pytest.raises(FolderError, match=r"another process is writing to .*run"):
            trained("llama", run, [sums], job, **settings)
    assert weights(run) == before


def test_a_run_that_another_process_has_just_begun_is_left_alone(tmp_path: Path) -> None:
    """Neither had a folder to hold when it began."""
    with Run(tmp_path / "run") as late:
        with Run(tmp_path / "run") as first:
            first.begin({"seed": 1}, resume=False)
            with pytest.raises(FolderError, match=r"another process is writing to .*run"):
                late.begin({"seed": 2}, resume=False)
        with pytest.raises(FolderError, match=r"another process has just written to .*run"):
            late.begin({"seed": 2}, resume=False)
    assert facts(tmp_path / "run")["seed"] == 1


def test_a_folder_that_is_taken_is_left_alone(sums: Path, tmp_path: Path) -> None:
    run = trained("llama", tmp_path / "run", [sums], **SHORT)
    stamp = (run / "model.safetensors").stat().st_mtime_ns
    trained("llama", run, [sums], **SHORT)  # is there already
    with pytest.raises(FolderError, match=r"another run .*--overwrite"):
        trained("llama", run, [sums], **{**SHORT, "seed": 1})
    with pytest.raises(FolderError, match="not of a run"):
        trained("llama", sums, [sums], {"overwrite": True}, **SHORT)
    assert (run / "model.safetensors").stat().st_mtime_ns == stamp
    trained("llama", run, [sums], {"overwrite": True}, **{**SHORT, "seed": 1})
    assert facts(run)["seed"] == 1


@pytest.mark.parametrize("room", [200_000, 600_000])  # for less than the model, for the model but no optimizer
def test_no_space_for_a_checkpoint_is_one_line_and_the_last_one_is_kept(room: int, sums: Path, tmp_path: Path) -> None:
    """The disk is full once the first checkpoint is there."""
    run = trained("llama", tmp_path / "run", [sums], **{**SHORT, "max_seconds": 1e-9})  # stops at step 1
    line = r".*cannot be written .*--resume continues from step 1"
    with full_disk(room), pytest.raises(SynthError, match=line) as full:
        trained("llama", run, [sums], {"resume": True}, **SHORT)
    assert full.value.exit_code == 1
    assert "\n" not in str(full.value)
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-1"]
    trained("llama", run, [sums], {"resume": True}, **SHORT)
    assert facts(run)["steps"] == 12


def test_a_loss_that_is_not_a_number_names_step_and_rows(sums: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"not a number at step \d+, with the rows sums/.*--lr"):
        trained("llama", tmp_path / "run", [sums], **{**SHORT, "lr": 1e25})

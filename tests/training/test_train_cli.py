"""`synth train` as it is typed: its options, what it prints, several processes, and models that cannot be had."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
import typer
from loopback_machines import start_machines
from training import RECORDS, dataset, facts, micro, trained
from typer.testing import CliRunner

from synth.commands import train
from synth.errors import MissingExtraError, SourceError, SynthError, UsageError
from synth.models.load import fetch, quiet_libraries
from synth.training.folder import Run
from synth.training.train import train as train_in_python

Synth = Callable[..., Any]


def typed(*words: object) -> Any:
    """The command in this process."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(train.app, name="train")
    app.command()(lambda: None)
    return CliRunner().invoke(app, ["train", *map(str, words)])


def settings(*words: object) -> dict[str, Any]:
    done = typed(*words, "--data", "d", "--print-config")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_presets_carry_the_settings_of_the_papers() -> None:
    raft = settings("llama", "--preset", "raft", "--model", "meta-llama/Llama-2-7b-hf")
    assert raft | {
        "epochs": 3.0, "lr": 5e-6, "batch_size": 4, "accumulate": 4, "gradient_checkpointing": True, "bf16": True,
        "max_length": 2048, "warmup": 0.03, "schedule": "cosine", "weight_decay": 0.0, "launch": "fsdp", "processes": 4,
    } == raft  # fmt: skip
    listops = settings("t5", "--preset", "explained-listops", "--model", "google-t5/t5-small")
    assert (listops["lr"], listops["epochs"], listops["max_target_length"]) == (3e-4, 30.0, 512)
    for family in ("t5", "llama"):
        asked = settings(family, "--preset", "self-ask", "--from-scratch", "tiny")
        assert (asked["epochs"], asked["batch_size"]) == (2.0, 32)


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_a_new_small_model_has_settings_of_its_own(family: str) -> None:
    tiny = settings(family, "--from-scratch", "tiny")
    assert (tiny["lr"], tiny["warmup"], tiny["batch_size"]) == (3e-3, 0.02, 8)
    small = settings(family, "--from-scratch", "small")
    assert (small["lr"], small["warmup"], small["batch_size"]) == (1e-3, 0.05, 32)
    typed = settings(family, "--from-scratch", "tiny", "--lr", 1e-4, "--batch-size", 64)
    assert (typed["lr"], typed["batch_size"]) == (1e-4, 64)
    assert settings(family, "--model", "m")["lr"] == 3e-4


def test_every_setting_of_a_preset_can_be_overridden() -> None:
    given = {
        "epochs": 1.0, "lr": 1.0, "batch_size": 2, "accumulate": 3, "max_length": 7, "warmup": 0.5, "weight_decay": 0.1,
        "schedule": "linear", "launch": "ddp", "processes": 2,
    }  # fmt: skip
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    raft = settings("llama", "--preset", "raft", "--model", "m", *words, "--no-bf16", "--no-gradient-checkpointing")
    assert raft | given | {"bf16": False, "gradient_checkpointing": False} == raft


def test_all_mistakes_are_named_at_once() -> None:
    done = typed("t5", "--data", "d", "--batch-size", 0, "--lr", -1, "--qlora", "--max-steps", 1, "--max-tokens", 1)
    assert isinstance(done.exception, UsageError)
    for part in ("--from-scratch tiny", "--batch-size 0: 1 at least", "--lr is above 0", "--lora 16", "not both"):
        assert part in str(done.exception)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--seed", -1], "--seed -1: 0 at least"),
        (["--seed", 5_000_000_000], "--seed 5000000000: 4294967295 at most"),
        (["--processes", 2], "--processes 2 needs a way to launch them: add --launch ddp"),
        (["--print-launch"], "--print-launch needs a way to launch processes: add --launch ddp"),
    ],
)
def test_settings_that_would_end_otherwise_than_asked(words: list[object], line: str) -> None:
    done = typed("t5", "--data", "d", "--from-scratch", "tiny", "--out", "o", *words)
    assert isinstance(done.exception, UsageError)
    assert line in str(done.exception)


def test_the_largest_seed_and_a_preset_in_one_process() -> None:
    assert settings("t5", "--from-scratch", "tiny", "--seed", 4294967295)["seed"] == 4294967295
    assert settings("llama", "--model", "m", "--preset", "raft", "--launch", "none")["processes"] == 1


def test_one_process_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["synth"])
    done = typed("t5", "--data", "d", "--from-scratch", "tiny", "--out", "o", "--launch", "ddp", "--print-launch")
    assert done.exit_code == 0
    assert "--launch ddp with one process; --processes 2 starts two" in done.stderr


def test_no_folder_to_write_to() -> None:
    done = typed("t5", "--data", "d", "--from-scratch", "tiny")
    assert isinstance(done.exception, UsageError)
    assert "--out" in str(done.exception)


def test_the_command_for_several_processes_is_shown() -> None:
    done = typed("llama", "--data", "d", "--model", "m", "--preset", "raft", "--out", "o", "--print-launch")
    assert done.stdout == (
        "torchrun --standalone --nproc-per-node=4 -m synth train llama --model m --preset raft --data d --out o\n"
    )


@pytest.mark.parametrize(("family", "launch"), [("t5", "ddp"), ("llama", "fsdp")])
def test_two_processes_train_as_one_does(
    family: str, launch: str, synth_process: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    five = RECORDS[:5]  # the last step of an epoch has one row, and the second process none
    data = dataset(tmp_path / "sums", {"train": five, "validation": RECORDS[:3]})
    model = micro(tmp_path / "model", family)
    given = {"model": str(model), "max_steps": 6, "log_steps": 2, "save_steps": 3, "eval_steps": 3, "lr": 1e-3}
    given["schedule"] = "constant"  # so that a run of more steps begins with the same
    two = {"launch": launch, "processes": 2, "batch_size": 2, "out": tmp_path / "two", "quiet": True}
    if launch == "ddp":  # from Python
        train_in_python(family, data=[data], **given, **two)
    else:  # as it is typed
        words = [f"--{name.replace('_', '-')}={value}" for name, value in (given | two).items() if name != "quiet"]
        done = synth_process("train", family, f"--data={data}", "--quiet", *words)
        assert done.returncode == 0, done.stderr
    one = trained(family, tmp_path / "one", [data], batch_size=4, **given)
    logs = [(tmp_path / name / "log.jsonl").read_bytes().splitlines() for name in ("one", "two")]
    assert len(logs[0]) == len(logs[1]) == 6
    for left, right in zip(*(map(orjson.loads, log) for log in logs), strict=True):
        for name in left.keys() - {"seconds", "tokens_per_second"}:
            assert left[name] == pytest.approx(right[name], rel=1e-4)
    assert sorted(path.name for path in (tmp_path / "two" / "checkpoints").iterdir()) == [
        "checkpoint-3",
        "checkpoint-6",
    ]
    for name in ("tokens_seen", "examples_seen"):
        assert facts(tmp_path / "two")[name] == facts(one)[name]
    assert (tmp_path / "two" / "model.safetensors").is_file()
    given = {**given, "data": [data], "batch_size": 2, "launch": launch}
    two_machines_train_as_one_does(family, given, tmp_path) if launch == "fsdp" else one_of_two_machines_dies(
        family, given, tmp_path
    )


def two_machines_train_as_one_does(family: str, given: dict[str, Any], folder: Path) -> None:
    with ThreadPoolExecutor() as pool:
        runs = start_machines(pool, family, [{}, {}], out=folder / "machines", **given)
        assert [run.result() for run in runs] == ["", ""]
    files = [
        {str(path.relative_to(run)): path for path in run.rglob("*")} for run in (folder / "two", folder / "machines")
    ]
    assert files[0].keys() == files[1].keys()
    for name in ("model.safetensors", "checkpoints/checkpoint-3/rng_state_1.pth"):
        assert files[0][name].read_bytes() == files[1][name].read_bytes(), name


def one_of_two_machines_dies(family: str, given: dict[str, Any], folder: Path) -> None:
    """The other says so, and the run goes on with one process that has the rows of both."""
    out = folder / "machines"
    given = {**given, "max_steps": 100_000, "keep_checkpoints": 1000, "out": out}
    mark = out / "checkpoints" / "checkpoint-3" / "synth-checkpoint.json"
    with ThreadPoolExecutor() as pool:
        runs = start_machines(pool, family, [{}, {}], **given)
        while not mark.exists() and not any(run.done() for run in runs):
            wait(runs, timeout=0.1)
        for command in psutil.Process().children():
            if "--node-rank=1" in command.cmdline():
                command.children()[0].kill()
        said = [run.result() for run in runs]
    last = Run(out).last()
    assert last is not None
    goes_on = f"so all have stopped: --resume continues from step {last.step}"
    assert said == [
        f"a process on another machine has ended, {goes_on}", f"process 1 was ended by SIGKILL, {goes_on}",
    ]  # fmt: skip
    first = [run / "checkpoints" / "checkpoint-3" / "model.safetensors" for run in (folder / "two", out)]
    assert first[0].read_bytes() == first[1].read_bytes()
    alone = {**given, "launch": "none", "max_seconds": 1e-9, "resume": True, "quiet": True}
    with pytest.raises(UsageError, match="a step had 4 rows and has 2"):
        train_in_python(family, **alone)
    train_in_python(family, **{**alone, "batch_size": 4})
    assert facts(out)["steps"] == last.step + 1


class Refusing(BaseHTTPRequestHandler):
    """A Hub that has one gated model and no other."""

    def do_GET(self) -> None:
        gated = "gated" in self.path
        self.send_response(401 if gated else 404)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ada/gated", "needs a login: accept its terms"),
        ("ada/nothing", "there is no model 'ada/nothing'"),
        ("/no/such/folder", "there is no folder '/no/such/folder'"),
    ],
)
def test_models_that_cannot_be_had(name: str, line: str) -> None:
    with pytest.raises(SourceError, match=line):
        fetch(name)


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceError, match="Hub cannot be reached: give --model"):
        fetch("ada/nothing")


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    data = dataset(tmp_path / "sums", {"train": RECORDS})
    with pytest.raises(SourceError, match="no model can be loaded"):
        trained("t5", tmp_path / "run", [data], model=str(data))


def test_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import synth.models.load

    monkeypatch.setattr(synth.models.load, "find_spec", lambda name: None if name == "peft" else object())
    with pytest.raises(MissingExtraError, match=r"no peft here.*rationale-synth\[train\]"):
        quiet_libraries()


def test_qlora_says_what_it_needs(tmp_path: Path) -> None:
    data = dataset(tmp_path / "sums", {"train": RECORDS})
    model = micro(tmp_path / "model", "llama")
    with pytest.raises(SynthError, match="pip install bitsandbytes"):
        trained("llama", tmp_path / "run", [data], model=str(model), lora=2, qlora=True)

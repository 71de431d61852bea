"""Training on several machines: what is refused before anything starts, and the lines that start them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from training import RECORDS, dataset

import synth
from synth.errors import TrainingError, UsageError
from synth.training import agree, launch
from synth.training.folder import differences
from synth.training.machines import commands

TWO = {"launch": "ddp", "machines": 2, "machine": 0, "head": "10.0.0.1:29500"}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({**TWO, "launch": "none"}, "--machines 2 needs a way to launch processes: add --launch ddp or --launch fsdp"),
        ({**TWO, "machine": None}, "--machines 2: say which one this is: --machine 0 on that of --head, 1 on the next"),
        ({**TWO, "machine": 2}, "--machine 2: with --machines 2 they are 0 to 1"),
        ({**TWO, "machine": -1}, "--machine -1: 0 at least"),
        ({**TWO, "head": None}, "--machines 2: add --head HOST:29500"),
        ({**TWO, "machine": None, "head": None}, "--head, 1 on the next; --machines 2: add --head HOST"),
        ({**TWO, "machines": 1}, "--machine and --head are for several machines: add --machines 2"),
        ({"machine": 0}, "--machine and --head are for several machines"),
        ({"head": "a:1", "launch": "ddp"}, "--machine and --head are for several machines"),
        *(
            ({**TWO, "head": head}, f"--head {head}: give HOST:PORT")
            for head in ("n", "n:", ":29500", "n:0", "n:65536", "n:x", "n:٣", "tcp://n:1", "::1:29500", "a b:1")
        ),
    ],
)  # fmt: skip
def test_machines_that_would_not_meet_are_refused_at_once(given: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as said:
        synth.train("t5", data="d", from_scratch="tiny", out=tmp_path / "run", **given)
    assert line in str(said.value)


@pytest.mark.parametrize("loop", ["star", "mario"])
def test_loops_train_on_one_machine(loop: str, tmp_path: Path) -> None:
    given = {"star": {"from_scratch": "tiny"}, "mario": {"start": "s", "reward": ["length:9"]}}[loop]
    for asked in (TWO, {"machine": 0}, {"head": "a:1"}):
        with pytest.raises(
            UsageError, match=f"synth train {loop} asks its model questions between trainings, on one m"
        ):
            synth.train(loop, data="d", out=tmp_path / "run", **given, **asked)


# What starts commands on the nodes of a job, as far as a shell can stand in for it, and a command that tells its words.
NODES = """
synth() { "$PYTHON" -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"; }
scontrol() { [ "$*" = "show hostnames node[7-8]" ] && printf 'node7\\nnode8\\n'; }
srun() { while [ "$1" != bash ]; do shift; done; for n in 0 1; do SLURM_NODEID=$n "$@"; done; }
sky() { for n in 0 1; do SKYPILOT_NODE_RANK=$n SKYPILOT_NODE_IPS=$'10.0.0.7\\n10.0.0.8' bash -c "${@: -1}"; done; }
export -f synth scontrol
"""


@pytest.mark.parametrize("head", [None, "node7:4000"])
def test_the_printed_lines_start_the_same_command_on_every_machine(head: str | None) -> None:
    odd = ["train", "t5", "--data", "it's $HOME `x`", '--line-break=" ;\n"', "--out", "o \\ 'a' \"b\" *"]
    lines = "\n".join(commands(2, odd, head))
    assert lines.count("--nodes=2") == lines.count("--num-nodes=2") == 1
    environment = {**os.environ, "PYTHON": sys.executable, "SLURM_JOB_NODELIST": "node[7-8]"}
    done = subprocess.run(["bash", "-c", NODES + lines], env=environment, check=True, capture_output=True, text=True)
    assert not done.stderr
    port = "4000" if head else "29500"
    heads = [head or "HOST:29500", f"node7:{port}", f"10.0.0.7:{port}"]
    wanted = [[*odd, "--machine", str(number), "--head", address] for address in heads for number in (0, 1)]
    assert [json.loads(line) for line in done.stdout.splitlines()] == wanted


def test_printing_starts_nothing_and_needs_no_number(synth: Any, tmp_path: Path) -> None:
    words = ["train", "llama", "--data=d", "--from-scratch=tiny", "--out=o", "--launch=fsdp", "--processes=8"]
    done = synth(*words, "--machines=4", "--print-launch")
    assert done.returncode == 0
    plain = "synth train llama --data d --from-scratch tiny --launch fsdp --processes 8 --machines 4 --out o"
    assert [line for line in done.stdout.splitlines() if line.startswith("synth ")] == [
        f"{plain} --machine {number} --head HOST:29500" for number in range(4)
    ]
    assert not any(tmp_path.iterdir())
    wrong = synth(*words, "--machines=4", "--print-launch", "--head=node")
    assert wrong.stderr.startswith("synth: --head node: give HOST:PORT")


@pytest.mark.parametrize(
    ("machine", "line"),
    [(0, "not all 2 machines came to 127.0.0.1:{}"), (1, "--head 127.0.0.1:{} did not answer in 1 s")],
)
def test_machines_that_do_not_come_are_waited_for_so_long(
    machine: int, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from loopback_machines import free_port

    monkeypatch.setattr(launch, "WAIT", 1)
    monkeypatch.setenv("TORCH_CPP_LOG_LEVEL", "ERROR")  # as in a process that has loaded a model
    port, data = free_port(), dataset(tmp_path / "sums", {"train": RECORDS})
    given = {**TWO, "machine": machine, "head": f"127.0.0.1:{port}"}
    with pytest.raises(TrainingError) as said:
        synth.train("t5", data=str(data), from_scratch="tiny", out=tmp_path / "run", **given)
    assert str(said.value).startswith(line.format(port))
    assert not (tmp_path / "run").exists()
    assert capfd.readouterr().err == "", "torch tells its stack"


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    line = launch._unmet(launch.Machines(2, 0, "a:1"), "The server socket has failed to listen (errno: 98, EADDRINUSE)")
    assert line == "--head a:1: something on this machine uses that port already: give another one to all"


def begun(**changed: Any) -> dict[str, Any]:
    config = {"data": ["sums"], "lr": 0.1, "batch_size": 4, "accumulate": 1, "processes": 1, "machines": 2}
    found: dict[str, Any] = {
        "trainer": "t5", "config": config, "versions": {"python": "3.12.1", "torch": "2.9"},
        "data": [{"folder": "sums", "weight": 1.0, "split": "train", "sha256": "ab"}],
    }  # fmt: skip
    return {**found, **{name: {**found[name], **of} if name != "data" else of for name, of in changed.items()}}


@pytest.mark.parametrize(
    ("its", "line"),
    [
        (begun(config={"machines": 3}), "has --machines 3, machine 0 has 2: start all with the same command"),
        (
            begun(config={"lr": 0.2}),
            "has --lr 0.2, machine 0 has 0.1: start all with the same command, but for --machine",
        ),
        (
            begun(versions={"torch": "2.8"}),
            "has torch 2.8, machine 0 has 2.9: install the same one, or the weights would",
        ),
        (begun(versions={"python": "3.12.2"}), ""),
        (
            begun(data=[{**begun()["data"][0], "sha256": "cd"}]),
            "reads other rows of sums than machine 0: give both the s",
        ),
        (
            begun(data=[{**begun()["data"][0], "folder": "x"}]),
            "has --data x, machine 0 has sums: start all with the same",
        ),
    ],
)
def test_what_is_different_on_another_machine_is_named(its: dict[str, Any], line: str) -> None:
    found = agree._difference(begun(), its)
    assert found.startswith(line)
    assert bool(found) == bool(line)


@pytest.mark.parametrize(
    ("now", "line"),
    [
        ({"machines": None, "processes": 2}, None),
        ({"machines": None, "batch_size": 8}, None),
        ({"machines": 1, "accumulate": 2, "launch": "none"}, None),
        ({"machines": 3}, "a step had 8 rows and has 12"),
        ({"machines": None}, "a step had 8 rows and has 4"),
        ({"batch_size": 2}, "a step had 8 rows and has 4"),
    ],
)
def test_a_run_goes_on_with_as_many_rows_a_step_on_however_many_machines(now: dict[str, Any], line: str | None) -> None:
    found = differences(begun(), begun(config=now))
    assert [each.partition(":")[0] for each in found] == ([line] if line else [])

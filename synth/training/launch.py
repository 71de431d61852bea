"""`--launch ddp|fsdp`: the same command once more in several processes, through torchrun.

What goes wrong in a process it leaves in a file, so that the command that started them all says it once. A process
whose peer is gone says less than the peer does, and is heard last.
"""

import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import typer

from synth.base.files import facts_if_whole
from synth.errors import SynthError, TrainingError, UsageError
from synth.training.folder import Run
from synth.training.machines import Machines, commands, machines_of
from synth.training.options import Train
from synth.training.settings import Settled

LEFT = "SYNTH_LEFT"  # the folder in which processes leave what went wrong
ENDED, UNMET = "ended.json", "unmet.json"  # of torchrun: the process that failed; that the machines did not meet
QUIET = "TORCH_CPP_LOG_LEVEL"  # torch tells its stack whenever an address does not answer
LOST = 75  # exit code of a process whose peer is gone; EX_TEMPFAIL of sysexits.h
WAIT = 300  # seconds for all machines to come to --head


def launched(config: Settled, asked: Train, command: Sequence[str], show: bool = False) -> bool:
    """Run a command in several processes, or show it. False: there is nothing to launch, this process trains.

    command: its words, without `synth` itself and without --machine and --head. Raises UsageError if there are fewer
    GPUs than processes, TrainingError if a process fails.
    """
    if "LOCAL_RANK" in os.environ:
        return False
    machines = None if show else machines_of(config, asked)
    if config.launch == "none" and not show:
        return False
    if config.launch == "none":
        raise UsageError("--print-launch needs a way to launch processes: add --launch ddp or --launch fsdp")
    several = (config.machines or 1) > 1
    if config.processes == 1 and not several and not asked.quiet:
        typer.echo(f"synth: --launch {config.launch} with one process; --processes 2 starts two", err=True)
    if show and several:
        typer.echo("\n".join(commands(config.machines or 1, command, asked.head)))
        return True
    under = torchrun_of(config.processes, machines)
    if show:
        typer.echo(shlex.join(["torchrun", *under, "-m", "synth", *command]))
        return True
    _check_gpus(config.processes)
    command = [sys.executable, "-m", "synth.training.launch", *under, "-m", "synth", *command]
    _run(command, Run(asked.out or Path()), machines)
    return True


def torchrun_of(processes: int, machines: Machines | None) -> list[str]:
    """The words of torchrun: one process for each GPU, on this machine or as one of several."""
    where = [*machines.words, f"--rdzv-conf=timeout={WAIT}"] if machines else ["--standalone"]
    return [*where, f"--nproc-per-node={processes}"]


def _run(torchrun: list[str], run: Run, machines: Machines | None) -> None:
    """Run torchrun to its end; raises TrainingError if it does not go well.

    Its processes hold one end of a pipe: they end when this one is gone, however that came.
    """
    with TemporaryDirectory(prefix="synth-launch-") as left:
        quiet = {QUIET: "FATAL"} if os.environ.get(QUIET) in (None, "ERROR") else {}  # as where models were loaded
        environment = {**os.environ, **quiet, LEFT: left}
        with subprocess.Popen(torchrun, stdin=subprocess.PIPE, env=environment) as started:
            try:
                with _passed_on(started):
                    code = started.wait()
            except KeyboardInterrupt:
                started.wait()
                code = 130
        if code:
            raise _why(Path(left), code, run, machines)


@contextmanager
def _passed_on(started: "subprocess.Popen[bytes]") -> Iterator[None]:
    """SIGTERM, which a scheduler may send to the command alone, goes to torchrun, which stops its processes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: started.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _why(left: Path, code: int, run: Run, machines: Machines | None) -> TrainingError:
    """What is said of a training that did not get to its end: the process that knows most says it."""
    told = [facts for path in sorted(left.glob("rank-*")) if (facts := facts_if_whole(path))]
    for facts in told:
        if facts["code"] != LOST:
            return TrainingError(facts["message"], facts["code"])
    if machines and (unmet := facts_if_whole(left / UNMET)):
        return TrainingError(_unmet(machines, unmet["message"]))
    if code == 130:
        return TrainingError(f"interrupted: {run.kept}", 130)
    if who := _killed(code, facts_if_whole(left / ENDED)) or ("a process on another machine has ended" if told else ""):
        return TrainingError(f"{who}, so all have stopped: {run.kept}")
    return TrainingError("a process ended with an error, which stands above", code)


def _killed(code: int, ended: Mapping[str, Any]) -> str:
    """Who was ended by a signal, and by which; nothing if it was not so."""
    if ended.get("signal"):
        return f"process {ended['rank']} was ended by {ended['signal']}"
    return f"torchrun was ended by {signal.Signals(-code).name}" if code < 0 else ""


def _unmet(machines: Machines, message: str) -> str:
    """Why the machines did not come together."""
    if "EADDRINUSE" in message:
        return f"--head {machines.head}: something on this machine uses that port already: give another one to all"
    if machines.number == 0 and "clients joined" in message:
        return (
            f"not all {machines.count} machines came to {machines.head} in {WAIT} seconds: start each with a "
            f"--machine of its own and --machines {machines.count}, and see that they reach this address"
        )
    return (
        f"--head {machines.head} did not answer in {WAIT} seconds: see that it is the address of the machine that runs "
        "--machine 0, that its command runs, and that no firewall closes the port"
    )


@contextmanager
def heard() -> Iterator[None]:
    """In a process under torchrun that `launched` started: what goes wrong is left for the command to say."""
    left = os.environ.get(LEFT)
    if left is None:
        yield
        return
    threading.Thread(target=_end_with_command, daemon=True).start()
    try:
        yield
    except SynthError as error:
        _leave(left, str(error), error.exit_code)
        raise SystemExit(error.exit_code) from error
    except RuntimeError as error:
        if not of_peers(error):
            raise
        _leave(left, "", LOST)
        raise SystemExit(LOST) from error


def of_peers(error: RuntimeError) -> bool:
    """Whether an exception of torch says that another process does not answer."""
    return "DistError" in [kind.__name__ for kind in type(error).__mro__] or "gloo" in str(error)


def _leave(folder: str, message: str, code: int) -> None:
    facts = {"message": message, "code": code}
    (Path(folder) / f"rank-{int(os.environ['RANK']):06}").write_bytes(orjson.dumps(facts))


def _end_with_command() -> None:
    """Wait until the command's end of the pipe is closed, which it never is while the command runs."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _check_gpus(processes: int) -> None:
    import torch

    gpus = torch.cuda.device_count()
    if torch.cuda.is_available() and gpus < processes:
        raise UsageError(
            f"--processes {processes}: this machine has {gpus} GPUs; give --processes {gpus}, or --launch none"
        )


def torchrun() -> None:
    """torchrun itself, without the warnings and the tracebacks that it prints when something goes wrong."""
    from torch.distributed import DistError
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    logging.disable(logging.CRITICAL)
    left = Path(os.environ[LEFT])
    try:
        main()
    except SignalException:
        sys.exit(130)
    except ChildFailedError as error:
        facts = _failed(error)
        (left / ENDED).write_bytes(orjson.dumps(facts))
        sys.exit(facts["code"])
    except DistError as error:
        (left / UNMET).write_bytes(orjson.dumps({"message": str(error)}))
        sys.exit(1)


def _failed(error: Any) -> dict[str, Any]:
    """The process that a training failed by: one that was killed, if there is one, else the first that ended."""
    killed = {rank: failure for rank, failure in error.failures.items() if failure.exitcode < 0}
    rank, failure = next(iter(killed.items())) if killed else error.get_first_failure()
    name = signal.Signals(-failure.exitcode).name if failure.exitcode < 0 else None
    return {"rank": rank, "signal": name, "code": failure.exitcode if failure.exitcode > 0 else 1}


if __name__ == "__main__":
    torchrun()

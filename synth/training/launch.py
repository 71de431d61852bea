"""`--launch ddp|fsdp`: the same command once more in several processes, through torchrun."""

import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence

import typer

from synth.errors import TrainingError, UsageError
from synth.training.settings import Settled


def launched(config: Settled, words: Sequence[str], show: bool = False, quiet: bool = False) -> bool:
    """Run a command in several processes, or show it. False: there is nothing to launch, this process trains.

    words: those of the command, without `synth` itself. Raises UsageError if there are fewer GPUs than processes,
    TrainingError if a process fails.
    """
    if "LOCAL_RANK" in os.environ or (config.launch == "none" and not show):
        return False
    if config.launch == "none":
        raise UsageError("--print-launch needs a way to launch processes: add --launch ddp or --launch fsdp")
    torchrun = command(config.processes, words)
    if config.processes == 1 and not quiet:
        typer.echo(f"synth: --launch {config.launch} with one process; --processes 2 starts two", err=True)
    if show:
        typer.echo(shlex.join(["torchrun", *torchrun[3:]]))
        return True
    _check_gpus(config.processes)
    if code := _run(torchrun):
        raise TrainingError("a process ended with an error, which stands above", code)
    return True


def _run(words: list[str]) -> int:
    """Run torchrun to its end. After Ctrl-C the first process says at which step it stopped, the others nothing."""
    with subprocess.Popen(words) as torchrun:
        try:
            return torchrun.wait()
        except KeyboardInterrupt:
            torchrun.wait()
            raise SystemExit(130) from None


def command(processes: int, words: Sequence[str]) -> list[str]:
    """A command under torchrun, one process for each GPU, all on this machine."""
    torchrun = [sys.executable, "-m", "synth.training.launch", "--standalone", f"--nproc-per-node={processes}"]
    return [*torchrun, "-m", "synth", *words]


def _check_gpus(processes: int) -> None:
    import torch

    gpus = torch.cuda.device_count()
    if torch.cuda.is_available() and gpus < processes:
        raise UsageError(
            f"--processes {processes}: this machine has {gpus} GPUs; give --processes {gpus}, or --launch none"
        )


def torchrun() -> None:
    """torchrun itself, without the warnings and the traceback that it prints when it is asked to stop."""
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.run import main

    logging.disable(logging.WARNING)
    try:
        main()
    except SignalException:
        sys.exit(130)


if __name__ == "__main__":
    torchrun()

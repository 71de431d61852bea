"""`--launch ddp|fsdp`: the same command once more in several processes, through torchrun."""

import logging
import os
import shlex
import subprocess
import sys
from typing import Any

import typer

from synth.errors import TrainingError, UsageError
from synth.training.folder import Job


def launched(config: Any, job: Job) -> bool:
    """Run or print the command for several processes. False: there is nothing to launch, this process trains.

    Raises UsageError where there are fewer GPUs than processes, TrainingError where a process fails.
    """
    if "LOCAL_RANK" in os.environ or (config.launch == "none" and not job.print_launch):
        return False
    if config.launch == "none":
        raise UsageError("--print-launch needs a way to launch processes: add --launch ddp or --launch fsdp")
    words = command(config.processes)
    if config.processes == 1 and not job.quiet:
        typer.echo(f"synth: --launch {config.launch} with one process; --processes 2 starts two", err=True)
    if job.print_launch:
        typer.echo(shlex.join(["torchrun", *words[3:]]))
        return True
    _check_gpus(config.processes)
    if code := _run(words):
        raise TrainingError("a process ended with an error, which stands above", code)
    return True


def _run(words: list[str]) -> int:
    """Run torchrun to its end. After Ctrl-C the first process says where it stopped, and nobody else anything."""
    with subprocess.Popen(words) as torchrun:
        try:
            return torchrun.wait()
        except KeyboardInterrupt:
            torchrun.wait()
            raise SystemExit(130) from None


def command(processes: int) -> list[str]:
    """This very command under torchrun, one process for each GPU, all on this machine."""
    torchrun = [sys.executable, "-m", "synth.training.launch", "--standalone", f"--nproc-per-node={processes}"]
    return [*torchrun, "-m", "synth", *(word for word in sys.argv[1:] if word != "--print-launch")]


def _check_gpus(processes: int) -> None:
    import torch

    there = torch.cuda.device_count()
    if torch.cuda.is_available() and there < processes:
        raise UsageError(
            f"--processes {processes}: this machine has {there} GPUs; give --processes {there}, or --launch none"
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

"""`--launch ddp|fsdp`: the same command once more in several processes, through torchrun."""

import os
import shlex
import subprocess
import sys
from typing import Any

import typer

from synth.errors import TrainingError, UsageError
from synth.run import Job


def launched(config: Any, job: Job) -> bool:
    """Run or print the command for several processes. False: there is nothing to launch, this process trains.

    Raises UsageError where there are fewer GPUs than processes, TrainingError where a process fails.
    """
    if "LOCAL_RANK" in os.environ or (config.launch == "none" and not job.print_launch):
        return False
    words = command(config.processes)
    if job.print_launch:
        typer.echo(shlex.join(["torchrun", *words[3:]]))
        return True
    _check_gpus(config.processes)
    done = subprocess.run(words, check=False)
    if done.returncode:
        raise TrainingError("a process ended with an error, which stands above", done.returncode)
    return True


def command(processes: int) -> list[str]:
    """This very command under torchrun, one process for each GPU, all on this machine."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    return [*torchrun, "-m", "synth", *(word for word in sys.argv[1:] if word != "--print-launch")]


def _check_gpus(processes: int) -> None:
    import torch

    there = torch.cuda.device_count()
    if torch.cuda.is_available() and there < processes:
        raise UsageError(
            f"--processes {processes}: this machine has {there} GPUs; give --processes {there}, or --launch none"
        )

"""`--machines 2 --machine 0 --head HOST:PORT`: several machines that train together, each with the same command.

The names of the variables are those of Slurm's srun (https://slurm.schedmd.com/srun.html) and of SkyPilot
(https://docs.skypilot.co, distributed jobs): the number of a node in its job, and all nodes of it.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from synth.errors import UsageError
from synth.training.options import Train
from synth.training.settings import Settled

PORT = 29500  # that torchrun takes when none is given
LAST_PORT = 65535
SLURM = 'scontrol show hostnames "$SLURM_JOB_NODELIST"'
SKYPILOT = 'echo "$SKYPILOT_NODE_IPS"'


@dataclass(frozen=True)
class Machines:
    """The machines of a training, as one of them sees them."""

    count: int
    number: int  # of this one, from 0
    head: str  # HOST:PORT of machine 0

    @property
    def words(self) -> list[str]:
        """What torchrun is told of them: ranks go by the number of the machine, and it is no more elastic than that."""
        static = ["--rdzv-backend=static", f"--rdzv-endpoint={self.head}", "--rdzv-id=synth"]
        return [f"--nnodes={self.count}", f"--node-rank={self.number}", *static]


def machines_of(config: Settled, asked: Train) -> Machines | None:
    """The machines that were asked for; None for this one alone.

    Raises UsageError, with all that is wrong at once.
    """
    count, number, head = config.machines or 1, asked.machine, asked.head
    if count == 1:
        if number is not None or head is not None:
            raise UsageError("--machine and --head are for several machines: add --machines 2, or leave them out")
        return None
    wrong = []
    if number is None:
        wrong.append(f"--machines {count}: say which one this is: --machine 0 on that of --head, 1 on the next")
    elif number >= count:
        wrong.append(f"--machine {number}: with --machines {count} they are 0 to {count - 1}")
    if head is None:
        wrong.append(f"--machines {count}: add --head HOST:{PORT}, the address of machine 0, the same on all of them")
    elif complaint := _unlike_address(head):
        wrong.append(complaint)
    if number is None or head is None or wrong:
        raise UsageError("; ".join(wrong))
    return Machines(count, number, head)


def _unlike_address(head: str) -> str:
    """What is wrong with HOST:PORT, or nothing."""
    host, _, port = head.rpartition(":")
    known = port.isascii() and port.isdigit() and 0 < int(port) <= LAST_PORT
    if known and host and not any(sign in host for sign in "/ ") and (":" not in host or host.startswith("[")):
        return ""
    return f"--head {head}: give HOST:PORT, the address of machine 0 and a free port of it, such as 10.0.0.1:{PORT}"


def commands(count: int, words: Sequence[str], head: str | None) -> list[str]:
    """The lines that start a training on so many machines: by hand, in a job of Slurm, with SkyPilot.

    words: those of the command without `synth`, --machine and --head.
    """
    if head is not None and (complaint := _unlike_address(head)):
        raise UsageError(complaint)
    plain = shlex.join(["synth", *words])
    address = shlex.quote(head or f"HOST:{PORT}")
    port = head.rpartition(":")[2] if head else PORT
    slurm = _in_job(plain, "$SLURM_NODEID", SLURM, port)
    skypilot = _in_job(plain, "$SKYPILOT_NODE_RANK", SKYPILOT, port)
    return [
        "# by hand, one on each machine" + ("" if head else "; HOST is the address of machine 0"),
        *(f"{plain} --machine {number} --head {address}" for number in range(count)),
        "# Slurm, inside sbatch or salloc",
        f"srun --nodes={count} --ntasks-per-node=1 --kill-on-bad-exit=1 bash -c {shlex.quote(slurm)}",
        "# SkyPilot, with your own --gpus, --workdir and a folder that all nodes see",
        f"sky launch --num-nodes={count} {shlex.quote(skypilot)}",
    ]


def _in_job(plain: str, number: str, nodes: str, port: str | int) -> str:
    """The command as each node of a job runs it: the first node of the job is machine 0."""
    return f'{plain} --machine "{number}" --head "$({nodes} | head -n 1):{port}"'

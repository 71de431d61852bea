"""Several machines that are this one: the command of each runs in a thread, and their torchruns meet on loopback."""

import socket
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import synth
from synth.errors import SynthError


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start_machines(
    pool: ThreadPoolExecutor, trainer: str, own: Sequence[dict[str, Any]], **given: Any
) -> list[Future[str]]:
    """Start `synth train TRAINER` on a machine for each of `own`, which has settings of its own; what each says if it
    fails."""
    head = f"127.0.0.1:{free_port()}"

    def one(number: int, settings: dict[str, Any]) -> str:
        try:
            synth.train(trainer, machines=len(own), machine=number, head=head, quiet=True, **{**given, **settings})
        except SynthError as error:
            return str(error)
        return ""

    return [pool.submit(one, number, settings) for number, settings in enumerate(own)]

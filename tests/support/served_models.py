"""A model on this machine behind `transformers serve`: a real server for what speaks to servers."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopback import free_port

READY = "Application startup complete"  # what uvicorn says when it listens


def quiet_environment(home: Path) -> dict[str, str]:
    """The environment of a process that may not reach the Hub."""
    env = os.environ | {"HF_HOME": str(home / "hub"), "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return {name: value for name, value in env.items() if name not in ("HF_HUB_CACHE", "HF_TOKEN")}


@contextmanager
def serving_models(home: Path) -> Iterator[str]:
    """The base URL of `transformers serve`. It writes its log to server.log in `home`."""
    port = free_port()
    command = [Path(sys.executable).parent / "transformers", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (home / "server.log").open("w") as log,
        subprocess.Popen(
            [*command, "--device", "cpu"], env=quiet_environment(home), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        ) as server,
    ):  # fmt: skip
        assert server.stdout is not None
        said = iter(server.stdout.readline, "")
        assert any(READY in line for line in said), "the server ended before it listened"
        rest = threading.Thread(target=log.writelines, args=(said,))
        rest.start()
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()
            rest.join()

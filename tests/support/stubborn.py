"""Short expressions, few at a time, whose workers die if a file in a folder says so.

The folder is that of STUBBORN in the environment. `die`: the next worker kills itself, and takes the file away.
`always`: every worker does. `stand`: the next one on a machine with STUBBORN_STANDS writes to the pipe `here`, and
stands still.
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from synth.builders import listops


def told(name: str) -> bool:
    """Whether this worker is the one that is told to."""
    try:
        (Path(os.environ["STUBBORN"]) / name).unlink()
    except (KeyError, FileNotFoundError):
        return False
    return True


def records(config: Any, split: str, seed: int, item: range) -> Iterator[Any]:
    folder = Path(os.environ.get("STUBBORN", "nowhere"))
    if (folder / "always").exists() or told("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if "STUBBORN_STANDS" in os.environ and told("stand"):
        (folder / "here").write_text("")
        signal.pause()
    yield from listops.BUILDER.records(config, split, seed, item)


BUILDER = replace(listops.BUILDER, records=records, chunk=lambda config: 16)


def raises(error: Exception) -> None:
    raise error

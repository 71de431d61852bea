"""Work for a process of its own: it hangs or dies if it is told to."""

import os
import time
from typing import Any


def work(item: Any) -> Any:
    if item == "die":
        os._exit(3)
    if item == "hang" or isinstance(item, tuple):
        time.sleep(1000)
    return (item, os.getpid())


def prepare() -> None:
    """Nothing has to be loaded."""

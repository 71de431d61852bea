"""Calls a function in a process of its own, with a time limit: for work that nobody can tell how long it takes."""

import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from synth.errors import SynthError
from synth.workers.local import Spawn, start_worker

_START = 120.0  # seconds that a process may take to start


class Limited:
    """`work(item)` in another process; None if it takes more than `seconds`, or the process dies of it.

    `work` and `prepare` (called once, before the clock runs) are functions of a module. The process is started with the
    first item, killed when it takes too long, started anew with the next, and ends with this one. Items of several
    threads wait for each other. Raises SynthError if it cannot be started.
    """

    def __init__(self, work: Callable[[Any], Any], prepare: Callable[[], None], seconds: float) -> None:
        self._work, self._prepare, self._seconds = work, prepare, seconds
        self._lock = threading.Lock()
        self._owner = 0  # who started it: a fork of this process starts its own
        self._process: Any = None
        self._line: Connection[Any, Any] | None = None

    def __call__(self, item: Any) -> Any | None:
        with self._lock:
            line = self._started()
            try:
                line.send(item)
                if line.poll(self._seconds):
                    return line.recv()
            except (EOFError, OSError):
                pass
            self.stop()
            return None

    def interrupt(self) -> None:
        """End what another thread waits for: it gets None."""
        if (process := self._process) is not None:
            process.kill()

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.join()
        if self._line is not None:
            self._line.close()
        self._process = self._line = None

    def _started(self) -> "Connection[Any, Any]":
        if self._line is not None and self._owner == os.getpid():
            return self._line
        context = Spawn()
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._work, self._prepare), daemon=True)
        self._process.start()
        theirs.close()
        self._owner = os.getpid()
        try:
            if self._line.poll(_START):
                self._line.recv()
                return self._line
        except EOFError:
            pass
        self.stop()
        raise SynthError("a process of its own could not be started, perhaps for want of memory")


def _serve(line: "Connection[Any, Any]", work: Callable[[Any], Any], prepare: Callable[[], None]) -> None:
    """In the other process: answer items until the line is closed."""
    start_worker()
    prepare()
    line.send(None)
    while True:
        try:
            item = line.recv()
        except EOFError:
            return
        line.send(work(item))

"""Spreads work items over the processes of this machine and returns the results in the order of the items."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, Protocol, TypeVar

from synth.errors import LostWorkerError

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
BYTES_WORTH_A_WORKER = 20_000_000  # fewer are read sooner than a process starts
AHEAD = 2  # items in flight for each worker: enough that none waits, few enough that memory stays flat


class Task(Protocol[R_co]):
    """An item that is being worked on, as a Future of the standard library."""

    def result(self) -> R_co: ...
    def cancel(self) -> bool: ...


class Workers(Protocol):
    """Who works: a pool of processes, or a cluster (cluster.py)."""

    def submit(self, work: Callable[..., R], /, *items: Any) -> Task[R]: ...


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cores_for(size: int) -> int:
    """Processes of this machine that are worth their start for reading so many bytes."""
    return min(cores(), 1 + size // BYTES_WORTH_A_WORKER)


def pool(workers: int) -> AbstractContextManager[ProcessPoolExecutor | None]:
    """A pool of processes; none for a single worker, which works in this process."""
    if workers == 1:
        return nullcontext()
    return _Pool(workers, mp_context=Spawn(), initializer=start_worker)


def ordered(executor: Workers | None, work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """`work(item)` for each item, in order, never more than a few items ahead of who reads.

    Raises LostWorkerError when a worker was killed, by the system for want of memory for one.
    """
    if executor is None:
        yield from map(work, items)
        return
    items = iter(items)
    waiting: deque[Task[R]] = deque(executor.submit(work, item) for item in islice(items, workers * AHEAD))
    try:
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(executor.submit(work, item) for item in islice(items, 1))
            yield result
    except BrokenProcessPool as error:
        raise LostWorkerError(
            "a worker process was killed, perhaps for want of memory: try again with --workers 1"
        ) from error
    finally:
        for future in waiting:
            future.cancel()


class _Process(SpawnProcess):
    """A process that does not begin with the script that started it, as spawned ones do: it is somebody else's, nothing
    in it is needed here, and without `if __name__ == "__main__"` all of it would run again."""

    def start(self) -> None:
        main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class Spawn(SpawnContext):
    """New processes: the same on every system, and no threads are copied."""

    Process = _Process


class _Pool(ProcessPoolExecutor):
    def __exit__(self, *details: Any) -> None:
        self.shutdown(wait=True, cancel_futures=True)


def start_worker() -> None:
    """Prepare a worker: Ctrl-C is left to the parent, and a worker whose parent was killed ends too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

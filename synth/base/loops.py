"""Runs coroutines wherever the program runs: in a shell, in a notebook whose loop is running already, in any thread."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
_waiting: dict[asyncio.AbstractEventLoop, Callable[[], object]] = {}  # of loops that are in no main thread


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result.

    If a loop is running in this thread, as in a notebook, the coroutine gets a thread and a loop of its own; Ctrl-C
    here (the stop button) reaches it there as it would in a shell.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main)
    return _elsewhere(main)


def _elsewhere(main: Coroutine[Any, Any, T]) -> T:
    loops: list[asyncio.AbstractEventLoop] = []

    async def noted() -> T:
        loops.append(asyncio.get_running_loop())
        return await main

    try:
        with ThreadPoolExecutor(1) as thread, _interrupts_passed_on(loops):
            return thread.submit(lambda: asyncio.run(noted())).result()
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error


@contextmanager
def _interrupts_passed_on(loops: list[asyncio.AbstractEventLoop]) -> Iterator[None]:
    """Ctrl-C in this thread, if it is the main one, goes to who listens in the loop; the next one cancels all in it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(*_: object) -> None:
        for loop in loops:
            listener = _waiting.pop(loop, None)
            with suppress(RuntimeError):  # the loop has just been closed
                loop.call_soon_threadsafe(listener or partial(_cancel_all, loop))

    before = signal.signal(signal.SIGINT, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


@contextmanager
def on_interrupt(callback: Callable[[], object]) -> Iterator[None]:
    """Inside, the first Ctrl-C calls `callback` in the running loop; the next one is a KeyboardInterrupt again."""
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        _waiting[loop] = callback
        try:
            yield
        finally:
            _waiting.pop(loop, None)
        return
    before = signal.getsignal(signal.SIGINT)

    def once(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(callback)

    # A plain handler, as not every loop has add_signal_handler (those of Windows have not); the loop wakes up for it.
    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def terminable(alone: bool = True) -> Iterator[None]:
    """Take SIGTERM, which schedulers send, as Ctrl-C; in a process `alone` at its work, and in its main thread."""
    if not alone or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

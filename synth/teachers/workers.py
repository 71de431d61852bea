"""Tasks that do the same work side by side: as many as requests may be in flight, and more once more may be."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]


class Workers:
    """Runs one work in many tasks at a time. `wanted` says how many there are to be now."""

    def __init__(self, wanted: Callable[[], int]) -> None:
        self._wanted = wanted
        self._more: Callable[[], None] = lambda: None

    def look(self) -> None:
        """Begin further tasks if more are wanted by now."""
        self._more()

    async def run(self, work: Work, most: int | None = None) -> None:
        """Do the work in all tasks, `most` at most, until each of them has ended by itself.

        Raises the first error of any of them once all have ended.
        """
        tasks: list[asyncio.Task[None]] = []

        def more() -> None:
            wanted = self._wanted() if most is None else min(most, self._wanted())
            tasks.extend(asyncio.ensure_future(work()) for _ in range(len(tasks), wanted))

        self._more = more
        more()
        waited = 0
        try:
            while waited < len(tasks):  # those that were begun meanwhile are waited for as well
                some = tasks[waited:]
                waited = len(tasks)
                await asyncio.wait(some)
        finally:
            self._more = lambda: None
            for task in tasks:
                task.cancel()
        for task in tasks:
            task.result()

"""How long a run waits for its teacher, what it says about that, and what ends a wait.

A wait is ended at once when asking is stopped (Ctrl-C). One that comes to more than a minute is said, with what the
server said and the time of the next try. One longer than --wait-longest ends the run instead: a single one, or several
between which nothing was answered.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from synth.base.terminal import Say
from synth.errors import SynthError

T = TypeVar("T")
LONGEST = 24 * 3600.0  # seconds: a quota for a day is filled up by then
SAID = 60.0  # seconds of waiting that are not said
SAID_AGAIN = 600.0  # seconds between two notices


class StopAskingError(Exception):
    """The budget is used up, or the user wants no more: what is not asked yet is left out."""


class UsedUpError(SynthError):
    """Nothing more is answered for longer than the user wants to wait; what was answered is kept."""


class Patience:
    """Shared by every request of a run."""

    def __init__(
        self,
        longest: float | None = None,
        say: Say = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.chosen = longest is not None  # by the user
        self.longest = LONGEST if longest is None else longest
        self._say, self._clock, self._today = say, clock, today
        self._since: float | None = None  # nothing has been answered since
        self._quiet_until = self._said_until = float("-inf")
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopped.set()

    def check(self) -> None:
        """Raises StopAskingError if asking was stopped."""
        if self._stopped.is_set():
            raise StopAskingError

    def answered(self) -> None:
        self._since = None

    def failed(self, seconds: float, said: str) -> None:
        """A request was not answered, and is sent again in so many seconds. `said`: why, by the server.

        Raises UsedUpError if that is later than the user wants to wait.
        """
        now = self._clock()
        self._since = now if self._since is None else self._since
        if seconds > self.longest:
            then, longest = self._when(seconds), spoken(self.longest)
            raise UsedUpError(f"the next try would be at {then}, later than --wait-longest {longest}: {said}")
        if now - self._since + seconds > self.longest:
            raise UsedUpError(f"nothing was answered for {spoken(self.longest)}, the --wait-longest: {said}")

    async def sleep(self, seconds: float) -> None:
        """Raises StopAskingError if asking is stopped meanwhile."""
        self.check()
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except asyncio.TimeoutError:
            return
        raise StopAskingError

    async def wait(
        self, seconds: float, said: str, waited: float = 0.0, spread: float = 0.0, bounded: bool = True
    ) -> None:
        """Sleep before a request is sent again. `waited`: what it has waited already, with no reply in between;
        `spread`: seconds over which those who wait equally long come back; not `bounded`: its tries are counted.

        Raises UsedUpError if it would take too long, StopAskingError as `sleep` does.
        """
        self.check()
        if bounded:
            self.failed(seconds, said)
        if waited + seconds > SAID:
            self._tell(seconds, said)
        await self.sleep(seconds + random.uniform(0, spread))

    async def unless_stopped(self, work: Awaitable[T]) -> T:
        """What the work comes to; it is dropped if asking is stopped before, and StopAskingError raised."""
        task, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            self.check()
            return task.result()
        finally:
            task.cancel()
            stop.cancel()

    def _tell(self, seconds: float, said: str) -> None:
        """Once for all requests that wait for the same."""
        now = self._clock()
        until = now + seconds
        if now < self._quiet_until and until <= self._said_until + SAID_AGAIN:
            return
        self._said_until, self._quiet_until = until, max(until, now + SAID_AGAIN)
        self._say(f"waiting {spoken(seconds)}, next try at {self._when(seconds)} (Ctrl-C ends the run): {said}")

    def _when(self, seconds: float) -> str:
        """The time of the next try, for a person: with its date if that is another one."""
        now = self._today()
        then = now + timedelta(seconds=min(seconds, 1e9))
        return then.strftime("%H:%M:%S" if then.date() == now.date() else "%Y-%m-%d %H:%M:%S")


def spoken(seconds: float) -> str:
    """90 -> "90 s", 7200 -> "2 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes)) if part)

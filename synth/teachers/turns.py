"""Whose turn it is to ask: requests that wait for a place at any of some servers, first come, first served.

A place is one request in flight. The next request gets one at the server that is least busy: the least in flight for
what it is allowed, so that a server that answers five times as fast as another one is asked five times as much.
"""

import asyncio
from collections import deque
from collections.abc import Container, Sequence
from typing import Generic, Protocol, TypeVar


class Server(Protocol):
    """What has to be known of a server to give its places away; synth/teachers/pace.py is one."""

    allowed: int
    in_flight: int

    @property
    def is_open(self) -> bool: ...
    def delay(self) -> float:
        """Seconds that a request would wait for its limits of requests and tokens a minute."""

    def leave(self) -> None: ...


S = TypeVar("S", bound=Server)


class Turns(Generic[S]):
    """Shared by all requests to some servers."""

    def __init__(self, *servers: S) -> None:
        self.servers: Sequence[S] = servers
        self._waiting: deque[asyncio.Future[S]] = deque()
        self._error: BaseException | None = None
        self._some_open = asyncio.Event()
        self.changed()

    async def take(self, rather_not: Container[S] = (), first: bool = False) -> S:
        """The server at which one has got a place, as soon as there is one; `rather_not`: at these only if there is no
        other place. `first`: before all that wait.

        Raises the error with which asking was given up.
        """
        self._check()
        if (first or not self._waiting) and (server := self._least_busy(rather_not)) is not None:
            server.in_flight += 1
            return server
        turn: asyncio.Future[S] = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if first else self._waiting.append)(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                turn.result().leave()  # it was given the place at the same moment: hand it on
            raise

    def wake(self) -> None:
        """Give away the places that there are."""
        while self._waiting and (server := self._least_busy()) is not None:
            turn = self._waiting.popleft()
            if not turn.done():
                server.in_flight += 1
                turn.set_result(server)

    def changed(self) -> None:
        """A server is down, or is back."""
        if self._error is not None or any(server.is_open for server in self.servers):
            self._some_open.set()
        else:
            self._some_open.clear()
        self.wake()

    async def until_one_is_open(self) -> None:
        """Wait while all servers are down. Raises the error with which asking was given up."""
        await self._some_open.wait()
        self._check()

    def give_up(self, error: BaseException) -> None:
        """Nobody waits any more, now and later: all get this error."""
        self._error = self._error or error
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(self._error)
        self._waiting.clear()
        self.changed()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _least_busy(self, rather_not: Container[S] = ()) -> S | None:
        free = [server for server in self.servers if server.is_open and server.in_flight < server.allowed]
        free = [server for server in free if server not in rather_not] or free
        return free[0] if len(free) == 1 else min(free, key=_busy, default=None)


def _busy(server: Server) -> tuple[float, float]:
    return server.delay(), (server.in_flight + 1) / server.allowed

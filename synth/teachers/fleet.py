"""Asks several servers of one model: the next request goes to the one that is least busy.

Each server has a pace and a circuit of its own; store, patience and what is not sent are shared.

    broken      a request whose connection breaks, or that a server fails at, goes to another server at once; only one
                that breaks at three of them waits, which counts as one of its tries
    busy        a refusal for speed sends the request to another server, and leaves its place at this one empty for as
                long as the server says: it is asked no more in that time than if it were alone
    down        nobody asks a server that is down; its own probe finds out when it is back, and it is used again
    dead end    a server that refuses the key, has not the model or no API is left out in the same way, and the reason
                is said; if that is true of all of them, the run ends with the last reason
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType

from synth.base.terminal import Say
from synth.errors import SynthError
from synth.teachers import client as limits
from synth.teachers.client import Client, DeadEndError, TryAgainError, UnanswerableError, wait_before
from synth.teachers.exchange import Reply, Request
from synth.teachers.pace import Pace
from synth.teachers.patience import UsedUpError
from synth.teachers.turns import Turns

AT_ONCE = 3  # servers that a request is sent to before it waits


class Fleet:
    """Several clients that share a store, a patience and a dialect. Use as an async context manager."""

    def __init__(self, clients: Sequence[Client], say: Say = lambda _: None) -> None:
        self.clients, self._say = clients, say
        self._first = clients[0]
        self.turns: Turns[Pace] = Turns(*(client.pace for client in clients))
        self._client_of = {client.pace: client for client in clients}
        for client in clients:
            client.pace.turns = self.turns
            client.lost = lambda error, client=client: self._lost(client, error)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Fleet":
        for client in self.clients:
            await self._open.enter_async_context(client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def ask(self, request: Request) -> Reply:
        """As Client.ask, of whichever server."""
        return await self._first.ask(request, self._until_answered)

    async def notice(self) -> str | None:
        """As Client.notice."""
        return await self._first.notice()

    async def _until_answered(self, request: Request) -> Reply:
        patience, tries, rounds, waited = self._first.patience, 0, 0, 0.0
        while True:
            tried: list[Client] = []
            try:
                return await self._round(request, tried)
            except TryAgainError as error:
                counts = error.counts and not await self._was_down(tried)
                tries, rounds = tries + counts, rounds + 1
                if tries >= limits.TRIES:
                    raise UnanswerableError(f"{limits.TRIES} tries: {error}") from error
                seconds, spread = wait_before(rounds, error.wait)
                await patience.wait(seconds, str(error), waited, spread, not counts or error.wait is not None)
                waited += seconds

    async def _round(self, request: Request, tried: list[Client]) -> Reply:
        """The reply of the first server that gives one. `tried` takes those that did not.

        Raises TryAgainError once there is nobody else to be asked now.
        """
        while True:
            pace = await self.turns.take([client.pace for client in tried], first=bool(tried))
            client = self._client_of[pace]
            try:
                return await client.send_in_place(request)
            except (DeadEndError, UsedUpError) as error:
                self._lost(client, error)
            except TryAgainError as error:
                if error.at_once:
                    continue
                if client in tried or not self._another([*tried, client]):
                    tried.append(client)
                    raise
                tried.append(client)

    def _another(self, tried: Sequence[Client]) -> bool:
        """Whether a further server may be asked at once."""
        return len(tried) < AT_ONCE and any(each.pace.is_open for each in self.clients if each not in tried)

    async def _was_down(self, tried: Sequence[Client]) -> bool:
        """Whether the servers that a request was sent to were down, which is no fault of the request. Waits while all
        servers are; what their probes have not found out yet counts against the request, so that it comes to an end."""
        if any(client.pace.is_open for client in tried):
            return False
        await self.turns.until_one_is_open()
        return any(client.pace.was_down for client in tried)

    def _lost(self, client: Client, error: SynthError) -> None:
        """Leave a server out until it answers, or give up if none is left."""
        if client.hopeless is None:
            client.hopeless = error
            if all(each.hopeless for each in self.clients):
                self.turns.give_up(error)
            else:
                self._say(f"{error}; the other servers are asked until it answers")
        client.stay_away()

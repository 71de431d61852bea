"""Asks a teacher within a budget: out of the store if a request was answered before, else over the network.

What `synth distill`, `synth judge` and `synth eval` have in common: one store, one pace, one meter, one way to stop.
"""

import asyncio
import gc
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from synth.base.loops import on_interrupt
from synth.base.terminal import Say
from synth.errors import SynthError
from synth.teachers.catalogue import Teacher, tell_end
from synth.teachers.client import Client
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Reply, Request
from synth.teachers.fleet import Fleet
from synth.teachers.given import USUAL, Limits
from synth.teachers.meter import Meter, Served
from synth.teachers.pace import Pace
from synth.teachers.patience import Patience, StopAskingError, UsedUpError
from synth.teachers.sockets import most_open
from synth.teachers.store import RequestStore
from synth.teachers.workers import Workers

__all__ = ["Asker", "StopAskingError"]


class Asker:
    """Use as an async context manager; `ask` answers requests."""

    def __init__(self, teacher: Teacher, cache: Path, limits: Limits, say: Say, spent: float = 0.0) -> None:
        """spent: dollars of the budget that are gone already."""
        self.teacher, self.limits, self.say = teacher, limits, say
        self.meter = Meter(teacher, limits.budget, before=spent)
        self.dialect = Dialect(teacher, limits.leave_out, limits.max_tokens_field, say)  # what is not sent, at the end
        self.store = RequestStore(cache)
        self.why = ""  # it was stopped
        self._gone = ""  # a line, if the teacher has been shut down
        self._looked: asyncio.Future[None] | None = None  # at what the server says about its end
        self._under_way, self._all_ended = 0, asyncio.Event()  # requests that are asked or wait for another try
        self._open = AsyncExitStack()
        self._client: Client | Fleet
        self.workers = Workers(self._at_once)  # ask, as many as may be in flight

    async def __aenter__(self) -> "Asker":
        limits = self.limits
        self._gone = tell_end(self.teacher, self.say, self.store.path)
        self._patience = Patience(limits.patience, partial(self._told, self.teacher.base_url))
        async with AsyncExitStack() as opened:  # what is open is closed again if the rest cannot be, as without a key
            opened.enter_context(self.store)
            self._client = self._new_client()
            await opened.enter_async_context(self._client)
            self.meter.servers = self._servers
            opened.enter_context(on_interrupt(self._interrupt))
            # What was imported stays: looking through it for garbage again and again took a tenth of a run's time.
            gc.freeze()
            opened.callback(gc.unfreeze)
            self._open = opened.pop_all()
        return self

    def _new_client(self) -> Client | Fleet:
        self._clients = [self._at(server) for server in self.teacher.servers()]
        return Fleet(self._clients, self.say) if len(self._clients) > 1 else self._clients[0]

    def _at(self, server: Teacher) -> Client:
        """The client of one server."""
        limits = self.limits
        told = partial(self._told, server.base_url)
        open_at_most = max(1, most_open() // (1 + len(self.teacher.others)))
        most, slow = limits.concurrency or min(USUAL, open_at_most), limits.concurrency or open_at_most
        pace = Pace(most, limits.rpm, limits.tpm, told, sleep=self._patience.sleep, most_if_slow=slow)
        pace.grew = self.workers.look
        more: Any = {"patience": self._patience, "dialect": self.dialect, "say": self.say}
        return Client(server, self.store, pace, limits.timeout, **more)

    def _at_once(self) -> int:
        """Questions to be worked on at once."""
        return self.limits.concurrency or sum(client.pace.most for client in self._clients)

    def _told(self, address: str, line: str) -> None:
        self.say(f"{address}: {line}")

    def _servers(self) -> list[Served]:
        """What each server has done."""
        return [
            Served(
                client.teacher.base_url, client.replies, client.seconds, client.pace.allowed,
                client.pace.is_open,
            )
            for client in self._clients
        ]  # fmt: skip

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def stopping(self) -> bool:
        return bool(self.why)

    def stop(self, why: str) -> None:
        """Ask nothing more; what is in flight is paid for and waited for."""
        self.why = self.why or why

    def halt(self, why: str) -> None:
        """Ask nothing more, and end every wait for another try too; what is in flight is waited for."""
        self.stop(why)
        self._patience.stop()

    async def ask(self, request: Request) -> Reply:
        """The reply to a request.

        Raises StopAskingError once asking was stopped; UnanswerableError and SynthError as Client.ask does.
        """
        if (reply := self.store.find(request)) is not None:
            self.meter.count(reply)
            return reply
        if self._gone:
            self.stop(self._gone)
            raise StopAskingError
        await self._first_contact()
        async with self.meter.room_for(request) as allowed:
            if not allowed:
                self.stop(f"the budget of ${self.limits.budget:g} does not allow another request")
            if self.stopping:
                raise StopAskingError
            reply = await self._answer(request)
            self.meter.count(reply)
            return reply

    async def _answer(self, request: Request) -> Reply:
        self._under_way += 1
        try:
            return await self._client.ask(request)
        except UsedUpError as error:
            used_up = error
        except SynthError:
            self._patience.stop()  # nobody waits for what will not come
            raise
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._all_ended.set()
        self._patience.stop()
        while self._under_way:  # what the others have in flight may be the first answers
            self._all_ended.clear()
            await self._all_ended.wait()
        if not (self.meter.asked or self.meter.cached):
            raise used_up
        self.stop(str(used_up))
        raise StopAskingError from used_up

    async def _first_contact(self) -> None:
        """Before the first request, look whether the server says that the model goes."""
        if self._looked is None:
            self._looked = asyncio.ensure_future(self._look())
        await asyncio.shield(self._looked)

    async def _look(self) -> None:
        if notice := await self._patience.unless_stopped(self._client.notice()):
            self.say(notice)

    def _interrupt(self) -> None:
        """The first Ctrl-C ends every wait, but waits for what is in flight; the second does not."""
        self.halt("interrupted")
        waiting = ": waiting for the requests in flight (Ctrl-C again to leave them)" if self._in_flight() else ""
        self.say(f"stopping{waiting}")

    def _in_flight(self) -> int:
        return sum(client.pace.in_flight for client in self._clients)

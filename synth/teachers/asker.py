"""Asks a teacher within a budget: out of the store if a request was answered before, else over the network.

What `synth distill`, `synth judge` and `synth eval` have in common: one store, one pace, one meter, one way to stop.
"""

import asyncio
import gc
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from synth.base.loops import on_interrupt
from synth.base.terminal import Say
from synth.teachers.catalogue import Teacher, tell_end
from synth.teachers.client import Client
from synth.teachers.exchange import Reply, Request
from synth.teachers.given import Limits
from synth.teachers.meter import Meter
from synth.teachers.pace import Pace
from synth.teachers.store import RequestStore


class StopAskingError(Exception):
    """The budget is used up, or the user wants no more: what is not asked yet is left out."""


class Asker:
    """Use as an async context manager; `ask` answers requests."""

    def __init__(self, teacher: Teacher, cache: Path, limits: Limits, say: Say) -> None:
        self.teacher, self.limits, self.say = teacher, limits, say
        self.meter = Meter(teacher, limits.budget)
        self.store = RequestStore(cache)
        self.why = ""  # it was stopped
        self._gone = ""  # a line, if the teacher has been shut down
        self._looked: asyncio.Future[None] | None = None  # at what the server says about its end
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Asker":
        limits, where = self.limits, self.teacher.base_url
        self._gone = tell_end(self.teacher, self.say, self.store.path)
        pace = Pace(limits.concurrency, limits.rpm, limits.tpm, lambda line: self.say(f"{where}: {line}"))
        async with AsyncExitStack() as opened:  # what is open is closed again if the rest cannot be, as without a key
            opened.enter_context(self.store)
            self._client = await opened.enter_async_context(Client(self.teacher, self.store, pace, limits.timeout))
            opened.enter_context(on_interrupt(self._interrupt))
            # What was imported stays: looking through it for garbage again and again took a tenth of a run's time.
            gc.freeze()
            opened.callback(gc.unfreeze)
            self._open = opened.pop_all()
        return self

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
            reply = await self._client.ask(request)
            self.meter.count(reply)
            return reply

    async def _first_contact(self) -> None:
        """Before the first request, look whether the server says that the model goes."""
        if self._looked is None:
            self._looked = asyncio.ensure_future(self._look())
        await asyncio.shield(self._looked)

    async def _look(self) -> None:
        if notice := await self._client.notice():
            self.say(notice)

    def _interrupt(self) -> None:
        """The first Ctrl-C waits for what is in flight, the second does not."""
        self.stop("interrupted")
        self.say("stopping: waiting for the requests in flight (Ctrl-C again to leave them)")

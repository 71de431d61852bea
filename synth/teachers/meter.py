"""What a run has used and may still use: attempts, tokens, dollars."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from synth.models.tokens import counter
from synth.teachers.catalogue import Teacher
from synth.teachers.exchange import Reply, Request

CHAT_OVERHEAD = 8  # tokens a chat format puts around a message, about


@dataclass(frozen=True)
class Served:
    """What one server has done in this run."""

    address: str
    replies: int
    seconds: float  # of all replies together
    allowed: int  # requests in flight at most, now
    up: bool

    def line(self) -> str:
        """For a person."""
        each = f", {self.seconds / self.replies:.1f} s each" if self.replies else ""
        return f"{self.address}: {self.replies:,} replies{each}" + ("" if self.up else ", does not answer")


@dataclass
class Meter:
    """Counts replies as they come; keeps a budget by setting aside the most that each request in flight can cost."""

    teacher: Teacher
    budget: float | None = None  # dollars
    discount: float = 1.0  # 0.5 for the Batch API
    asked: int = 0  # replies paid for in this run
    cached: int = 0  # replies out of the store
    prompt_tokens: int = 0
    completion_tokens: int = 0
    set_aside: float = 0.0  # dollars the requests in flight can cost at most
    in_flight: int = 0
    before: float = 0.0  # dollars of the budget that were spent elsewhere
    servers: Callable[[], Sequence[Served]] = tuple  # each that is asked
    _freed: asyncio.Event = field(default_factory=asyncio.Event)
    _count = staticmethod(counter(None))

    @property
    def dollars(self) -> float | None:
        """Spent in this run; None if the price is not known."""
        cost = self.teacher.cost(self.prompt_tokens, self.completion_tokens)
        return None if cost is None else cost * self.discount

    def prompt_estimate(self, request: Request) -> int:
        """Prompt tokens of a request, estimated from its text."""
        return sum(self._count(message["content"]) + CHAT_OVERHEAD for message in request.messages)

    def most(self, request: Request) -> float:
        """Dollars a request can cost at most; 0 if the price is not known."""
        prompt = self.prompt_estimate(request)
        longest = request.sampling.get(self.teacher.max_tokens_field()) or 0
        # The estimate of prompt tokens may be too low: half as much again is set aside.
        return (self.teacher.cost(1.5 * prompt, longest) or 0.0) * self.discount

    @asynccontextmanager
    async def room_for(self, request: Request) -> AsyncIterator[bool]:
        """Set aside what a request can cost at most while it is in flight.

        If the budget has no room, wait until requests in flight turn out cheaper; False if none is in flight
        and there still is no room.
        """
        most = self.most(request)
        while self.budget is not None and self.before + (self.dollars or 0.0) + self.set_aside + most > self.budget:
            if not self.in_flight:
                yield False
                return
            self._freed.clear()
            await self._freed.wait()
        self.set_aside += most
        self.in_flight += 1
        try:
            yield True
        finally:
            self.in_flight -= 1
            # Sums of fractions leave a rest, which nobody would ever take back.
            self.set_aside = max(0.0, self.set_aside - most) if self.in_flight else 0.0
            self._freed.set()

    def line(self, end: str = "") -> str:
        """Replies, tokens and dollars of this run, for a person; of several servers a line each below it."""
        asked = f"{self.asked:,} replies" + (f" and {self.cached:,} out of the store" if self.cached else "")
        tokens = f"{self.prompt_tokens:,} prompt and {self.completion_tokens:,} completion tokens"
        line = f"{asked}, {tokens}, {'price unknown' if self.dollars is None else f'${self.dollars:.4f}'}{end}"
        servers = self.servers()
        return "\n".join([line, *(f"  {server.line()}" for server in servers if len(servers) > 1)])

    def up(self) -> str:
        """How many of several servers answer, for the line of progress; nothing of one."""
        servers = self.servers()
        answering = sum(server.up for server in servers)
        return f", {answering} of {len(servers)} servers" if len(servers) > 1 else ""

    def count(self, reply: Reply) -> None:
        if reply.cached:
            self.cached += 1
            return
        self.asked += 1
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens

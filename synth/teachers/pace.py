"""How fast a teacher may be asked: one pace shared by all questions of a run.

Three things hold requests back, each for its own reason:

buckets         requests and tokens a minute, as the server's `x-ratelimit` headers or --rpm and --tpm say
concurrency     requests in flight at once: doubles while all is well, shrinks when a good part of the replies is
                refused. A stray refusal changes nothing (with 5% of them a plain multiplicative decrease would end
                at one request at a time and stay there); the request that was refused just waits.
circuit breaker a server that is down: everybody waits, one probe at a time finds out when it is back
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from synth.base.terminal import Say
from synth.teachers.growth import Growth
from synth.teachers.retry_after import number
from synth.teachers.turns import Turns

START = 64  # requests in flight at first
SHARE_REFUSED = 0.25  # of the last replies; above it concurrency shrinks
WINDOW = 50  # replies that are looked at
# Broken connections or 5xx in a row, with no reply between them, that open the circuit: fewer than a request has tries,
# so that a server that goes away while one request is in flight does not cost that request its answer.
BREAK_AFTER = 6
PROBE_FIRST, PROBE_LAST = 1.0, 60.0  # seconds until the first probe, and at most between two


@dataclass
class Bucket:
    """A token bucket: `rate` a second flow in, `size` is what it holds."""

    size: float
    rate: float
    at: float  # when the level was worked out last
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.size

    def take(self, amount: float, now: float) -> float:
        """Take an amount out; returns for how many seconds the caller has to wait. The level may go below 0, so
        that those who come later wait for those who came first."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate) - amount
        self.at = now
        return max(0.0, -self.level / self.rate)

    def wait(self, now: float) -> float:
        """Seconds that whoever takes next has to wait for those who came before."""
        return max(0.0, -(self.level + (now - self.at) * self.rate) / self.rate)

    def give_back(self, amount: float) -> None:
        self.level = min(self.size, self.level + amount)


class Pace:
    """How fast one server may be asked; shared by every request of a run. `say` tells the user when everything pauses
    and resumes. Several servers whose requests may go to any of them have their `turns` in common."""

    def __init__(
        self,
        most: int,
        rpm: float | None = None,
        tpm: float | None = None,
        say: Say = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        most_if_slow: int = 0,
    ) -> None:
        """most: requests in flight at once; `most_if_slow`: as many if that gives more replies a second."""
        self._say, self._clock, self._sleep = say, clock, sleep
        self.most, self.allowed, self.in_flight = most, min(START, most), 0
        self._given = {"requests": rpm, "tokens": tpm}
        self._buckets: dict[str, Bucket] = {}
        for name, a_minute in self._given.items():
            if a_minute is not None:
                self._limit(name, a_minute)
        self._recent: deque[bool] = deque(maxlen=WINDOW)  # whether each of the last replies was a refusal
        self._since_change = 0
        self._broken_in_a_row = 0
        self._refused_in_a_row = 0
        self._growth = Growth(most, max(most, most_if_slow))
        self.grew: Callable[[], None] = lambda: None  # hears when `most` is another
        self.was_down = False  # when it was looked last
        self._closed = asyncio.Event()  # the circuit
        self._closed.set()
        self.turns: Turns[Pace] = Turns(self)

    @property
    def is_open(self) -> bool:
        """Whether it may be asked: not while it is down."""
        return self._closed.is_set()

    @property
    def rounds_refused(self) -> int:
        """How often in a row everything that was asked at once has been refused; 1 at the first refusal."""
        return 1 + self._refused_in_a_row // self.allowed

    async def enter(self, tokens: float) -> None:
        """Wait for one's turn. `tokens`: the most that the request may use of the tokens a minute."""
        await self.turns.take()
        await self.ready(tokens)
        try:
            await self._closed.wait()
        except asyncio.CancelledError:
            self.leave()
            raise

    async def ready(self, tokens: float) -> None:
        """Wait until the limits allow a request that has a place; if that is given up, so is the place."""
        try:
            await self._wait_for_buckets(tokens)
        except BaseException:  # stopped or cancelled
            self.leave()
            raise

    def leave(self) -> None:
        self.in_flight -= 1
        self.turns.wake()

    def hold(self, seconds: float) -> None:
        """Keep a place empty for so long: that of a request that was refused, and has gone to another server."""
        self.in_flight += 1
        asyncio.get_running_loop().call_later(seconds, self.leave)

    def delay(self) -> float:
        """Seconds that the next request would wait for the limits."""
        return max((bucket.wait(self._clock()) for bucket in self._buckets.values()), default=0.0)

    def used(self, tokens: float, at_most: float) -> None:
        """A request that was let in for `at_most` tokens used so many: settle the difference."""
        if "tokens" in self._buckets:
            self._buckets["tokens"].give_back(at_most - tokens)

    def answered(self, headers: Mapping[str, str], seconds: float = 0.0) -> None:
        """A reply came, after so many seconds: learn the server's limits, and ask more at once if it has kept up."""
        self._broken_in_a_row = self._refused_in_a_row = 0
        self._learn(headers)
        self._count(refused=False)
        if self._since_change >= self.allowed and self.allowed < self.most and not any(self._recent):
            self._change(min(self.most, self.allowed * 2))
        elif self._since_change >= 2 * self.allowed and self.allowed < self.most and self._share() < SHARE_REFUSED / 2:
            self._change(min(self.most, self.allowed + max(1, self.allowed // 8)))
        elif (most := self._growth.after(seconds, self.allowed, any(self._recent) or self.delay() > 0)) is not None:
            self.most = most
            self._change(most)
            self.grew()

    def refused(self, headers: Mapping[str, str]) -> None:
        """A 429 came. Only when many of the last replies were refusals is the server asked less at once."""
        self._broken_in_a_row, self._refused_in_a_row = 0, self._refused_in_a_row + 1
        self._learn(headers)
        self._count(refused=True)
        full = len(self._recent) >= min(WINDOW, self.allowed)
        if full and self._since_change >= self.allowed // 2 and self._share() > SHARE_REFUSED:
            self._change(max(1, int(self.allowed * 0.7)))

    def broken(self) -> bool:
        """A connection broke or the server failed. Returns whether that opens the circuit, so that one has to probe."""
        self._broken_in_a_row += 1
        return self._broken_in_a_row >= BREAK_AFTER

    async def pause(self, probe: Callable[[], Awaitable[bool]]) -> bool:
        """Hold everybody back until `probe` finds the server answering; whoever comes second waits for the first.

        Returns whether the server was down: False if the first probe was answered.
        """
        if not self._closed.is_set():
            await self._closed.wait()
            return self.was_down
        self.shut()
        return await self.until_up(probe)

    def shut(self) -> None:
        """Let nobody in from now on."""
        self.was_down = False
        self._closed.clear()
        self.turns.changed()

    async def until_up(self, probe: Callable[[], Awaitable[bool]], once: bool = False) -> bool:
        """Let everybody in again when `probe` finds the server answering; returns whether it was down.

        once: the user is told that it does not answer once, not at each try.
        """
        wait = PROBE_FIRST
        try:
            while True:
                if not once:
                    self._say(f"the server does not answer: trying again in {wait:.0f} s")
                elif wait == PROBE_FIRST:
                    self._say("the server does not answer: the others are asked until it does")
                await self._sleep(wait)
                if await probe():
                    self._say("the server answers again")
                    return self.was_down
                wait, self.was_down = min(PROBE_LAST, wait * 2), True
        finally:
            self._broken_in_a_row = 0
            self._closed.set()
            self.turns.changed()

    async def _wait_for_buckets(self, tokens: float) -> None:
        waits = [
            self._buckets[name].take(amount, self._clock())
            for name, amount in (("requests", 1), ("tokens", tokens))
            if name in self._buckets
        ]
        if waits and (wait := max(waits)) > 0:
            await self._sleep(wait)

    def _learn(self, headers: Mapping[str, str]) -> None:
        """Limits that the user gave are kept; otherwise the server's own are believed."""
        for name, given in self._given.items():
            limit, left = (number(headers.get(f"x-ratelimit-{what}-{name}")) for what in ("limit", "remaining"))
            if given is not None or limit is None or limit <= 0:  # some servers say -1 for no limit
                continue
            bucket = self._buckets.get(name)
            if bucket is None or bucket.rate != limit / 60:
                bucket = self._limit(name, limit)
            if left is not None:
                bucket.level = min(bucket.level, left)

    def _limit(self, name: str, a_minute: float) -> Bucket:
        # A burst of a sixth of a minute's worth: servers count in windows shorter than a minute.
        self._buckets[name] = Bucket(max(1.0, a_minute / 6), a_minute / 60, self._clock())
        return self._buckets[name]

    def _count(self, refused: bool) -> None:
        self._recent.append(refused)
        self._since_change += 1

    def _share(self) -> float:
        return sum(self._recent) / len(self._recent) if self._recent else 0.0

    def _change(self, allowed: int) -> None:
        self.allowed, self._since_change = allowed, 0
        self.turns.wake()

"""Asks a teacher: one retry layer, every reply stored, errors sorted by whose fault they are.

    SynthError          nobody will be answered: a bad key, an unknown model, no API at that address, nobody there
    UsedUpError         nobody will be answered for long: the quota is used up
    UnanswerableError   this request will not be answered: the server refuses what it says, or fails on it every time
    RefusedError        ... because the server finds what it asks unsafe
    anything else       is tried again: 408, 409, 429, 5xx, broken connections, bodies that cannot be read, replies
                        that the server broke off

A 429 is waited out however long it takes and costs no try, and neither does a server that goes down in mid-run.
openai's own retries are switched off: they give up on half a JSON body, and two layers would multiply each other.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from synth.base.terminal import Say
from synth.errors import SynthError
from synth.teachers.catalogue import Teacher, listed_notice
from synth.teachers.connection import Came, Connection
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Reply, Request
from synth.teachers.faults import NO_REPLY, UNREADABLE, Fault, fault_in, outcome_of
from synth.teachers.pace import Pace
from synth.teachers.patience import Patience, UsedUpError
from synth.teachers.store import RequestStore

TRIES = 8  # of one request, not counting refusals for speed and pauses of everybody
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between two tries if the server names no time
SPREAD = 0.1  # seconds over which those come back, at least, whom the server told to wait equally long
PROBE_TIMEOUT = 30.0
FIRST_CONTACT = 4.0  # seconds in which a server that nobody has heard of yet may start
PAGES = 3  # web pages, or JSON of something else, before the first answer: this is no API; one may be a proxy's
UNREAD = 24  # replies of any kind that cannot be read, likewise
REFUSALS = 4  # in a row: it is looked into whether anybody is answered at all
KEPT_HEADERS = ("x-request-id", "retry-after", "retry-after-ms", "openai-processing-ms")


class UnanswerableError(Exception):
    """The server will not answer this request; the question it belongs to is rejected as `error`."""


class RefusedError(UnanswerableError):
    """The server refuses what this request asks, as unsafe; its question is rejected as `refusal`."""


class DeadEndError(SynthError):
    """This server of a fleet answers nobody: a bad key, an unknown model, no API at its address, nobody there."""


class TryAgainError(Exception):
    """`wait`: seconds that the server names; `counts`: as one of the tries; `at_once`: it is sent otherwise now."""

    def __init__(self, why: str, wait: float | None = None, counts: bool = True, at_once: bool = False) -> None:
        super().__init__(why)
        self.wait, self.counts, self.at_once = wait, counts, at_once


class Client:
    """One server; several of them are a fleet (synth/teachers/fleet.py). Use as an async context manager."""

    def __init__(
        self,
        teacher: Teacher,
        store: RequestStore,
        pace: Pace,
        timeout: float = 600.0,
        *,
        patience: Patience | None = None,
        dialect: Dialect | None = None,
        say: Say = lambda _: None,
    ) -> None:
        self.teacher, self.store, self.pace, self._say = teacher, store, pace, say
        self.patience = patience or Patience(say=say)
        self.dialect = dialect or Dialect(teacher, say=say)
        self._connection = Connection(teacher, timeout)
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._answered_any = False
        self._unread = 0  # before the first answer
        self._refused_in_a_row = 0
        self._first_sent: float | None = None
        self._key_works: bool | None = None  # not known yet
        self._looking = asyncio.Lock()
        self.lost: Callable[[SynthError], None] | None = None  # hears, of one of a fleet, why it is left out
        self.hopeless: SynthError | None = None  # why it is left out, until it answers again
        self.replies, self.seconds = 0, 0.0  # that came, and how long they took together
        self.probing: asyncio.Task[bool] | None = None

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.probing is not None:
            self.probing.cancel()
            await asyncio.gather(self.probing, return_exceptions=True)
        await self._connection.__aexit__(kind, error, trace)

    @property
    def alone(self) -> bool:
        """It is not one of a fleet, where nobody waits for one server."""
        return self.lost is None

    async def ask(self, request: Request, answer: Callable[[Request], Awaitable[Reply]] | None = None) -> Reply:
        """The reply to a request: from the store if it was answered before, else from the teacher, or from `answer`.

        Raises UnanswerableError and SynthError; StopAskingError if asking is stopped while it waits.
        """
        # A question that stands twice in the data is asked once: who comes second finds the reply in the store.
        async with self._asking.setdefault(request.key(), asyncio.Lock()):
            if (reply := self.store.find(request)) is not None:
                return reply
            await self.store.put_request(request)
            return await (answer or self._until_answered)(request)

    async def _until_answered(self, request: Request) -> Reply:
        tries, rounds, waited = 0, 0, 0.0
        while True:
            try:
                return await self._send(request)
            except TryAgainError as error:
                if error.at_once:
                    continue
                tries, rounds = tries + error.counts, rounds + 1
                if tries >= TRIES:
                    raise UnanswerableError(f"{TRIES} tries: {error}") from error
                seconds, spread = wait_before(rounds, error.wait)
                bounded = not error.counts or error.wait is not None
                await self.patience.wait(seconds, str(error), waited, spread, bounded)
                waited += seconds

    async def notice(self) -> str | None:
        """A line for the user if the server says that it will stop serving the model."""
        return await listed_notice(self.teacher, self._connection.client)

    async def _send(self, request: Request) -> Reply:
        most = self._most_tokens(request)
        await self.pace.enter(most)
        return await self._sent(request, most)

    async def send_in_place(self, request: Request) -> Reply:
        """The reply to a request that has got a place at this server (synth/teachers/turns.py).

        Raises TryAgainError if it is to be asked again, here or elsewhere, DeadEndError and UsedUpError if that has to
        be elsewhere, and UnanswerableError.
        """
        most = self._most_tokens(request)
        await self.pace.ready(most)
        if not self.pace.is_open:  # it went down meanwhile
            self.pace.leave()
            raise TryAgainError("the server is down", at_once=True)
        return await self._sent(request, most)

    async def _sent(self, request: Request, most: float) -> Reply:
        start = time.monotonic()
        self._first_sent = start if self._first_sent is None else self._first_sent
        held = True  # the place
        try:
            self.patience.check()
            sent = self.dialect.body(request)
            came = await self._connection.chat(sent)
            outcome = outcome_of(came.status, came.headers, came.body)
            adapted = isinstance(outcome, Fault) and self._adapted(came, outcome, sent)  # before the next one is sent
            if self.alone or isinstance(outcome, Reply):  # of a fleet nobody takes it before a fault is dealt with
                held = False
                self.pace.leave()
            await self._keep(request, came, outcome, time.monotonic() - start)
            if isinstance(outcome, Fault):
                if adapted:
                    raise TryAgainError(outcome.said, at_once=True)
                await self._failed(request, came, outcome)
        finally:
            if held:
                self.pace.leave()
        seconds = time.monotonic() - start
        self._answered(came, seconds)
        self.replies, self.seconds = self.replies + 1, self.seconds + seconds
        if outcome.prompt_tokens:
            self.pace.used(outcome.prompt_tokens + outcome.completion_tokens, most)
        return outcome

    async def _keep(self, request: Request, came: Came, outcome: Reply | Fault, seconds: float) -> None:
        """Write down what came."""
        status = outcome.status if isinstance(outcome, Fault) else 200
        kept = {name: came.headers[name] for name in KEPT_HEADERS if name in came.headers}
        server = None if self.alone else self.teacher.base_url
        await self.store.put_reply(request.key(), status, kept, came.body, seconds, server)

    def _adapted(self, came: Came, fault: Fault, sent: Mapping[str, Any]) -> bool:
        """Whether the request is to be sent otherwise: without a field that is not taken, or to another address."""
        if fault.kind == "refused" and fault.status in (400, 422):
            return self.dialect.learn(sent, fault.error)
        if fault.kind != "path" or self._answered_any:
            return False
        if came.address != self._connection.address:  # another request has found it meanwhile
            return True
        if (other := came.address.versioned) is not None:
            self._connection.address = other
        return other is not None

    def _answered(self, came: Came, seconds: float) -> None:
        self.pace.answered(came.headers, seconds)
        self.patience.answered()
        if not self._answered_any and str(came.address) != self.teacher.base_url:
            self._say(f"nothing is at {self.teacher.base_url}, but at {came.address}: give that as the address")
        self._answered_any, self._refused_in_a_row = True, 0

    def _most_tokens(self, request: Request) -> float:
        """The tokens that servers count against the limit a minute: those of the question and of the longest answer."""
        asked = sum(len(message["content"]) for message in request.messages) / 4
        return asked + float(request.sampling.get(self.teacher.max_tokens_field()) or 0)

    async def _failed(self, request: Request, came: Came, fault: Fault) -> NoReturn:
        """Raises what comes of a fault."""
        where, said = self.teacher.base_url, fault.said
        self._unread += fault.status == UNREADABLE and not self._answered_any
        match fault.kind:
            case "busy":
                self.pace.refused(came.headers)
                self._rest(fault.wait)
                raise TryAgainError(said, fault.wait, counts=False)
            case "quota" if self.patience.chosen:
                self._rest(LONGEST_WAIT)
                raise TryAgainError(said, LONGEST_WAIT, counts=False)
            case "quota":
                raise UsedUpError(
                    f"the quota of the account is used up: {said}; what was answered is in {self.store.path}"
                )
            case "key":
                raise self._dead_end(f"{where} refuses the key in {self.teacher.key_variable}: {said}")
            case "filtered":
                raise RefusedError(f"status {fault.status}: {said}")
            case "forbidden":
                await self._forbidden(fault)
            case "model":
                raise self._dead_end(f"{where} has no model {self.teacher.model!r}: {said}; see synth doctor")
            case "path" if not self._answered_any:
                self._nothing_here(came, fault)
            case "refused" | "path" if fault.status != UNREADABLE:
                self._refused(request, fault)
            case "interrupted":
                raise TryAgainError(said, fault.wait)
        await self._broken(came, fault)

    def _refused(self, request: Request, fault: Fault) -> NoReturn:
        """What one request says is not taken; if it is what all of them say, nobody will be answered."""
        if self.store.refused_before(request.key()):  # a run that goes on asks nothing else
            raise UnanswerableError(f"status {fault.status}: {fault.said}")
        self._refused_in_a_row += 1
        if not self._answered_any and self._refused_in_a_row > REFUSALS:
            raise self._dead_end(f"{self.teacher.base_url} refuses every request: {fault.said}")
        if not self.alone and not self._answered_any:  # it may be this server's fault: the others are asked
            raise TryAgainError(f"status {fault.status}: {fault.said}")
        raise UnanswerableError(f"status {fault.status}: {fault.said}")

    async def _forbidden(self, fault: Fault) -> NoReturn:
        """403 is the key's fault if a harmless question is forbidden as well, else this question's."""
        self._refused_in_a_row += 1
        async with self._looking:
            if self._refused_in_a_row > REFUSALS:  # what worked once may not work any more
                self._key_works, self._refused_in_a_row = None, 0
            elif self._answered_any:
                self._key_works = True
            if self._key_works is None:
                self._key_works = (await self._say_hello()).status not in (401, 403)
        if not self._key_works:
            where, variable = self.teacher.base_url, self.teacher.key_variable
            raise self._dead_end(f"{where} refuses the key in {variable}: {fault.said}")
        raise RefusedError(f"status {fault.status}: {fault.said}")

    def _nothing_here(self, came: Came, fault: Fault) -> None:
        """Before the first answer: raises SynthError as there is no API; returns for what may be a proxy's."""
        where = self.teacher.base_url
        tried = "" if str(came.address) == where else f", and neither at {came.address}"
        if fault.status == UNREADABLE and self._unread < PAGES:
            return
        if fault.page:
            raise self._dead_end(f"{where} answers with a web page{tried}: give --base-url an address that ends in /v1")
        if fault.status == UNREADABLE:
            self._nothing_readable(fault, tried)
        raise self._dead_end(
            f"there is no /chat/completions at {where}{tried} ({fault.said}): give --base-url the address to which it "
            "is added, most end in /v1"
        )

    def _nothing_readable(self, fault: Fault, tried: str = "") -> NoReturn:
        where = self.teacher.base_url
        raise self._dead_end(
            f"{where} answers with what is no chat completion{tried} ({fault.said}): is it an OpenAI-compatible "
            "server? check --base-url with synth doctor"
        )

    async def _broken(self, came: Came, fault: Fault) -> NoReturn:
        """The connection broke, or the server failed: this request is tried again, or everybody waits."""
        if came.unreachable and not self._connection.heard:
            if self._nobody_there():
                raise self._nobody(fault)
            if self.alone:
                raise TryAgainError(fault.said, counts=False)
        if came.unreachable and not self.alone:
            self.stay_away()
            raise TryAgainError(fault.said, counts=False)
        if fault.status == UNREADABLE and not self._answered_any and self._unread >= UNREAD:
            self._nothing_readable(fault)
        if self.pace.broken() and await self._was_down():
            raise TryAgainError(fault.said, counts=False)  # to wait for a server that was down costs no try
        kind = {NO_REPLY: "no reply", UNREADABLE: "a reply that cannot be read"}.get(
            fault.status, f"status {fault.status}"
        )
        raise TryAgainError(f"{kind}: {fault.said}", fault.wait)

    def _dead_end(self, why: str) -> SynthError:
        """What is raised if this server answers nobody: of a fleet, others may."""
        if self.lost is None:
            return SynthError(why)
        error = DeadEndError(why)
        self.lost(error)  # before its place is given to the next
        return error

    def _rest(self, wait: float | None) -> None:
        """The request goes to another server of a fleet; its place here stays empty for as long as it would wait."""
        if not self.alone:
            seconds, spread = wait_before(self.pace.rounds_refused, wait)
            self.pace.hold(seconds + random.uniform(0, spread))

    def _nobody_there(self) -> bool:
        """Nothing has been heard from the server, which should have started by now."""
        waited = time.monotonic() - (self._first_sent or 0.0)
        return not self._connection.heard and waited >= FIRST_CONTACT

    def _nobody(self, fault: Fault) -> SynthError:
        where = self.teacher.base_url
        return self._dead_end(f"nobody answers at {where} ({fault.said}): is it running? if it is, check --base-url")

    async def _was_down(self) -> bool:
        """Waits until the server answers; returns whether it was down. In a fleet only the server's own probe waits."""
        if self.alone:
            return await self.pace.pause(self._probe)
        self.stay_away()
        return False

    def stay_away(self) -> None:
        """Nobody asks this server until it answers; that is found out beside the run."""
        if self.pace.is_open:
            self.pace.shut()
            self.probing = asyncio.ensure_future(self.pace.until_up(self._probe, once=True))
            self.probing.add_done_callback(self._probed)

    def _probed(self, task: "asyncio.Task[bool]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:  # it was stopped, or nothing was answered for longer than the user wants to wait
            self.pace.turns.give_up(error)

    async def _probe(self) -> bool:
        """Whether the server answers, whatever it says. It is asked nothing of the run: a request that makes the server
        fail would make it look down for ever. One that was left out of a fleet has to answer well."""
        came = await self._say_hello()
        fault = fault_in(came.status, {}, came.body)
        up = 0 < came.status < 500
        if self.hopeless is not None:
            up = not isinstance(outcome_of(came.status, came.headers, came.body), Fault)
        if up:
            self.hopeless = None
            return True
        if self.lost is not None and self._nobody_there():
            self.lost(self._nobody(fault))
        self.patience.failed(0.0, f"the server does not answer ({fault.said})")
        return False

    async def _say_hello(self) -> Came:
        sampling = {self.teacher.max_tokens_field(): 16}
        hello = Request(self.teacher.model, ({"role": "user", "content": "Say hello."},), sampling)
        return await self.patience.unless_stopped(self._connection.chat(self.dialect.body(hello), PROBE_TIMEOUT))


def wait_before(rounds: int, named: float | None) -> tuple[float, float]:
    """Seconds to wait after so many failures in a row, and over how many more those who wait are spread.

    What the server names, but from the second failure on at least what is waited if it names nothing: some name 0, or a
    time that is over, each time. That is exponential, with jitter.
    """
    backing_off = random.uniform(0.5, 1.0) * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(rounds - 1, 10))
    if named is None:
        return backing_off, 0.0
    seconds = named if rounds == 1 else max(named, backing_off)
    return seconds, min(LONGEST_WAIT, max(SPREAD, seconds / 4))

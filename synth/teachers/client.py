"""Asks a teacher through openai's client: one retry layer, every reply stored, errors sorted by whose fault they are.

    SynthError          nobody will be answered: a bad key, an unknown model, no quota left, no API at that address
    UnanswerableError   this request will not be answered: the server refuses what it says, or fails on it every time
    anything else       is tried again: 408, 409, 429, 5xx, broken connections, bodies that cannot be read

A 429 is waited out however long it takes and costs no try, and neither does a server that is down. openai's own retries
are switched off: they give up on half a JSON body, and two layers would multiply each other.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import orjson
import tenacity

from synth.errors import SynthError
from synth.teachers.catalogue import Teacher, listed_notice
from synth.teachers.exchange import Reply, Request, read_reply_body
from synth.teachers.pace import Pace, retry_after
from synth.teachers.store import RequestStore

if TYPE_CHECKING:
    import httpx2
    import openai


TRIES = 8  # of one request, not counting refusals for speed and pauses of everybody
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds between two tries if the server names no time
SPREAD = 0.1  # seconds over which those come back, at least, whom the server told to wait equally long
CONNECT_TIMEOUT = PROBE_TIMEOUT = 30.0
PAGES = 3  # web pages before the first answer: this is no API; a single one may be a proxy's
TRY_AGAIN = {408, 409, 425, 429}
NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
PLACEHOLDER = 12  # letters; what is shorter ("none", "EMPTY", "ollama") is no secret, and may be a word of a reply
KEPT_HEADERS = ("x-request-id", "retry-after", "retry-after-ms", "openai-processing-ms")


class UnanswerableError(Exception):
    """The server will not answer this request; the question it belongs to is rejected as `error`."""


class RefusedError(UnanswerableError):
    """The server refuses what this request asks, as unsafe; its question is rejected as `refusal`."""


class _TryAgainError(Exception):
    def __init__(self, why: str, status: int, wait: float | None = None) -> None:
        super().__init__(why)
        self.status, self.wait = status, wait


class Client:
    """One teacher. Use as an async context manager."""

    def __init__(self, teacher: Teacher, store: RequestStore, pace: Pace, timeout: float = 600.0) -> None:
        import aiohttp
        import httpx2
        import openai

        self.teacher, self.store, self.pace = teacher, store, pace
        self._key = checked_key(teacher.key(), teacher.key_variable).encode()
        self._status_error = openai.APIStatusError
        # Replies that are not HTTP come through openai and httpx2 as exceptions of aiohttp.
        self._connection_errors = (openai.APIConnectionError, aiohttp.ClientError)
        limit = httpx2.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT))
        # aiohttp underneath takes half the processor time of the default transport. 0 is its word for no limit (it
        # takes None for 100): how much is in flight at once is for the pace to say.
        http = openai.DefaultAioHttpClient(timeout=limit, limits=httpx2.Limits(max_connections=0))
        self._client = openai.AsyncOpenAI(
            base_url=teacher.base_url, api_key=self._key.decode(), max_retries=0, timeout=limit, http_client=http
        )
        self._raw = httpx2.Response
        # Whole, because openai's client takes its time to join it to the base for each request.
        self._url = f"{teacher.base_url.rstrip('/')}/chat/completions"
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._answered_any = False
        self._pages = 0
        self._refused_in_a_row = 0

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def ask(self, request: Request) -> Reply:
        """The reply to a request: from the store if it was answered before, else from the teacher.

        Raises UnanswerableError and SynthError.
        """
        # A question that stands twice in the data is asked once: who comes second finds the reply in the store.
        async with self._asking.setdefault(request.key(), asyncio.Lock()):
            body = self.store.answer(request.key())
            if body is not None and (reply := read_reply_body(body)) is not None:
                return replace(reply, cached=True)
            await self.store.put_request(request)
            retrying = tenacity.AsyncRetrying(
                retry=tenacity.retry_if_exception_type(_TryAgainError), stop=_enough, wait=_wait, reraise=True
            )
            try:
                return await retrying(self._send, request)
            except _TryAgainError as error:
                raise UnanswerableError(f"{TRIES} tries: {error}") from error

    async def notice(self) -> str | None:
        """A line for the user if the server says that it will stop serving the model."""
        return await listed_notice(self.teacher, self._client)

    async def _send(self, request: Request) -> Reply:
        most = self._most_tokens(request)
        await self.pace.enter(most)
        start = time.monotonic()
        try:
            status, headers, body = await self._exchange(request)
        finally:
            self.pace.leave()
        reply, status = _readable(body, status)
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        await self.store.put_reply(request.key(), status, kept, body, time.monotonic() - start)
        if reply is None:
            return await self._failed(status, headers, body)
        self.pace.answered(headers)
        if reply.prompt_tokens:
            self.pace.used(reply.prompt_tokens + reply.completion_tokens, most)
        self._answered_any, self._refused_in_a_row = True, 0
        return reply

    async def _exchange(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of what came back; status 0 and the reason if the connection broke."""
        try:
            response = await self._post(request)
            return 200, response.headers, self._masked(response.content)
        except self._status_error as error:
            return error.status_code, error.response.headers, self._masked(error.response.content)
        except self._connection_errors as error:
            return 0, {}, self._masked(error_cause(error).encode())

    async def _post(self, request: Request, limit: float | None = None) -> "httpx2.Response":
        # chat.completions.create would refuse fields that only other servers know, and make objects of the reply.
        options: openai.RequestOptions = {} if limit is None else {"timeout": limit}
        return await self._client.post(self._url, cast_to=self._raw, body=request.body(), options=options)

    def _most_tokens(self, request: Request) -> float:
        """The tokens that servers count against the limit a minute: those of the question and of the longest answer."""
        asked = sum(len(message["content"]) for message in request.messages) / 4
        return asked + float(request.sampling.get(self.teacher.max_tokens_field()) or 0)

    def _masked(self, body: bytes) -> bytes:
        """Without the key, which some servers repeat in what they say."""
        return body.replace(self._key, b"***") if len(self._key) >= PLACEHOLDER else body

    async def _failed(self, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
        what, code = error_message(body), _code(body)
        if status == 429 and code not in NO_MONEY:
            self.pace.refused(headers)
            raise _TryAgainError(what, 429, retry_after(headers))
        self._stop_if_hopeless(status, code, what, body)
        if 400 <= status < 500 and status not in TRY_AGAIN:
            self._refused_in_a_row += 1
            raise UnanswerableError(f"status {status}: {what}")
        if self.pace.broken() and await self.pace.pause(self._probe):
            raise _TryAgainError(what, 429)  # to wait for a server that was down costs no try
        kind = {0: "no reply", -1: "a reply that cannot be read"}.get(status, f"status {status}")
        raise _TryAgainError(f"{kind}: {what}", status, retry_after(headers))

    async def _probe(self) -> bool:
        """Whether the server answers, whatever it says. It is asked nothing of the run: a request that makes the server
        fail would make it look down for ever."""
        sampling = {self.teacher.max_tokens_field(): 16}
        hello = Request(self.teacher.model, ({"role": "user", "content": "Say hello."},), sampling)
        try:
            await self._post(hello, PROBE_TIMEOUT)
        except self._status_error as error:
            return error.status_code < 500
        except self._connection_errors:
            return False
        return True

    def _stop_if_hopeless(self, status: int, code: str, what: str, body: bytes) -> None:
        """Raises SynthError if no other request would be answered either."""
        teacher = self.teacher
        if status in (401, 403):
            raise SynthError(f"{teacher.base_url} refuses the key in {teacher.key_variable}: {what}")
        if code in NO_MONEY or status == 402:
            raise SynthError(f"the quota of the account is used up: {what}; what was answered is in {self.store.path}")
        # Before the first answer; proxies send web pages too, with 5xx, while the server behind them starts.
        page = status in (-1, 404, 405) and _is_page(body)
        self._pages += page
        if page and not self._answered_any and (status > 0 or self._pages >= PAGES):
            raise SynthError(f"{teacher.base_url} answers with a web page: give --base-url an address that ends in /v1")
        if status == 404:
            raise SynthError(f"{teacher.base_url} has no model {teacher.model!r}: {what}; see synth doctor")
        if 400 <= status < 500 and not self._answered_any and self._refused_in_a_row >= 4:
            raise SynthError(f"{teacher.base_url} refuses every request: {what}")


def checked_key(key: str, variable: str) -> str:
    """A key that can travel in a header. Raises SynthError."""
    if not (key.isascii() and key.isprintable()):
        raise SynthError(f"the key in {variable} has characters that no key has: export it again")
    return key


def _readable(body: bytes, status: int) -> tuple[Reply | None, int]:
    """The reply in a body of status 200; -1 is the status of one that cannot be read."""
    if status != 200:
        return None, status
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None, -1
    reply = read_reply_body(loaded) if isinstance(loaded, dict) else None
    return reply, 200 if reply is not None else -1


def error_message(body: bytes) -> str:
    """What an error says, in one line; a web page says nothing."""
    try:
        loaded = orjson.loads(body)
        error = (loaded.get("error") or loaded) if isinstance(loaded, dict) else loaded
        text = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    except orjson.JSONDecodeError:
        text = "a web page" if _is_page(body) else body[:1000].decode(errors="replace")
    return " ".join(text.split())[:300] or "nothing"


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _code(body: bytes) -> str:
    try:
        return str(orjson.loads(body)["error"]["code"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


def error_cause(error: BaseException) -> str:
    """The deepest reason of a broken connection, without addresses of objects."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


def _enough(state: tenacity.RetryCallState) -> bool:
    """Whether a request was tried often enough; refusals for speed do not count."""
    error = state.outcome.exception() if state.outcome else None
    counted = getattr(state, "counted", 0) + (isinstance(error, _TryAgainError) and error.status != 429)
    state.counted = counted  # type: ignore[attr-defined]
    return counted >= TRIES


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asks for, and a little more so that not all come back at once; else exponential, with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _TryAgainError) else None
    if asked is not None:
        return asked + random.uniform(0, max(SPREAD, asked / 4))
    return random.uniform(0.5, 1.0) * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(state.attempt_number - 1, 10))

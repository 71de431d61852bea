"""The connection to one server: a request goes out, and whatever comes of it comes back as a value.

openai's client carries it, with aiohttp underneath, which takes half the processor time of its default transport.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

from synth.errors import SynthError
from synth.teachers.address import Address, address_of
from synth.teachers.catalogue import Teacher
from synth.teachers.faults import NO_REPLY, error_cause

if TYPE_CHECKING:
    import openai

CONNECT_TIMEOUT = 30.0
BASIC = "Basic "  # how a key begins that is a name and a password: `Authorization` as it is (RFC 7617)
PLACEHOLDER = 12  # letters; what is shorter ("none", "EMPTY", "ollama") is no secret, and may be a word of a reply


@dataclass(frozen=True, slots=True)
class Came:
    """What came back: status, headers and body, without the key that some servers repeat in what they say."""

    status: int  # NO_REPLY if the connection broke; `body` says how
    headers: Mapping[str, str]
    body: bytes
    address: Address  # that was asked
    unreachable: bool = False  # nobody took the connection


@dataclass
class Connection:
    """One server. Use as an async context manager.

    Raises SynthError if the key is missing, or no key at all.
    """

    teacher: Teacher
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict)
    heard: bool = False  # the server has said something, whatever it was

    def __post_init__(self) -> None:
        import aiohttp
        import httpx2
        import openai

        self.address = address_of(self.teacher.base_url)
        told = account_at(self.address, self.teacher)
        self._key = told["api_key"].removeprefix(BASIC).encode()
        self._status_error = openai.APIStatusError
        # Replies that are not HTTP come through openai and httpx2 as exceptions of aiohttp.
        self._broken = (openai.APIConnectionError, aiohttp.ClientError)
        self._nobody = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, httpx2.ConnectError)
        limit = httpx2.Timeout(self.timeout, connect=min(self.timeout, CONNECT_TIMEOUT))
        # 0 is aiohttp's word for no limit (it takes None for 100): how much is in flight at once the pace says.
        http = openai.DefaultAioHttpClient(timeout=limit, limits=httpx2.Limits(max_connections=0))
        told["default_headers"] = {**self.headers, **told["default_headers"]}
        self.client = openai.AsyncOpenAI(max_retries=0, timeout=limit, http_client=http, **told)
        self._raw = httpx2.Response

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()

    async def chat(self, body: Mapping[str, Any], limit: float | None = None) -> Came:
        """What comes of asking for a chat completion; within `limit` seconds, if given."""
        return await self._come("POST", "chat/completions", body, limit)

    async def models(self) -> Came:
        """What comes of asking for the list of models."""
        return await self._come("GET", "models", None, None)

    async def _come(self, method: str, path: str, body: Mapping[str, Any] | None, limit: float | None) -> Came:
        address = self.address
        # Whole, because openai's client takes its time to join it to the base for each request.
        url, options = f"{address.base}/{path}", _options(limit)
        # chat.completions.create would refuse fields that only other servers know, and make objects of the reply.
        try:
            if method == "GET":
                response = await self.client.get(url, cast_to=self._raw, options=options)
            else:
                response = await self.client.post(url, cast_to=self._raw, body=body, options=options)
            status = 200
        except self._status_error as error:
            response, status = error.response, error.status_code
        except self._broken as error:
            nobody = any(isinstance(each, self._nobody) for each in _causes(error))
            return Came(NO_REPLY, {}, self._masked(error_cause(error).encode()), address, nobody)
        self.heard = True
        return Came(status, response.headers, self._masked(response.content), address)

    def _masked(self, body: bytes) -> bytes:
        return body.replace(self._key, b"***") if len(self._key) >= PLACEHOLDER else body


def _options(limit: float | None) -> "openai.RequestOptions":
    return {} if limit is None else {"timeout": limit}


def _causes(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_causes(error.__cause__ or error.__context__)]


def account_at(address: Address, teacher: Teacher) -> dict[str, Any]:
    """What openai's client is told of a server: where it is, and the key, in each header that it may be looked for in.

    Raises SynthError for a missing key, and for one that cannot travel in a header.
    """
    key = teacher.key()
    if not (key.isascii() and key.isprintable()):
        raise SynthError(f"the key in {teacher.key_variable} has characters that no key has: export it again")
    headers = {"api-key": key} if address.azure else {"Authorization": key} if key.startswith(BASIC) else {}
    return {
        "base_url": address.base,
        "api_key": key,
        "default_query": address.parameters,
        "default_headers": headers,
    }

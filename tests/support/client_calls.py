"""Calls of the teachers' client for tests: requests, and the replies and store that come of asking them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from loopback import Answer, Loopback, Script, serving

from synth.teachers.catalogue import Teacher
from synth.teachers.client import Client
from synth.teachers.exchange import Reply, Request
from synth.teachers.fleet import Fleet
from synth.teachers.pace import Pace
from synth.teachers.patience import Patience
from synth.teachers.store import RequestStore

KEY = "sk-test-4242424242424242"
T = TypeVar("T")


def request(number: int = 0, **sampling: Any) -> Request:
    return Request(
        "m", ({"role": "user", "content": f"What is {number} and {number}?"},), {"max_tokens": 64} | sampling
    )


def with_client(
    url: str, path: Path, work: Callable[[Client], Awaitable[T]], pace: Pace | None = None, timeout: float = 60.0
) -> T:
    async def go() -> T:
        teacher = Teacher("m", "m", base_url=url, key_variable="LOOPBACK_KEY")
        with RequestStore(path) as store:
            async with Client(teacher, store, pace or Pace(512), timeout) as client:
                return await work(client)

    return asyncio.run(go())


def with_fleet(
    urls: Sequence[str], path: Path, work: Callable[[Fleet], Awaitable[T]], most: int = 64, **options: Any
) -> T:
    """A fleet of these servers, each with a pace of its own."""

    async def go() -> T:
        with RequestStore(path) as store:
            patience, clients = Patience(options.pop("longest", None)), []
            for url in urls:
                teacher = Teacher("m", "m", base_url=url, key_variable="LOOPBACK_KEY")
                pace = Pace(most, sleep=patience.sleep)
                clients.append(Client(teacher, store, pace, 60.0, patience=patience))
            async with Fleet(clients, **options) as fleet:
                return await work(fleet)

    return asyncio.run(go())


def ask(script: Script, path: Path, *asked: Request, **options: Any) -> tuple[list[Reply], Loopback]:
    """All of these at once."""
    with serving(script) as teacher:
        replies = with_client(
            teacher.url,
            path,
            lambda client: asyncio.gather(*(client.ask(each) for each in asked or (request(),))),
            **options,
        )
        return replies, teacher


def first_time(answer: Answer, then: Answer | None = None) -> Script:
    return lambda body, times: answer if times == 1 else then or Answer()


def stored(path: Path) -> dict[int, int]:
    async def go() -> dict[int, int]:
        with RequestStore(path) as store:
            return store.counts()

    return asyncio.run(go())

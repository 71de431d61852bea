"""Replies that other requests got: under another limit of tokens, in a store of version 0.1.0, for other work."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from synth.teachers.exchange import Request
from synth.teachers.store import RequestStore

GOLDEN = Path(__file__).parents[1] / "golden" / "distilled" / "requests.sqlite"
QUESTION = ({"role": "user", "content": "Two and two?"},)


def asked(limit: int | None, attempt: int = 1, name: str = "max_tokens", **more: Any) -> Request:
    sampling = {} if limit is None else {name: limit}
    return Request("m", QUESTION, {**sampling, "temperature": 0.7, **more}, attempt)


def body(finish: str | None, tokens: int = 5) -> bytes:
    choice = {"message": {"content": "4"}, "finish_reason": finish}
    return orjson.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": tokens}})


async def answered(store: RequestStore, request: Request, reply: bytes, status: int = 200) -> None:
    await store.put_request(request)
    await store.put_reply(request.key(), status, {}, reply, 0.1)


@pytest.mark.parametrize(
    ("first", "finish", "second", "found"),
    [
        (asked(64), "stop", asked(1024), True),
        (asked(64), None, asked(1024), True),
        (asked(64), "length", asked(1024), False),
        (asked(64), "content_filter", asked(1024), False),
        (asked(64), "stop", asked(1024, name="max_completion_tokens"), True),
        (asked(1024), "stop", asked(64), True),  # 5 tokens are within 64
        (asked(1024), "stop", asked(4), False),
        (asked(64), "stop", asked(1024, attempt=2), False),
        (asked(64), "stop", asked(1024, top_p=0.5), False),
        (asked(64), "stop", asked(None), True),
        (asked(None), "stop", asked(64), True),
    ],
)
def test_a_whole_reply_is_one_under_another_limit_too(
    tmp_path: Path, first: Request, finish: str | None, second: Request, found: bool
) -> None:
    async def go() -> None:
        with RequestStore(tmp_path / "requests.sqlite") as store:
            await answered(store, first, body(finish))
            reply = store.find(second)
            assert (reply is not None) == found
            assert reply is None or (reply.cached, reply.key) == (True, first.key())

    asyncio.run(go())


def test_the_very_request_comes_first(tmp_path: Path) -> None:
    async def go() -> None:
        with RequestStore(tmp_path / "requests.sqlite") as store:
            await answered(store, asked(64), body("stop"))
            await answered(store, asked(1024), body("length"))
            reply = store.find(asked(1024))
            assert reply is not None
            assert (reply.finish_reason, reply.key) == ("length", "")

    asyncio.run(go())


def test_a_seed_changes_what_is_sent_and_not_what_it_is_found_under() -> None:
    seeded = Request("m", QUESTION, {"temperature": 0.7}, 2, seed=2)
    assert seeded.body()["seed"] == 2
    assert seeded.key() == Request("m", QUESTION, {"temperature": 0.7}, 2).key()


def test_a_store_of_version_0_1_0_is_used_on(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    shutil.copy(GOLDEN, path)

    async def go() -> None:
        for _ in range(2):
            with RequestStore(path) as store:
                keys = [row[0] for row in store._reader.execute("select key from requests")]
                kin = dict(store._reader.execute("select key, kin from kin").fetchall())
                assert kin.keys() == set(keys)
                assert len(set(kin.values())) == len(keys)
                assert set(kin.values()).isdisjoint(keys)  # the attempt of each was found out
                await answered(store, asked(7), body("stop"))

    asyncio.run(go())


def test_what_was_paid_for_a_work(tmp_path: Path) -> None:
    async def go() -> None:
        with RequestStore(tmp_path / "requests.sqlite") as store:
            await store.begin("sums")
            await answered(store, asked(1), body("stop"))
            await answered(store, asked(2), b"busy", status=500)
            await store.begin("riddles")
            await answered(store, asked(3), body("stop"))
            await store.begin("sums")
            await answered(store, asked(4), body("stop"))
            assert [(key, status) for key, status, _, _ in store.paid("sums")] == [
                (asked(1).key(), 200), (asked(2).key(), 500), (asked(4).key(), 200),
            ]  # fmt: skip
            assert [key for key, *_ in store.paid("riddles")] == [asked(3).key()]
            assert store.seconds("sums") >= 0
            assert store.seconds("nothing") == 0

    asyncio.run(go())

"""Models that go: what the server says about it before the first request, and what is left of one that is gone."""

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from client_calls import request
from loopback import Answer, Loopback, serving

from synth.errors import SynthError
from synth.teachers.asker import Asker, StopAskingError
from synth.teachers.catalogue import Teacher
from synth.teachers.exchange import Request
from synth.teachers.given import Limits

pytestmark = pytest.mark.usefixtures("short_waits")
MONTH = date.today() + timedelta(days=30)


def teacher_at(server: Loopback) -> Teacher:
    return Teacher("gpt-9", "gpt-9", base_url=server.url, key_variable="LOOPBACK_KEY")


def ask(teacher: Teacher, path: Path, *asked: Request) -> tuple[list[str], list[str], str]:
    """What was said to the user, what was answered, and why asking was stopped."""
    said: list[str] = []
    answered: list[str] = []

    async def go() -> str:
        async with Asker(teacher, path, Limits(), said.append) as asker:
            for each in asked:
                try:
                    answered.append((await asker.ask(each)).text or "")
                except StopAskingError:
                    answered.append("stopped")
            return asker.why

    return said, answered, asyncio.run(go())


def listing(day: object) -> Answer:
    return Answer(body=json.dumps({"data": [{"id": "other"}, {"id": "gpt-9", "shutdown_date": day}]}).encode())


@pytest.mark.parametrize(
    ("models", "part"),
    [
        (listing(str(MONTH)), f"gpt-9 will be shut down on {MONTH}: choose another model, or --base-url"),
        (listing("2020-02-02"), "gpt-9 was shut down on 2020-02-02"),
        (listing(str(MONTH + timedelta(days=365))), None),
        (listing(None), None),
        (listing([1]), None),
        (Answer(status=500), None),
        (Answer(status=404, body=b"<html>", headers={"content-type": "text/html"}), None),
        (Answer(body=b'{"data": ['), None),
        (Answer(body=b"null"), None),
        (Answer(body=b'{"data": []}', drop="half"), None),
        (Answer(raw=b"SSH-2.0-OpenSSH_9\r\n"), None),
    ],
)
def test_the_list_of_models_is_read_once_before_the_first_request(
    store_path: Path, models: Answer, part: str | None
) -> None:
    """Whatever comes of it, all requests are made."""
    with serving() as server:
        server.models = models
        said, answered, why = ask(teacher_at(server), store_path, request(1), request(2), request(1))
        assert [seen.path for seen in server.seen] == ["/v1/models", *["/v1/chat/completions"] * 2]
    assert answered == ["Two and two are four. The answer is 4."] * 3
    assert why == ""
    assert [part in line for line in said] == [True] if part else said == []


def test_an_address_with_a_query_keeps_it(store_path: Path) -> None:
    with serving() as server:
        teacher = replace(teacher_at(server), base_url=f"{server.url}?api-version=preview")
        ask(teacher, store_path, request(1))
        assert server.seen[0].path == "/v1/models?api-version=preview"


def test_what_is_in_the_store_needs_no_list(store_path: Path) -> None:
    with serving() as server:
        ask(teacher_at(server), store_path, request(1))
        before = len(server.seen)
        ask(teacher_at(server), store_path, request(1))
        assert len(server.seen) == before


def test_of_a_teacher_that_is_gone_the_store_is_left(store_path: Path) -> None:
    with serving() as server:
        gone = replace(teacher_at(server), shutdown=date(2020, 1, 1))
        with pytest.raises(SynthError, match="gpt-9 was shut down on 2020-01-01"):
            ask(gone, store_path, request(1))
        assert not server.seen
        assert not store_path.exists()
        ask(teacher_at(server), store_path, request(1))
        before = len(server.seen)
        said, answered, why = ask(gone, store_path, request(1), request(2))
        assert len(server.seen) == before
    assert answered == ["Two and two are four. The answer is 4.", "stopped"]
    assert said == [why]

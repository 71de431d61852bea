"""A teacher that refuses, breaks and goes away: what is tried again, waited for, or ends the run in one line."""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from client_calls import KEY, ask, first_time, request, stored, with_client
from loopback import Answer, Script, free_port, serving

from synth.errors import SynthError
from synth.teachers import client as client_module
from synth.teachers import pace as pace_module
from synth.teachers.client import TRIES, Client, UnanswerableError
from synth.teachers.exchange import Reply, Request
from synth.teachers.pace import BREAK_AFTER, Pace

pytestmark = pytest.mark.usefixtures("short_waits")

REFUSALS: list[tuple[dict[str, str], float]] = [  # headers, seconds
    ({"retry-after": "0.02"}, 0.02),
    ({"retry-after-ms": "20", "retry-after": "100"}, 0.02),
    ({"retry-after": "Sun, 09 Sep 2001 01:46:40 GMT"}, 0.0),
    ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
    ({}, 0.0),
]


@pytest.mark.parametrize(("headers", "seconds"), REFUSALS)
def test_a_refusal_is_waited_out(store_path: Path, headers: dict[str, str], seconds: float) -> None:
    refusal = Answer(status=429, headers=headers)
    (reply,), teacher = ask(lambda body, times: refusal if times <= 2 else Answer(), store_path)
    assert reply.text == Answer().text
    assert stored(store_path) == {429: 2, 200: 1}
    first, second, third = (seen.at for seen in teacher.seen)
    assert min(second - first, third - second) >= seconds * 0.95  # a busy machine waits longer, never less


def test_refusals_cost_no_try(store_path: Path) -> None:
    often = 2 * TRIES
    (reply,), _ = ask(lambda body, times: Answer(status=429) if times <= often else Answer(), store_path)
    assert reply.text == Answer().text
    assert stored(store_path) == {429: often, 200: 1}


FAULTS = {
    "500": Answer(status=500),
    "502 page": Answer(status=502, body=b"<html>Bad Gateway</html>", headers={"content-type": "text/html"}),
    "503": Answer(status=503, headers={"retry-after": "0.001"}),
    "408": Answer(status=408),
    "409": Answer(status=409),
    "dropped": Answer(drop="before"),
    "dropped after the headers": Answer(drop="headers"),
    "half a body": Answer(drop="half"),
    "half a body, no length": Answer(raw=b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"choices":[{"mess'),
    "not HTTP": Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "broken chunks": Answer(raw=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n\r\n"),
    "broken gzip": Answer(headers={"content-encoding": "gzip"}),
    "wrong JSON": Answer(body=b'{"choices": [}'),
    "not an object": Answer(body=b"[1, 2]"),
    "empty": Answer(body=b""),
    "no choices": Answer(body=b'{"choices": []}'),
    "no message": Answer(body=b'{"choices": [{"text": "4"}]}'),
    "error as 200": Answer(body=b'{"error": {"message": "overloaded", "code": 529}}'),
    "hang": Answer(hang=True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_tried_again(store_path: Path, fault: str) -> None:
    (reply,), teacher = ask(first_time(FAULTS[fault]), store_path, timeout=1.0 if fault == "hang" else 60.0)
    assert reply.text == Answer().text
    assert list(teacher.times.values()) == [2]
    assert sum(stored(store_path).values()) == 2
    assert stored(store_path)[200] == 1


@pytest.mark.parametrize("fault", ["500", "dropped", "half a body", "no choices", "502 page"])
def test_a_request_that_always_fails_does_not_hold_the_others_up(store_path: Path, fault: str) -> None:
    def script(body: dict[str, Any], times: int) -> Answer:
        return FAULTS[fault] if "What is 1 " in str(body) else Answer()

    async def work(client: Client) -> str:
        await asyncio.gather(client.ask(request(0)), client.ask(request(2)))
        with pytest.raises(UnanswerableError) as caught:
            await client.ask(request(1))
        await client.ask(request(3))
        return str(caught.value)

    with serving(script) as teacher:
        message = with_client(teacher.url, store_path, work)
    assert message.startswith(f"{TRIES} tries: ")
    assert "\n" not in message
    assert sum("What is 1 " in str(body) for body in teacher.bodies) == TRIES


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"message": "maximum context length is 8192 tokens", "code": "context_length_exceeded"}, "maximum context"),
        ({"message": "violates our content\npolicy", "code": "content_filter"}, "violates our content policy"),
    ],
)
def test_a_request_that_the_server_refuses_is_not_repeated(store_path: Path, error: dict[str, str], said: str) -> None:
    def script(body: dict[str, Any], times: int) -> Answer:
        return Answer(status=400, error=error) if "What is 1 " in str(body) else Answer()

    async def work(client: Client) -> str:
        await client.ask(request(0))
        with pytest.raises(UnanswerableError) as caught:
            await client.ask(request(1))
        return str(caught.value)

    with serving(script) as teacher:
        message = with_client(teacher.url, store_path, work)
    assert message.startswith("status 400: ")
    assert said in message
    assert len(teacher.seen) == 2


def hopeless(script: Script, path: Path, *asked: Request) -> str:
    """The one line that ends a run."""
    with pytest.raises(SynthError) as caught:
        ask(script, path, *asked)
    message = str(caught.value)
    assert "\n" not in message
    assert "<" not in message
    return message


def test_the_key_is_nowhere(store_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}
    message = hopeless(lambda body, times: Answer(status=401, error=error), store_path)
    assert "LOOPBACK_KEY" in message
    assert KEY not in message
    assert KEY not in caplog.text
    assert all(KEY.encode() not in file.read_bytes() for file in store_path.parent.iterdir())


def test_a_key_that_cannot_be_sent(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPBACK_KEY", "sk-…")
    assert "LOOPBACK_KEY" in hopeless(lambda body, times: Answer(), store_path)


def test_a_model_that_is_not_there(store_path: Path) -> None:
    error = {"message": "The model `m` does not exist", "code": "model_not_found"}
    assert "no model 'm'" in hopeless(lambda body, times: Answer(status=404, error=error), store_path)


@pytest.mark.parametrize(("status", "code"), [(429, "insufficient_quota"), (402, None), (429, "billing_not_active")])
def test_no_money_left(store_path: Path, status: int, code: str | None) -> None:
    error = {"message": "You exceeded your current quota", "code": code}
    message = hopeless(lambda body, times: Answer(status=status, error=error), store_path)
    assert "quota of the account is used up" in message
    assert str(store_path) in message


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_at_the_base_url(store_path: Path, status: int) -> None:
    page = Answer(status=status, body=b"<!doctype html><p>Hello", headers={"content-type": "text/html"})
    assert "ends in /v1" in hopeless(lambda body, times: page, store_path)


def test_a_server_that_refuses_every_request_ends_the_run(store_path: Path) -> None:
    error = {"message": "Unsupported parameter: 'max_tokens'"}
    refusal = Answer(status=400, error=error)

    async def work(client: Client) -> None:
        for number in range(4):
            with pytest.raises(UnanswerableError):
                await client.ask(request(number))
        with pytest.raises(SynthError, match="refuses every request: Unsupported parameter"):
            await client.ask(request(4))

    with serving(lambda body, times: refusal) as teacher:
        with_client(teacher.url, store_path, work)


class Late:
    """A server that goes away when it is told to, and is back when the user was told for the third time that it does
    not answer."""

    def __init__(self) -> None:
        self.port, self.said = free_port(), list[str]()
        self._up, self._leave, self._gone, self._start, self._stop = (threading.Event() for _ in range(5))
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Late":
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *error: object) -> None:
        for event in (self._leave, self._start, self._stop):
            event.set()
        self._thread.join()

    def leave(self) -> None:
        self._leave.set()
        self._gone.wait()

    def say(self, line: str) -> None:
        self.said.append(line)
        if len(self.said) == 3:
            self._start.set()

    def _run(self) -> None:
        with serving(lambda body, times: Answer(), self.port):
            self._up.set()
            self._leave.wait()
        self._gone.set()
        self._start.wait()
        with serving(lambda body, times: Answer(), self.port) as self.teacher:
            self._stop.wait()


@pytest.mark.parametrize("count", [1, 100])
def test_a_server_that_goes_away_costs_nobody_its_answer(store_path: Path, count: int) -> None:
    async def work(client: Client) -> list[Reply]:
        await client.ask(request(1000))
        server.leave()
        return await asyncio.gather(*(client.ask(request(number)) for number in range(count)))

    with Late() as server:
        pace = Pace(64, say=server.say)
        replies = with_client(f"http://127.0.0.1:{server.port}/v1", store_path, work, pace)
    assert len(replies) == count
    asked = [body for body in server.teacher.bodies if "hello" not in str(body)]
    assert len(asked) == count  # each once
    assert len(server.teacher.bodies) == count + 1  # and one probe, which is no answer
    assert server.said[0].startswith("the server does not answer: trying again in ")
    assert server.said[-1] == "the server answers again"
    counts = stored(store_path)
    assert counts[200] == count + 1
    assert counts[0] <= BREAK_AFTER + count  # after that, only probes found it still down


def test_a_server_that_goes_down_in_mid_run_is_waited_for(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "TRIES", 3)
    monkeypatch.setattr(pace_module, "BREAK_AFTER", 2)
    state = {"asked": 0, "probes": 0}

    def script(body: dict[str, Any], times: int) -> Answer:
        probe = "hello" in str(body)
        state["probes" if probe else "asked"] += 1
        down = state["asked"] > 50 and state["probes"] < 6
        return Answer(status=503) if down else Answer()

    asked = [request(number) for number in range(200)]
    replies, teacher = ask(script, store_path, *asked, pace=Pace(20))
    assert len(replies) == 200
    assert set(teacher.answered.values()) == {1}
    assert state["probes"] == 6


def test_ten_percent_of_everything(store_path: Path) -> None:
    faults = [answer for name, answer in FAULTS.items() if name != "hang"]
    faults += [Answer(status=429, headers=headers) for headers, _ in REFUSALS]
    number = iter(range(1_000_000))

    def script(body: dict[str, Any], times: int) -> Answer:
        place = next(number)
        return faults[place // 10 % len(faults)] if place % 10 == 3 else Answer(str(body["messages"][0]["content"]))

    asked = [request(each) for each in range(500)]
    replies, teacher = ask(script, store_path, *asked, pace=Pace(100))
    assert [reply.text for reply in replies] == [each.messages[0]["content"] for each in asked]
    answered = {raw: count for raw, count in teacher.answered.items() if b"hello" not in raw}
    assert len(answered) == 500
    assert set(answered.values()) == {1}
    counts = stored(store_path)
    assert counts.pop(200) == 500
    assert sum(counts.values()) == sum(count for raw, count in teacher.times.items() if b"hello" not in raw) - 500


def test_everything_in_flight_at_once(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "START", 512)
    asked = [request(number) for number in range(1100)]
    replies, teacher = ask(lambda body, times: Answer(crowd=400), store_path, *asked)
    assert len(replies) == 1100
    assert 400 <= teacher.most_in_flight <= 512  # aiohttp's own limit would be 100

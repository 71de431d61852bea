"""Waiting for a teacher: how long, what is said of it, and what ends it."""

import asyncio
import signal
import threading
import time as clock
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from client_calls import request, stored, with_client
from loopback import Answer, Loopback, Script, free_port, serving

from synth.errors import SynthError
from synth.teachers import client as client_module
from synth.teachers.asker import Asker, StopAskingError
from synth.teachers.catalogue import Teacher
from synth.teachers.client import UnanswerableError, wait_before
from synth.teachers.exchange import Reply
from synth.teachers.given import Limits
from synth.teachers.patience import LONGEST, Patience, UsedUpError, spoken

TOO_MUCH = {"message": "Rate limit reached", "code": "rate_limit_exceeded"}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPBACK_KEY", "sk-test-4242424242424242")


# From the second refusal on at least the back-off, whatever the server says.


@pytest.mark.parametrize("named", [0.0, 0.001])
def test_a_server_that_names_no_wait_is_not_asked_without_one(named: float) -> None:
    together = sum(wait_before(rounds, named)[0] for rounds in range(1, 9))
    assert wait_before(1, named)[0] == named
    assert together >= sum(0.25 * 2**n for n in range(1, 7))  # half of 0.5, 1, 2, ... seconds
    assert all(wait_before(rounds, None)[0] <= 60 for rounds in range(1, 40))


def test_a_wait_that_is_named_is_kept_and_spread() -> None:
    assert wait_before(1, 7200.0) == (7200.0, 60.0)
    assert wait_before(5, 30.0) == (30.0, 7.5)


@pytest.mark.parametrize("headers", [{"retry-after": "0"}, {"retry-after": "Sun, 09 Sep 2001 01:46:40 GMT"}])
def test_few_requests_are_made_meanwhile(
    store_path: Path, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(client_module, "SPREAD", 0.0)
    until = clock.monotonic() + 1.0
    refusal = Answer(status=429, headers=headers)
    with serving(lambda body, times: refusal if clock.monotonic() < until else Answer()) as server:
        with_client(server.url, store_path, lambda client: client.ask(request()))
        assert len(server.bodies) <= 9  # 0, 25, 50, ... 800 ms at least; a thousand without a back-off


# What is said.


class Time:
    """A clock that only those who sleep on it move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def today(self) -> datetime:
        return datetime.fromtimestamp(1_700_000_000 + self.now)


class Patient(Patience):
    """It does not really sleep."""

    def __init__(self, time: Time, longest: float | None = None) -> None:
        self.said: list[str] = []
        self.time = time
        super().__init__(longest, self.said.append, time.clock, time.today)

    async def sleep(self, seconds: float) -> None:
        self.check()
        self.time.now += seconds


def waited(*seconds: float, longest: float | None = None, answered: bool = False) -> list[str]:
    """What is said of waits of one request, one after the other."""

    async def go() -> list[str]:
        patience, together = Patient(Time(), longest), 0.0
        for each in seconds:
            await patience.wait(each, "slow down", together)
            together += each
            if answered:
                patience.answered()
        return patience.said

    return asyncio.run(go())


def test_less_than_a_minute_is_not_said() -> None:
    assert waited(0.5, 1, 2, 4, 8, 16) == []


def test_more_than_a_minute_is_said_with_the_words_and_the_time_of_the_next_try() -> None:
    (line,) = waited(7200)
    then = datetime.fromtimestamp(1_700_000_000 + 1000 + 7200)
    assert line.startswith("waiting 2 h, next try at ")
    assert f"{then:%H:%M:%S}" in line
    assert line.endswith(": slow down")


def test_another_day_is_said_with_its_date() -> None:
    (line,) = waited(23.9 * 3600)
    assert "next try at 2023-11-15 " in line


def test_many_short_waits_are_a_long_one() -> None:
    assert len(waited(*[30] * 3)) == 1


def test_hours_of_waiting_are_not_a_line_a_minute() -> None:
    assert 5 <= len(waited(*[60] * 120)) <= 15


def test_many_requests_that_wait_for_the_same_say_it_once() -> None:
    async def go() -> list[str]:
        patience = Patient(Time())
        for _ in range(100):
            patience.time.now = 1000.0
            await patience.wait(7200, "slow down")
        return patience.said

    assert len(asyncio.run(go())) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.5, "0 s"), (90, "90 s"), (119, "119 s"), (120, "2 min"), (3600, "1 h"), (5400, "1 h 30 min"), (7199.9, "2 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


# What ends it.


def test_longer_than_the_user_waits() -> None:
    with pytest.raises(UsedUpError, match=r"next try would be at .*, later than --wait-longest 15 min: slow down"):
        waited(901, longest=900)
    assert len(waited(900, longest=900)) == 1


def test_many_waits_with_no_answer_are_one() -> None:
    with pytest.raises(UsedUpError, match=r"nothing was answered for 15 min, the --wait-longest: slow down"):
        waited(*[60] * 20, longest=900)
    waited(*[60] * 20, longest=900, answered=True)


def test_a_day_is_waited_if_nothing_is_said() -> None:
    waited(LONGEST)
    with pytest.raises(UsedUpError):
        waited(LONGEST + 1)


def test_stopping_ends_every_wait() -> None:
    async def go() -> float:
        patience = Patience()
        waits = [asyncio.create_task(patience.wait(3600, "slow down")) for _ in range(3)]
        waits.append(asyncio.create_task(patience.sleep(3600)))
        waits.append(asyncio.create_task(patience.unless_stopped(asyncio.sleep(3600))))
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in waits)
        start = clock.monotonic()
        patience.stop()
        ended = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(each) for each in ended] == [StopAskingError] * 5
        with pytest.raises(StopAskingError):
            await patience.sleep(3600)
        return clock.monotonic() - start

    assert asyncio.run(go()) < 2


Ended = tuple[list[object], str, list[str], float]


def asked(url: str, path: Path, count: int, *, then: Callable[[Asker], None] | None = None, **limits: Any) -> Ended:
    """What comes of so many requests at once, why asking was stopped, what was said and how long it took.

    `then` is called when all but those that are answered wait.
    """
    said: list[str] = []

    async def go() -> tuple[list[object], str]:
        teacher = Teacher("m", "m", base_url=url, key_variable="LOOPBACK_KEY")
        async with Asker(teacher, path, Limits(**limits), said.append) as asker:
            asking = [asyncio.create_task(asker.ask(request(number))) for number in range(count)]
            if then is not None:
                while not said:
                    await asyncio.sleep(0.01)
                then(asker)
            return await asyncio.gather(*asking, return_exceptions=True), asker.why

    start = clock.monotonic()
    outcomes, why = asyncio.run(go())
    return outcomes, why, said, clock.monotonic() - start


def only(answered: str, refusal: Answer) -> Script:
    return lambda body, times: Answer() if f"What is {answered} " in str(body) else refusal


HOURS = Answer(status=429, headers={"retry-after": "7200"}, error=TOO_MUCH)


def test_ctrl_c_ends_the_wait_and_what_was_answered_is_kept(store_path: Path) -> None:
    with serving(only("0", HOURS)) as server:
        outcomes, why, said, took = asked(
            server.url, store_path, 5, then=lambda _: signal.raise_signal(signal.SIGINT)
        )  # fmt: skip
        assert len(server.bodies) == 5
    assert [type(each) for each in outcomes] == [Reply, *[StopAskingError] * 4]
    assert why == "interrupted"
    assert "waiting 2 h, next try at " in said[0]
    assert said[0].endswith(": Rate limit reached")
    assert took < 5


def test_a_wait_that_is_too_long_ends_the_run(store_path: Path) -> None:
    with serving(only("0", HOURS)) as server:
        asked(server.url, store_path, 1)
        outcomes, why, _, took = asked(server.url, store_path, 5, wait_longest="15m")
        assert len(server.bodies) <= 5
    assert [type(each) for each in outcomes] == [Reply, *[StopAskingError] * 4]
    assert "later than --wait-longest 15 min: Rate limit reached" in why
    assert took < 5


def test_one_request_that_always_fails_ends_no_run(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT", 0.01)
    monkeypatch.setattr("synth.teachers.pace.BREAK_AFTER", 100)
    with serving(only("0", Answer(status=500))) as server:
        asked(server.url, store_path, 1)
        outcomes, why, _, _ = asked(server.url, store_path, 2, wait_longest="0s")
    assert [type(each) for each in outcomes] == [Reply, UnanswerableError]
    assert why == ""


QUOTA = Answer(status=429, error={"message": "You exceeded your quota", "type": "insufficient_quota", "code": None})


def test_a_quota_with_no_end_ends_the_run_at_once(store_path: Path) -> None:
    with serving(only("0", QUOTA)) as server:
        outcomes, _, _, took = asked(server.url, store_path, 1)
        outcomes, why, _, took = asked(server.url, store_path, 3)
    assert [type(each) for each in outcomes] == [Reply, *[StopAskingError] * 2]
    assert why.startswith("the quota of the account is used up: You exceeded your quota")
    assert took < 5


def test_what_is_in_flight_at_its_end_is_kept(store_path: Path) -> None:
    slow = Answer(delay=0.2)
    with serving(lambda body, times: slow if "What is 0 " in str(body) else QUOTA) as server:
        outcomes, why, _, _ = asked(server.url, store_path, 3)
    assert [type(each) for each in outcomes] == [Reply, *[StopAskingError] * 2]
    assert why.startswith("the quota of the account is used up")
    assert stored(store_path) == {200: 1, 429: 2}


def test_with_nothing_to_keep_it_is_an_error(store_path: Path) -> None:
    with serving(lambda body, times: QUOTA) as server:
        (outcome,), why, _, _ = asked(server.url, store_path, 1)
    assert isinstance(outcome, UsedUpError)
    assert why == ""


def test_or_is_waited_for_if_the_user_wants_it(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LONGEST_WAIT", 0.01)
    with serving(lambda body, times: QUOTA if times <= 3 else Answer()) as server:
        (outcome,), _, _, _ = asked(server.url, store_path, 1, wait_longest="15m")
    assert isinstance(outcome, Reply)
    assert stored(store_path) == {429: 3, 200: 1}


# The first contact.


def test_nobody_there_is_said_within_seconds(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_CONTACT", 0.2)
    url = f"http://127.0.0.1:{free_port()}/v1"
    outcomes, _, _, took = asked(url, store_path, 100)
    failed = [each for each in outcomes if isinstance(each, SynthError)]
    assert failed
    assert all(isinstance(each, SynthError | StopAskingError) for each in outcomes)
    assert f"nobody answers at {url} (" in str(failed[0])
    assert "is it running?" in str(failed[0])
    assert took < 5


def test_a_name_that_nobody_has(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_CONTACT", 0.0)
    with pytest.raises(SynthError, match="is it running"):
        with_client("http://nowhere.invalid/v1", store_path, lambda client: client.ask(request()))


def test_a_server_that_is_just_starting_is_waited_for(store_path: Path) -> None:
    port, up, done = free_port(), threading.Event(), threading.Event()
    served: list[Loopback] = []

    def late() -> None:
        up.wait()
        with serving(port=port) as server:
            served.append(server)
            done.wait()

    thread = threading.Thread(target=late)
    thread.start()
    try:
        threading.Timer(0.3, up.set).start()
        reply = with_client(f"http://127.0.0.1:{port}/v1", store_path, lambda client: client.ask(request()))
    finally:
        up.set()
        done.set()
        thread.join()
    assert reply.text == Answer().text
    assert len(served[0].bodies) == 1


def test_ctrl_c_while_a_server_is_down(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_WAIT", 0.001)
    monkeypatch.setattr("synth.teachers.pace.PROBE_FIRST", 3600.0)
    with serving(lambda body, times: Answer(status=503)) as server:
        outcomes, why, said, took = asked(
            server.url, store_path, 20, then=lambda _: signal.raise_signal(signal.SIGINT)
        )  # fmt: skip
    assert {type(each) for each in outcomes} == {StopAskingError}
    assert why == "interrupted"
    assert "the server does not answer: trying again in 3600 s" in said[0]
    assert took < 5


def test_a_bucket_that_is_waited_for_ends_with_ctrl_c(store_path: Path) -> None:
    headers = {"x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0"}

    with serving(only("0", Answer(headers=headers))) as server:

        async def go() -> list[object]:
            teacher = Teacher("m", "m", base_url=server.url, key_variable="LOOPBACK_KEY")
            async with Asker(teacher, store_path, Limits(), lambda _: None) as asker:
                await asker.ask(request(1))  # 1 a minute from now on
                asking = [asyncio.create_task(asker.ask(request(number))) for number in (2, 3)]
                await asyncio.sleep(0.05)
                signal.raise_signal(signal.SIGINT)
                return await asyncio.gather(*asking, return_exceptions=True)

        start = clock.monotonic()
        outcomes = asyncio.run(go())
        assert clock.monotonic() - start < 5
        assert [type(each) for each in outcomes] == [StopAskingError] * 2
        assert len(server.bodies) == 1

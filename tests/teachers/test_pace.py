"""How fast a teacher may be asked, on a clock that only the tests move."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from synth.teachers.pace import BREAK_AFTER, Bucket, Pace
from synth.teachers.retry_after import duration, retry_after


class Time:
    """A clock that stands still but for those who sleep on it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


def paced(time: Time, most: int = 512, **options: Any) -> Pace:
    return Pace(most, clock=time.clock, sleep=time.sleep, **options)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def test_a_bucket_lets_its_size_through_at_once_and_its_rate_after_that() -> None:
    bucket = Bucket(size=10, rate=2, at=0.0)
    assert [bucket.take(5, 0.0) for _ in range(4)] == [0.0, 0.0, 2.5, 5.0]
    assert bucket.take(0, 5.0) == 0.0  # those 10 seconds' worth were waited for
    assert bucket.take(10, 100.0) == 0.0  # never more than it holds
    assert bucket.take(1, 100.0) == 0.5


def test_a_bucket_takes_what_is_more_than_it_holds() -> None:
    bucket = Bucket(size=10, rate=2, at=0.0)
    assert bucket.take(110, 0.0) == 50.0
    bucket.give_back(60)
    assert bucket.take(0, 0.0) == 20.0


def test_requests_a_minute_are_kept(time: Time) -> None:
    async def go() -> float:
        pace = paced(time, rpm=60)
        for _ in range(70):
            await pace.enter(0)
            pace.leave()
        return time.now - 1000

    assert run(go()) == pytest.approx(60)  # 10 at once, then one a second


def test_tokens_a_minute_are_kept_and_what_was_not_used_is_given_back(time: Time) -> None:
    async def go() -> float:
        pace = paced(time, tpm=6000)
        for _ in range(70):
            await pace.enter(1000)
            pace.leave()
            pace.used(100, 1000)
        return time.now - 1000

    assert run(go()) == pytest.approx(60, abs=10)  # 100 tokens a second, 7000 of them used


def test_no_limits_no_waiting(time: Time) -> None:
    async def go() -> None:
        pace = paced(time)
        for _ in range(1000):
            await pace.enter(100_000)
            pace.leave()
            pace.answered({})

    run(go())
    assert time.slept == []


def test_limits_are_learned_from_headers_and_the_users_own_win(time: Time) -> None:
    headers = {"x-ratelimit-limit-requests": "600", "x-ratelimit-limit-tokens": "60000"}

    async def go(**given: float) -> float:
        pace = paced(time, **given)
        pace.answered(headers)
        start = time.now
        for _ in range(200):
            await pace.enter(10)
            pace.leave()
            pace.answered(headers)
        return time.now - start

    assert run(go()) == pytest.approx(10, abs=0.2)  # 100 at once, then 10 a second
    assert run(go(rpm=60.0)) == pytest.approx(190, abs=0.2)
    assert run(go(rpm=6000.0)) == pytest.approx(1, abs=1)
    assert run(go(rpm=60_000.0, tpm=600.0)) == pytest.approx(190, abs=0.2)


def test_what_the_server_says_is_left_is_believed(time: Time) -> None:
    async def go() -> None:
        pace = paced(time)
        pace.answered({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"})
        await pace.enter(0)

    run(go())
    assert time.slept == [pytest.approx(1)]


@pytest.mark.parametrize("limit", ["0", "-1", "soon", "nan", "inf", ""])
def test_limits_that_are_none_are_passed_over(time: Time, limit: str) -> None:
    pace = paced(time)
    pace.answered({"x-ratelimit-limit-requests": limit, "x-ratelimit-limit-tokens": limit})
    run(pace.enter(1e9))
    assert time.slept == []


def replies(pace: Pace, count: int, every: int = 0) -> None:
    """So many replies, one of `every` a refusal."""
    for number in range(count):
        if every and number % every == 0:
            pace.refused({})
        else:
            pace.answered({})


def test_concurrency_doubles_up_to_the_most_while_all_is_well() -> None:
    pace = Pace(500)
    seen = []
    for _ in range(600):
        pace.answered({})
        seen.append(pace.allowed)
    assert sorted(set(seen)) == [64, 128, 256, 500]


def test_it_starts_no_higher_than_the_most() -> None:
    assert Pace(5).allowed == 5


def test_stray_refusals_do_not_shrink_concurrency() -> None:
    pace = Pace(512)
    lowest = 512
    for _ in range(100):
        replies(pace, 100, every=20)  # 5%
        lowest = min(lowest, pace.allowed)
    assert lowest >= 64
    assert pace.allowed == 512


def test_a_real_limit_shrinks_concurrency_and_it_recovers() -> None:
    pace = Pace(512)
    replies(pace, 2000)
    assert pace.allowed == 512
    replies(pace, 3000, every=2)
    assert pace.allowed < 50
    replies(pace, 20_000)
    assert pace.allowed == 512


def test_concurrency_never_falls_below_one() -> None:
    pace = Pace(512)
    for _ in range(5000):
        pace.refused({})
    assert pace.allowed == 1


def test_no_more_in_flight_than_allowed_and_first_come_first_served() -> None:
    async def go() -> tuple[int, list[int]]:
        pace, most, order = Pace(7), 0, []

        async def one(number: int) -> None:
            nonlocal most
            await pace.enter(0)
            order.append(number)
            most = max(most, pace.in_flight)
            await asyncio.sleep(0)
            pace.leave()

        await asyncio.gather(*(one(number) for number in range(100)))
        assert pace.in_flight == 0
        return most, order

    most, order = run(go())
    assert most == 7
    assert order == list(range(100))


def test_whoever_gives_up_waiting_leaves_its_place_to_the_next() -> None:
    async def go() -> None:
        pace = Pace(1)
        await pace.enter(0)
        waiting = [asyncio.create_task(pace.enter(0)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # while it waits
        pace.leave()  # gives the slot to the second, which is cancelled at the same moment
        waiting[1].cancel()
        await waiting[2]
        assert pace.in_flight == 1

    run(go())


def test_whoever_gives_up_waiting_for_a_bucket_leaves() -> None:
    async def go() -> None:
        pace = Pace(1, rpm=1)
        await pace.enter(0)
        pace.leave()
        waiting = asyncio.create_task(pace.enter(0))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert pace.in_flight == 0

    run(go())


def test_the_circuit_opens_after_failures_in_a_row_only() -> None:
    pace = Pace(10)
    for _ in range(10):
        assert not any(pace.broken() for _ in range(BREAK_AFTER - 1))
        pace.answered({})
    assert [pace.broken() for _ in range(BREAK_AFTER)][-1]


class Down:
    """A server that is down for so many probes."""

    def __init__(self, probes: int) -> None:
        self.left, self.probes, self.at_once = probes, 0, 0

    async def __call__(self) -> bool:
        self.at_once += 1
        assert self.at_once == 1
        self.probes += 1
        await asyncio.sleep(0)
        self.at_once -= 1
        self.left -= 1
        return self.left < 0


def test_everybody_waits_for_one_probe_at_a_time(time: Time) -> None:
    said: list[str] = []

    async def go() -> None:
        pace, down = paced(time, 10, say=said.append), Down(8)
        for _ in range(10):
            await pace.enter(0)
        queued = [asyncio.create_task(pace.enter(0)) for _ in range(5)]
        pausing = [asyncio.create_task(pace.pause(down)) for _ in range(10)]
        await asyncio.sleep(0)
        for _ in range(10):
            pace.leave()  # the slots of those who failed
        late = asyncio.create_task(pace.enter(0))
        await asyncio.sleep(0)
        assert not any(task.done() for task in [*queued, late, *pausing])
        assert await asyncio.gather(*pausing) == [True] * 10
        await asyncio.gather(*queued, late)
        assert down.probes == 9
        assert not pace.broken()  # the count began anew

    run(go())
    assert time.slept == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert said[0] == "the server does not answer: trying again in 1 s"
    assert said[-1] == "the server answers again"
    assert len(said) == 10


def test_a_server_that_answers_the_first_probe_was_not_down(time: Time) -> None:
    assert run(paced(time).pause(Down(0))) is False


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
        ({"retry-after": "Sun, 09 Sep 2001 01:46:50 GMT"}, 10),
        ({"retry-after": "Sun, 09 Sep 2001 01:46:30 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"x-ratelimit-reset-requests": "6m0s"}, None),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360),
        ({"x-ratelimit-reset-tokens": "120ms", "x-ratelimit-remaining-tokens": "0"}, 0.12),
        ({"x-ratelimit-reset-tokens": "...", "x-ratelimit-remaining-tokens": "0"}, None),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=lambda: 1_000_000_000) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2", 2), ("1.5", 1.5), ("120ms", 0.12), ("1m30.5s", 90.5), ("1h2m3s", 3723), ("1d", 86400), ("6m0s", 360)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", [None, "", ".", "soon", "-1", "2024-01-01T00:00:00Z", "1 day"])
def test_durations_that_are_none(text: str | None) -> None:
    assert duration(text) is None


def grown(pace: Pace, seconds: Callable[[int], float], replies: int = 200_000) -> int:
    """What is allowed after so many replies of a server that takes so long for each, with so many in flight."""
    for _ in range(replies):
        pace.answered({}, seconds(pace.allowed))
    return pace.allowed


@pytest.mark.parametrize(
    ("seconds", "allowed"),
    [
        (lambda flying: 10.0, 4096),  # it takes its time, whatever is in flight
        (lambda flying: 0.5, 512),  # 1,024 replies a second: more than is asked
        (lambda flying: 2.0, 2048),  # 1,024 / 2 s is still less than one process asks, 2,048 / 2 s is not
        (lambda flying: max(5.0, flying / 100), 512),  # 100 a second, however many wait for it
        (lambda flying: max(5.0, flying / 205), 1024),
    ],
)
def test_more_is_in_flight_where_replies_are_slow(seconds: Callable[[int], float], allowed: int) -> None:
    assert grown(Pace(512, most_if_slow=4096), seconds) == allowed


def test_a_concurrency_that_was_given_is_kept() -> None:
    assert grown(Pace(512), lambda flying: 10.0) == 512
    assert grown(Pace(512, most_if_slow=512), lambda flying: 10.0) == 512


def test_a_server_that_refuses_is_not_asked_more() -> None:
    pace = Pace(512, most_if_slow=4096)
    for _ in range(300):
        replies(pace, 20)
        pace.refused({})
        pace.answered({}, 10.0)
    assert pace.allowed <= 512

"""Several servers of one model: each is asked as fast as it answers, and none has to be there all the time."""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import pytest
from client_calls import KEY, request, stored, with_fleet
from hypothesis import given
from hypothesis import strategies as st
from loopback import Answer, Loopback, free_port, serving

from synth.errors import SynthError
from synth.teachers.client import TRIES, UnanswerableError
from synth.teachers.exchange import Reply
from synth.teachers.fleet import AT_ONCE, Fleet
from synth.teachers.pace import BREAK_AFTER
from synth.teachers.turns import Turns

pytestmark = pytest.mark.usefixtures("short_waits")
MISSING = Answer(status=404, error={"message": "The model `m` does not exist", "code": "model_not_found"})


def hello(raw: bytes) -> bool:
    """Whether it is the question of a probe."""
    return b"Say hello" in raw


def paid(*servers: Loopback) -> Counter[bytes]:
    """How often each request of the run was answered, by whichever server."""
    answered = Counter[bytes]()
    for server in servers:
        answered.update({raw: count for raw, count in server.answered.items() if not hello(raw)})
    return answered


def asked(server: Loopback) -> int:
    return sum(not hello(seen.raw) for seen in server.seen)


class Dying:
    """A server that goes away, and comes back at the same port when that is wanted."""

    def __init__(self, after: int) -> None:
        """after: requests that it answers before it goes."""
        self.port, self.lives = free_port(), list[Loopback]()
        self.gone = threading.Event()
        self._after, self._again, self._stop, self._up = after, threading.Event(), threading.Event(), threading.Event()
        self._last = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "Dying":
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *error: object) -> None:
        for event in (self._last, self._again, self._stop):
            event.set()
        self._thread.join()

    def come_back(self) -> None:
        self._again.set()

    def _script(self, body: dict[str, Any], times: int) -> Answer:
        if len(self.lives[0].seen) >= self._after:
            self._last.set()
            return Answer(hang=True)  # what it has in flight then is lost
        return Answer()

    def _run(self) -> None:
        with serving(self._script, self.port) as first:
            self.lives.append(first)
            self._up.set()
            self._last.wait()
        self.gone.set()
        self._again.wait()
        with serving(port=self.port) as second:
            self.lives.append(second)
            self._stop.wait()


def test_one_dies_and_comes_back_one_is_slow_one_says_429(store_path: Path) -> None:
    """Nothing is lost, everything is paid for once, and the dead server is left in peace."""
    most, begun, back = 8, 300, 20
    refused = iter(range(1_000_000))

    def limited(body: dict[str, Any], times: int) -> Answer:
        return Answer(status=429, headers={"retry-after": "0.01"}) if next(refused) % 3 == 0 else Answer()

    with ExitStack() as stack:
        dying = stack.enter_context(Dying(after=30))
        slow = stack.enter_context(serving(lambda body, times: Answer(delay=0.5)))
        busy = stack.enter_context(serving(limited))

        async def work(fleet: Fleet) -> list[Reply]:
            replies = await asyncio.gather(*(fleet.ask(request(n)) for n in range(begun)))
            assert dying.gone.is_set()
            dying.come_back()
            while len(dying.lives) < 2 or asked(dying.lives[1]) < back:
                further = range(len(replies), len(replies) + most)
                replies += await asyncio.gather(*(fleet.ask(request(n)) for n in further))
                assert len(replies) < 4000
            return replies

        replies = with_fleet([dying.url, slow.url, busy.url], store_path, work, most)
        first, second = dying.lives
        answered = paid(first, second, slow, busy)
        assert len(replies) == len(answered) >= begun + back
        assert set(answered.values()) == {1}
        assert asked(first) <= 30 + most  # those in flight when it went
        assert all(sum(paid(server).values()) for server in (slow, busy))
        assert stored(store_path)[0] <= 2 * most + BREAK_AFTER  # lost with the server, or found it dead


def test_shares_fit_the_speeds() -> None:
    """280 requests to servers that take 2, 2 and 10 s, 20 at a time at each: in turns the last is done after 50 s."""

    async def go() -> tuple[float, list[int]]:
        takes, done = {Place(20): 2.0, Place(20): 2.0, Place(20): 10.0}, Counter[Place]()
        turns, running, now = Turns(*takes), list[tuple[float, int, Place]](), 0.0
        left = deque(asyncio.ensure_future(turns.take()) for _ in range(280))
        while left or running:
            await asyncio.sleep(0)
            while left and left[0].done():
                place = left.popleft().result()
                heappush(running, (now + takes[place], len(left), place))
            now, _, place = heappop(running)
            done[place] += 1
            place.leave()
            turns.wake()
        return now, [done[place] for place in takes]

    seconds, shares = asyncio.run(go())
    assert sum(shares) == 280
    assert seconds <= 22.0
    assert shares[0] == shares[1] == pytest.approx(5 * shares[2] / 2, abs=20)


def test_the_dead_server_is_asked_by_its_probe_alone(store_path: Path) -> None:
    """Nobody is there from the beginning: the others answer, and it is said once."""
    said: list[str] = []
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    with serving() as server:

        async def work(fleet: Fleet) -> list[Reply]:
            return [await fleet.ask(request(n)) for n in range(60)]

        replies = with_fleet([nobody, server.url], store_path, work, say=said.append)
    assert len(replies) == 60
    assert set(paid(server).values()) == {1}
    assert stored(store_path)[0] <= BREAK_AFTER


def test_nobody_there_ends_the_run(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.teachers.client.FIRST_CONTACT", 0.05)
    urls = [f"http://127.0.0.1:{free_port()}/v1" for _ in range(3)]
    for count in (1, 50):

        async def work(fleet: Fleet, count: int = count) -> None:
            await asyncio.gather(*(fleet.ask(request(n)) for n in range(count)))

        with pytest.raises(SynthError, match="nobody answers at"):
            with_fleet(urls, store_path, work)


@pytest.mark.parametrize("fault", [MISSING, Answer(status=401, error={"message": "Invalid API key", "code": None})])
def test_a_server_that_refuses_everybody_is_left_out_and_used_once_it_answers(store_path: Path, fault: Answer) -> None:
    said: list[str] = []
    probed = threading.Event()

    def mended(body: dict[str, Any], times: int) -> Answer:
        if "hello" in str(body) and times > 2:
            probed.set()
        return Answer() if probed.is_set() else fault

    with serving(mended) as broken, serving(lambda body, times: Answer(delay=0.005)) as server:

        async def work(fleet: Fleet) -> None:
            number = 0
            while not probed.is_set() or asked(broken) < 12:
                await asyncio.gather(*(fleet.ask(request(number + n)) for n in range(4)))
                number += 4
                assert number < 4000

        with_fleet([broken.url, server.url], store_path, work, say=said.append)
        answered = paid(broken, server)
        assert set(answered.values()) == {1}
        assert any(hello(raw) for raw in broken.answered)
    assert len(said) == 1
    assert said[0].startswith(broken.url) or broken.url in said[0]
    assert said[0].endswith("; the other servers are asked until it answers")


def test_a_server_that_takes_no_request_costs_no_question_its_answer(store_path: Path) -> None:
    fault = Answer(status=400, error={"message": "no chat template", "code": None})
    with serving(lambda body, times: fault) as broken, serving() as server:

        async def work(fleet: Fleet) -> list[Reply]:
            return await asyncio.gather(*(fleet.ask(request(n)) for n in range(40)))

        assert len(with_fleet([broken.url, server.url], store_path, work, most=8)) == 40
        assert set(paid(server).values()) == {1}
        assert 1 <= asked(broken) <= 5 + 8  # those in flight when it was found out


def test_all_that_refuse_end_the_run(store_path: Path) -> None:
    async def work(fleet: Fleet) -> None:
        await asyncio.gather(*(fleet.ask(request(n)) for n in range(20)))

    with (
        serving(lambda body, times: MISSING) as one,
        serving(lambda body, times: MISSING) as other,
        pytest.raises(SynthError, match="has no model 'm'"),
    ):
        with_fleet([one.url, other.url], store_path, work)


def test_a_request_that_every_server_fails_at_comes_to_an_end(store_path: Path) -> None:
    """It is that request's fault: the others are answered, and servers that work are not taken for down."""

    def script(body: dict[str, Any], times: int) -> Answer:
        return Answer(status=500) if "is 7 and 7" in str(body) else Answer()

    with ExitStack() as stack:
        servers = [stack.enter_context(serving(script)) for _ in range(4)]

        async def work(fleet: Fleet) -> list[Any]:
            return await asyncio.gather(*(fleet.ask(request(n)) for n in range(20)), return_exceptions=True)

        found = with_fleet([server.url for server in servers], store_path, work)
        failed = [number for number, outcome in enumerate(found) if isinstance(outcome, BaseException)]
        assert failed == [7]
        assert isinstance(found[7], UnanswerableError)
        assert set(paid(*servers).values()) == {1}
    assert TRIES <= stored(store_path)[500] <= TRIES * AT_ONCE


def test_a_stray_failure_goes_to_another_server_without_a_wait(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synth.teachers.client.FIRST_WAIT", 3600.0)
    monkeypatch.setattr("synth.teachers.client.LONGEST_WAIT", 3600.0)
    with serving(lambda body, times: Answer(drop="half")) as breaks, serving() as answers:

        async def work(fleet: Fleet) -> list[Reply]:
            return [await fleet.ask(request(n)) for n in range(4)]

        assert len(with_fleet([breaks.url, answers.url], store_path, work)) == 4
        assert set(paid(answers).values()) == {1}
        assert asked(breaks) >= 1


class Place:
    """A server on paper."""

    def __init__(self, allowed: int, waits: float = 0.0, is_open: bool = True) -> None:
        self.allowed, self.in_flight, self.waits, self.is_open = allowed, 0, waits, is_open

    def delay(self) -> float:
        return self.waits

    def leave(self) -> None:
        self.in_flight -= 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 150))
def test_places_are_given_in_proportion_and_never_more_than_allowed(allowed: list[int], count: int) -> None:
    async def go() -> None:
        places = [Place(each) for each in allowed]
        turns = Turns(*places)
        tasks = [asyncio.create_task(turns.take()) for _ in range(count)]
        await asyncio.sleep(0)
        taken = sum(task.done() for task in tasks)
        assert taken == min(count, sum(allowed))
        for place in places:
            assert place.in_flight <= place.allowed
            assert all((place.in_flight) / place.allowed <= (o.in_flight + 1) / o.allowed for o in places)
        for task in tasks:  # first come, first served, and all of them come
            await asyncio.sleep(0)
            place = await task
            place.leave()
            turns.wake()

    asyncio.run(go())


def test_the_next_goes_to_who_need_not_wait_for_its_limit_and_never_to_who_is_down() -> None:
    async def go() -> Iterator[bool]:
        limited, free, down = Place(100, waits=2.0), Place(2), Place(100, is_open=False)
        turns = Turns(limited, free, down)
        taken = [await turns.take() for _ in range(4)]
        return iter([taken == [free, free, limited, limited], down.in_flight == 0])

    assert all(asyncio.run(go()))


def test_whoever_waits_hears_that_asking_is_given_up() -> None:
    async def go() -> list[Any]:
        turns = Turns(Place(1, is_open=False))
        waiting = [asyncio.ensure_future(turns.take()), asyncio.ensure_future(turns.until_one_is_open())]
        await asyncio.sleep(0)
        turns.give_up(SynthError("no more"))
        return [*await asyncio.gather(*waiting, turns.take(), return_exceptions=True)]

    assert [str(each) for each in asyncio.run(go())] == ["no more"] * 3


def test_the_key_goes_into_no_store(store_path: Path) -> None:
    with serving() as one, serving() as other:

        async def work(fleet: Fleet) -> None:
            await asyncio.gather(*(fleet.ask(request(n)) for n in range(10)))

        with_fleet([one.url, other.url], store_path, work)
        assert all(KEY in str(seen.headers) for seen in (*one.seen, *other.seen))
    assert KEY.encode() not in store_path.read_bytes()

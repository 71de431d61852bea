"""Work in a process of its own: what it returns, what becomes of it when it hangs or dies."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from slow_work import prepare, work

from synth.workers.limited import Limited


@pytest.fixture
def limited() -> Iterator[Limited]:
    limited = Limited(work, prepare, 20.0)
    yield limited
    limited.stop()


def test_one_process_does_all_the_work(limited: Limited) -> None:
    results = [limited(number) for number in range(3)]
    assert [result[0] for result in results] == [0, 1, 2]
    assert len({result[1] for result in results} | {os.getpid()}) == 2


def test_what_kills_the_process_gives_nothing_and_the_next_is_done(limited: Limited) -> None:
    assert limited("die") is None
    assert limited(1)[0] == 1


def test_what_hangs_is_killed_and_the_next_is_done() -> None:
    limited = Limited(work, prepare, 0.5)
    before = limited(1)
    assert before is not None
    assert limited("hang") is None
    with pytest.raises(ProcessLookupError):
        os.kill(before[1], 0)
    limited.stop()


def test_what_hangs_is_ended_by_another_thread(limited: Limited) -> None:
    before = limited(1)
    with ThreadPoolExecutor(1) as threads:
        hangs = threads.submit(limited, "hang")
        with pytest.raises(TimeoutError):
            hangs.result(0.2)
        limited.interrupt()
        assert hangs.result(10) is None
    assert limited(1) != before


def test_threads_wait_for_each_other(limited: Limited) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert [result[0] for result in threads.map(limited, range(20))] == list(range(20))

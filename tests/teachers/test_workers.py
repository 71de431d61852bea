"""Tasks side by side, and more of them once more are wanted."""

import asyncio

import pytest

from synth.teachers.workers import Workers


def side_by_side(wanted: int, then: int, works: int, most: int | None = None) -> int:
    """How many tasks work at the same time at most, where more are wanted after the first of some works."""
    now, seen, left = [wanted], [0, 0], list(range(works))
    workers = Workers(lambda: now[0])

    async def work() -> None:
        while left:
            left.pop()
            seen[0] += 1
            seen[1] = max(seen)
            await asyncio.sleep(0)
            seen[0] -= 1
            now[0] = then
            workers.look()

    asyncio.run(workers.run(work, most))
    return seen[1]


def test_there_are_as_many_as_are_wanted() -> None:
    assert side_by_side(5, 5, 100) == 5
    assert side_by_side(5, 40, 100) == 40
    assert side_by_side(5, 40, 100, most=7) == 7
    assert side_by_side(5, 3, 100) == 5
    assert side_by_side(5, 5, 0) == 0


def test_an_error_is_raised_when_all_have_ended() -> None:
    ended = []

    async def work() -> None:
        number = len(ended)
        ended.append(False)
        await asyncio.sleep(0)
        if number == 1:
            raise ValueError("no")
        await asyncio.sleep(0)
        ended[number] = True

    with pytest.raises(ValueError, match="no"):
        asyncio.run(Workers(lambda: 3).run(work))
    assert ended == [True, False, True]

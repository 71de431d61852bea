"""Settles questions, as many at a time as requests may be in flight, and hands them on in their order.

Questions are taken in order by a crew of workers; each works on one question until it is settled. Results come in the
order of the questions, so that what is written depends on the replies alone: a run that was killed finds its replies in
the request store and writes what an undisturbed one would have written.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from synth.attempts.attempt import Settled
from synth.distilling.settle import Distiller, LaterError
from synth.errors import SynthError
from synth.questions.task import Question
from synth.teachers.asker import StopAskingError
from synth.teachers.workers import Workers

AHEAD = 10_000  # results that may wait for an earlier question before no further ones are taken


@dataclass
class Crew:
    """How questions are settled, by which workers, and what is told of each as it comes, in whatever order."""

    distiller: Distiller
    workers: Workers
    told: Callable[[Settled], None] = lambda settled: None


async def settle_all(crew: Crew, questions: Iterator[Question]) -> AsyncIterator[Settled]:
    """Every question settled, in order.

    Ends early if the distiller is stopped, or has enough; requests in flight are waited for, as they are paid for.
    Raises the first SynthError of any worker.
    """
    line = _Line(enumerate(questions), crew.distiller)
    everyone = asyncio.ensure_future(crew.workers.run(lambda: _work(crew, line)))
    everyone.add_done_callback(lambda _: line.moved())
    following = 0
    try:
        while following in line.done or not everyone.done():
            if following not in line.done:
                await line.wait()
                continue
            settled = line.take(following)
            following += 1
            if settled is not None:
                yield settled
        everyone.result()
        for number in sorted(line.done):  # behind a question that asking was stopped at
            if (settled := line.done[number]) is not None:
                yield settled
    finally:
        everyone.cancel()


class _Line:
    """The questions still to be taken, those under way, and results that wait for an earlier question."""

    def __init__(self, questions: Iterator[tuple[int, Question]], distiller: Distiller) -> None:
        self.questions, self.distiller = questions, distiller
        self.done: dict[int, Settled | None] = {}
        self.rows = self.under_way = 0
        self._moved = asyncio.Event()

    def moved(self) -> None:
        """Wakes all that wait."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait(self) -> None:
        await self._moved.wait()

    def take(self, number: int) -> Settled | None:
        settled = self.done.pop(number)
        if len(self.done) == AHEAD - 1:
            self.moved()
        return settled

    def put(self, number: int, settled: Settled | None) -> None:
        self.done[number] = settled
        self.rows += len(settled.kept) if settled else 0

    def enough(self) -> bool:
        target = self.distiller.plan.target_rows
        return target is not None and self.rows >= target

    def has_room(self) -> bool:
        """Whether one more question can still be needed: not if those under way may give all the rows."""
        plan = self.distiller.plan
        may_come = self.under_way * plan.most_rows()
        return len(self.done) < AHEAD and (plan.target_rows is None or self.rows + may_come < plan.target_rows)


async def _work(crew: Crew, line: _Line) -> None:
    distiller = crew.distiller
    while not distiller.stopping and not line.enough():
        if not line.has_room():
            await line.wait()
            continue
        taken = next(line.questions, None)
        if taken is None:
            return
        line.under_way += 1
        try:
            settled = await _settled(distiller, taken[1])
            if distiller.stopping and settled is None:
                return
            line.put(taken[0], settled)
            if settled is not None:
                crew.told(settled)
        finally:
            line.under_way -= 1
            line.moved()
        await asyncio.sleep(0)  # out of the store comes one reply after the other: requests in flight need their turn


async def _settled(distiller: Distiller, question: Question) -> Settled | None:
    """None for a question that is left out of this run."""
    try:
        return await distiller.settle(question)
    except LaterError:
        return None
    except StopAskingError:
        distiller.stopping = True
        return None
    except SynthError:
        distiller.stopping = True  # the others finish what they have in flight
        raise

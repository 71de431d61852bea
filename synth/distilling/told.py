"""What a run says of itself in its request store while it goes, for whoever looks on (`synth view`).

At its start what it set out to do, then every second how far it is, and at its end that it ended. A run that was killed
says nothing more.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any

from synth.attempts.attempt import Attempt, Settled, shown
from synth.attempts.rows import reason, request_key
from synth.base.config import command
from synth.distilling.job import Job
from synth.distilling.outcome import Outcome
from synth.errors import FolderError, SynthError
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

EVERY = 1.0  # seconds
NEWEST = 12  # attempts that are named
COUNTS = ("asked", "cached", "prompt_tokens", "completion_tokens", "dollars", "in_flight")  # of a meter


class Told:
    """What is told of the distillation of one dataset."""

    def __init__(self, job: Job, outcome: Outcome) -> None:
        self.outcome = outcome
        self.left: Counter[str] = Counter()  # questions of which nothing is kept, by reason
        self._newest: deque[tuple[Settled, Attempt]] = deque(maxlen=NEWEST)
        teacher, asked = job.teacher, job.asked
        self._aims = {
            "folder": job.out.name, "command": command("synth distill", asked), "task": job.task.name,
            "teacher": teacher.name, "shard": asked.shard, "questions": outcome.total,
            "target_rows": job.plan.target_rows, "budget": asked.budget,
            "price": [teacher.prompt_price, teacher.completion_price],  # dollars for a million tokens
        }  # fmt: skip

    def see(self, settled: Settled) -> None:
        """Count a question, in whatever order they come."""
        if not settled.kept:
            self.left[reason(settled)] += 1
        self._newest.extend((settled, attempt) for attempt in settled.attempts)

    def now(self, meter: Meter) -> dict[str, Any]:
        """Aims and state. Tokens and dollars are those of this process, which may make several datasets."""
        outcome = self.outcome
        return {
            **self._aims, "settled": outcome.settled, "kept": outcome.kept, "left": dict(self.left),
            **{name: getattr(meter, name) for name in COUNTS}, "servers": [asdict(one) for one in meter.servers()],
            "newest": [_named(*one) for one in reversed(self._newest)], "why": outcome.why,
        }  # fmt: skip


def _named(settled: Settled, attempt: Attempt) -> dict[str, Any]:
    """An attempt and its verdict; its texts lie under its request in the store."""
    return {
        "request": request_key(attempt), "id": settled.question.id, "attempt": attempt.number,
        "hinted": attempt.hinted, "outcome": shown(attempt), "kept": any(attempt is one for one in settled.kept),
        "answer": attempt.reading.answer if attempt.reading else None, "gold": settled.answer,
        "error": attempt.detail[:500],
    }  # fmt: skip


@asynccontextmanager
async def telling(store: RequestStore, run: int, told: Callable[[], Mapping[str, Any]]) -> AsyncIterator[None]:
    """Inside, what `told` returns is in the store, at most EVERY seconds old; behind it, that the run has ended."""

    async def further() -> None:
        while True:
            await store.tell(run, told())
            await asyncio.sleep(EVERY)

    teller, end = asyncio.create_task(further()), dict[str, Any](ended=True)
    try:
        yield
    except SynthError as error:
        end |= {"why": str(error)}
        raise
    finally:
        teller.cancel()
        with suppress(asyncio.CancelledError, FolderError):
            await teller
        with suppress(FolderError):  # a disk that is full was complained of where a reply did not fit on it
            await store.tell(run, {**told(), **end})

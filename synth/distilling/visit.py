"""A visit at the Batch API: collect what is done, then hand in what is missing, or write what nothing is missing for.

Several configurations of one folder go there together: their requests are handed in at once, within one budget, and
wait for each other once, not one day after another.
"""

from collections.abc import Sequence

from synth.base.terminal import Say
from synth.distilling.later import AGAIN, Later, handed_in
from synth.distilling.run import Run
from synth.distilling.settle import Distiller
from synth.teachers.batch_lock import alone_at
from synth.teachers.batches import DISCOUNT, Batches
from synth.teachers.catalogue import tell_end
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Request
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore


class Visit:
    """One visit, for one dataset or several that share a store, a teacher and a budget."""

    def __init__(self, runs: Sequence[Run], store: RequestStore, gone: str, say: Say) -> None:
        self.runs, self.store, self.gone, self.say = runs, store, gone, say
        self.job = runs[0].job
        self.meter = Meter(self.job.teacher, self.job.asked.budget, DISCOUNT)
        self.later = Later(store, self.meter)
        self.distillers = [self.distiller(run, self.later) for run in runs]
        self.numbers: list[int] = []  # of the runs in the store

    def distiller(self, run: Run, later: Later) -> Distiller:
        job = run.job
        return Distiller(job.task, job.teacher, job.plan, later.ask, job.shots)

    async def begin(self) -> None:
        """Say whose replies are whose, before any are collected: what each dataset still waits for is paid for it."""
        for run in self.runs:
            waits = Later(self.store, Meter(self.job.teacher))
            if len(self.runs) > 1 and self.store.open_batches():
                await self.look(run, self.distiller(run, waits), waits)
            self.numbers.append(await self.store.begin(run.job.work(), waits.requests))

    async def look(self, run: Run, distiller: Distiller, later: Later) -> None:
        for split in run.job.source.splits:
            await later.look_for(distiller, run.job.questions(split))

    async def go(self, batches: Batches) -> str:
        """Collect and hand in; what to tell the user, or nothing if the datasets are to be written."""
        state = await batches.collect()
        if state.collected or state.failed:
            failures = f", {state.failed:,} failed (the last: {state.said})" if state.failed else ""
            self.say(f"{state.collected:,} replies collected{failures}")
        if state.too_much:
            self.say(state.too_much)
        if state.under_way:
            return "; ".join([*(f"{batch} is {how}" for batch, how in state.under_way.items()), AGAIN])
        missing = await self.missing()
        requests = [request for each in missing for request in each]
        for run in self.runs:
            run.outcome.used = self.meter.line() if self.meter.asked else ""
        if not self.gone and (affordable := self.affordable(requests)):
            if notice := await batches.notice():
                self.say(notice)
            return handed_in(await batches.hand_in(affordable), len(affordable))
        why = self.gone or f"the budget of ${self.job.asked.budget or 0:g} does not allow another request"
        for run, wanted in zip(self.runs, missing, strict=True):
            run.outcome.why = why if wanted else ""
        return ""

    async def missing(self) -> list[list[Request]]:
        """The requests that each dataset needs next."""
        found = []
        for run, distiller in zip(self.runs, self.distillers, strict=True):
            before = len(self.later.requests)
            await self.look(run, distiller, self.later)
            found.append(list(self.later.requests.values())[before:])
        return found

    def affordable(self, requests: list[Request]) -> list[Request]:
        """As many of the requests as the budget allows, on top of what was paid in batches before."""
        budget, cost = self.job.asked.budget, self.meter.dollars or 0.0
        for number, request in enumerate(requests):
            cost += self.meter.most(request)
            if budget is not None and cost > budget:
                self.say(f"${budget:.2f} allows {number:,} of {len(requests):,} requests")
                return requests[:number]
        return requests


async def visit(runs: Sequence[Run], say: Say) -> None:
    """Go there for some datasets, and write them once nothing is missing that can be paid for."""
    job, cache = runs[0].job, runs[0].cache
    gone = tell_end(job.teacher, say, cache)
    with alone_at(cache), RequestStore(cache) as store:
        here = Visit(runs, store, gone, say)
        await here.begin()
        dialect = Dialect(job.teacher, job.asked.leave_out, job.asked.max_tokens_field, say)
        async with Batches(job.teacher, store, dialect) as batches:
            waiting = await (cancel(batches) if job.asked.cancel else here.go(batches))
        for run, distiller, number in zip(runs, here.distillers, here.numbers, strict=True):
            run.outcome.waiting = waiting
            if not waiting:
                run.meter, run.store = here.meter, store
                await run.put(distiller)
            await store.tell(number, {**run.told.now(here.meter), "ended": True, "why": waiting or run.outcome.why})


async def cancel(batches: Batches) -> str:
    """Cancel what is under way; what to tell the user."""
    cancelled = ", ".join(await batches.cancel())
    if not cancelled:
        return "nothing to cancel: no batch is under way"
    return f"cancelled {cancelled}; the same command without --cancel collects what was answered, and goes on"

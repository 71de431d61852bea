"""Replies through the Batch API: requests of one run, answered in a later one."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import orjson

from synth.distilling.settle import Distiller, LaterError
from synth.questions.task import Question
from synth.teachers.batches import TRIES, Handed
from synth.teachers.bodies import load
from synth.teachers.client import RefusedError, UnanswerableError
from synth.teachers.dialect import refused_field
from synth.teachers.exchange import LIMITS, Reply, Request
from synth.teachers.faults import Fault, codes_of, fault_in
from synth.teachers.given import OPTIONAL
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

AGAIN = "run the same command again to collect"
NOT_REACHED = {"batch_expired", "batch_cancelled"}  # the codes of requests whose turn did not come
COUNTS = ("filtered", "refused", "broken", "interrupted")  # kinds of faults that are a request's own, or may be
SETTINGS = (*LIMITS, *OPTIONAL)


class Later:
    """Answers out of the store; what is not there is noted down to be handed in.

    The meter counts each reply that came in a batch as paid for, whichever run collected it: a budget is for all runs
    that it takes, since they are one command.
    """

    def __init__(self, store: RequestStore, meter: Meter) -> None:
        self.store, self.meter = store, meter
        self.requests: dict[str, Request] = {}  # by key: a question that stands twice in the data is asked once
        self._counted: set[str] = set()

    async def ask(self, request: Request) -> Reply:
        """Raises LaterError if the reply is not there yet, UnanswerableError if it failed for good."""
        key = request.key()
        if (reply := self.store.find(request)) is not None:
            if key not in self._counted:
                self._counted.add(key)
                self.meter.count(replace(reply, cached=not came_in_batch(self.store, reply.key or key)))
            return reply
        self._raise_if_hopeless(key)
        self.requests[key] = request
        raise LaterError

    async def look_for(self, distiller: Distiller, questions: Iterable[Question]) -> None:
        """Add what has to be answered next of the questions of a split to `requests`.

        If a number of rows is wanted, of no more questions than may be needed: those that wait are taken for right.
        """
        plan, rows = distiller.plan, 0
        for question in questions:
            if plan.target_rows is not None and rows >= plan.target_rows:
                break
            try:
                rows += len((await distiller.settle(question)).kept)
            except LaterError:
                rows += plan.most_rows()
                # All attempts are made whatever they say: they are handed in at once, and not a day apart.
                ahead = plan.vote or (0 if plan.keep == "first" else plan.max_attempts)
                for number in range(1, ahead + 1):
                    with suppress(LaterError, UnanswerableError):
                        await self.ask(distiller.request(question, number))

    def _raise_if_hopeless(self, key: str) -> None:
        """Raises UnanswerableError for a request that was refused for what it says, or failed in too many batches."""
        failed: dict[str, str] = {}
        for text in self.store.failures(key):
            batch_id, fault = _failure(text)
            if fault is None:
                continue
            if fault.kind in ("filtered", "refused"):
                kind = RefusedError if fault.kind == "filtered" else UnanswerableError
                raise kind(f"status {fault.status}: {fault.said}")
            failed[batch_id] = fault.said
        if len(failed) >= TRIES:
            raise UnanswerableError(f"{len(failed)} batches: {list(failed.values())[-1]}")


def handed_in(handed: Handed, asked: int) -> str:
    """A line for the user on what is at the Batch API now, of so many requests."""
    waits = f"{handed.left:,} requests wait for the next run, the server takes no more ({handed.why})"
    if not handed.ids:
        return f"nothing was handed in: {waits}; run the same command again later"
    rest = f"; {waits}" if handed.left else ""
    return f"{asked - handed.left:,} requests handed in as {', '.join(handed.ids)}{rest}; {AGAIN}"


def came_in_batch(store: RequestStore, key: str) -> bool:
    """Whether the reply to a request was paid for at the price of the Batch API."""
    return "batch" in (store.answer(key) or {})


def _failure(text: str) -> tuple[str, Fault | None]:
    """The batch that a stored failure came in, and whose fault it was.

    None if it counts for nothing: it came outside of batches, in which failures are tried again at once; nobody would
    have been answered; its turn did not come; or a setting was not taken, which is left out the next time.
    """
    body = load(text.encode())
    if not isinstance(body, dict) or "batch" not in body:
        return "", None
    status, batch_id = int(body.pop("status", 0)), str(body.pop("batch"))
    fault = fault_in(status, {}, orjson.dumps(body))
    refused = refused_field(SETTINGS, fault.error) if fault.kind == "refused" else None
    counts = fault.kind in COUNTS and refused is None and not NOT_REACHED & set(codes_of(fault.error).split())
    return batch_id, fault if counts else None

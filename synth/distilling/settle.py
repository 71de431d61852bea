"""Asks a teacher for the rationale of each question, again until its answer is right, and keeps those that are.

After Zhu et al. 2025 (RAFT), "Rationale Generation": only rationales that lead to the right answer are kept, each
question is tried up to 10 times, and questions are taken until there are enough rows. A hint for questions that
failed is STaR's rationalization (Zelikman et al. 2022, section 3.3); a vote if no gold answer exists is
self-consistency (Wang et al. 2023).

A question is asked no more once attempts at one temperature give the very same text: a server that does not sample
would give it to every further one, and be paid for each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from synth.answers.reply import understood
from synth.attempts.attempt import RIGHT, Attempt, Settled, agreed, distinct, rationale_of
from synth.distilling.replies import outcome_of, reading_of
from synth.questions.task import Question, Task
from synth.shots import forms as shown
from synth.shots.draw import Shots
from synth.teachers.catalogue import Teacher
from synth.teachers.client import RefusedError, UnanswerableError
from synth.teachers.exchange import Reply, Request

P = ParamSpec("P")
T = TypeVar("T")
Keep = Literal["first", "shortest", "all"]
SAME, LONG = 3, 100  # so many equal texts are no chance; of so many characters already two


@dataclass(frozen=True)
class Plan:
    """What is asked of each question, and what is kept."""

    max_attempts: int = 10
    keep: Keep = "first"
    per_question: int = 1  # distinct rationales
    rationalize: bool = False
    vote: int = 0  # samples for self-consistency; 0: gold answers decide
    temperatures: tuple[float, ...] = (0.7,)  # of the first, second, ... attempt; the last one for all further ones
    top_p: float | None = None
    max_tokens: int = 1024
    length: str = "steps"  # which length variant of the instruction
    target_rows: int | None = None

    def most_attempts(self) -> int:
        """Times a question may be asked."""
        return self.vote or self.max_attempts + self.rationalize

    def most_rows(self) -> int:
        """Rows that may come of a question."""
        return self.most_attempts() if self.keep == "all" else self.per_question


class LaterError(Exception):
    """The reply will be there in a later run: this question is left out for now, the others continue."""


class Distiller:
    """Settles questions. `ask` is Client.ask, or anything else that answers requests."""

    def __init__(
        self,
        task: Task,
        teacher: Teacher,
        plan: Plan,
        ask: Callable[[Request], Awaitable[Reply]],
        shots: Shots | None = None,
    ) -> None:
        self.task, self.teacher, self.plan, self.shots, self._ask = task, teacher, plan, shots, ask
        self.stopping = False

    def request(self, question: Question, attempt: int, hint: bool = False) -> Request:
        """What is sent for the n-th attempt at a question."""
        plan = self.plan
        sampling = self.teacher.sampling(plan.max_tokens, self._temperature(attempt), top_p=plan.top_p)
        asked = shown.ask(self.task, question, self.shots, length=plan.length, hint=hint)
        return Request(self.teacher.model, tuple(asked), sampling, attempt, seed=attempt)

    async def settle(self, question: Question) -> Settled:
        """Ask until there is enough, or the attempts are used up.

        Raises StopAskingError and LaterError if the question cannot be settled in this run.
        """
        if self.plan.vote:
            return await self._vote(question)
        if not await self._aside(understood, question.gold, self.task.kind):
            return Settled(question, (), (), question.gold, None)  # no reply could be right
        attempts: list[Attempt] = []
        for number in range(1, self.plan.max_attempts + 1):
            attempts.append(await self._attempt(question, number))
            if attempts[-1].reply is None or self._repeats(attempts):
                break  # what the server refuses once it refuses again
            if self.plan.keep == "first" and len(distinct(attempts)) >= self.plan.per_question:
                break
        repeats = self._repeats(attempts)
        if self.plan.rationalize and not distinct(attempts):
            attempts.append(await self._attempt(question, self.plan.max_attempts + 1, hint=True))
        return Settled(question, tuple(attempts), self._kept(attempts), question.gold, None, repeats)

    def _kept(self, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
        kept = distinct(attempts)
        if self.plan.keep == "shortest":
            kept = sorted(kept, key=lambda attempt: len(rationale_of(attempt)))
        return tuple(kept if self.plan.keep == "all" else kept[: self.plan.per_question])

    def _repeats(self, attempts: Sequence[Attempt]) -> bool:
        """Whether the server gives one text again and again, and the next attempt would be asked for no other way."""
        last = attempts[-1]
        warmth = self._temperature(last.number)
        if last.reply is None or self._temperature(last.number + 1) != warmth:
            return False
        return _same([attempt for attempt in attempts if self._temperature(attempt.number) == warmth])

    def _temperature(self, attempt: int) -> float:
        temperatures = self.plan.temperatures
        return temperatures[min(attempt, len(temperatures)) - 1]

    async def _vote(self, question: Question) -> Settled:
        """Self-consistency: the majority of `vote` samples is the answer, its share the confidence.

        Without a confidence if the first samples are the very same text: then there is one sample, not many.
        """
        numbers = range(1, self.plan.vote + 1)
        first = await self._samples(question, numbers[:SAME])
        repeats = _same(first)
        asked = first if repeats else [*first, *await self._samples(question, numbers[SAME:])]
        answer, share, agreeing = await self._aside(agreed, asked, self.task.kind)
        kept = distinct(agreeing, RIGHT, "answered")[: None if self.plan.keep == "all" else self.plan.per_question]
        return Settled(question, tuple(asked), tuple(kept), answer, None if repeats else share, repeats)

    async def _samples(self, question: Question, numbers: Sequence[int]) -> list[Attempt]:
        return list(await asyncio.gather(*(self._attempt(question, number, judge=False) for number in numbers)))

    async def _attempt(self, question: Question, number: int, hint: bool = False, judge: bool = True) -> Attempt:
        request = self.request(question, number, hint)
        try:
            reply = await self._ask(request)
        except UnanswerableError as error:
            outcome = "refusal" if isinstance(error, RefusedError) else "error"
            return Attempt(number, hint, outcome, None, None, str(error), request)
        reading = await self._aside(reading_of, self.task, question, reply)
        outcome = str(reading.outcome)
        if judge:
            outcome = await self._aside(outcome_of, self.task, question, reading)
        return Attempt(number, hint, outcome, reading, reply, "", request)

    async def _aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, in a thread if it may take seconds: mathematics is read and compared elsewhere, and
        requests in flight are not to wait for that."""
        if self.task.kind == "math":
            return await asyncio.to_thread(work, *args, **kwargs)
        return work(*args, **kwargs)


def _same(attempts: Sequence[Attempt]) -> bool:
    """Whether the text of the last reply came so often that the server does not sample."""
    texts = [attempt.reply.text or "" for attempt in attempts if attempt.reply is not None]
    return bool(texts and texts[-1]) and texts.count(texts[-1]) >= (2 if len(texts[-1]) >= LONG else SAME)

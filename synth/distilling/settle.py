"""Asks a teacher for the rationale of each question, again until its answer is right, and keeps those that are.

After Zhu et al. 2025 (RAFT), "Rationale Generation": only rationales that lead to the right answer are kept, each
question is tried up to 10 times, and questions are taken until there are enough rows. A hint for questions that
failed is STaR's rationalization (Zelikman et al. 2022, section 3.3); a vote if no gold answer exists is
self-consistency (Wang et al. 2023).

Questions are taken in order by as many workers as requests may be in flight; each works on one question until it is
settled. Results are written in the order of the questions, so that what comes out depends on the replies alone: a run
that was killed finds its replies in the request store and writes what an undisturbed one would have written.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from synth.answers.reply import Reading, majority, read_reply, same, understood
from synth.errors import SynthError
from synth.questions.prompts import messages
from synth.questions.task import Question, Task
from synth.teachers.asker import StopAskingError
from synth.teachers.catalogue import Teacher
from synth.teachers.client import RefusedError, UnanswerableError
from synth.teachers.exchange import Reply, Request

P = ParamSpec("P")
T = TypeVar("T")
Keep = Literal["first", "shortest", "all"]
RIGHT = "right"  # the outcome of an attempt; the others are those of a reading, `wrong` and `error`
AHEAD = 10_000  # results that may wait for an earlier question before no further ones are taken


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


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reply and what was read in it."""

    number: int
    hinted: bool
    outcome: str
    reading: Reading | None
    reply: Reply | None
    detail: str  # why no reply came
    request: Request


@dataclass(frozen=True, slots=True)
class Settled:
    """A question that is asked no more: its attempts, and which of them are kept."""

    question: Question
    attempts: tuple[Attempt, ...]
    kept: tuple[Attempt, ...]
    answer: str | None  # the gold answer, or the majority's
    confidence: float | None  # share of the majority


class LaterError(Exception):
    """The reply will be there in a later run: this question is left out for now, the others continue."""


class Distiller:
    """Settles questions. `ask` is Client.ask, or anything else that answers requests."""

    def __init__(self, task: Task, teacher: Teacher, plan: Plan, ask: Callable[[Request], Awaitable[Reply]]) -> None:
        self.task, self.teacher, self.plan, self._ask = task, teacher, plan, ask
        self.stopping = False

    def request(self, question: Question, attempt: int, hint: bool = False) -> Request:
        """What is sent for the n-th attempt at a question."""
        plan = self.plan
        temperature = plan.temperatures[min(attempt, len(plan.temperatures)) - 1]
        sampling = self.teacher.sampling(plan.max_tokens, temperature, top_p=plan.top_p)
        asked = messages(self.task, question, length=plan.length, hint=hint)
        return Request(self.teacher.model, tuple(asked), sampling, attempt)

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
            if attempts[-1].reply is None:
                break  # what the server refuses once it refuses again
            if self.plan.keep == "first" and len(_distinct(attempts)) >= self.plan.per_question:
                break
        if self.plan.rationalize and not _distinct(attempts):
            attempts.append(await self._attempt(question, self.plan.max_attempts + 1, hint=True))
        kept = _distinct(attempts)
        if self.plan.keep == "shortest":
            kept = sorted(kept, key=lambda attempt: len(rationale_of(attempt)))
        if self.plan.keep != "all":
            kept = kept[: self.plan.per_question]
        return Settled(question, tuple(attempts), tuple(kept), question.gold, None)

    async def _vote(self, question: Question) -> Settled:
        """Self-consistency: the majority of `vote` samples is the answer, its share the confidence."""
        numbers = range(1, self.plan.vote + 1)
        asked = await asyncio.gather(*(self._attempt(question, number, judge=False) for number in numbers))
        answers = [attempt.reading.answer if attempt.reading else None for attempt in asked]
        answer, share = majority(answers, self.task.kind)
        agreeing = [attempt for attempt, said in zip(asked, answers, strict=True) if same(said, answer, self.task.kind)]
        kept = _distinct(agreeing, RIGHT, "answered")[: None if self.plan.keep == "all" else self.plan.per_question]
        return Settled(question, tuple(asked), tuple(kept), answer, share)

    async def _attempt(self, question: Question, number: int, hint: bool = False, judge: bool = True) -> Attempt:
        request = self.request(question, number, hint)
        try:
            reply = await self._ask(request)
        except UnanswerableError as error:
            outcome = "refusal" if isinstance(error, RefusedError) else "error"
            return Attempt(number, hint, outcome, None, None, str(error), request)
        reading = await self._aside(
            read_reply, reply.text, self.task.kind, question.options or self.task.options,
            closing=self.task.closing, thinking=reply.thinking, finish_reason=reply.finish_reason,
        )  # fmt: skip
        outcome = str(reading.outcome)
        if judge and outcome == "answered":
            right = await self._aside(same, reading.answer, question.gold, self.task.kind)
            outcome = RIGHT if right else "wrong"
        return Attempt(number, hint, outcome, reading, reply, "", request)

    async def _aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, in a thread if it may take seconds: mathematics is read and compared elsewhere, and
        requests in flight are not to wait for that."""
        if self.task.kind == "math":
            return await asyncio.to_thread(work, *args, **kwargs)
        return work(*args, **kwargs)


async def settle_all(distiller: Distiller, questions: Iterator[Question], workers: int) -> AsyncIterator[Settled]:
    """Every question settled, in order, `workers` of them at a time.

    Ends early if the distiller is stopped; requests in flight are waited for, as they are paid for. Raises the first
    SynthError of any worker.
    """
    line = _Line(enumerate(questions))
    crew = [asyncio.create_task(_work(distiller, line)) for _ in range(workers)]
    everyone = asyncio.gather(*crew, return_exceptions=True)
    everyone.add_done_callback(lambda _: line.changed.set())
    following = 0
    try:
        while following in line.done or not everyone.done():
            if following not in line.done:
                line.changed.clear()
                await line.changed.wait()
                continue
            settled = line.done.pop(following)
            following += 1
            if settled is not None:
                yield settled
        for ended in everyone.result():
            if isinstance(ended, BaseException):
                raise ended
        for number in sorted(line.done):  # behind a question that asking was stopped at
            settled = line.done[number]
            if settled is not None:
                yield settled
    finally:
        for task in crew:
            task.cancel()


class _Line:
    """The questions still to be taken, and results that wait for an earlier question."""

    def __init__(self, questions: Iterator[tuple[int, Question]]) -> None:
        self.questions = questions
        self.done: dict[int, Settled | None] = {}
        self.changed = asyncio.Event()


async def _work(distiller: Distiller, line: _Line) -> None:
    while not distiller.stopping:
        if len(line.done) >= AHEAD:
            await asyncio.sleep(0.05)
            continue
        taken = next(line.questions, None)
        if taken is None:
            return
        number, question = taken
        try:
            line.done[number] = await distiller.settle(question)
        except LaterError:
            line.done[number] = None
        except StopAskingError:
            distiller.stopping = True
            return
        except SynthError:
            distiller.stopping = True  # the others finish what they have in flight
            raise
        line.changed.set()
        await asyncio.sleep(0)  # out of the store comes one reply after the other: requests in flight need their turn


def rationale_of(attempt: Attempt) -> str:
    return attempt.reading.rationale if attempt.reading else ""


def _distinct(attempts: list[Attempt], *outcomes: str) -> list[Attempt]:
    """The attempts whose answer is right and whose rationale says something that none before says."""
    distinct: dict[str, Attempt] = {}
    for attempt in attempts:
        text = " ".join(rationale_of(attempt).split()).casefold()
        if attempt.outcome in (outcomes or (RIGHT,)) and text:
            distinct.setdefault(text, attempt)
    return list(distinct.values())

"""Questions with the replies that somebody wrote to them, settled as `synth distill` settles those that it asked.

A reply is read by the same reader and compared in the same way, so its outcome is one of the same: right, wrong,
no_answer, truncated, refusal, empty. An answer in a column of its own is read as if the text closed with it; a text
that closes with another one commits to neither.
"""

from dataclasses import dataclass, replace

from synth.answers.reply import Reading, read_reply, same, understood
from synth.attempts.attempt import Attempt, Settled, agreed, distinct, judged, rationale_of
from synth.importing.forms import Written
from synth.questions.task import Question, Task
from synth.teachers.exchange import Reply

NO_GOLD, OTHER_GOLD = "no_gold", "gold_differs"  # why a question is left out, beside the outcomes of its replies


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply stands."""

    file: str
    sha256: str
    row: str


@dataclass(frozen=True, slots=True)
class Met:
    """A question with all that the source has on it, in the order of the source."""

    question: Question
    golds: tuple[str | None, ...]  # of each row that asks it
    written: tuple[tuple[Written, Place], ...]


def settle(met: Met, task: Task, keep: str, unchecked: bool) -> tuple[Settled, str]:
    """The question settled, and why it is left out whatever was written, if it is."""
    question = met.question
    attempts = tuple(
        _attempt(number, written, question, task, unchecked) for number, (written, _) in enumerate(met.written, start=1)
    )
    fault = "" if unchecked else fault_of(met, task)
    if unchecked:
        answer, _, agreeing = agreed(attempts, task.kind)
        kept = distinct(agreeing, "answered")
    else:
        answer, kept = question.gold, [] if fault else distinct(attempts)
    kept = sorted(kept, key=lambda attempt: len(rationale_of(attempt))) if keep == "shortest" else kept
    return Settled(question, attempts, tuple(kept if keep == "all" else kept[:1]), answer, None), fault


def fault_of(met: Met, task: Task) -> str:
    """Why a question is left out whatever was written to it; "" if it is not."""
    gold = met.question.gold
    if gold is None or not understood(gold, task.kind):
        return NO_GOLD
    return OTHER_GOLD if any(not same(other, gold, task.kind) for other in met.golds if other != gold) else ""


def _attempt(number: int, written: Written, question: Question, task: Task, unchecked: bool) -> Attempt:
    reading = read(written, question, task)
    outcome = str(reading.outcome) if unchecked else judged(reading, question.gold, task.kind)
    reply = Reply(written.text, written.thinking, written.finish, 0, 0, written.model or "", None)
    return Attempt(number, False, outcome, reading, reply, "", None)


def read(written: Written, question: Question, task: Task) -> Reading:
    """What a reply says, by its text or by the answer beside it."""
    options = question.options or task.options

    def reading(text: str) -> Reading:
        return read_reply(
            text, task.kind, options, closing=task.closing, thinking=written.thinking, finish_reason=written.finish
        )

    own = reading(written.text)
    if not written.answer:
        return own
    both = reading(f"{written.text}\n{task.closed(written.answer)}")
    if own.answer is not None and own.rationale and not same(own.answer, both.answer, task.kind):
        return replace(both, outcome="no_answer", answer=None, said=f"{own.said} and, beside it, {written.answer}")
    return both

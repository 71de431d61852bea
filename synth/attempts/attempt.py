"""Attempts at a question, whoever made them: a teacher that is asked, or whoever wrote the files of an import.

An attempt is right if the answer that it commits to is the gold one (synth/answers/reply.py); of right ones those are
kept whose rationales differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from synth.answers.kinds import Kind
from synth.answers.reply import Reading, majority, same
from synth.questions.task import Question
from synth.teachers.exchange import Reply, Request

RIGHT = "right"  # the outcome of an attempt; the others are those of a reading, `wrong` and `error`


@dataclass(frozen=True, slots=True)
class Attempt:
    """One reply and what was read in it."""

    number: int
    hinted: bool
    outcome: str
    reading: Reading | None
    reply: Reply | None
    detail: str  # why no reply came
    request: Request | None  # None: somebody else asked


@dataclass(frozen=True, slots=True)
class Settled:
    """A question that is asked no more: its attempts, and which of them are kept."""

    question: Question
    attempts: tuple[Attempt, ...]
    kept: tuple[Attempt, ...]
    answer: str | None  # the gold answer, or the majority's
    confidence: float | None  # share of the majority
    repeats: bool = False  # the server gave the same text to attempts that should differ


def judged(reading: Reading, gold: str | None, kind: Kind) -> str:
    """The outcome of a reading: `right` or `wrong` if it has an answer, else why it has none."""
    if reading.outcome != "answered":
        return str(reading.outcome)
    return RIGHT if same(reading.answer, gold, kind) else "wrong"


def rationale_of(attempt: Attempt) -> str:
    return attempt.reading.rationale if attempt.reading else ""


def shown(attempt: Attempt) -> str:
    """The outcome as people are told it: a right answer without a rationale is `empty`."""
    return "empty" if attempt.outcome in (RIGHT, "answered") and not rationale_of(attempt) else attempt.outcome


def agreed(attempts: Sequence[Attempt], kind: Kind) -> tuple[str | None, float, list[Attempt]]:
    """The answer that most attempts give, its share of all, and the attempts that give it.

    None of several attempts of which no two agree: that one of them came first says nothing.
    """
    said = [attempt.reading.answer if attempt.reading else None for attempt in attempts]
    answer, share = majority(said, kind)
    agreeing = [attempt for attempt, one in zip(attempts, said, strict=True) if same(one, answer, kind)]
    return (None, share, []) if len(agreeing) < min(2, len(attempts)) else (answer, share, agreeing)


def distinct(attempts: Sequence[Attempt], *outcomes: str) -> list[Attempt]:
    """The attempts whose answer is right and whose rationale says something that none before says."""
    found: dict[str, Attempt] = {}
    for attempt in attempts:
        text = " ".join(rationale_of(attempt).split()).casefold()
        if attempt.outcome in (outcomes or (RIGHT,)) and text:
            found.setdefault(text, attempt)
    return list(found.values())

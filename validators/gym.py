"""Reads and scores answers of reasoning-gym's tasks: what stands between its tags, by its own scorer."""

from synth.answers.kinds import Found
from synth.answers.turns import split_thinking
from synth.record import Record
from synth.tasks.gym import CLOSING, PREFIX, score
from synth.validating.checker import Checker

OPEN, END = CLOSING.split("{answer}")


def read_own(record: Record, text: str) -> Found:
    """What stands in the last pair of tags, to the letter, and what stands before it."""
    visible, _ = split_thinking(text)
    before, closed, _ = visible.rpartition(END)
    rationale, opened, said = before.rpartition(OPEN)
    return Found(said.strip() or None, rationale.strip()) if closed and opened else Found(None, visible.strip())


def accepts(record: Record, answer: str) -> bool:
    """Whether reasoning-gym scores an answer 1. Raises MissingExtraError without it."""
    entry = record.meta.get("entry")
    if not isinstance(entry, str):
        return answer == record.answer
    return score(record.task.removeprefix(PREFIX), answer, entry)


CHECKER = Checker(kind="text", closing=CLOSING, reads=read_own, accepts=accepts)

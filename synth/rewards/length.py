"""Pays for a rationale of no more words than a limit: `length`, `length:120`, or `length:20-120` with a least length.

The soft punishment of long answers in DAPO (Yu et al. 2025, arXiv 2503.14476, section 3.4, there 0 to -1, of tokens):
all up to four fifths of the limit, as in their setting of 16,384 of 20,480; from there in a straight line down to
nothing at the limit. Below a least length it falls in a straight line too, to nothing at no words. Range: 0 to 1. Words
stand between white space; the rationale is what the reader of the task finds before the answer. None for an empty
rationale unless there is a least length; no gold answer is needed. How a model is paid for nothing: by any words at
all, so it goes with `accuracy` and a low weight; without a least length by one word.
"""

import re
from collections.abc import Sequence
from typing import Any

from synth.errors import UsageError
from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Function, Reward, Values

LIMIT = 120  # words, unless another one is given: more than most rationales of a teacher have
FREE = 0.8  # of the limit, up to which nothing is lost
_SAID = re.compile(r"(?:(\d{1,6})-)?(\d{1,6})")


def within(least: int, most: int, name: str = "") -> Function:
    """A reward in TRL's signature for rationales of `least` to `most` words; least 0: no least length.

    Raises UsageError unless 0 <= least < FREE * most.
    """
    if not 0 <= least < FREE * most:
        raise UsageError(
            f"a length of {least} to {most} words: give a limit of 1 or more, and a least length below {FREE:.0%} of it"
        )

    def length(completions: Sequence[Completion], **columns: Any) -> Values:
        rows = written("length", completions, columns, gold=False)
        return [None if row is None else _paid(len(row.found.rationale.split()), least, most) for row in rows]

    length.__name__ = name or f"length:{least}-{most}"  # the name under which TRL logs it
    return length


def _paid(words: int, least: int, most: int) -> float | None:
    if not words:
        return 0.0 if least else None
    if words < least:
        return words / least
    return max(0.0, min(1.0, (most - words) / (most - FREE * most)))


def of(limits: str) -> Reward:
    """The reward with what stands behind its colon. Raises UsageError for what is no limit."""
    said = _SAID.fullmatch(limits)
    if said is None:
        raise UsageError(f"reward length:{limits}: give words, such as length:{LIMIT} or length:20-{LIMIT}")
    return Reward(f"length:{limits}", within(int(said[1] or 0), int(said[2]), f"length:{limits}"))


length = within(0, LIMIT, "length")  # as TRL's trainers take it

REWARD = Reward("length", length, of=of)

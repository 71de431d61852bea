"""Why the Batch API refuses a batch: because it is too large, or for something that a smaller one would not change."""

import re
from typing import Any

from synth.errors import SynthError
from synth.teachers.faults import NO_MONEY

# What servers say of too much, by code or in words: the tokens of an account that may wait (OpenAI:
# token_limit_exceeded), the lines or the bytes of a file.
ENQUEUED = r"token_limit_exceeded|enqueued|queued tokens|in (a|an|one|the|your) (batch|file|input)"
TOO_MUCH = re.compile(
    rf"{ENQUEUED}|too[ _]many|too[ _](large|big|long)|payload"
    r"|(max|limit|exceed)\w*\b.*\b(requests|lines|bytes|[KMG]i?B|size)",
    re.IGNORECASE,
)
TOO_MUCH_NOW = re.compile(ENQUEUED, re.IGNORECASE)  # of a status 429, which else is for speed


class TooMuchError(SynthError):
    """The server takes no batch of this size, or no more of them now."""


def is_too_much(batch: Any) -> bool:
    """Whether a batch that failed was too large."""
    return any(TOO_MUCH.search(f"{error.code} {error.message}") for error in _errors(batch))


def says_too_much(status: int, said: str) -> bool:
    """Whether a refusal is for how much was handed in, and not for what, how often or by whom."""
    if any(code in said for code in NO_MONEY):
        return False
    if status == 429:
        return TOO_MUCH_NOW.search(said) is not None
    return status == 413 or (status in (400, 422) and TOO_MUCH.search(said) is not None)


def reasons_of(batch: Any) -> str:
    """What the server says about a batch that failed."""
    errors = _errors(batch)
    return str(errors[0].message or errors[0].code) if errors else "no reason given"


def _errors(batch: Any) -> list[Any]:
    return list(batch.errors.data or []) if batch.errors else []

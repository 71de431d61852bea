"""How long a server asks to wait: out of its headers, or of what its error says.

    retry-after-ms, retry-after       milliseconds; seconds or a date (RFC 9110)
    x-ratelimit-reset-requests, ...   of what has nothing left: a duration (`6m0s`, `120ms`, `2`) or a time
    x-ratelimit-reset, ratelimit-reset   the same (OpenRouter; an RFC to be)
    ... in an error's metadata        the same headers, of the server behind the one that was asked (OpenRouter)
    "try again in 2h0m0s"             in words, and `retryDelay` (Google), where no header says it

A number that would be thirty years is no duration: it is a time in seconds since 1970, or in milliseconds.
"""

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

SECONDS, MILLISECONDS = 1e9, 1e11  # since 1970, at least
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PART = r"(\d+(?:\.\d+)?)(ms|[dhms])"
_IN_WORDS = re.compile(
    r"(?:try again|retry|available again|resets?)\s+(?:in|after)\s+"
    r"((?:\d[\d.]*\s?(?:ms|milliseconds?|s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)(?![a-z])[\s,]{0,3})+)",
    re.IGNORECASE,
)
# A reset header, the one that says how much is left, and whether it has to: a refusal says that nothing is left of
# something, and of two limits only the one that is used up is to be waited for.
RESETS = (
    *((f"x-ratelimit-reset-{what}", f"x-ratelimit-remaining-{what}", True) for what in ("requests", "tokens")),
    *((f"{start}reset", f"{start}remaining", False) for start in ("x-ratelimit-", "ratelimit-")),
)
_WORD = re.compile(r"(\d[\d.]*)\s?(ms|milli|[smhd])", re.IGNORECASE)


def retry_after(
    headers: Mapping[str, str], error: Mapping[str, Any] | None = None, now: Callable[[], float] = time.time
) -> float | None:
    """Seconds from now; None if the server does not say."""
    named = _named(headers, now)
    if named is None and error:
        metadata = error.get("metadata")
        inner = metadata.get("headers") if isinstance(metadata, dict) else None
        named = _named({str(k).lower(): str(v) for k, v in inner.items()}, now) if isinstance(inner, dict) else None
        named = _in_words(error) if named is None else named
    return named


def _named(headers: Mapping[str, str], now: Callable[[], float]) -> float | None:
    if (milliseconds := number(headers.get("retry-after-ms"))) is not None:
        return max(0.0, milliseconds / 1000)
    if (wait := seconds_until(headers.get("retry-after"), now)) is not None:
        return wait
    resets = [
        seconds_until(headers.get(reset), now)
        for reset, left, needed in RESETS
        if headers.get(left, "" if needed else "0") == "0"
    ]
    return max((reset for reset in resets if reset is not None), default=None)


def _in_words(error: Mapping[str, Any]) -> float | None:
    """As OpenAI, Groq and others write it into the message, and Google into the details."""
    if (found := _IN_WORDS.search(str(error.get("message")))) is not None:
        parts = [(number(amount.rstrip(".")), unit.casefold()) for amount, unit in _WORD.findall(found[1])]
        return sum((amount or 0.0) * UNITS["ms" if unit == "milli" else unit] for amount, unit in parts)
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and (wait := duration(str(detail.get("retryDelay")))) is not None:
            return wait
    return None


def seconds_until(text: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Seconds from now until what a header says: a number of them, a duration, a time since 1970, a date. Never less
    than 0; None if it says nothing that can be read."""
    seconds = number(text)
    seconds = duration(text) if seconds is None else seconds
    if seconds is not None and seconds >= SECONDS:
        seconds = (seconds / 1000 if seconds >= MILLISECONDS else seconds) - now()
    elif seconds is None and (date := _date(text)) is not None:
        seconds = date - now()
    return None if seconds is None else max(0.0, seconds)


def number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def duration(text: str | None) -> float | None:
    """Seconds out of `1m30.5s`, `120ms` or `2`."""
    text = text or ""
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    if not re.fullmatch(f"(?:{PART})+", text):
        return None
    return sum(float(amount) * UNITS[unit] for amount, unit in re.findall(PART, text))


def _date(text: str | None) -> float | None:
    """Seconds since 1970 of a date as HTTP writes it, or as RFC 3339 does."""
    for read in (parsedate_to_datetime, lambda date: datetime.fromisoformat(date.replace("Z", "+00:00"))):
        try:
            return read(text or "").timestamp()
        except (ValueError, OverflowError):
            continue
    return None

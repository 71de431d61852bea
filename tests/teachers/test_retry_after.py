"""How long a server asks to wait, as servers say it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.teachers.retry_after import duration, retry_after

NOW = 1_700_000_000.0
OPENROUTER = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000010000"}


def waits(headers: dict[str, str], error: dict[str, Any] | None = None) -> float | None:
    return retry_after(headers, error, now=lambda: NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0),
        ({"retry-after": "1700000010"}, 10),
        ({"retry-after": "1700000010000"}, 10),
        ({"retry-after": "1699999990"}, 0),
        ({"retry-after": "2m"}, 120),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
        ({"retry-after": "2023-11-14T22:13:30Z"}, 10),
        ({"x-ratelimit-reset": "1700000010"}, 10),
        ({"x-ratelimit-reset": "1700000010", "x-ratelimit-remaining": "7"}, None),  # it is something else
        ({"ratelimit-reset": "10", "ratelimit-remaining": "0"}, 10),
        ({"x-ratelimit-reset-tokens": "1700000010"}, None),  # nothing says which of the two is used up
        ({"x-ratelimit-reset": "1700000010", "x-ratelimit-remaining": "0"}, 10),
        ({"x-ratelimit-reset": "1700000010000", "x-ratelimit-remaining": "0"}, 10),
        ({"x-ratelimit-reset-requests": "1700000010.5", "x-ratelimit-remaining-requests": "0"}, 10.5),
        ({"x-ratelimit-reset-tokens": "1699990000", "x-ratelimit-remaining-tokens": "0"}, 0),
        ({"x-ratelimit-reset-tokens": "1h", "x-ratelimit-remaining-tokens": "0"}, 3600),
        ({"x-ratelimit-reset-tokens": "2023-11-14T22:13:30+00:00", "x-ratelimit-remaining-tokens": "0"}, 10),
    ],
)
def test_times_and_durations(headers: dict[str, str], seconds: float | None) -> None:
    assert waits(headers) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        ({"message": "Rate limit reached. Please try again in 2h0m0s."}, 7200),
        ({"message": "Please try again in 7m12.5s. Visit ..."}, 432.5),
        ({"message": "Please try again in 120ms."}, 0.12),
        ({"message": "Please retry after 20 seconds."}, 20),
        ({"message": "Your quota resets in 5 minutes"}, 300),
        ({"message": "try again in 1 hour, 30 minutes"}, 5400),
        ({"message": "Try again in a while."}, None),
        ({"message": "try again in 3 months"}, None),
        ({"message": 7}, None),
        ({"message": "no", "details": [{"@type": "RetryInfo", "retryDelay": "34s"}]}, 34),
        ({"message": "no", "details": [{"@type": "RetryInfo"}, 7]}, None),
        ({"message": "no", "metadata": {"headers": OPENROUTER}}, 10),
        ({"message": "no", "metadata": {"headers": []}}, None),
    ],
)  # fmt: skip
def test_what_the_error_says(error: dict[str, Any], seconds: float | None) -> None:
    assert waits({}, error) == (None if seconds is None else pytest.approx(seconds))
    assert waits({"retry-after": "3"}, error) == 3  # a header is meant for programs


@given(st.text(alphabet="0123456789.hmsd ", max_size=60))
def test_no_text_takes_long(text: str) -> None:
    duration(text)
    waits({"retry-after": text}, {"message": f"try again in {text}"})

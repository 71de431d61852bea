"""the teacher and the limits that options describe: one dataclass for distill, judge, eval, doctor"""

import math
from dataclasses import dataclass, replace
from typing import Any

from synth.errors import UsageError
from synth.teachers.catalogue import Teacher, find_teacher


@dataclass(frozen=True)
class Limits:
    """How much, how fast, how long."""

    concurrency: int = 512  # requests in flight at most
    rpm: float | None = None
    tpm: float | None = None
    budget: float | None = None  # dollars
    timeout: float = 600.0  # seconds for a reply


def teacher_from(options: dict[str, Any]) -> Teacher:
    """The teacher that --teacher, --base-url, --model and --price describe."""
    teacher = find_teacher(options["teacher"], options["base_url"], options["model"])
    if options["price"] is None:
        return teacher
    prompt, completion = _numbers("--price", options["price"], 2)
    if min(prompt, completion) < 0:
        raise UsageError(f"--price {options['price']}: dollars for a million tokens, 0 or more")
    return replace(teacher, prompt_price=prompt, completion_price=completion)


def _numbers(option: str, text: str, count: int | None = None) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
        numbers = numbers if all(map(math.isfinite, numbers)) else []
    except ValueError:
        numbers = []
    if not numbers or (count is not None and len(numbers) != count):
        raise UsageError(
            f"{option} {text}: give {'numbers' if count is None else f'{count} numbers'} with commas between"
        )
    return numbers

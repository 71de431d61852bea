"""The teacher and the limits that options describe: one dataclass for distill, judge, eval and doctor."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from synth.base.config import option, settings
from synth.errors import UsageError

if TYPE_CHECKING:
    from synth.teachers.catalogue import Teacher

PRICE = "dollars a million prompt, completion tokens: 0.15,0.6"


@settings
class Limits:
    """Limits of a run: requests in flight, speed, budget, patience."""

    concurrency: int = option("requests in flight at most", default=512, least=1, again=False)
    rpm: float | None = option("requests a minute  [default: as the server says]", default=None, least=1, again=False)
    tpm: float | None = option("tokens a minute  [default: as the server says]", default=None, least=1, again=False)
    budget: float | None = option("dollars not to be passed  [default: no limit]", default=None, least=0, again=False)
    timeout: float = option("seconds to wait for a reply", default=600, least=1, again=False)
    price: tuple[float, ...] = option(f"{PRICE}  [default: of the catalogue]", default=(), least=0, again=False)
    cache: Path | None = option("the request store  [default: in the output folder]", default=None, again=False)


@settings
class Given(Limits):
    """Limits, and the server that the teacher is asked at."""

    base_url: str | None = option("an OpenAI-compatible server  [default: OpenAI's]", default=None, again=False)
    model: str | None = option(
        "the model's name at that server, if it is another  [default: the teacher's]", default=None
    )


def teacher_from(name: str, given: Given) -> "Teacher":
    """The teacher that --teacher, --base-url, --model and --price describe."""
    from synth.teachers.catalogue import find_teacher

    return priced(find_teacher(name, given.base_url, given.model), given)


def priced(teacher: "Teacher", limits: Limits) -> "Teacher":
    """The teacher with the prices that --price gives.

    Raises UsageError for anything but two prices.
    """
    if not limits.price:
        return teacher
    if len(limits.price) != 2:
        said = ",".join(f"{price:g}" for price in limits.price)
        raise UsageError(f"--price {said}: give 2 numbers with a comma between, {PRICE}")
    prompt, completion = limits.price
    return replace(teacher, prompt_price=prompt, completion_price=completion)

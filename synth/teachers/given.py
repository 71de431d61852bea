"""The teacher and the limits that options describe: one dataclass for distill, judge, eval and doctor."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from synth.base.config import Texts, option, settings
from synth.errors import UsageError
from synth.teachers.retry_after import duration

if TYPE_CHECKING:
    from synth.teachers.catalogue import Teacher

USUAL = 512  # requests in flight at one server, unless its replies are slow
PRICE = "dollars a million prompt, completion tokens: 0.15,0.6"
SERVER = "an OpenAI-compatible server; given again, further ones that have the model"
EXAMPLE = '{"reasoning_effort": "low"}'
OPTIONAL = ("seed", "top_p", "temperature")  # may be left out; of two that exclude each other the first
NOTHING = "none"  # --leave-out none: whatever the model's name says, send all
# Fields of a request that the program sets itself, and the option for each that has one.
OWN_FIELDS = {
    "model": "--model", "messages": "", "stream": "", "stream_options": "", "n": "", "seed": "",
    "max_tokens": "--max-tokens", "max_completion_tokens": "--max-tokens", "temperature": "--temperature",
}  # fmt: skip


@settings
class Sent:
    """What a request says beside its question."""

    extra_body: str | None = option(
        'more fields of each request, as JSON: \'{"reasoning_effort": "low"}\'  [default: none]', default=None
    )
    leave_out: str | None = option(
        "of temperature,top_p,seed what the server does not take, or none  [default: by the model's name]",
        default=None,
    )  # fmt: skip
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = option(
        "how the server calls the longest reply  [default: by address and the model's name]", default=None
    )

    def conflicts(self) -> list[str]:
        """What is no JSON object, or sets what is set otherwise."""
        return [*_wrong_extra(self.extra_body), *_wrong_names(self.leave_out)]

    @property
    def extra(self) -> dict[str, Any]:
        """The fields of --extra-body."""
        return orjson.loads(self.extra_body) if self.extra_body else {}


@settings
class Limits(Sent):
    """Limits of a run: requests in flight, speed, budget, patience."""

    concurrency: int | None = option(
        f"requests in flight at most  [default: {USUAL} at each server, and more where replies are slow]",
        default=None, least=1, again=False,
    )  # fmt: skip
    rpm: float | None = option("requests a minute  [default: as the server says]", default=None, least=1, again=False)
    tpm: float | None = option("tokens a minute  [default: as the server says]", default=None, least=1, again=False)
    budget: float | None = option("dollars not to be passed  [default: no limit]", default=None, least=0, again=False)
    timeout: float = option("seconds to wait for a reply", default=600, least=1, again=False)
    wait_longest: str | None = option(
        "longest wait before the run ends: 90s, 15m, 2h  [default: 24h, and none for a quota that names no end]",
        default=None, again=False,
    )  # fmt: skip
    price: tuple[float, ...] = option(f"{PRICE}  [default: of the catalogue]", default=(), least=0, again=False)
    cache: Path | None = option("the request store  [default: in the output folder]", default=None, again=False)

    def conflicts(self) -> list[str]:
        """What is wrong with what is sent, and a wait that is no duration."""
        wrong = super().conflicts()
        if self.wait_longest is not None and self.patience is None:
            wrong.append(f"--wait-longest {self.wait_longest}: give a number with s, m, h or d behind it, as 15m")
        return wrong

    @property
    def patience(self) -> float | None:
        """Seconds of --wait-longest; None if it is not given."""
        return duration(self.wait_longest)


@settings
class Given(Limits):
    """Limits, and the server that the teacher is asked at."""

    base_url: Texts = option(f"{SERVER}  [default: OpenAI's]", default=(), again=False)
    model: str | None = option(
        "the model's name at that server, if it is another  [default: the teacher's]", default=None
    )


def _wrong_extra(text: str | None) -> list[str]:
    if text is None:
        return []
    try:
        fields = orjson.loads(text)
    except ValueError as error:
        return [f"--extra-body {text}: this is no JSON ({error}); give an object, as {EXAMPLE}"]
    if not isinstance(fields, dict):
        return [f"--extra-body {text}: this is no JSON object; give one, as {EXAMPLE}"]
    return [
        f"--extra-body sets {name}, which the program sets itself: leave it out"
        + (f", or use {OWN_FIELDS[name]}" if OWN_FIELDS[name] else "")
        for name in fields
        if name in OWN_FIELDS
    ]


def names_in(leave_out: str) -> list[str]:
    """The names that --leave-out gives."""
    return [name.strip() for name in leave_out.split(",")]


def _wrong_names(leave_out: str | None) -> list[str]:
    named = names_in(NOTHING if leave_out is None else leave_out)
    if named == [NOTHING] or set(named) <= set(OPTIONAL):
        return []
    return [f"--leave-out {leave_out}: give some of {','.join(reversed(OPTIONAL))} with commas between, or none"]


def teacher_from(name: str, given: Given) -> "Teacher":
    """The teacher that --teacher, --base-url, --model, --price and --extra-body describe."""
    from synth.teachers.catalogue import find_fleet

    return as_given(find_fleet(name, given.base_url, given.model), given)


def with_sent(teacher: "Teacher", sent: Sent) -> "Teacher":
    """The teacher with the fields of --extra-body, and with a temperature after --leave-out none."""
    takes = teacher.takes_temperature or sent.leave_out == NOTHING
    return replace(teacher, extra=sent.extra, takes_temperature=takes)


def as_given(teacher: "Teacher", limits: Limits) -> "Teacher":
    """The teacher with the prices that --price gives and the fields of --extra-body.

    Raises UsageError for anything but two prices.
    """
    teacher = with_sent(teacher, limits)
    if not limits.price:
        return teacher
    if len(limits.price) != 2:
        said = ",".join(f"{price:g}" for price in limits.price)
        raise UsageError(f"--price {said}: give 2 numbers with a comma between, {PRICE}")
    prompt, completion = limits.price
    return replace(teacher, prompt_price=prompt, completion_price=completion)

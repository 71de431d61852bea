"""What a server takes of a request's settings: its dialect.

A request's key is made of what the program wants, by the model's name (synth/teachers/traits.py). What is sent may
differ, and the reply is found again all the same: by what the server refuses, and by --leave-out and
--max-tokens-field, which say it from the start. Fields of --extra-body are part of the key, and are sent as they are.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from synth.base.terminal import Say
from synth.teachers.catalogue import Teacher
from synth.teachers.exchange import LIMITS, Request
from synth.teachers.faults import codes_of, messages_of
from synth.teachers.given import NOTHING, OPTIONAL, names_in

_NOT_TAKEN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|extra_?\s?(?:forbidden|input|field)|not permitted"
    r"|only 1 is allowed|only supports? \w+ ?= ?1\b|not accept|not available for"
    r"|not allowed|no longer|deprecated|cannot both|mutually exclusive|\buse\W{1,3}max_(?:completion_)?tokens",
    re.IGNORECASE,
)


LOGPROBS = ("top_logprobs", "logprobs")  # asked for by synth eval --confidence answer alone


class Dialect:
    """Of one model at one server; learns in the course of a run."""

    def __init__(
        self,
        teacher: Teacher,
        leave_out: str | None = None,
        limit_field: str | None = None,
        say: Say = lambda _: None,
    ) -> None:
        self.left_out = set(names_in(leave_out or NOTHING)) - {NOTHING}
        self.limit_field = limit_field  # None: as the request has it
        self._model, self._say = teacher.model, say
        self._refused: set[str] = set()
        # The name of the model, and no maker, says what it takes: the user may know better.
        peculiar = not teacher.takes_temperature or teacher.completion_limit
        self._guessed = peculiar and not teacher.at_openai and None in (leave_out, limit_field)

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON object that is sent."""
        body = {self._name(name): value for name, value in request.body().items() if name not in self.left_out}
        if self._guessed:
            self._guessed = False
            self._say(
                f"{self._model} is asked without temperature and with {LIMITS[0]}, as models of its name are; "
                f"--leave-out none and --max-tokens-field {LIMITS[1]} change that"
            )
        return body

    def learn(self, sent: Mapping[str, Any], error: Mapping[str, Any]) -> bool:
        """Whether a status 400 says that a field of what was sent is not taken: it is not sent again."""
        name = refused_field(sent, error)
        if name is None:
            return False
        if name in OPTIONAL:
            if name not in self.left_out:
                self._say(
                    f"{self._model} takes no {name}: it is left out from now on; --leave-out {name} does so at once"
                )
            self.left_out.add(name)
            return True
        if name in LOGPROBS:
            if not self.left_out & {*LOGPROBS}:
                self._say(f"{self._model} takes no {name}: what it would tell of its tokens is left out")
            self.left_out |= {*LOGPROBS}
            return True
        self._refused.add(name)
        other = LIMITS[1 - LIMITS.index(name)]
        if other in self._refused:  # without a limit a reply could cost anything
            return False
        if self.limit_field != other:
            self._say(f"{self._model} takes {other} for {name} from now on; --max-tokens-field {other} does so at once")
        self.limit_field = other
        return True

    def _name(self, name: str) -> str:
        return self.limit_field if name in LIMITS and self.limit_field else name


def refused_field(sent: Collection[str], error: Mapping[str, Any]) -> str | None:
    """The field of those that were sent of which an error says that it is not taken, whatever its value."""
    words = f"{codes_of(error)} {messages_of(error)}"
    if not _NOT_TAKEN.search(words):
        return None
    param = str(error.get("param") or "")
    named = [name for name in (*LIMITS, *OPTIONAL, *LOGPROBS) if name in sent and re.search(rf"\b{name}\b", words)]
    return param if param in named else next(iter(named), None)

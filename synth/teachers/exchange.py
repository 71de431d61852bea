"""One request to a teacher and one reply of it, as they are stored.

A request's key is made of everything that decides what the teacher may answer (model, messages, sampling settings) and
the number of the attempt: the same question asked a second time is another request. A seed is no part of it, as the
attempt's number stands for it. Requests that differ in nothing but the longest reply are kin: a reply that came to its
end under one limit is a reply under the other.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from synth.answers.finish import end_of
from synth.teachers.shapes import said

REFUSED = "refusal"  # the finish reason of a reply that a model refused, in Anthropic's word for it
LIMITS = ("max_completion_tokens", "max_tokens")  # the longest reply, as one server or the other calls it


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, but for the key of the account."""

    model: str
    messages: tuple[Mapping[str, str], ...]
    sampling: Mapping[str, Any] = field(default_factory=dict)  # temperature, top_p, max_completion_tokens, ...
    attempt: int = 1
    seed: int | None = None  # of the server's sampler, where it takes one

    def body(self) -> dict[str, Any]:
        """The JSON object of the HTTP request."""
        return {**self._asked(), **({} if self.seed is None else {"seed": self.seed})}

    def key(self) -> str:
        """32 hexadecimal digits, the same for the same request in every run and on every machine."""
        return _digest([self.attempt, self._asked()])

    def kin(self) -> str:
        """The same for requests that differ in nothing but the longest reply."""
        return kin_of(self.attempt, self._asked())

    def limit(self) -> int | None:
        """Tokens of the longest reply; None if the request does not say."""
        return limit_of(self.sampling)

    def _asked(self) -> dict[str, Any]:
        return {"model": self.model, "messages": list(self.messages), **self.sampling}


def kin_of(attempt: int, body: Mapping[str, Any]) -> str:
    left = {name: value for name, value in body.items() if name not in LIMITS}
    return _digest([attempt, left])


def limit_of(body: Mapping[str, Any]) -> int | None:
    return next((int(body[name]) for name in LIMITS if isinstance(body.get(name), int)), None)


def _digest(canonical: Sequence[Any]) -> str:
    return hashlib.blake2b(orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A teacher's reply, read from the stored body."""

    text: str | None
    thinking: str  # from a field of its own; thinking inside the text is still in the text
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int  # reasoning tokens included
    model: str  # as the server names itself
    fingerprint: str | None
    cached: bool = False  # came out of the store: nothing was paid for it now
    only_thought: bool = False  # all of its text came as thinking
    logprobs: Any = None  # what the server tells of its tokens, as it came
    key: str = ""  # of the request that it lies under in the store, where that is another one


def read_reply_body(body: Mapping[str, Any]) -> Reply | None:
    """The reply in a chat completion's JSON: that of the first choice, if there are several; None if there is none.

    If a whole reply has all of its text in the field for reasoning, as with a reasoning parser that is set up for
    another model, that text is the reply: what closes in it is read as its answer. A refusal in a field or chunk of its
    own gives the finish reason `refusal`, whichever one the server names.
    """
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    message = choices[0].get("message")
    if not isinstance(message, dict):
        return None
    usage = body.get("usage")
    ended = choices[0].get("finish_reason")
    parts, reason = said(message), None if ended is None else str(ended)  # what is no word is none that says stop
    text, thinking, only_thought = parts.get("text"), parts.get("thinking", ""), False
    if parts.get("refusal", "").strip():
        text, reason = text if (text or "").strip() else parts["refusal"], REFUSED
    elif only_thought := bool(thinking.strip() and not (text or "").strip() and end_of(reason) == "whole"):
        text, thinking = thinking, ""
    return Reply(
        text=text,
        thinking=thinking,
        only_thought=only_thought,
        finish_reason=reason,
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        model=_text(body.get("model")) or "",
        fingerprint=_text(body.get("system_fingerprint")),
        logprobs=choices[0].get("logprobs"),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(usage: Any, name: str) -> int:
    """Tokens; 0 if the server does not say, or says what no count can be."""
    number = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        return 0
    return max(0, int(number))

"""One request to a teacher and one reply of it, as they are stored.

A request's key is made of everything that decides what the teacher may answer (model, messages, sampling settings) and
the number of the attempt: the same question asked a second time is another request.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, but for the key of the account."""

    model: str
    messages: tuple[Mapping[str, str], ...]
    sampling: Mapping[str, Any] = field(default_factory=dict)  # temperature, top_p, seed, max_completion_tokens, ...
    attempt: int = 1

    def body(self) -> dict[str, Any]:
        """The JSON object of the HTTP request."""
        return {"model": self.model, "messages": list(self.messages), **self.sampling}

    def key(self) -> str:
        """32 hexadecimal digits, the same for the same request in every run and on every machine."""
        canonical = orjson.dumps([self.attempt, self.body()], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(canonical, digest_size=16).hexdigest()


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


def read_reply_body(body: Mapping[str, Any]) -> Reply | None:
    """The reply in a chat completion's JSON; None if there is no choice in it.

    The trace of a reasoning model is in `reasoning` (vLLM) or `reasoning_content` (older vLLM, llama.cpp and others).
    """
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    message = choices[0].get("message")
    if not isinstance(message, dict):
        return None
    usage = body.get("usage")
    content, refusal = message.get("content"), message.get("refusal")
    return Reply(
        text=_text(refusal) if _text(content) is None else _text(content),
        thinking=_text(message.get("reasoning")) or _text(message.get("reasoning_content")) or "",
        finish_reason=_text(choices[0].get("finish_reason")),
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        model=_text(body.get("model")) or "",
        fingerprint=_text(body.get("system_fingerprint")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(usage: Any, name: str) -> int:
    """Tokens; 0 if the server does not say."""
    number = usage.get(name) if isinstance(usage, dict) else None
    return int(number) if isinstance(number, int | float) else 0

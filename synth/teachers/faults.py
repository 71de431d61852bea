"""Whose fault it is that no reply came, read out of a status and a body.

    key          401, or any other 4xx that says so: nobody with this key is answered
    forbidden    403: the key's fault, or this question's; the client finds out which
    filtered     the server finds the question unsafe: this question is refused, others are not
    refused      any other 4xx: the server does not take what this request says
    path         404, 405, a web page or JSON of something else: there is no such API at this address
    model        404 that names the model, or a code that says that there is none of its name
    busy         too many requests: waited out
    quota        used up, for the day or the account: nobody is answered until it is filled up
    broken       5xx, a broken connection, a body that cannot be read: tried again
    interrupted  the server broke a reply off: tried again

Servers write errors in many ways: codes as numbers or words, in `code`, `type` or `innererror`, around the error of
another server, in a body of status 200. So all words of an error are looked through, those of codes apart from those of
messages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from synth.answers.finish import end_of
from synth.teachers.bodies import load
from synth.teachers.exchange import Reply, read_reply_body
from synth.teachers.retry_after import retry_after

Kind = Literal["key", "forbidden", "filtered", "refused", "path", "model", "busy", "quota", "broken", "interrupted"]
# What is written down as the status of a reply that has none of its own.
NO_REPLY, UNREADABLE, INTERRUPTED = 0, -1, -2
# Text Generation Inference: 424, generation failed; Groq: 498, no capacity; gateways: 499, the connection was closed.
TRY_AGAIN = {408, 409, 424, 425, 429, 498, 499}
NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}

_CODES = {"code", "type", "status", "reason", "error_code", "error_type", "quotaId"}  # the last is Google's
_MESSAGES = {"message", "msg", "detail", "error", "param", "loc", "status_msg", "error_description"}
_DEEPEST = 6

_ACCOUNT = re.compile(r"quota|billing|balance|credit|arrear|overdue|payment|budget_exceeded")
# The same in words alone: Anthropic (400), Azure (403), OpenRouter (403), xAI (403, 429), LiteLLM, Fireworks (412).
_EMPTY = re.compile(
    r"credit balance|spending limit|usage limits|key limit|call volume quota|over budget|budget has been exceeded"
    r"|(?:any|available|insufficient) (?:credits|balance|funds)",
    re.IGNORECASE,
)
_KEY = re.compile(  # Google and xAI: 400
    r"api[-_ ]?key[-_ ](?:not[-_ ]valid|invalid)|(?:incorrect|invalid)[-_ ]api[-_ ]?key|consumer_suspended"
    r"|organization_restricted|access_terminated|account_deactivated",
    re.IGNORECASE,
)
_DAY = re.compile(r"per[-_ ]?day|\bdaily|(?:\b|_)[tr]pd\b", re.IGNORECASE)
_UNSAFE_CODE = re.compile(
    r"content_?filter|content_?polic|moderation|responsible_?ai|data_?inspection|safety|sensitive|prohibited"
    r"|invalid_prompt|unsafe|guardrail"
)
_UNSAFE = re.compile(
    r"content[-_ ]?(?:management )?(?:polic|filter)|usage (?:polic|guideline)|content exists risk|敏感内容"
    r"|(?:input|prompt|request|message) (?:was|is) flagged|requires? moderation|safety (?:system|filter)"
    r"|inappropriate content|unsafe content",
    re.IGNORECASE,
)
_MODEL = re.compile(r"model|deployment|engine|endpoints found", re.IGNORECASE)
_NO_MODEL = re.compile(r"(?:model|deployment)_?not_?found|model_decommissioned|invalid_?model")
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)  # for the minute's limit: OpenAI says 429, and always will
# The status of an error in a body of status 200 that is told in words.
_STATUS = (
    (429, re.compile(r"rate.?limit|too.?many|throttl|resource.?exhausted|tokens_per|requests_per", re.IGNORECASE)),
    (429, _ACCOUNT),
    (401, re.compile(r"authenticat|api.?key|unauthori[sz]ed")),
    (403, re.compile(r"permission|forbidden|access_?denied")),
    (400, _UNSAFE_CODE),
    (404, re.compile(r"not_?found")),
    (503, re.compile(r"overload|unavailable|server_?error|internal|time_?d?_?out|upstream|capacity")),
    (400, re.compile(r"context_length|invalid_?request|bad_?request|invalid_?param|unsupported")),
)


@dataclass(frozen=True)
class Fault:
    """Why no reply came."""

    kind: Kind
    status: int  # of HTTP, or one of the three above
    said: str  # by the server, in one line
    error: Mapping[str, Any]  # the object that says it; empty if there is none
    wait: float | None  # seconds that the server asks for

    @property
    def page(self) -> bool:
        return self.said == PAGE


PAGE = "a web page"


def outcome_of(status: int, headers: Mapping[str, str], body: bytes) -> Reply | Fault:
    """What came back: a whole reply, or why none did."""
    reply, worth = judge(status, body)
    return fault_in(worth, headers, body) if reply is None else reply


def judge(status: int, body: bytes) -> tuple[Reply | None, int]:
    """The whole reply in a body, and the status that it is worth: an error in a body of status 200 has its own."""
    if status != 200:
        return None, status
    loaded = load(body)
    reply = read_reply_body(loaded) if isinstance(loaded, dict) else None
    error = error_of(loaded)
    if reply is not None and not error:
        return (None, INTERRUPTED) if end_of(reply.finish_reason) == "interrupted" else (reply, 200)
    worth = status_of(error) if error else UNREADABLE
    return None, INTERRUPTED if reply is not None and worth in (UNREADABLE, *range(500, 600)) else worth


def fault_in(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """What is the matter if a body is no reply. `status` is that of `judge`."""
    error = error_of(load(body))
    wait = retry_after(headers, error)
    said = "the server broke its reply off" if status == INTERRUPTED and not error else error_message(body)
    return Fault(_kind(status, body, error, wait), status, said, error, wait)


def _kind(status: int, body: bytes, error: Mapping[str, Any], wait: float | None) -> Kind:
    codes, messages = codes_of(error), messages_of(error)
    ours = 400 <= status < 500 and status not in TRY_AGAIN
    nothing_here = status in (404, 405) or (status == UNREADABLE and (is_page(body) or (not messages and _other(body))))
    rules: tuple[tuple[Kind, bool], ...] = (
        ("interrupted", status == INTERRUPTED),
        ("refused", status == 429 and bool(_TOO_LARGE.search(messages))),
        ("quota", (ours or status == 429) and _used_up(status, codes, messages, wait)),
        ("key", status == 401 or ((ours or status == 429) and bool(_KEY.search(f"{codes} {messages}")))),
        ("busy", status == 429),
        ("filtered", ours and _unsafe(error, codes, messages)),
        ("model", ours and bool(_NO_MODEL.search(codes))),
        ("model", status == 404 and bool(_MODEL.search(f"{codes} {messages}"))),
        ("path", nothing_here),
        ("forbidden", status == 403),
        ("refused", ours),
    )
    return next((kind for kind, holds in rules if holds), "broken")


def _used_up(status: int, codes: str, messages: str, waits: float | None) -> bool:
    """Whether a quota is used up, and not only for the minute. A time that the server names for it is waited for; but
    behind words that say the account is empty, or a code that says the day's is, a minute is only what the server
    always says."""
    if "throttl" in codes:
        return False
    if status == 402 or _ACCOUNT.search(codes) or _EMPTY.search(messages) or (status == 429 and _DAY.search(codes)):
        return waits is None or waits <= 60
    return status == 429 and waits is None and bool(_DAY.search(messages))


def _unsafe(error: Mapping[str, Any], codes: str, messages: str) -> bool:
    metadata = error.get("metadata")
    moderated = isinstance(metadata, dict) and bool({"reasons", "flagged_input"} & set(metadata))  # OpenRouter
    return moderated or bool(_UNSAFE_CODE.search(codes) or _UNSAFE.search(messages))


def error_of(loaded: Any) -> dict[str, Any]:
    """The object that says what went wrong; empty if nothing did."""
    if isinstance(loaded, list) and loaded:  # Google's is in a list of one
        loaded = loaded[0]
    if not isinstance(loaded, dict):
        return {}
    choices = loaded.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    several = loaded.get("errors")
    several = several[0] if isinstance(several, list) and several else several
    for found in (loaded.get("error"), several, first.get("error"), {} if first else loaded):
        if isinstance(found, str) and found.strip():
            return {"message": found}
        if isinstance(found, dict) and any(found.get(name) for name in (*_CODES, "message", "msg", "detail")):
            return found
    return {}


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status that an error in a body of status 200 has: its number, else what its words come to."""
    for name in ("code", "status", "status_code", "http_status", "http_code"):
        value = error.get(name)
        if isinstance(value, int | str) and str(value).isdecimal() and 400 <= int(value) < 600:
            return int(value)
    codes = codes_of(error)
    told = next((status for status, words in _STATUS if words.search(codes)), None)
    if told is None and _STATUS[0][1].search(messages_of(error)):
        return 429
    return UNREADABLE if told is None else told


def codes_of(error: Any) -> str:
    """The words of an error that are codes, in small letters."""
    return " ".join(_words(error, _CODES)).casefold()


def messages_of(error: Any) -> str:
    """The words of an error that are meant for a person, and the names of parameters."""
    return " ".join(_words(error, _MESSAGES))


def _words(value: Any, names: set[str], here: bool = False, depth: int = 0) -> Iterator[str]:
    """The texts under these names, however deep; an error of another server may be in it as text (`raw`)."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and here:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, names, here, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = load(item.encode(errors="replace")) if name == "raw" and isinstance(item, str) else item
            yield from _words(inner, names, name in names, depth + 1)


def error_message(body: bytes) -> str:
    """What an error says, in one line; a web page says nothing."""
    error = error_of(loaded := load(body))
    if error:
        text = str(error.get("message") or error.get("msg") or error.get("detail") or error)
    elif loaded is not None:
        text = str(loaded)
    else:
        text = PAGE if is_page(body) else body[:1000].decode(errors="replace")
    return " ".join(text.split())[:300] or "nothing"


def _other(body: bytes) -> bool:
    """Whether it is sound JSON of another interface: no chat completion, not even an empty one."""
    loaded = load(body)
    return loaded is not None and not (isinstance(loaded, dict) and "choices" in loaded)


def is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def error_cause(error: BaseException) -> str:
    """The deepest reason of a broken connection, without addresses of objects."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"

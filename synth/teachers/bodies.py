"""The JSON in the body of a reply, also where it is not quite JSON.

Replies are stored as they came, because they are paid for; what is odd about them is mended each time they are read:

    half a character     a lone surrogate (`"\\ud83d"` with no partner), a byte that is no UTF-8: becomes U+FFFD
    NaN and Infinity     of servers that write Python's JSON
    a mark or comments   a byte order mark, or lines that begin with a colon, before the JSON
    an event stream      `data: {...}` lines of a server that streams unasked: joined to one reply
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

_COMMENTS = re.compile(r"\A\s*(?::.*\s*)+")  # of an event stream, before JSON: the server says that it is at work
UNFINISHED = "interrupted"  # the finish reason of a stream that ended before it was done


def load(body: bytes) -> Any:
    """What a body holds; None if it is neither JSON nor an event stream of it."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _lenient(body) if (events := _events(body)) is None else _joined(events)


def _lenient(text: bytes | str) -> Any:
    text = text if isinstance(text, str) else text.decode(errors="replace")
    try:
        return _whole_characters(json.loads(_COMMENTS.sub("", text.lstrip("\ufeff"))))
    except (ValueError, RecursionError):
        return None


def _whole_characters(value: Any) -> Any:
    """The same value with each half character replaced."""
    if isinstance(value, str):
        # surrogatepass joins the two halves of a character that were escaped apart
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {_whole_characters(name): _whole_characters(item) for name, item in value.items()}
    return value


def _events(body: bytes) -> list[str] | None:
    """The data of each server-sent event; None if the body is no event stream.

    The format is that of the HTML standard, section 9.2: fields a line each, an empty line behind each event, lines
    that begin with a colon are comments.
    """
    text = body.decode(errors="replace").lstrip("\ufeff \r\n\t")
    if not text.startswith(("data:", "event:", "id:", "retry:", ":")):
        return None
    found: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            found[-1].append(line.removeprefix("data:").removeprefix(" "))
        elif not line:
            found.append([])
    return ["\n".join(event) for event in found if event] or None


def _joined(events: Iterable[str]) -> dict[str, Any] | None:
    """A chat completion out of the chunks of a stream: the first choice, with the usage of the last chunk."""
    whole: dict[str, Any] = {}
    message: dict[str, Any] = {}
    reason, done, chosen = None, False, False
    for event in events:
        if event.strip() == "[DONE]":
            done = True
            continue
        chunk = _lenient(event)
        if not isinstance(chunk, dict):
            continue
        whole |= {name: value for name, value in chunk.items() if name != "choices" and value is not None}
        for choice in _first_choices(chunk):
            chosen = True
            _add(message, choice.get("delta") or choice.get("message"))
            reason = choice.get("finish_reason") or reason
            if choice.get("error"):
                whole["error"] = choice["error"]
    if not whole and not chosen:
        return None
    if chosen:
        reason = reason or (None if done else UNFINISHED)
        whole["choices"] = [{"index": 0, "message": message, "finish_reason": reason}]
    return whole


def _first_choices(chunk: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of the first choice in a chunk."""
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict) and not choice.get("index"):
            yield choice


def _add(message: dict[str, Any], delta: Any) -> None:
    """Texts go behind what is there, and so do lists of chunks; anything else takes its place."""
    for name, value in delta.items() if isinstance(delta, dict) else []:
        before = message.get(name)
        if name == "role" or not isinstance(value, str | list) or not before:
            message[name] = before if value is None else value
        elif isinstance(before, str) and isinstance(value, str):
            message[name] = before + value
        else:  # Mistral's thinking comes as chunks, and the text behind it as text
            message[name] = _chunks(before) + _chunks(value)


def _chunks(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [content]

"""The JSON in the body of a reply, also where it is not quite JSON.

Replies are stored as they came, because they are paid for; what is odd about them is mended each time they are read:

    half a character     a lone surrogate (`"\\ud83d"` with no partner), a byte that is no UTF-8: becomes U+FFFD
    NaN and Infinity     of servers that write Python's JSON
    a mark or comments   a byte order mark, or lines that begin with a colon, before the JSON
    a line's end in text control characters that JSON wants escaped
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


def _lenient(body: bytes) -> Any:
    return _whole_characters(_read(body.decode(errors="replace")))


def _read(text: str) -> Any:
    """JSON, perhaps with half characters in it; None if it is none."""
    try:
        return json.loads(_COMMENTS.sub("", text.lstrip("\ufeff")), strict=False)
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
    # Where no empty line parts the events, each line is one.
    return [part for event in found for part in _parts(event)] or None


def _parts(lines: list[str]) -> list[str]:
    return lines if len(lines) < 2 or _read(whole := "\n".join(lines)) is None else [whole]


def _joined(events: Iterable[str]) -> dict[str, Any] | None:
    """A chat completion out of the chunks of a stream: the first choice, with the usage of the last chunk.

    With a chunk that cannot be read, nobody knows what it said: the reply counts as broken off.
    """
    whole: dict[str, Any] = {}
    message: dict[str, Any] = {}
    reason, done, chosen, lost = None, False, False, False
    for event in events:
        if event.strip() == "[DONE]":
            done = True
            continue
        chunk = _read(event)
        if not isinstance(chunk, dict):
            lost = lost or bool(event.strip())
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
        reason = UNFINISHED if lost else reason or (None if done else UNFINISHED)
        whole["choices"] = [{"index": 0, "message": message, "finish_reason": reason}]
    joined: dict[str, Any] = _whole_characters(whole)  # halves may have come in two chunks
    return joined


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

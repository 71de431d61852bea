"""The files of results that the Batch API gives back, read line by line: a line that is broken keeps no other back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from synth.teachers.bodies import load
from synth.teachers.faults import UNREADABLE, judge

BOM = b"\xef\xbb\xbf"
NAMED = re.compile(rb'"custom_id"\s*:\s*"([^"\\]+)"')


@dataclass(frozen=True)
class Result:
    """What came back for one request."""

    key: str
    status: int  # of HTTP, or one of those in faults.py; 0: the request was not answered at all
    body: dict[str, Any]


@dataclass
class Results:
    """The lines of one file."""

    read: list[Result] = field(default_factory=list)
    nameless: int = 0  # lines that do not say which request they are for


def read_results(content: bytes) -> Results | None:
    """The results in a file; None if it is none, such as a web page or an error."""
    results, lines = Results(), [line for line in content.removeprefix(BOM).split(b"\n") if line.strip()]
    if lines and not re.search(rb'"(custom_id|response)"', content):
        return None
    for line in lines:
        if (result := _result(line)) is not None:
            results.read.append(result)
        else:
            results.nameless += 1
    return results


def unreadable(key: str) -> Result:
    """What stands for a request whose line was broken."""
    return Result(key, UNREADABLE, {"error": {"message": "its line in the file of results cannot be read"}})


def requests_of(content: bytes) -> Iterator[str]:
    """The keys of the requests in a file that was handed in."""
    for line in content.split(b"\n"):
        if (named := NAMED.search(line)) is not None:
            yield named[1].decode(errors="replace")


def _result(line: bytes) -> Result | None:
    """The result in one line; None if it cannot be told which request it is for."""
    entry = load(line)
    if not isinstance(entry, dict):
        named = NAMED.search(line)  # of a line that was cut off
        return None if named is None else unreadable(named[1].decode(errors="replace"))
    key, response = entry.get("custom_id"), entry.get("response")
    if not isinstance(key, str):
        return None
    response = response if isinstance(response, dict) else {}
    body = response.get("body") or {"error": entry.get("error")}
    if not isinstance(body, dict):
        body = {"error": {"message": str(body)}}
    _, worth = judge(_status(response.get("status_code")), orjson.dumps(body))
    return Result(key, worth, body)


def _status(said: Any) -> int:
    return int(said) if isinstance(said, int) or (isinstance(said, str) and said.isdigit()) else 0


def stored(result: Result, batch_id: str) -> bytes:
    """A reply as the store has it, with the batch that it came in."""
    return orjson.dumps({**result.body, "status": result.status, "batch": batch_id})


def last_failure(results: Sequence[Result]) -> Result | None:
    return next((result for result in reversed(results) if result.status != 200), None)

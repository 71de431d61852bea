"""Finds a name that stands twice in one object of JSON.

Of the two values every reader keeps one and drops the other without a word, and nobody can tell which was meant.
"""

import re
from typing import NamedTuple

import orjson

# What opens and closes, ends of lines, and texts, which are names if a colon follows.
_PARTS = re.compile(rb'(?P<text>"[^"\\]*(?:\\.[^"\\]*)*")(?P<colon>\s*:)?|[{}\[\]\n]')


class Twice(NamedTuple):
    name: str
    line: int  # of the second one

    @property
    def said(self) -> str:
        return f"has two values under the name {self.name!r} in one object: take one of them out"


def named_twice(text: bytes) -> Twice | None:
    """The first name that an object in a text of JSON, which can be read, has twice; None if there is none."""
    names: list[set[str] | None] = []  # of each object that is open; None for a list
    line = 1
    for part in _PARTS.finditer(text):
        token = part[0]
        if token in b"{[":
            names.append(set() if token == b"{" else None)
        elif token in b"}]":
            names.pop()
        elif part["colon"] is not None and (known := names[-1]) is not None:
            if (name := orjson.loads(part["text"])) in known:
                return Twice(name, line)
            known.add(name)
        line += token.count(b"\n")
    return None

"""The body of a card: blocks of ours between markers, among what a person wrote.

    <!-- synth:statistics:medium 5f0c2d9a81b3 -->
    ...
    <!-- /synth:statistics:medium -->

The marker holds a hash of what we wrote. A block whose text no longer has that hash was edited by a person: it is left
as it is. Everything outside the markers is a person's. To leave a part out for good, empty the block and leave its
markers.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

NAME = r"[^\s<>]+"
UNSAFE = re.compile(r"[\s<>%]")  # of a folder's name, in a marker: written as in an address
BLOCK = re.compile(
    r"(?P<gap>(?:\n\n)?)"
    rf"^<!-- synth:(?P<name>{NAME}) (?P<hash>[0-9a-f]{{12}}) -->\n"
    r"(?P<text>(?:(?!<!-- /?synth:).*\n)*)"  # no other marker: one that was left alone takes no block with it
    r"<!-- /synth:(?P=name) -->$",
    re.MULTILINE,
)
ALONE = re.compile(rf"^<!-- /?synth:(?P<name>{NAME})(?: [0-9a-f]{{12}})? -->$", re.MULTILINE)
MARKER = re.compile(r"<!--(\s*/?synth:)")


@dataclass
class Merged:
    """A body, the names of blocks in it that a person has changed, and of those whose markers are broken."""

    text: str
    kept: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def merge(
    theirs: str,
    ours: Mapping[str, str],
    gone: frozenset[str] = frozenset(),
    overwrite: bool = False,
    marks: Mapping[str, str] | None = None,
) -> Merged:
    """Put our blocks, in their order, into the body of a card.

    `ours`: name -> text; a name looks like `fields` or `statistics:medium`. `gone`: names of blocks that are to go,
    if nobody edited them. A block stays where it is; a new one comes after its neighbour. With `overwrite` edited
    blocks are replaced too. Markers without their other half, and blocks that are there twice, are left as they are.
    `marks`: hashes that new blocks have in their markers, if they come from another card, where a person may have
    edited them.
    """
    kept: list[str] = []
    seen: set[str] = set()

    def replaced(block: "re.Match[str]") -> str:
        name = unquote(block["name"])
        if name in seen or (name not in ours and name not in gone):
            return block[0]
        seen.add(name)
        if _hash(block["text"]) != block["hash"] and not overwrite:
            kept.append(name)
            return block[0]
        return block["gap"] + _block(name, ours[name]) if name in ours else ""

    text = BLOCK.sub(replaced, theirs)
    before: list[str] = []
    for name, own in ours.items():
        if name not in seen:
            text = _inserted(text, _block(name, own, (marks or {}).get(name)), name, before)
        before.append(name)
    return Merged(text, kept, broken(theirs))


def names(body: str) -> list[str]:
    """The blocks of ours that stand in a body."""
    return [unquote(block["name"]) for block in BLOCK.finditer(body)]


def texts(body: str) -> dict[str, str]:
    """What stands in each block."""
    return {unquote(block["name"]): block["text"].strip("\n") for block in BLOCK.finditer(body)}


def hashes(body: str) -> dict[str, str]:
    """The hash in the marker of each block, of what we wrote."""
    return {unquote(block["name"]): block["hash"] for block in BLOCK.finditer(body)}


def broken(body: str) -> list[str]:
    """The names of markers that have lost their other half, and of blocks that are there more than once."""
    present = names(body)
    twice = [name for name in present if present.count(name) > 1]
    alone = [unquote(marker["name"]) for marker in ALONE.finditer(BLOCK.sub("", body))]
    return list(dict.fromkeys([*alone, *twice]))


def without_ours(body: str) -> str:
    """What a person wrote: a body without the blocks that nobody edited, and without gaps where they stood."""
    text = BLOCK.sub(lambda block: block[0] if _hash(block["text"]) != block["hash"] else "\n\n", body)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _block(name: str, text: str, hashed: str | None = None) -> str:
    safe = MARKER.sub(r"&lt;!--\1", text.strip("\n")) + "\n"  # data may hold what looks like a marker
    mark = UNSAFE.sub(lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode()), name)
    return f"<!-- synth:{mark} {hashed or _hash(safe)} -->\n{safe}<!-- /synth:{mark} -->"


def _inserted(text: str, block: str, name: str, before: list[str]) -> str:
    """A body with a block put after the last of its kind, else after the nearest one before it, else at the end."""
    kind = name.split(":", 1)[0]
    ends: dict[str, int] = {}
    for other in BLOCK.finditer(text):
        ends.setdefault(unquote(other["name"]), other.end())
    same = [end for stands, end in ends.items() if ":" in name and stands.startswith(f"{kind}:")]
    neighbour = next((ends[stands] for stands in reversed(before) if stands in ends), None)
    place = max(same) if same else neighbour
    if place is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{block}\n"
    return f"{text[:place]}\n\n{block}{text[place:]}"


def _hash(text: str) -> str:
    """The hash of a text without white space at line ends, which editors add and take away."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

"""Left out: what was rejected, and every reply of a teacher, by reason."""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from synth.data.manifest import place
from synth.data.names import BESIDE
from synth.errors import FolderError
from synth.viewing.query import PAGE
from synth.viewing.site import Screen, Site, view_of
from synth.viewing.sources import fields, opened

UNREADABLE, KEPT, SPARE = "unreadable", "kept", "right, not needed"
Reason = Callable[[Mapping[str, Any]], str]  # under which a line is


@dataclass(frozen=True)
class Sorted:
    """The lines of a file: reason -> the byte at which each begins, the commonest reason first."""

    path: Path
    places: Mapping[str, "array[int]"]

    def read(self, reason: str, page: int) -> list[Mapping[str, Any]]:
        """The lines of a page; those that cannot be read as their text alone."""
        at = self.places[reason][(page - 1) * PAGE : page * PAGE]
        with opened(self.path) as file:
            found = [(file.seek(start), file.readline())[1] for start in at]
        return [fields(text) or {"text": text.decode(errors="replace")} for text in found]


def page(site: Site, request: Request) -> Response:
    """The lines of one file and reason; of the commonest if the URL names none."""
    source, view = site.source(request), view_of(request)
    files = {name: path for name, file in BESIDE.items() if (path := place(source.folder, file)).is_file()}
    of = view.get("of") or next(iter(sorted(files, reverse=True)), "")  # rejected before attempts
    if files and of not in files:
        raise HTTPException(404, f"there is no file of {of!r}: there is one of {' and of '.join(files)}")
    found = {name: sort_lines(path) for name, path in files.items()}
    places = found[of].places if files else {}
    reason = view.get("reason") or next(iter(places), "")
    if places and reason not in places:
        raise HTTPException(404, f"nothing was left out as {reason!r}: {', '.join(places)}")
    lines = found[of].read(reason, view.page) if places else []
    counts = {name: {why: len(at) for why, at in each.places.items()} for name, each in found.items()}
    return site.page(
        "left.html", request, of=of, reason=reason, lines=lines, counts=counts, first=(view.page - 1) * PAGE,
        pages=max(1, -(-len(places.get(reason, ())) // PAGE)),
    )  # fmt: skip


def why_left(line: Mapping[str, Any]) -> str:
    """Why a row or a reply is not in the data, or that it is."""
    why = str(line.get("reason") or outcome_of(line) or UNREADABLE)
    return KEPT if line.get("kept") is True else SPARE if why == "right" else why


def outcome_of(line: Mapping[str, Any]) -> Any:
    """The outcome of an attempt as people are told it (`shown` in synth/attempts/attempt.py)."""
    return "empty" if line.get("outcome") == "right" and line.get("rationale") == "" else line.get("outcome")


def sort_lines(path: Path, reason: Reason = why_left) -> Sorted:
    """Raises FolderError."""
    try:
        stat = path.stat()
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error
    return _read(path, reason, stat.st_size, stat.st_mtime_ns)


@lru_cache(16)
def _read(path: Path, reason: Reason, size: int, changed: int) -> Sorted:
    """Read once; of another size or time it is another one."""
    places: dict[str, array[int]] = {}
    at = 0
    with opened(path) as file:
        for text in file:
            line = fields(text)
            places.setdefault(reason(line) if line else UNREADABLE, array("q")).append(at)
            at += len(text)
    return Sorted(path, dict(sorted(places.items(), key=lambda each: -len(each[1]))))


SCREEN = Screen("left", "Left out", "/{source}", page)

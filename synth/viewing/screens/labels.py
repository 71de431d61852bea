"""Labels: what people say of rows, good, unsure or bad, with a note; kept in notes.jsonl beside the data.

What a form sends is on the disk before the page answers. Rows are labelled one by one from their pages, or all at once
that the filter of the URL finds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from synth.data.names import NOTES
from synth.data.notes import MENU, note_of, read_notes, write_notes
from synth.data.verdicts import Line, Place, hash_of
from synth.errors import FolderError
from synth.record import Record
from synth.viewing.query import PAGE, Query, View
from synth.viewing.site import Screen, Site, url, view_of
from synth.viewing.sources import Source

BATCH = 1000  # rows that are read at a time
Said = Mapping[Place, Mapping[str, Line]]


class Labelled(NamedTuple):
    """What was said of one row, and the number of the row; None if it is not there, or has other texts now."""

    line: Line
    number: int | None


def said_of(source: Source) -> Said:
    """What people said of the rows of a folder, read again when the file has changed."""
    path = source.folder / NOTES
    _refuse_link(path)
    if not path.is_file():
        return {}
    stat = path.stat()
    return _read(path, stat.st_size, stat.st_mtime_ns)


def _refuse_link(path: Path) -> None:
    """Raises FolderError for a link: what a folder that came from elsewhere points at is not read, and not written."""
    if path.is_symlink():
        raise FolderError(f"{path} is a link, which is not followed: put the file itself there")


@lru_cache(16)
def _read(path: Path, size: int, changed: int) -> Said:
    return read_notes(path)


def of_row(source: Source, split: str, record: Record) -> dict[str, Any]:
    """For the page of a row: what was said of it, and whether something was said of texts that it had before."""
    said, here = said_of(source), (split, record.id, hash_of(record))
    stale = here not in said and any(place[:2] == here[:2] for place in said)
    return {"said": said.get(here, {}), "stale": stale}


def progress(source: Source, split: str) -> int:
    """Rows of a split that somebody has labelled."""
    return len({place[1] for place in said_of(source) if place[0] == split})


def write(site: Site, request: Request, form: Mapping[str, str]) -> Response:
    """Label the row `number`, or `all` that the filter finds; then on to the row `then`, or back to the list."""
    source, split, name = site.source(request), site.split(request), request.path_params["split"]
    view = view_of(request)
    verdict, text = form.get("verdict") or None, form.get("note", "").strip()
    if verdict is not None and verdict not in MENU:
        raise HTTPException(400, f"a row is {', '.join(MENU)}, not {verdict!r}")
    query = Query(site.store, split, site.store.index(split).result(), view)
    if form.get("all"):
        numbers = query.numbers(0, query.count())
    elif form.get("number", "").isdecimal() and 1 <= int(form["number"]) <= query.index.rows:
        numbers = [int(form["number"])]
    else:
        raise HTTPException(400, "a form says which row it labels")
    notes = (note_of(name, record, site.person, verdict, text) for record in _records(query, numbers))
    _refuse_link(source.folder / NOTES)
    write_notes(source.folder, notes)
    then = form.get("then", "")
    back = url("row", source.name, name, int(then)) if then.isdecimal() else url("rows", source.name, name)
    return RedirectResponse(back + (view.url() if view.params else ""), 303)


def _records(query: Query, numbers: list[int]) -> Iterator[Record]:
    """Those of the rows that can be read."""
    for first in range(0, len(numbers), BATCH):
        lines = query.split.lines(query.places(numbers[first : first + BATCH]))
        yield from (line.record for line in lines if line.record is not None)


def page(site: Site, request: Request) -> Response:
    """All labels of a split, the newest first, with how far it has come."""
    source, split, name = site.source(request), site.split(request), request.path_params["split"]
    view = view_of(request)
    every = [line for place, people in said_of(source).items() if place[0] == name for line in people.values()]
    chosen = [line for line in reversed(every) if view.get("verdict") in ("", line.verdict)]
    index = site.store.index(split).result()
    shown = chosen[(view.page - 1) * PAGE : view.page * PAGE]
    return site.page(
        "labels.html", request, rows=index.rows, done=progress(source, name), count=len(chosen),
        counts=Counter((line.model, line.verdict) for line in every), pages=max(1, -(-len(chosen) // PAGE)),
        labels=[_labelled(line, site, Query(site.store, split, index, View((("is.id", line.id),)))) for line in shown],
    )  # fmt: skip


def _labelled(line: Line, site: Site, query: Query) -> Labelled:
    for number in query.numbers(0, BATCH):
        (found,) = query.split.lines(query.places([number]))
        if found.record is not None and hash_of(found.record) == line.row:
            return Labelled(line, number)
    return Labelled(line, None)


SCREEN = Screen("labels", "Labels", "/{source}/{split}", page, write=write)

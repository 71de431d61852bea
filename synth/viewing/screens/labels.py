"""Labels: what people say of rows, good, unsure or bad, with a note; kept in notes.jsonl beside the data.

What a form sends is on the disk before the page answers. Rows are labelled one by one from their pages, or all at once
that the filter of the URL finds.
"""

from collections.abc import Iterable, Iterator, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from synth.data.notes import MENU, note_of
from synth.record import Record
from synth.viewing.query import PAGE, Query
from synth.viewing.site import Screen, Site, url, view_of
from synth.viewing.sources import Place, Split

BATCH = 500  # rows that are read at a time


def write(site: Site, request: Request, form: Mapping[str, str]) -> Response:
    """Label the row `number`, or `all` that the filter finds; then on to the row `then`, or back to the list."""
    source, split, view = site.source(request), site.split(request), view_of(request)
    verdict, text = form.get("verdict") or None, form.get("note", "").strip()
    if verdict is not None and verdict not in MENU:
        raise HTTPException(400, f"a row is {', '.join(MENU)}, not {verdict!r}")
    query = Query(site.store, split, site.store.index(split).result(), view)
    if form.get("all"):
        batches: Iterable[list[tuple[int, Place]]] = query.batches(BATCH)
    elif form.get("number", "").isdecimal() and 1 <= int(form["number"]) <= query.index.rows:
        number = int(form["number"])
        batches = [[(number, query.places([number])[0])]]
        if "note" not in form:  # a key in the list: what was noted before stays
            text = next((line.reason for line in query.notes.of_row(number)[0] if line.model == site.person), "")
    else:
        raise HTTPException(400, "a form says which row it labels")
    notes = ((n, note_of(split.name, row, site.person, verdict, text)) for n, row in _records(split, batches))
    query.notes.write(notes)
    then = form.get("then", "")
    back = url("row", source.name, split.name, int(then)) if then.isdecimal() else url("rows", source.name, split.name)
    return RedirectResponse(back + (view.url() if view.params else ""), 303)


def _records(split: Split, batches: Iterable[list[tuple[int, Place]]]) -> Iterator[tuple[int, Record]]:
    """Those of the rows that can be read, with their numbers."""
    for batch in batches:
        for (number, _), line in zip(batch, split.lines([place for _, place in batch]), strict=True):
            if (record := line.record) is not None:
                yield number, record


def page(site: Site, request: Request) -> Response:
    """All labels of a split, the newest first, with how far it has come."""
    split, view = site.split(request), view_of(request)
    query = Query(site.store, split, site.store.index(split).result(), view)
    notes, chosen = query.notes, view.get("verdict")
    counts = notes.counts()
    count = sum(rows for (_, verdict), rows in counts.items() if chosen in ("", verdict))
    return site.page(
        "labels.html", request, rows=query.index.rows, done=notes.done(), count=count, counts=counts,
        pages=max(1, -(-count // PAGE)), labels=notes.newest(chosen, PAGE, (view.page - 1) * PAGE),
        problem=notes.wrong,
    )  # fmt: skip


SCREEN = Screen("labels", "Labels", "/{source}/{split}", page, write=write)

"""Row: one row whole, its steps checked, what judges said of it, every attempt, and what was sent for it."""

import shlex
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from synth.data.builder import builder_of
from synth.data.manifest import place
from synth.data.names import ATTEMPTS, CACHE
from synth.data.show import question_of
from synth.data.verdicts import Line
from synth.errors import FolderError
from synth.record import Record
from synth.validating.checker import reader_of
from synth.viewing.checked import checked
from synth.viewing.query import Query
from synth.viewing.screens.left import outcome_of
from synth.viewing.site import Screen, Site, view_of
from synth.viewing.sources import Source


def page(site: Site, request: Request) -> Response:
    """The row of a number, and its neighbours among those that the filter of the URL finds."""
    source, split = site.source(request), site.split(request)
    view = view_of(request)
    query = Query(site.store, split, site.store.index(split).result(), view)
    number = request.path_params["number"]
    if not 1 <= number <= query.index.rows:
        raise HTTPException(404, f"there is no row {number}: there are {query.index.rows:,}")
    (line,) = split.lines(query.places([number]))
    record = line.record
    values: dict[str, Any] = {"number": number, "line": line, "record": record, **_neighbours(query, number)}
    if record is not None:
        known = split.known
        reader = reader_of(record.task, known.get("task"))
        found = reader.read_output(record, record.completion).answer
        tried = _attempts(source.folder, record)
        (labels, is_stale), (judged, _) = (said.of_row(number) for said in query.said)
        values |= {
            "checked": checked(record, known),
            "found": found,
            "agrees": reader.right(record, found),
            "attempts": tried,
            "verdicts": [*_verdicts(record), *_from_file(judged)],
            "sent": [*_sent(source, record, tried)],
            "facts": [*_facts(record)],
            "command": _command(source, record),
            "said": {line.model or "": line for line in labels},
            "stale": is_stale and not labels,
        }
    return site.page("row.html", request, **values)


def _command(source: Source, record: Record) -> str:
    """What prints the row in a terminal: made again from its id, or read."""
    builder = builder_of(source.manifest)
    if builder is not None and builder.drawn:
        return f"synth row {shlex.quote(record.id)}"
    return f"synth show {shlex.quote(str(source.folder))} --id {shlex.quote(record.id)}"


def _neighbours(query: Query, number: int) -> dict[str, int | None]:
    """The numbers of the rows before and behind, the place of this one from 0 and the count, in the view."""
    place = query.place_of(number)
    around = query.numbers(max(0, place - 1), 3) if place is not None else []
    at = around.index(number) if number in around else None
    return {
        "place": place, "count": query.count(),
        "before": around[at - 1] if at else None,
        "behind": around[at + 1] if at is not None and at + 1 < len(around) else None,
    }  # fmt: skip


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    """What else the row says, as JSON where it is no text."""
    for part, values in (("meta", record.meta), ("provenance", record.provenance or {})):
        for name, value in values.items():
            if part == "meta" or name not in ("verdicts", "thinking"):  # which have places of their own
                said = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
                yield f"{part}.{name}", "none" if value is None else said


def _verdicts(record: Record) -> Iterator[Mapping[str, Any]]:
    """What judges said, as it stands in the row."""
    said = (record.provenance or {}).get("verdicts")
    yield from (one for one in (said if isinstance(said, list) else []) if isinstance(one, Mapping))


def _from_file(lines: Iterable[Line]) -> Iterator[Mapping[str, Any]]:
    """What a file of verdicts beside the rows says of a row."""
    for line in lines:
        yield {"judge": line.judge, "model": line.model, "verdict": line.verdict, "detail": line.reason,
               "score": line.score}  # fmt: skip


def _attempts(folder: Path, record: Record) -> list[Mapping[str, Any]]:
    """Every attempt at the question of a row. Raises FolderError if the file cannot be read."""
    path, question = place(folder, ATTEMPTS), question_of(record)
    if not question or not path.is_file() or path.is_symlink():
        return []
    mark = orjson.dumps(question)
    try:
        with path.open("rb") as file:
            lines = [orjson.loads(line) for line in file if mark in line]
    except (OSError, orjson.JSONDecodeError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error
    found = [line for line in lines if isinstance(line, dict) and line.get("id") == question]
    return [line | {"outcome": outcome_of(line)} for line in found]


def _sent(source: Source, record: Record, attempts: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The requests behind a row as the store of the folder has them, the messages apart."""
    path = source.folder / CACHE
    keys = [str(one.get("request")) for one in [record.provenance or {}, *attempts] if one.get("request")]
    if not keys or not path.is_file() or path.is_symlink():
        return
    # A store that nobody writes to is opened so that nothing is put beside it, not even for a moment.
    mode = "mode=ro" if path.with_name(f"{CACHE}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True)) as store:
            for key in dict.fromkeys(keys):
                for (body,) in store.execute("select body from requests where key = ?", (key,)):
                    asked = orjson.loads(body)
                    yield {"messages": asked.pop("messages", []), "settings": asked, "key": key}
    except (sqlite3.Error, orjson.JSONDecodeError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from error


SCREEN = Screen("row", "", "/{source}/{split}/{number:int}", page)

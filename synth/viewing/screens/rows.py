"""Rows: search, facets, order, a line a row. The first rows come straight from the file, facets behind them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from synth.errors import SynthError
from synth.validating.checker import reader_of
from synth.viewing.checked import Checked, checked
from synth.viewing.query import PAGE, Facet, Query
from synth.viewing.site import Screen, Site, view_of
from synth.viewing.sources import Line

CUT = 400  # characters of a text that a line can show


class Shown(NamedTuple):
    """A row of the list: its number from 1, its line, its steps."""

    number: int
    line: Line
    checked: Checked | None
    prompt: str  # of a prompt with facts and worked examples the question

    def text(self, name: str) -> str:
        value = self.prompt if name == "prompt" else (self.line.values or {}).get(name)
        return " ".join(str("" if value is None else value)[:CUT].split())


class Rows:
    """The parts of the page, each made when the template comes to it."""

    def __init__(self, site: Site, request: Request) -> None:
        self.split = site.split(request)
        self.view = view_of(request)
        self.store = site.store
        self.made = site.store.index(self.split)
        self.problem = ""

    @property
    def is_ready(self) -> bool:
        return self.made.done() and self.made.exception() is None

    def shown(self) -> list[Shown]:
        """The rows of the page; none if there is a problem."""
        try:
            first = (self.view.page - 1) * PAGE
            if self.view.is_plain and not self.is_ready:
                lines = self.split.first(PAGE)
                numbers = list(range(1, len(lines) + 1))
            else:
                query = self._query()
                numbers = query.numbers(first, PAGE)
                lines = self.split.lines(query.places(numbers))
        except SynthError as error:
            self.problem = str(error)
            return []
        return [_shown(number, line, self.split.known) for number, line in zip(numbers, lines, strict=True)]

    def count(self) -> int | None:
        return None if self.problem else self._try(lambda: self._query().count())

    def unreadable(self) -> int:
        return self._try(lambda: self.made.result().unreadable) or 0

    def facets(self) -> list[Facet]:
        return self._try(lambda: self._query().facets()) or []

    def sql(self) -> str:
        return self._try(lambda: self._query().sql()) or ""

    def columns(self) -> list[str]:
        return list(self._try(lambda: self.made.result().columns) or [])

    def pages(self, count: int) -> int:
        return max(1, -(-count // PAGE))

    def _query(self) -> Query:
        return Query(self.store, self.split, self.made.result(), self.view)

    def _try(self, part: Any) -> Any:
        """A part of the page; None, and the problem said, if it cannot be made."""
        try:
            return part()
        except SynthError as error:
            self.problem = str(error)
            return None


def _shown(number: int, line: Line, known: Mapping[str, Any]) -> Shown:
    if (record := line.record) is None:
        return Shown(number, line, None, "")
    parts = reader_of(record.task, known.get("task")).parts_of(record.prompt)
    asked = [record.prompt[part.start : part.end] for part in parts if part.name == "question"]
    return Shown(number, line, checked(record, known), asked[-1] if asked else record.prompt)


def page(site: Site, request: Request) -> Response:
    return site.stream("rows.html", request, rows=Rows(site, request))


SCREEN = Screen("rows", "Rows", "/{source}/{split}", page)

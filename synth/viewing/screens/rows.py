"""Rows: search, facets, order, a line a row. The first rows come straight from the file, facets behind them."""

from collections.abc import Callable
from concurrent.futures import wait
from functools import cached_property
from typing import NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from synth.errors import SynthError, UsageError
from synth.validating.checker import reader_of
from synth.viewing.checked import Checked, checked
from synth.viewing.checking import Progress
from synth.viewing.query import PAGE, Facet, Query
from synth.viewing.site import Screen, Site, view_of
from synth.viewing.sources import Line, Split

CUT = 400  # characters of a text that a line can show
SOON = 0.2  # seconds that rows wait for the index, which knows their labels
T = TypeVar("T")


class Shown(NamedTuple):
    """A row of the list: its number from 1, its line, its steps, its label, "" if it has none."""

    number: int
    line: Line
    checked: Checked | None
    prompt: str  # of a prompt with facts and worked examples the question
    label: str

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

    @cached_property
    def query(self) -> Query:
        return Query(self.store, self.split, self.made.result(), self.view)

    def shown(self) -> list[Shown]:
        """The rows of the page; none if there is a problem."""
        return self._try(self._shown) or []

    def _shown(self) -> list[Shown]:
        wait([self.made], SOON)
        if self.view.is_plain and not self.made.done():
            lines = self.split.first(PAGE)
            return [_shown(number, line, self.split, "") for number, line in enumerate(lines, 1)]
        numbers = self.query.numbers((self.view.page - 1) * PAGE, PAGE)
        if not numbers and self.view.page > 1:
            raise UsageError(f"page={self.view.page}: the last one is page={self.pages(self.query.count())}")
        lines, labels = self.split.lines(self.query.places(numbers)), self.query.labels(numbers)
        return [_shown(n, line, self.split, labels.get(n, "")) for n, line in zip(numbers, lines, strict=True)]

    def count(self) -> int | None:
        return None if self.problem else self._try(lambda: self.query.count())  # noqa: PLW0108 (may raise where the query is made)

    def unreadable(self) -> int:
        return self._try(lambda: self.query.index.unreadable) or 0

    def wrong(self) -> list[str]:
        """What is wrong with the files of what was said."""
        return self._try(lambda: [said.wrong for said in self.query.said if said.wrong]) or []

    def checking(self) -> Progress | None:
        """How far the check of the steps is, if it is not done."""
        return self._try(lambda: self.store.checking(self.query.index))

    def facets(self) -> list[Facet]:
        return self._try(lambda: list(self.query.facets())) or []

    def sql(self) -> str:
        return self._try(lambda: self.query.sql()) or ""  # noqa: PLW0108 (the same)

    def columns(self) -> list[str]:
        return self._try(lambda: list(self.query.columns)) or []

    def pages(self, count: int) -> int:
        return max(1, -(-count // PAGE))

    def _try(self, part: Callable[[], T]) -> T | None:
        """A part of the page; None, and the problem said, if it cannot be made."""
        try:
            return part()
        except SynthError as error:
            self.problem = str(error)
            return None


def _shown(number: int, line: Line, split: Split, label: str) -> Shown:
    if (record := line.record) is None:
        return Shown(number, line, None, "", label)
    parts = reader_of(record.task, split.known.get("task")).parts_of(record.prompt)
    asked = [record.prompt[part.start : part.end] for part in parts if part.name == "question"]
    return Shown(number, line, checked(record, split.known), asked[-1] if asked else record.prompt, label)


def page(site: Site, request: Request) -> Response:
    return site.stream("rows.html", request, rows=Rows(site, request))


SCREEN = Screen("rows", "Rows", "/{source}/{split}", page)

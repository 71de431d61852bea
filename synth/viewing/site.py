"""What screens are given, and what a screen is.

A screen is a file in `screens/` that ends with SCREEN = Screen(...), and its template is beside it. Its page is a
function of the site and the request; it looks its folder up with `site.source(request)` and its split with
`site.split(request)`, asks for rows through `synth.viewing.query.Query`, and returns `site.page(...)` or, for a page of
which a part takes longer, `site.stream(...)`. Everything that a page shows stands in its URL. SCREENS in `server.py`
lists the screens.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from synth.data.manifest import no_split
from synth.data.notes import MENU
from synth.errors import FolderError
from synth.viewing.index import Store
from synth.viewing.query import View
from synth.viewing.sources import GROWING, Kind, Source, Split, sources

FLUSH = Markup("<!-- more follows -->")  # in a template: what stands before it is sent


@dataclass(frozen=True)
class Screen:
    """A screen: its name in URLs, its title in the menu, which folders have it, and its page."""

    name: str
    title: str  # "" for one that is reached from another
    path: str  # behind the name: "/{source}/{split}"
    page: "Callable[[Site, Request], Response]"
    of: tuple[Kind, ...] = ("dataset",)
    write: "Callable[[Site, Request, Mapping[str, str]], Response] | None" = None  # what a POST does, with its form
    needs: str = ""  # a file, of datasets that have it

    def shows(self, source: Source) -> bool:
        """Whether a folder has it, in its menu."""
        if not self.title or source.kind not in self.of or ("{split}" in self.path and not source.splits):
            return False
        return source.kind != "dataset" or not self.needs or (source.folder / self.needs).is_file()


@dataclass
class Site:
    """All that is looked at."""

    sources: Mapping[str, Source]
    store: Store
    screens: tuple[Screen, ...]
    person: str  # who labels rows
    env: jinja2.Environment = field(init=False)

    def __post_init__(self) -> None:
        self.env = jinja2.Environment(
            loader=jinja2.PackageLoader("synth.viewing", "screens"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.env.globals.update(site=self, flush=FLUSH, url=url, menu=MENU)

    def source(self, request: Request) -> Source:
        """The folder that the URL names, as it is now; 404 if there is none of that name, or none on such a screen."""
        name = request.path_params["source"]
        if name not in self.sources or self.sources[name].kind in GROWING:
            self.sources = sources(dict.fromkeys(source.given for source in self.sources.values()))
        if name not in self.sources:
            raise HTTPException(404, f"nothing called {name!r} is looked at: {', '.join(self._given())} is")
        source, asked = self.sources[name], request.url.path.split("/")[1]
        if not any(screen.name == asked and source.kind in screen.of for screen in self.screens):
            raise HTTPException(404, f"{name} is of the kind {source.kind}, of which there is no screen {asked!r}")
        return source

    def _given(self) -> list[str]:
        """The names of what does not lie in a run."""
        return [name for name, source in self.sources.items() if not source.run]

    def split(self, request: Request) -> Split:
        """The split that the URL names."""
        source, name = self.source(request), request.path_params["split"]
        if name not in source.splits:
            raise HTTPException(404, no_split(source.folder, name, source.splits))
        return source.splits[name]

    def home(self, source: Source) -> str:
        """The URL of the first screen that a folder has. Raises FolderError if there is none."""
        for screen in self.screens:
            if screen.shows(source):
                return url(screen.name, source.name, *([next(iter(source.splits))] if "{split}" in screen.path else []))
        raise FolderError(f"{source.folder} has no splits: there is nothing of it to be shown; give another folder")

    def page(self, template: str, request: Request, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self.env.get_template(template).render(self._shared(request) | values), status)

    def stream(self, template: str, request: Request, **values: Any) -> Response:
        """A page that is sent up to each {{ flush }} as soon as it is there."""
        pieces = self.env.get_template(template).generate(self._shared(request) | values)
        return StreamingResponse(_until_flush(pieces), media_type="text/html")

    def _shared(self, request: Request) -> dict[str, Any]:
        view = view_of(request)
        source = self.sources.get(request.path_params.get("source", ""))
        return {"view": view, "source": source, "split": request.path_params.get("split"), "problem": "",
                "here": request.url.path}  # fmt: skip


def view_of(request: Request) -> View:
    """What the URL asks for."""
    return View(tuple(request.query_params.multi_items()))


def url(*parts: str | int) -> str:
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def _until_flush(pieces: Iterator[str]) -> Iterator[str]:
    ready: list[str] = []
    for piece in pieces:
        if piece == FLUSH:
            yield "".join(ready)
            ready.clear()
        else:
            ready.append(piece)
    yield "".join(ready)


def static(name: str) -> bytes:
    """A file of ours that pages name."""
    return (files("synth.viewing") / "screens" / name).read_bytes()

"""The application: the screens, each at its URL, behind the guard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from synth.errors import SynthError
from synth.viewing.guard import Guard
from synth.viewing.index import Store
from synth.viewing.screens import beside, evaluation, labels, left, live, row, rows, run
from synth.viewing.site import Screen, Site, static
from synth.viewing.sources import GROWING, Source

SCREENS: tuple[Screen, ...] = (
    rows.SCREEN,
    row.SCREEN,
    labels.SCREEN,
    evaluation.SCREEN,
    beside.SCREEN,
    left.SCREEN,
    live.SCREEN,
    run.SCREEN,
)  # a further one is added here
LONGEST_FORM = 1 << 16  # bytes
STATIC = {"view.css": "text/css", "view.js": "text/javascript", "icon.svg": "image/svg+xml"}


def application(sources: Mapping[str, Source], port: int, person: str = "") -> Guard:
    """The application for some folders, behind the guard. Raises FolderError if there is no place for indexes."""
    growing = {str(source.folder) for source in sources.values() if source.kind in GROWING}
    store = Store([split for source in sources.values() for split in source.splits.values()], growing)
    site = Site(sources, store, SCREENS, person)
    given = [source for source in sources.values() if not source.run]
    homes = [site.home(source) for source in given]
    for source in given:
        for split in list(source.splits.values())[:1]:  # begun now, so that it is there when it is asked for
            store.index(split)
    routes = [Route(f"/static/{name}", _static(name, kind)) for name, kind in STATIC.items()]
    routes += [Route("/", lambda request: RedirectResponse(homes[0], 303))]
    for screen in SCREENS:
        routes.append(Route(f"/{screen.name}{screen.path}", _bound(site, screen.page), methods=["GET"]))
        if screen.write is not None:
            routes.append(Route(f"/{screen.name}{screen.path}", _writing(site, screen.write), methods=["POST"]))

    def told(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return site.page("problem.html", request, error.status_code, problem=error.detail)
        return site.page("problem.html", request, 400, problem=str(error))

    @asynccontextmanager
    async def open_until_the_end(app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(store.close)

    handlers = {SynthError: told, HTTPException: told}
    return Guard(Starlette(routes=routes, exception_handlers=handlers, lifespan=open_until_the_end), port)


def _bound(site: Site, page: Any) -> Any:
    def endpoint(request: Request) -> Any:
        return page(site, request)

    return endpoint


def _writing(site: Site, write: Any) -> Any:
    """What a form sends, as a dictionary."""

    async def endpoint(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_FORM:
                raise HTTPException(413, f"a note of more than {LONGEST_FORM:,} bytes is not taken")
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        return cast(Response, await run_in_threadpool(write, site, request, form))

    return endpoint


def _static(name: str, kind: str) -> Any:
    content = static(name)
    return lambda request: Response(content, media_type=kind)

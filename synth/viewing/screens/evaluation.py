"""Evaluation: what was measured, and every output, those that are right and those that are wrong."""

from array import array
from collections.abc import Mapping
from itertools import chain
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from synth.base.files import read_facts
from synth.data.names import METRICS, PREDICTIONS
from synth.viewing.query import PAGE
from synth.viewing.screens.left import UNREADABLE, Sorted, sort_lines
from synth.viewing.site import Screen, Site, view_of

ALL = "all"


def page(site: Site, request: Request) -> Response:
    source, view = site.source(request), view_of(request)
    metrics, path = source.folder / METRICS, source.folder / PREDICTIONS
    source.check(metrics, path)
    facts = read_facts(metrics, "what synth eval writes", "run synth eval again") or {}
    found = sort_lines(path, _outcome) if path.exists() else Sorted(path, {})
    every = array("q", sorted(chain.from_iterable(found.places.values())))
    places = {ALL: every, **dict(sorted(found.places.items()))}
    if (show := view.get("show", ALL)) not in places:
        raise HTTPException(404, f"no output is {show!r}: {', '.join(places)}")
    return site.page(
        "evaluation.html", request, facts=facts, show=show, counts={name: len(at) for name, at in places.items()},
        lines=Sorted(path, places).read(show, view.page) if every else [], first=(view.page - 1) * PAGE,
        pages=max(1, -(-len(places[show]) // PAGE)),
    )  # fmt: skip


def _outcome(line: Mapping[str, Any]) -> str:
    return {True: "right", False: "wrong"}.get(line.get("correct"), UNREADABLE)  # type: ignore[arg-type]


SCREEN = Screen("evaluation", "Outputs", "/{source}", page, ("evaluation",))

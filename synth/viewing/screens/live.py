"""Live: a distillation that is under way, was killed or has ended, out of its request store, which is only read."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from synth.data.names import CACHE
from synth.teachers.exchange import Reply
from synth.teachers.looking import Look, Minute, Run, looking
from synth.viewing.site import Screen, Site

SILENT = 15.0  # seconds without a word after which a run, which says something every second, goes no more
SHOWN = 12  # replies, datasets
PARTS = {  # of what a run says, and their types
    **dict.fromkeys(("questions", "settled", "kept", "asked", "cached", "prompt_tokens", "completion_tokens"), int),
    "left": dict, "price": list, "servers": list, "newest": list, "in_flight": int,
}  # fmt: skip


class State(NamedTuple):
    """How a run stands."""

    name: str  # under way, killed, ended, or unknown: it says nothing of itself
    began: str
    wrote: str  # when it last wrote
    ago: str  # how long ago that was
    told: Mapping[str, Any]
    rate: float  # questions settled a second
    left: str  # how long the rest takes at this rate


def page(site: Site, request: Request) -> Response:
    source = site.source(request)
    store = source.folder / CACHE
    if not store.exists():
        return site.page("live.html", request, state=None, alive=source.kind == "underway")
    with looking(store) as look:
        runs = look.runs()
        replied = look.last_reply()
        states = [_state(run, replied if run is runs[0] else None) for run in _latest(runs)]
        state = states[0] if states else None
        alive = state is not None and state.name == "under way"
        minute: Minute | None = look.minute(runs[0].began) if alive else None
        attempts = list(_attempts(look, state.told if state else {}))
    return site.page(
        "live.html", request, state=state, states=states[:SHOWN], alive=alive, minute=minute, attempts=attempts,
        runs=len(runs),
    )  # fmt: skip


def _latest(runs: Sequence[Run]) -> list[Run]:
    """The last run of each dataset that is made with the store."""
    found: dict[str, Run] = {}
    for run in runs:
        found.setdefault(run.work, run)
    return list(found.values())


def _state(run: Run, replied: float | None) -> State:
    told, now = run.told if _is_whole(run.told) else {}, time.time()
    last = max(run.at or run.began, replied or run.began)
    silent = now - (run.at or 0) > SILENT
    name = "unknown" if not told else "ended" if told.get("ended") else "killed" if silent else "under way"
    rate = told.get("settled", 0) / max((run.at or last) - run.began, 0.001)
    rest = max(0, told.get("questions", 0) - told.get("settled", 0))
    return State(name, clock(run.began), clock(last), ago(now - last), told, rate, ago(rest / rate) if rate else "?")


def _is_whole(told: Any) -> bool:
    """Whether it is what a run of this version says of itself."""
    return isinstance(told, dict) and all(isinstance(told.get(name), kind) for name, kind in PARTS.items())


def _attempts(look: Look, told: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, Reply | None]]:
    """The newest attempts: what the run said of each, the prompt, the reply; of a run that says nothing the replies."""
    named = told.get("newest") or [{"request": key} for key in look.newest(SHOWN)]
    for attempt in named:
        yield attempt, *look.texts(attempt["request"])


def clock(at: float) -> str:
    """A time, as clocks here show it."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def ago(seconds: float) -> str:
    """A time span for a person: `1:02:03`, `4 s`."""
    return f"{seconds:.0f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


SCREEN = Screen("live", "Live", "/{source}", page, ("underway", "dataset"), needs=CACHE)

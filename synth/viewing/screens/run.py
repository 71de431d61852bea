"""A training: its log as curves, how far it is; iterations of STaR and rounds of MaRio, with what lies in them."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from synth.data.names import LOG, METRICS, RUN
from synth.reporting import loop_facts, round_facts
from synth.reporting.loops import read_loop
from synth.reporting.read import read_run
from synth.reporting.rounds import read_rounds
from synth.viewing.screens.live import ago, clock
from synth.viewing.site import Screen, Site
from synth.viewing.sources import Source

COUNTED = ("step", "epoch", "examples", "tokens", "seconds", "iteration", "round")  # what is drawn along, not drawn
POINTS = 200  # of a curve; more are put together in so many stretches
ROWS = 20  # of a curve's table
WIDTH, HEIGHT = 600, 100  # of a curve
SILENT = 600.0  # seconds without a word on the disk after which a training goes no more
PACE = 10  # lines of the log that the pace is taken from

Log = Sequence[Mapping[str, Any]]


class Curve(NamedTuple):
    """A column of the log, of steps and values. points: `x,y x,y` in WIDTH x HEIGHT; rows: for a table."""

    name: str
    points: str
    first: tuple[int, float]
    last: tuple[int, float]
    lowest: float
    highest: float
    rows: Sequence[tuple[int, float]]


class Pace(NamedTuple):
    """How far a training is. planned: steps; speed: steps a second, None if that cannot be told."""

    step: int
    planned: int | None
    speed: float | None

    @property
    def left(self) -> str:
        """How long the rest takes."""
        return ago((self.planned - self.step) / self.speed) if self.planned and self.speed else "?"


def page(site: Site, request: Request) -> Response:
    source = site.source(request)
    folder, notes = source.folder, list[str]()
    source.check(folder / RUN, folder / LOG, *folder.glob(f"*/*/{METRICS}"))
    run = read_run(folder, source.name, notes)
    loop = read_loop(folder, source.name, run.facts, notes)
    rounds = read_rounds(folder, source.name, run.facts, notes)
    star = loop_facts.told([loop])[0] if loop else None
    mario = round_facts.told([rounds])[0] if rounds else None
    turns = star["iterations"] if star else mario["rounds"] if mario else []
    linked = {f"{'iterations' if star else 'rounds'}.{one['number']:03}" for one in turns}
    wrote = max(path.lstat().st_mtime for path in folder.rglob("*") if path.is_file())
    silent = time.time() - wrote
    return site.page(
        "run.html", request, facts=run.facts, curves=list(curves(run.log)),
        pace=pace(run) if run.log and not turns else None,
        wrote=clock(wrote), ago=ago(silent), alive=not run.facts.get("complete") and silent < SILENT,
        star=star, rounds=mario, turns=turns, inside=_inside(site, source), linked=linked,
        notes=[note.removeprefix(f"{source.name}: ") for note in notes],
    )  # fmt: skip


def _inside(site: Site, run: Source) -> Mapping[str, Mapping[str, Source]]:
    """What lies in a run, by where it lies: `iterations.003` -> `data`, `run`, `eval`."""
    mine = [source for source in site.sources.values() if source.run == run.name]
    names = {source.name.removeprefix(f"{run.name}."): source for source in mine}
    places = groupby(names, key=lambda name: name.rpartition(".")[0])
    return {place: {name.rpartition(".")[2]: names[name] for name in group} for place, group in places}


def curves(log: Log) -> Iterator[Curve]:
    """Each column of numbers of a log that changes."""
    for name in dict.fromkeys(name for line in log for name in line if name not in COUNTED):
        found = [(line["step"], float(line[name])) for line in log if _is_number(line.get(name))]
        if len(found) > 1:
            yield _curve(name, found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _curve(name: str, found: Sequence[tuple[int, float]]) -> Curve:
    drawn = list(_thinned(found, POINTS))
    first, steps = found[0][0], max(1, found[-1][0] - found[0][0])
    lowest, highest = min(value for _, value in found), max(value for _, value in found)
    bottom, top = min(value for _, value in drawn), max(value for _, value in drawn)
    if top == bottom:  # a flat line lies in the middle
        bottom, top = bottom - 1, top + 1
    places = [((at - first) / steps * WIDTH, (top - value) / (top - bottom) * HEIGHT) for at, value in drawn]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return Curve(name, points, found[0], found[-1], lowest, highest, list(_thinned(found, ROWS)))


def _thinned(found: Sequence[tuple[int, float]], most: int) -> Iterator[tuple[int, float]]:
    """Means over stretches if there are more, each at its last step."""
    size = math.ceil(len(found) / most)
    for start in range(0, len(found), size):
        part = found[start : start + size]
        yield part[-1][0], sum(value for _, value in part) / len(part)


def pace(run: Any) -> Pace:
    """From the end of the log, and the settings where the run has not said how many steps it will take."""
    config, last = run.facts.get("config") or {}, run.log[-1] if run.log else {}
    step, planned = last.get("step", 0), run.facts.get("planned_steps") or config.get("max_steps")
    timed = [line for line in run.log if _is_number(line.get("seconds"))][-PACE:]
    took = timed[-1]["seconds"] - timed[0]["seconds"] if timed else 0
    speed = (timed[-1]["step"] - timed[0]["step"]) / took if took > 0 else None
    return Pace(run.facts.get("steps") or step, run.facts.get("steps") or planned, speed)


SCREEN = Screen("run", "Run", "/{source}", page, ("run",))

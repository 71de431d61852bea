"""What `synth probe` prints."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.data.names import PROBE
from synth.probing.faithful_figures import OUTCOMES
from synth.probing.faithful_pictures import TITLES
from synth.probing.folder import Result

ANSWER = ("run", "rows", "", "at first", "half-way", "at last", "largest rise", "its part of all", "its place")
ATTENTION = ("run", "attention", "part", "all", "right", "wrong", "uniform")

FAITHFUL = ("run", "rationale", "rows", "answer changes", *OUTCOMES)


def show(results: Sequence[Result]) -> None:
    """Print the figures of probes of one kind, and where they are."""
    table = TABLES.get(str(results[0].facts["kind"]))
    if table is not None:
        table([result.facts for result in results])
    for result in results:
        for why, count in (result.facts.get("left_out") or {}).items():
            if count:
                typer.echo(f"note: {count:,} rows are left out: {why.replace('_', ' ')}")
        typer.echo(f"wrote {result.out / PROBE}")


def share(figure: Mapping[str, Any] | None) -> str:
    """A share with its interval."""
    if figure is None:
        return "-"
    return f"{figure['value']:.1%} ({100 * figure['low']:.1f}-{100 * figure['high']:.1f})"


def _answer(probes: Sequence[Mapping[str, Any]]) -> None:
    show_table(ANSWER, (row for probe in probes for row in _groups(probe)), left=1)


def _groups(probe: Mapping[str, Any]) -> Iterator[list[str]]:
    for group in ("all", "right", "wrong"):
        if (found := probe["figures"].get(group)) is not None:
            points, rise = found["probability"], found["rise"]
            curve = [share(points[at]) for at in (0, len(points) // 2, -1)]
            turned = [share(rise[name]) for name in ("largest", "part", "at")]
            yield [str(probe["run"]), f"{found['rows']:,}", group, *curve, *turned]


def _faithful(probes: Sequence[Mapping[str, Any]]) -> None:
    show_table(FAITHFUL, (row for probe in probes for row in _changes(probe)), left=2)
    for probe in probes:
        area = probe["figures"]["early"]["aoc"]
        told = "-" if area is None else f"{area['value']:.2f} ({area['low']:.2f}-{area['high']:.2f})"
        typer.echo(f"{probe['run']}: area over the curve of early answers {told}")


def _changes(probe: Mapping[str, Any]) -> Iterator[list[str]]:
    for kind, title in TITLES.items():
        if (found := probe["figures"].get(kind)) is not None:
            said = [share(found.get(name)) for name in ("changes", *OUTCOMES)]
            yield [str(probe["run"]), title, f"{found['rows']:,}", *said]


def _attention(probes: Sequence[Mapping[str, Any]]) -> None:
    show_table(ATTENTION, (row for probe in probes for row in _parts(probe)), left=3)


def _parts(probe: Mapping[str, Any]) -> Iterator[list[str]]:
    for kind, groups in probe["figures"].items():
        for part, figure in groups["all"].items():
            shares = [share(groups.get(name, {}).get(part)) for name in ("all", "right", "wrong")]
            yield [str(probe["run"]), kind, part, *shares, f"{figure['uniform']:.1%}"]


TABLES: dict[str, Callable[[Sequence[Mapping[str, Any]]], None]] = {
    "answer": _answer,
    "faithful": _faithful,
    "attention": _attention,
}

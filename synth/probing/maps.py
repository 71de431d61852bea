"""Pictures of attention: which token looks at which, and how much goes to each part; for light and for dark paper.

The maps are those of Mathews et al., figures 8 to 10: a line for each token that is written, a column for each that is
read, an answer that loops beside one that does not. Weights are coloured by their roots, so that small ones are seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.base.plots import Look
from synth.probing.parts import FIRST, REST, SPECIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, TALL = 6.8, 8.0  # inches of one map at most
LINE = 0.1  # inches that a label takes
FINEST = 500  # columns and lines; of more the largest weight of each stretch is drawn
PARTED = 60  # runs of lines that are parted by a stroke; more of them hide the map
COLOURS = {"right": 2, "wrong": 1}  # places in a look's colours
QUIET = (FIRST, SPECIAL, REST)
TITLES = {
    "cross": "what is written looks at the prompt",
    "self": "what is written looks at what stands before it",
    "encoder": "the prompt looks at itself",
}


@dataclass(frozen=True)
class Map:
    """The weights of one row in one kind of attention, with what its lines and columns are."""

    kind: str
    title: str  # right, loops: of the column of maps
    weights: Any  # numpy, (lines, columns)
    lines: Sequence[str]  # the token that each line wrote
    columns: Sequence[str]  # the token that each column is
    line_parts: Sequence[str]
    column_parts: Sequence[str]


@dataclass(frozen=True)
class Bars:
    """The shares of the parts in one kind of attention, of some groups of rows."""

    kind: str
    parts: Sequence[str]
    groups: Mapping[str, Mapping[str, Mapping[str, Any]]]  # right -> facts -> {"value", "low", "high", "uniform"}
    steps: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # right -> [{"step", "parts"}]


def maps(of: Sequence[Map], look: Look) -> bytes:
    """Maps in a grid: a column a row of the data, a line a kind of attention."""
    titles, kinds = list(dict.fromkeys(one.title for one in of)), list(dict.fromkeys(one.kind for one in of))
    heights = [max(_height(one) for one in of if one.kind == kind) for kind in kinds]
    wide = WIDE if len(titles) > 1 else 1.3 * WIDE

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(kinds), len(titles), squeeze=False, height_ratios=heights)
        for one in of:
            row, column = kinds.index(one.kind), titles.index(one.title)
            _draw(figure, grid[row][column], one, look, (wide, heights[row]))

    return plots.draw((wide + 0.9) * len(titles), sum(heights) + 1.5 * len(kinds), fill, look)


def _height(one: Map) -> float:
    return min(TALL, max(1.8, LINE * len(one.lines)))


def _draw(figure: "Figure", axes: "Axes", one: Map, look: Look, inches: tuple[float, float]) -> None:
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    shades = LinearSegmentedColormap.from_list(look.name, [look.paper, look.colours[0], look.ink])
    count, across = len(one.lines), len(one.columns)
    image = axes.imshow(
        _coarse(one.weights), cmap=shades, norm=PowerNorm(0.5, vmin=0, vmax=_most(one.weights)), aspect="auto",
        interpolation="nearest", extent=(-0.5, across - 0.5, count - 0.5, -0.5),
    )  # fmt: skip
    every = _labelled(axes.xaxis, one.columns, inches[0], 90), _labelled(axes.yaxis, one.lines, inches[1], 0)
    axes.set_xlabel("token that is read" + _note(every[0]))
    axes.set_ylabel("token that is written" + _note(every[1]) if one.kind != "encoder" else "token that reads")
    axes.tick_params(length=0)
    parted = _runs(one.line_parts)[:-1]
    for _, last in parted if len(parted) <= PARTED else ():
        axes.axhline(last + 0.5, color=look.edge, linewidth=0.5)
    _bands(axes, one.column_parts, inches[1], look)
    axes.set_title(f"{one.title}: {TITLES[one.kind]}", pad=22)
    figure.colorbar(image, ax=axes, pad=0.01, aspect=40, label="weight", format="%.2g")


def _note(every: int) -> str:
    return "" if every == 1 else f", every {every}{'nd' if every == 2 else 'rd' if every == 3 else 'th'} one named"


def _most(weights: Any) -> float:
    """The largest weight, but for the first column: what rests there would leave all else pale."""
    rest = weights[:, 1:]
    return float(rest.max()) if rest.size and rest.max() > 0 else 1.0


def _coarse(weights: Any) -> Any:
    """The largest weight of each stretch, if there are more lines or columns than can be seen."""
    import numpy as np

    for axis in (0, 1):
        starts = np.arange(0, weights.shape[axis], ceil(weights.shape[axis] / FINEST))
        weights = np.maximum.reduceat(weights, starts, axis=axis)
    return weights


def _labelled(axis: Any, labels: Sequence[str], inches: float, rotation: int) -> int:
    """Name as many tokens as there is room for; returns every how many-th that is."""
    every = max(1, ceil(len(labels) * LINE * 0.85 / inches))
    places = range(0, len(labels), every)
    axis.set_ticks(places, [plots.label(labels[at], 14) for at in places], rotation=rotation, fontsize=6)
    return every


def _runs(parts: Sequence[str]) -> list[tuple[str, int]]:
    """Each stretch of one part, with its last place."""
    found, at = [], -1
    for name, run in groupby(parts):
        at += sum(1 for _ in run)
        found.append((name, at))
    return found


def _bands(axes: "Axes", parts: Sequence[str], height: float, look: Look) -> None:
    """A strip above a map of so many inches that says which part the columns below it are."""
    from matplotlib.patches import Rectangle

    colours = colours_of(parts, look)
    start = 0
    for name, last in _runs(parts):
        wide, place = last + 1 - start, axes.get_xaxis_transform()
        strip = Rectangle(
            (start - 0.5, 1 + 0.03 / height), wide, 0.07 / height, color=colours[name], transform=place, clip_on=False,
            linewidth=0,
        )  # fmt: skip
        axes.add_patch(strip)
        if wide > 0.009 * len(name) * len(parts):
            middle = (start + last) / 2
            axes.text(
                middle, 1 + 0.12 / height, name, transform=place, ha="center", va="bottom", fontsize=7, color=look.ink
            )
        start = last + 1


def colours_of(parts: Sequence[str], look: Look) -> dict[str, str]:
    """A colour for each part; what stands for nothing of its own is grey."""
    loud = [part for part in dict.fromkeys(parts) if part not in QUIET]
    colours = {part: look.colours[at % len(look.colours)] for at, part in enumerate(loud)}
    return colours | dict.fromkeys(QUIET, look.edge)


def shares(of: Sequence[Bars], look: Look) -> bytes:
    """The share of each part with its interval, right and wrong apart, and what uniform attention would give."""

    def fill(figure: "Figure") -> None:
        row = figure.subplots(1, len(of), squeeze=False)[0]
        for axes, one in zip(row, of, strict=True):
            _shares(axes, one, look)
        handles, labels = row[0].get_legend_handles_labels()
        named = dict(zip(labels, handles, strict=True))
        figure.legend(named.values(), named, loc="outside upper left", ncols=4)

    return plots.draw(4.4 * len(of) + 0.6, 1.3 + 0.42 * max(len(one.parts) for one in of), fill, look)


def _shares(axes: "Axes", one: Bars, look: Look) -> None:
    for number, (name, group) in enumerate(one.groups.items()):
        rows = [(at, group[part]) for at, part in enumerate(one.parts) if part in group]
        places = [at + 0.16 * (2 * number - len(one.groups) + 1) for at, _ in rows]
        found = [figure for _, figure in rows]
        values = [figure["value"] for figure in found]
        ends = [[value - figure["low"] for value, figure in zip(values, found, strict=True)],
                [figure["high"] - value for value, figure in zip(values, found, strict=True)]]  # fmt: skip
        axes.errorbar(
            values, places, xerr=ends, fmt="os"[name == "wrong"], color=look.colours[COLOURS[name]], label=name, ms=5
        )
        axes.scatter([figure["uniform"] for figure in found], places, marker="|", s=90, color=look.ink, zorder=3,
                     label="uniform attention")  # fmt: skip
    axes.set_yticks(range(len(one.parts)), one.parts)
    axes.set_ylim(len(one.parts) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_title(TITLES[one.kind])
    axes.set_xlabel("share of attention")
    plots.percent(axes, "x")
    axes.grid(axis="x", color=look.faint, linewidth=0.8)
    axes.tick_params(length=0)


def steps(of: Sequence[Bars], look: Look) -> bytes:
    """The share of each part by the step that is written: a line of pictures a kind, a column a group of rows."""
    groups = list(dict.fromkeys(name for one in of for name in one.steps))
    parts = list(dict.fromkeys(part for one in of for part in one.parts))
    colours = colours_of(parts, look)

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(of), len(groups), squeeze=False, sharey="row")
        for axes_row, one in zip(grid, of, strict=True):
            for axes, name in zip(axes_row, groups, strict=True):
                _steps(axes, one, name, parts, colours, look)
            axes_row[0].set_ylabel(f"share ({one.kind})")
        from matplotlib.lines import Line2D

        marks = {part: Line2D([], [], color=colours[part], marker=_mark(part, parts), ms=4) for part in parts}
        figure.legend(marks.values(), marks, loc="outside upper left", ncols=5)

    return plots.draw(8.8, 0.9 + 2.5 * len(of), fill, look)


def _mark(part: str, parts: Sequence[str]) -> str:
    return "osD^v<>"[list(parts).index(part) % 7]


def _steps(axes: "Axes", one: Bars, name: str, parts: Sequence[str], colours: Mapping[str, str], look: Look) -> None:
    rows = one.steps.get(name, [])
    for part in one.parts:
        known = [(at, row["parts"][part]) for at, row in enumerate(rows) if part in row["parts"]]
        if not known:
            continue
        places, found = [at for at, _ in known], [figure for _, figure in known]
        values = [figure["value"] for figure in found]
        axes.plot(places, values, color=colours[part], marker=_mark(part, parts), ms=4)
        low, high = ([figure[end] for figure in found] for end in ("low", "high"))
        axes.fill_between(places, low, high, color=colours[part], alpha=0.2, linewidth=0)
    axes.set_xticks(range(len(rows)), [f"{row['step']}\n({row['n']})" for row in rows])
    axes.set_xlabel("step that is written (rows)")
    axes.set_title(name)
    axes.set_ylim(bottom=0)
    plots.percent(axes)
    axes.grid(axis="y", color=look.faint, linewidth=0.8)
    axes.tick_params(length=0)


def heads(layers: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], look: Look) -> bytes:
    """The share of each part by layer and head: a square a head, a line of pictures a kind.

    layers: kind -> part -> layer -> head -> share.
    """
    rows = {kind: [part for part in parts if part not in (SPECIAL, REST)] for kind, parts in layers.items()}
    wide = max(map(len, rows.values()))

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(rows), wide, squeeze=False)
        for axes_row, (kind, parts) in zip(grid, rows.items(), strict=True):
            for axes in axes_row[len(parts) :]:
                axes.set_axis_off()
            for axes, part in zip(axes_row, parts, strict=False):
                image = _heads(axes, layers[kind][part], f"{kind}: {part}", look)
            axes_row[0].set_ylabel("layer")
            figure.colorbar(image, ax=axes_row, pad=0.01, aspect=18, format="%.1f")

    return plots.draw(1.0 + 2.2 * wide, 2.3 * len(rows), fill, look)


def _heads(axes: "Axes", of: Sequence[Sequence[float]], title: str, look: Look) -> Any:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import MaxNLocator

    shades = LinearSegmentedColormap.from_list(look.name, [look.paper, look.colours[0], look.ink])
    image = axes.imshow(of, cmap=shades, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_title(title, fontsize=8.5)
    axes.set_xlabel("head")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(8, integer=True))
    axes.tick_params(length=0)
    return image

"""Pictures of a report: each as a PNG on white, and as an SVG that takes its colours from the page around it.

The SVG says `var(--c0)` where the PNG has a colour, so that one picture reads on light and on dark paper.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth.base import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.6  # inches
MARKERS = "osD^v<>"
POINTS = 200  # of a learning curve; more are put together in so many stretches
CURVES = {"loss": "training loss", "eval_loss": "validation loss", "eval_accuracy": "validation accuracy"}
COUNTS = {"steps": "steps", "examples": "examples seen", "tokens": "tokens seen"}


@dataclass(frozen=True)
class Picture:
    """A picture of a report, drawn twice."""

    name: str  # of its file, without .png
    caption: str
    svg: str
    png: bytes


def picture(name: str, caption: str, height: float, fill: "Callable[[Figure], None]") -> Picture:
    """`fill` draws into a figure of WIDTH x `height` inches."""
    svg = io.StringIO()

    def both(figure: "Figure") -> None:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        fill(figure)
        mpl.rcParams["svg.hashsalt"] = name  # ids in the SVG are the same every time
        before = figure.canvas
        FigureCanvasSVG(figure).print_figure(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.set_canvas(before)

    png = plots.draw(WIDTH, height, both)
    return Picture(name, caption, _for_page(svg.getvalue(), name), png)


def _for_page(svg: str, name: str) -> str:
    """The SVG element alone, with ids of its own and the page's colours."""
    text = svg[svg.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    colours = {colour: f"var(--c{place})" for place, colour in enumerate(plots.COLOURS)}
    colours |= {
        plots.INK: "var(--ink)",
        plots.FAINT: "var(--faint)",
        "#ffffff": "var(--paper)",
        "#999999": "var(--edge)",
    }
    for colour, variable in colours.items():
        text = re.sub(colour, variable, text, flags=re.IGNORECASE)
    return re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', text, count=1)


def style(place: int) -> dict[str, Any]:
    """Colour and marker of the n-th setting of a picture; after the colours are used up, another marker."""
    return {"color": plots.COLOURS[place % len(plots.COLOURS)], "marker": MARKERS[place // len(plots.COLOURS) % 7]}


def legend(figure: "Figure", labels: Sequence[str], looks: Sequence[Mapping[str, Any]] = ()) -> None:
    """What each colour and marker stands for; looks: those of the labels, if they are not of `style`."""
    from matplotlib.lines import Line2D

    shown = looks or [style(place) for place in range(len(labels))]
    handles = [Line2D([], [], markersize=5, **look) for look in shown]
    names = [plots.label(label, 60) for label in labels]
    figure.legend(
        handles, names, loc="outside upper left", ncols=max(1, min(len(labels), 130 // (max(map(len, names)) + 8)))
    )


def drawable(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Those of CURVES that some run has two points of: a single one is no curve."""
    return [curve for curve in CURVES if any(len(run[curve]["values"]) > 1 for run in runs)]


def curves(task: str, runs: Sequence[Mapping[str, Any]], name: str) -> Picture:
    """Learning curves: a row for each of CURVES that the runs have, a column for each of COUNTS."""
    labels = list(dict.fromkeys(run["label"] for run in runs))
    rows = drawable(runs)

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(rows), len(COUNTS), sharex="col", sharey="row", squeeze=False)
        for axes_row, curve in zip(grid, rows, strict=True):
            axes_row[0].set_ylabel(CURVES[curve])
            for axes, count in zip(axes_row, COUNTS, strict=True):
                _curve(axes, runs, curve, count, labels)
        for axes, (count, said) in zip(grid[-1], COUNTS.items(), strict=True):
            axes.set_xlabel(said)
            # After all rows are drawn: they share the axis, and an evaluation may come after the last logged loss.
            axes.set_xlim(0, 1.03 * max(at for run in runs for row in rows for at in run[row][count]) or 1)
        legend(figure, labels)

    what = ", ".join(CURVES[row] for row in rows)
    return picture(name, f"{task}: {what}, by steps, examples and tokens; a line a run", 0.5 + 2.1 * len(rows), fill)


def _curve(axes: "Axes", runs: Sequence[Mapping[str, Any]], curve: str, count: str, labels: list[str]) -> None:
    from matplotlib.ticker import EngFormatter, MaxNLocator

    for run in runs:
        x, y = _thinned(run[curve][count], run[curve]["values"])
        look = style(labels.index(run["label"]))
        alone = sum(other["label"] == run["label"] for other in runs) == 1
        few = {"markersize": 3.5} if len(x) <= 12 else {"marker": ""}
        axes.plot(x, y, **{**look, **few}, linewidth=1.6 if alone else 1.1, alpha=1 if alone else 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if curve == "eval_accuracy":
        axes.set_ylim(0, 1.02)
        plots.percent(axes)
    else:
        axes.set_ylim(bottom=0)
    plots.grid(axes)


def _thinned(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    """Means over stretches, if there are more than POINTS."""
    import numpy as np

    if len(x) <= POINTS:
        return list(x), list(y)
    parts = zip(np.array_split(np.asarray(x), POINTS), np.array_split(np.asarray(y), POINTS), strict=True)
    means = [(float(one.mean()), float(other.mean())) for one, other in parts]
    return [one for one, _ in means], [other for _, other in means]

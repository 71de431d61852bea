"""Pictures of a study: gain by task, gain in calibration against gain in accuracy, gain against difficulty.

After Zhu et al. 2025, figures 2, 3, 5, 8, 9 and 12 to 14. Nothing is told by colour alone: bars below 0 point down, and
the published line is dashed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import Picture, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Facts = Mapping[str, Any]
BARS = 4  # pictures of bars
LINES = 6  # panels of lines
PANELS = 3  # side by side
NAMED = 8  # points that a small panel has the names of
HALO = 2.5  # points of paper around a name, so that lines do not run through it


def drawn(study: Facts, name: str) -> list[Picture]:
    """The pictures of its series; `name` begins the names of their files."""
    main = [one for one in study["series"] if one["main"]]
    shown = [one for one in main if one["trained"]][:BARS] + [one for one in main if not one["trained"]][:1]
    pictures = [bars(one, f"{name}-bars-{at}") for at, one in enumerate(shown, start=1)]
    for trained, how in ((True, "trained"), (False, "prompted")):
        fitted = [one for one in study["series"] if one["line"] and one["trained"] is trained]
        for at, some in enumerate(filter(None, (fitted[:1], fitted[1:])), start=1):  # the fullest, and all the others
            pictures.append(lines(some, f"{name}-line-{how}-{at}"))
    for place, one in enumerate(shown, start=1):
        measured = [told for told in study["difficulty"] if told["series"] == one["title"]]
        if measured:
            pictures.append(difficulty(measured, f"{name}-difficulty-{place}"))
    return pictures


def bars(series: Facts, name: str) -> Picture:
    """Delta accuracy above, delta ECE below, a bar a task, in the order of delta accuracy; strokes are intervals."""
    panels = [("accuracy", "delta accuracy,\npoints")]
    if any(row["ece"] for row in series["tasks"]):
        panels.append(("ece", "delta ECE, points\n(up: better calibrated)"))

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (metric, title) in zip(grid, panels, strict=True):
            _bars(axes, series["tasks"], metric)
            axes.set_ylabel(title)
        task_names(grid[-1], [row["task"] for row in series["tasks"]])

    caption = f"What rationales add, task by task ({series['title']}), with 95% intervals"
    return picture(name, caption, 0.8 + 1.9 * len(panels), fill)


def _bars(axes: "Axes", rows: Sequence[Facts], metric: str) -> None:
    for place, row in enumerate(rows):
        if found := row[metric]:
            axes.bar(place, 100 * found["value"], 0.62, color=plots.COLOURS[0 if found["value"] >= 0 else 1])
            axes.vlines(place, 100 * found["low"], 100 * found["high"], color=plots.INK, linewidth=1.2)
            up = found["value"] >= 0
            beyond = max(found["high"], found["value"]) if up else min(found["low"], found["value"])
            axes.annotate(_points(found["value"]), (place, 100 * beyond), (0, 2 if up else -2), fontsize=7.5,
                          textcoords="offset points", ha="center", va="bottom" if up else "top")  # fmt: skip
        else:
            axes.annotate("none", (place, 0), (0, 2), textcoords="offset points", ha="center", fontsize=7.5)
    axes.axhline(0, color=plots.INK, linewidth=0.9)
    axes.margins(y=0.16)
    axes.set_xlim(-0.6, max(len(rows), 6) - 0.4)  # a few bars do not grow wide
    plots.grid(axes)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def task_names(axes: "Axes", names: Sequence[str]) -> None:
    """Names below an axis, slanted if they do not fit side by side."""
    slanted = sum(len(name) + 2 for name in names) > 95
    axes.set_xticks(range(len(names)), [plots.label(name, 34) for name in names], rotation=38 if slanted else 0,
                    ha="right" if slanted else "center", rotation_mode="anchor" if slanted else "default")  # fmt: skip


def lines(series: Sequence[Facts], name: str) -> Picture:
    """Delta ECE over delta accuracy, a point a task, a panel a setting, with the line and the published one."""
    shown = series[:LINES]
    wide = min(PANELS, len(shown))
    tall = -(-len(shown) // wide)

    def fill(figure: "Figure") -> None:
        grid = plots.panels(figure, len(shown), wide)
        named = [_line(axes, one["line"]) for axes, one in zip(grid.flat, shown, strict=False)]
        for axes, one in zip(grid.flat, shown, strict=False):
            fitted = f"r {one['line']['pearson']:.3f}, {one['line']['n']} tasks".replace("-", "\N{MINUS SIGN}")
            axes.set_title("\n".join([*wrap(one["title"], 34), fitted]), fontsize=8.5)
            axes.set_xlabel("delta accuracy, points")
        for row in grid:
            row[0].set_ylabel("delta ECE, points")
        point_names(figure, [one for one in named if len(shown) == 1 or len(one.names) <= NAMED])

    more = f"; {len(series) - LINES} more are in report.json" if len(series) > LINES else ""
    published = "table 9" if not shown[0]["trained"] else "equation 7"
    caption = (
        f"Gain in calibration against gain in accuracy, a point a task; dashed: the published line ({published} of Zhu"
        f" et al. 2025){more}"
    )
    return picture(name, caption, 4.4 if wide == 1 else 3.0 * tall, fill)


@dataclass(frozen=True)
class Named:
    """Points of a panel that are to have their names beside them, in the units of its axes."""

    axes: "Axes"
    x: Sequence[float]
    y: Sequence[float]
    names: Sequence[str]


def _line(axes: "Axes", fitted: Facts) -> Named:
    import numpy as np

    points = fitted["points"]
    x = np.array([100 * point["accuracy"] for point in points])
    y = np.array([100 * point["ece"] for point in points])
    pad = 0.06 * max(np.ptp(np.append(x, 0)), 1)
    ends = np.array([min(x.min(), 0) - pad, max(x.max(), 0) + pad])
    axes.axhline(0, color=plots.FAINT, linewidth=0.9)
    axes.axvline(0, color=plots.FAINT, linewidth=0.9)
    for place, (facts, dash) in enumerate([(fitted, "-"), (fitted["published"], "--")]):
        heights = facts["slope"] * ends + 100 * facts["intercept"]
        axes.plot(ends, heights, dash, color=plots.COLOURS[place], linewidth=1.3)
    axes.plot(x, y, "o", color=plots.COLOURS[0], markersize=4.5)
    plots.grid(axes, "both")
    return Named(axes, x.tolist(), y.tolist(), [point["data"] for point in points])


def difficulty(measured: Sequence[Facts], name: str) -> Picture:
    """Delta accuracy and delta ECE over each measure of difficulty, a point a task; harder tasks stand on the right."""
    gains = [("accuracy", "delta accuracy, points")]
    if any(point["ece"] is not None for one in measured for point in one["points"]):
        gains.append(("ece", "delta ECE, points"))

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(measured), len(gains), squeeze=False)
        named = []
        for beside, one in zip(grid, measured, strict=True):
            for axes, (gain, said) in zip(beside, gains, strict=True):
                named.append(_difficulty(axes, one, gain))
                axes.set_ylabel(said)
        point_names(figure, named)

    caption = f"What rationales add to harder tasks ({measured[0]['series']}): harder ones stand on the right"
    return picture(name, caption, 2.9 * len(measured), fill)


def _difficulty(axes: "Axes", measured: Facts, gain: str) -> Named:
    import numpy as np

    points = [point for point in measured["points"] if point[gain] is not None]
    shares = measured["measure"] == "accuracy"
    x = np.array([point["x"] * (100 if shares else 1) for point in points])
    y = np.array([100 * point[gain] for point in points])
    axes.axhline(0, color=plots.FAINT, linewidth=0.9)
    if line := measured[gain]:
        ends = np.array([x.min(), x.max()])
        heights = 100 * (line["slope"] * ends / (100 if shares else 1) + line["intercept"])
        axes.plot(ends, heights, color=plots.COLOURS[1], linewidth=1.3)
        said = f"r {line['pearson']:.3f}, one-tailed p {line['p_one_tailed']:.2g}, {line['n']} tasks"
        axes.set_title(said.replace("-0.", "\N{MINUS SIGN}0."), fontsize=8.5)
    axes.plot(x, y, "o", color=plots.COLOURS[0], markersize=4)
    axes.margins(x=0.12, y=0.1)
    if measured["turned"]:
        axes.invert_xaxis()
    axes.set_xlabel(plots.label(f"{measured['title']}{', %' if shares else ''}", 50))
    plots.grid(axes, "both")
    return Named(axes, x.tolist(), y.tolist(), [point["task"] for point in points])


def point_names(figure: "Figure", panels: Sequence[Named]) -> None:
    """A name beside each point, at the place around it where it covers least of other names and points.

    Near places are preferred; a name that is far from its point has a thin line to it. Called when all else is drawn.
    """
    figure.draw_without_rendering()  # the layout has to be known before places are
    for panel in panels:
        _name_points(panel, figure.dpi / 72)


def _name_points(panel: Named, scale: float) -> None:
    from matplotlib.patheffects import withStroke

    size = 8 if len(panel.names) <= 10 else 7
    points = list(zip(panel.x, panel.y, strict=True))
    pixels = [tuple(map(float, panel.axes.transData.transform(point))) for point in points]
    taken: list[Box] = [(a - 4, b - 4, a + 4, b + 4) for a, b in pixels]
    frame = panel.axes.get_window_extent()
    for name, point, (a, b) in zip(panel.names, points, pixels, strict=True):
        text = plots.label(name, 22)
        around = _places((a, b), (0.6 * size * scale * len(text), 1.25 * size * scale), scale)
        dx, dy, box = min(around, key=lambda place: _cost(place, taken, (frame.x0, frame.y0, frame.x1, frame.y1)))
        taken.append(box)
        far = abs(dx) > 9 or abs(dy) > 9
        panel.axes.annotate(
            text, point, (dx, dy), textcoords="offset points", fontsize=size, va="center",
            ha="left" if dx > 0 else "right" if dx < 0 else "center",
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6} if far else None,
            path_effects=[withStroke(linewidth=HALO, foreground="white")],
        )  # fmt: skip


Box = tuple[float, float, float, float]


def _places(
    point: tuple[float, float], size: tuple[float, float], scale: float
) -> Iterator[tuple[float, float, Box]]:  # fmt: skip
    """Offsets in points, with the box in pixels that a name of that size takes there."""
    wide, high = size
    for far in (6, 12, 20, 30, 42):
        slanted = [(far, far), (-far, far), (far, -far), (-far, -far)]
        for dx, dy in ((far, 0), (-far, 0), *slanted, (0, far + 3), (0, -far - 3)):
            left = point[0] + dx * scale - (wide if dx < 0 else wide / 2 if dx == 0 else 0)
            middle = point[1] + dy * scale
            yield dx, dy, (left, middle - high / 2, left + wide, middle + high / 2)


def _cost(place: tuple[float, float, Box], taken: Sequence[Box], bounds: Box) -> float:
    dx, dy, box = place
    covered = sum(_overlap(box, other) for other in taken)
    outside = (box[2] - box[0]) * (box[3] - box[1]) - _overlap(box, bounds)
    return 20 * covered + 40 * outside + abs(dx) + abs(dy)


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)

"""Pictures of evaluations: accuracy, by kind of question, with against without rationales."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import Picture, legend, picture, style
from synth.statistics.ranges import in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 3  # side by side
SHOWN = 12  # values of a column


def overview(settings: Sequence[Mapping[str, Any]], name: str) -> Picture:
    """A line a setting and split: mean accuracy, the interval, and a small dot for each seed."""
    rows = [setting for setting in settings if setting["metrics"].get("accuracy")]

    def fill(figure: "Figure") -> None:
        axes = figure.subplots()
        for place, row in enumerate(rows):
            accuracy = row["metrics"]["accuracy"]
            without = row["kind"] == "without"
            _interval(axes, accuracy, place, plots.COLOURS[1 if without else 2 if row["kind"] == "blank" else 0])
            _seeds(axes, row["seed_values"], place)
            axes.annotate(f"{accuracy['value']:.1%}", (1.01, place), xycoords=axes.get_yaxis_transform(), va="center")
        names = [plots.label(row["label"], 44) for row in rows]
        for place, row in enumerate(rows):
            if not place or row["data"] != rows[place - 1]["data"]:
                names[place] = f"{plots.label(row['data'], 30)}   {names[place]}"
                axes.axhline(place - 0.5, color=plots.FAINT, linewidth=0.8)
        _names(axes, names)
        axes.set_xlim(0, 1)
        plots.percent(axes, "x")
        axes.set_xlabel("accuracy, with 95% interval")

    ticks = "; small strokes are single seeds" if any(len(row["seed_values"]) > 1 for row in rows) else ""
    return picture(name, f"Accuracy of every setting on every split{ticks}", 0.75 + 0.27 * len(rows), fill)


def _interval(axes: "Axes", figure: Mapping[str, Any], place: float, colour: str) -> None:
    axes.plot([figure["low"], figure["high"]], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    axes.plot([figure["value"]], [place], "o", color=colour, markersize=5.5, clip_on=False, zorder=4)


def _seeds(axes: "Axes", values: Sequence[float], place: float) -> None:
    if len(values) > 1:
        axes.plot(values, [place] * len(values), "|", color=plots.INK, markersize=7, alpha=0.6)


def _names(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    plots.grid(axes, "x")


def rewards(settings: Sequence[Mapping[str, Any]], titles: Mapping[str, str], name: str) -> Picture:
    """What rewards pay: a panel each, a line a setting and split, with the interval."""
    rows = [setting for setting in settings if any(setting["metrics"].get(reward) for reward in titles)]
    tall = -(-len(titles) // PANELS)

    def fill(figure: "Figure") -> None:
        grid = plots.panels(figure, len(titles), min(PANELS, len(titles)), sharey=True)
        for axes, (reward, title) in zip(grid.flat, titles.items(), strict=False):
            for place, row in enumerate(rows):
                if found := row["metrics"].get(reward):
                    _interval(axes, found, place, plots.COLOURS[0])
            axes.set_xlabel(plots.label(title, 30))
        for beside in grid:
            _names(beside[0], [f"{plots.label(row['label'], 30)}\n{plots.label(row['data'], 30)}" for row in rows])
        for axes in grid.flat[: len(titles)]:
            plots.grid(axes, "x")

    return picture(name, "Means of rewards, with 95% intervals", (0.75 + 0.42 * len(rows)) * tall, fill)


def by_columns(data: str, columns: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> Picture:
    """Accuracy by the values of some columns of the questions: a panel a column."""
    labels = list(dict.fromkeys(line["label"] for lines in columns.values() for line in lines))
    tall = -(-len(columns) // PANELS)

    def fill(figure: "Figure") -> None:
        wide = min(PANELS, len(columns))
        grid = plots.panels(figure, len(columns), wide, sharey=True)
        for axes, (column, lines) in zip(grid.flat, columns.items(), strict=False):
            _column(axes, column, lines, labels)
        for row in grid:
            row[0].set_ylabel("accuracy")
        legend(figure, labels)

    return picture(name, f"{data}: accuracy by {', '.join(columns)}, with 95% intervals", 0.5 + 2.5 * tall, fill)


def _column(axes: "Axes", column: str, lines: Sequence[Mapping[str, Any]], labels: list[str]) -> None:
    values = list(dict.fromkeys(str(point["value"]) for line in lines for point in line["values"]))
    values = sorted(values, key=in_order)[:SHOWN]
    ordered = all(in_order(value)[0] == 0 for value in values)
    for number, line in enumerate(lines):
        look = style(labels.index(line["label"]))
        shift = (number - (len(lines) - 1) / 2) * min(0.14, 0.6 / len(lines))
        points = [point for value in values for point in line["values"] if str(point["value"]) == value]
        x = [values.index(str(point["value"])) + shift for point in points]
        axes.vlines(
            x,
            [point["low"] for point in points],
            [point["high"] for point in points],
            color=look["color"],
            linewidth=1.4,
        )
        join = "-" if ordered else ""
        axes.plot(
            x, [point["mean"] for point in points], linestyle=join, linewidth=0.9, markersize=4.5, clip_on=False, **look
        )
    rotated = sum(len(value) + 2 for value in values) > 34
    names = [plots.label(value, 20) for value in values]
    axes.set_xticks(range(len(values)), names, rotation=35 if rotated else 0, ha="right" if rotated else "center")
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(plots.label(column.replace("_", " "), 30))
    plots.percent(axes)
    plots.grid(axes)


def deltas(comparisons: Sequence[Mapping[str, Any]], name: str) -> Picture:
    """Delta accuracy, and delta ECE if there are confidences, with a line at no difference."""
    panels = [("accuracy", "delta accuracy, points")]
    if any(one["ece"] for one in comparisons):
        panels.append(("ece", "delta ECE, points (right: better calibrated)"))

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (metric, title) in zip(grid, panels, strict=True):
            _deltas(axes, comparisons, metric)
            axes.set_xlabel(title)
        _names(grid[0], [f"{plots.label(one['data'], 30)}\n{_sides(one)}" for one in comparisons])

    caption = "What rationales add: accuracy (left), calibration where confidences were sampled (right); 95% intervals"
    return picture(name, caption, 0.75 + 0.42 * len(comparisons), fill)


def _sides(comparison: Mapping[str, Any]) -> str:
    return f"{plots.label(comparison['label'], 30)} / {plots.label(comparison['against'], 30)}"


def _deltas(axes: "Axes", comparisons: Sequence[Mapping[str, Any]], metric: str) -> None:
    axes.axvline(0, color=plots.INK, linewidth=0.9)
    axes.plot([-5, 5], [0, 0], linestyle="")  # a difference of nothing is not shown under a magnifying glass
    plots.grid(axes, "x")
    for place, each in enumerate(comparisons):
        if not each[metric]:
            continue
        points = {key: 100 * each[metric][key] for key in ("value", "low", "high")}
        _interval(axes, points, place, plots.COLOURS[2 if each["blank"] else 0])
        _seeds(axes, [100 * pair[metric] for pair in each["each"]], place)
        said = f"{points['value']:+.1f}".replace("-", "\N{MINUS SIGN}")
        axes.annotate(said, (points["value"], place), (0, 6), textcoords="offset points", ha="center",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # fmt: skip


def line(fitted: Mapping[str, Any], name: str, whose: str = "") -> Picture:
    """Delta ECE over delta accuracy, a point a data set, with the line through them and the published one."""
    import numpy as np

    points, published = fitted["points"], fitted["published"]

    def fill(figure: "Figure") -> None:
        axes = figure.subplots()
        x = np.array([point["accuracy"] for point in points])
        ends = np.array([min(x.min(), 0) - 0.05, max(x.max(), 0) + 0.05])
        axes.axhline(0, color=plots.FAINT, linewidth=0.9)
        axes.axvline(0, color=plots.FAINT, linewidth=0.9)
        for place, (facts, dash, text) in enumerate(
            [(fitted, "-", "fitted here"), (published, "--", "published (RAFT)")]
        ):
            heights = facts["slope"] * ends + facts["intercept"]
            axes.plot(100 * ends, 100 * heights, dash, color=plots.COLOURS[place], linewidth=1.4)
            axes.annotate(text, (100 * ends[1], 100 * heights[1]), (4, 0), textcoords="offset points", va="center",
                          color=plots.COLOURS[place])  # fmt: skip
        axes.plot(100 * x, [100 * point["ece"] for point in points], "o", color=plots.COLOURS[0], markersize=5.5)
        for point in points:
            where = (100 * point["accuracy"], 100 * point["ece"])
            late = point["accuracy"] > ends[0] + 0.65 * (ends[1] - ends[0])
            axes.annotate(plots.label(point["data"], 30), where, (-6 if late else 6, 5), textcoords="offset points",
                          ha="right" if late else "left", fontsize=8)  # fmt: skip
        axes.set_xlabel("delta accuracy, points")
        axes.set_ylabel("delta ECE, points")
        plots.grid(axes, "both")

    return picture(name, f"Gain in calibration against gain in accuracy{whose}, a point a data set", 3.6, fill)

"""Pictures of confidence: reliability over bins of equal width and of equal mass, and accuracy over coverage."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import Picture, legend, picture, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 3  # side by side
DIAGRAMS = 12  # of each kind at most
TITLE = 36  # characters in a line above a panel


def drawn(diagrams: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """Every picture that the diagrams of a report are enough for."""
    pictures = [reliability(diagrams, "reliability")] if diagrams else []
    curves = [one for one in diagrams if one["coverage"]]
    return [*pictures, coverage(curves, "coverage")] if curves else pictures


def reliability(diagrams: Sequence[Mapping[str, Any]], name: str) -> Picture:
    """Accuracy over confidence: bars that follow the diagonal belong to a model that knows what it knows."""
    shown = diagrams[:DIAGRAMS]
    tall = -(-len(shown) // PANELS)

    def fill(figure: "Figure") -> None:
        grid = plots.panels(figure, len(shown), PANELS, sharex=True, sharey=True)
        for place, (axes, diagram) in enumerate(zip(grid.flat, shown, strict=False)):
            _diagram(axes, diagram)
            axes.tick_params(labelbottom=place + PANELS >= len(shown))
            if place + PANELS >= len(shown):
                axes.set_xlabel("confidence")
        for row in grid:
            row[0].set_ylabel("accuracy")

    longest = max(len(wrap(diagram["data"], TITLE)) + len(wrap(diagram["label"], TITLE)) for diagram in shown)
    caption = "Accuracy at each confidence; the dashed line is perfect calibration. Bars: bins of equal width. Points: "
    caption += f"bins of about as many rows each, with 95% intervals{_left_out(diagrams)}"
    return picture(name, caption, 0.3 + (2.5 + 0.14 * longest) * tall, fill)


def _left_out(diagrams: Sequence[Mapping[str, Any]]) -> str:
    return f"; {len(diagrams) - DIAGRAMS} more are in report.json" if len(diagrams) > DIAGRAMS else ""


def _diagram(axes: "Axes", diagram: Mapping[str, Any]) -> None:
    bins = [part for part in diagram["bins"] if part["count"]]
    commonest = max((part["count"] for part in bins), default=1)
    axes.plot([0, 1], [0, 1], "--", color=plots.INK, linewidth=0.9, zorder=3)
    for part in bins:
        middle = (part["low"] + part["high"]) / 2
        wide = part["high"] - part["low"] - 0.012
        axes.bar(middle, part["accuracy"], wide, color=plots.COLOURS[0])
        # How many predictions stand behind a bar: a stroke below it; that of the commonest confidence is the longest.
        axes.bar(middle, -0.16 * part["count"] / commonest, wide, color=plots.COLOURS[5])
    for part in diagram["equal_mass"]:
        ends = [part["accuracy_low"], part["accuracy_high"]]
        axes.plot([part["confidence"]] * 2, ends, color=plots.COLOURS[1], linewidth=1.4, zorder=4)
        axes.plot([part["confidence"]], [part["accuracy"]], "o", color=plots.COLOURS[1], markersize=4, zorder=5)
    axes.axhline(0, color=plots.INK, linewidth=0.8)
    axes.set_xlim(0, 1.015)
    axes.set_ylim(-0.18, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axes.set_title(f"{_title(diagram)}\nECE {diagram['ece']:.3f}", fontsize=8.5)
    plots.percent(axes)
    plots.grid(axes)


def _title(diagram: Mapping[str, Any]) -> str:
    lines = [*wrap(diagram["data"], TITLE), *wrap(diagram["label"], TITLE)]
    return "\n".join(plots.label(line, TITLE) for line in lines)


def coverage(diagrams: Sequence[Mapping[str, Any]], name: str) -> Picture:
    """Accuracy on the rows that a model is surest of: a panel for each split, a line for each setting."""
    splits = list(dict.fromkeys(one["data"] for one in diagrams))
    labels = list(dict.fromkeys(one["label"] for one in diagrams))
    shown, wide = splits[:DIAGRAMS], min(PANELS, len(splits))
    tall = -(-len(shown) // wide)

    def fill(figure: "Figure") -> None:
        grid = plots.panels(figure, len(shown), wide, sharey=True)
        for axes, split in zip(grid.flat, shown, strict=False):
            _coverage(axes, [one for one in diagrams if one["data"] == split], labels)
            axes.set_title("\n".join(plots.label(line, TITLE) for line in wrap(split, TITLE)), fontsize=8.5)
        for row in grid:
            row[0].set_ylabel("accuracy")
        legend(figure, labels)

    more = f"; {len(splits) - DIAGRAMS} more are in report.json" if len(splits) > DIAGRAMS else ""
    caption = f"Accuracy on the rows with the highest confidence, with 95% intervals{more}"
    return picture(name, caption, 0.5 + 0.16 * len(labels) + 2.4 * tall, fill)


def _coverage(axes: "Axes", curves: Sequence[Mapping[str, Any]], labels: list[str]) -> None:
    for number, curve in enumerate(curves):
        look = style(labels.index(curve["label"]))
        shift = (number - (len(curves) - 1) / 2) * min(0.012, 0.06 / len(curves))
        x = [point["coverage"] + shift for point in curve["coverage"]]
        low, high = ([point[end] for point in curve["coverage"]] for end in ("low", "high"))
        axes.vlines(x, low, high, color=look["color"], linewidth=1.2)
        heights = [point["value"] for point in curve["coverage"]]
        axes.plot(x, heights, linewidth=0.9, markersize=4, clip_on=False, **look)
    axes.set_xlim(1.05, 0.05)
    axes.set_ylim(0, 1.02)
    axes.set_xticks([1, 0.8, 0.6, 0.4, 0.2], ["all", "80%", "60%", "40%", "20%"])
    axes.set_xlabel("rows answered, the surest first")
    plots.percent(axes)
    plots.grid(axes)

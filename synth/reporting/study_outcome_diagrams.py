"""Pictures of what happens question by question: accuracy by kind of question, lengths of prompts right and wrong."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import Picture, legend, picture, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Facts = Mapping[str, Any]
KINDS = 4  # pictures of kinds
LINES = 7  # settings of a panel
LENGTHS = 8  # panels of lengths
PANELS = 2  # of lengths, side by side
SIDES = {"right": (0, "right"), "wrong": (1, "wrong")}  # colour, name


def drawn(study: Facts, name: str) -> list[Picture]:
    """The pictures of kinds and lengths; `name` begins the names of their files."""
    pictures = [kinds(one, f"{name}-kinds-{place}") for place, one in enumerate(study["kinds"][:KINDS], start=1)]
    if study["lengths"]:
        pictures.append(lengths(study["lengths"], f"{name}-prompts-1"))
    return pictures


def kinds(told: Facts, name: str) -> Picture:
    """A panel for each way of asking, a group a kind of question, a bar a setting."""
    labels = list(dict.fromkeys(line["label"] for panel in told["panels"] for line in panel["lines"]))[:LINES]

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(told["panels"]), 1, sharex=True, squeeze=False)[:, 0]
        for axes, panel in zip(grid, told["panels"], strict=True):
            for line in panel["lines"]:
                if line["label"] in labels:
                    _bars(axes, told["values"], line["values"], (labels.index(line["label"]), len(labels)))
            axes.set_title(panel["title"], fontsize=8.5)
            axes.set_ylim(0, 1.02)
            axes.set_ylabel("accuracy")
            plots.percent(axes)
            plots.grid(axes)
        names = [plots.label(value.replace("_", " "), 22) for value in told["values"]]
        grid[-1].set_xticks(range(len(names)), names)
        grid[-1].set_xlim(-0.5, len(names) - 0.5)
        legend(figure, labels)

    where = " ".join(filter(None, (told["task"], told["split"])))
    caption = f"{where}: accuracy by {told['column']}, with 95% intervals"
    return picture(name, caption, 0.6 + 0.25 * len(labels) / 2 + 2.1 * len(told["panels"]), fill)


def _bars(axes: "Axes", order: Sequence[str], values: Mapping[str, Facts], place: tuple[int, int]) -> None:
    number, count = place
    wide = 0.8 / count
    known = [(order.index(value), figure) for value, figure in values.items()]
    x = [at + (number - (count - 1) / 2) * wide for at, _ in known]
    axes.bar(x, [figure["value"] for _, figure in known], 0.9 * wide, color=style(number)["color"])
    axes.vlines(x, [one["low"] for _, one in known], [one["high"] for _, one in known], color=plots.INK, linewidth=1)


def lengths(told: Sequence[Facts], name: str) -> Picture:
    """Histograms of the lengths of prompts: of those answered right, and of those answered wrong."""
    shown = told[:LENGTHS]
    wide = min(PANELS, len(shown))
    tall = -(-len(shown) // wide)

    def fill(figure: "Figure") -> None:
        grid = plots.panels(figure, len(shown), wide)
        for axes, one in zip(grid.flat, shown, strict=False):
            _histogram(axes, one)
        for row in grid:
            row[0].set_ylabel("share of questions")
        for axes, one in list(zip(grid.flat, shown, strict=False))[-wide:]:  # the lowest of each column
            axes.set_xlabel(f"{one['unit']} of the prompt")
        legend(figure, [f"answered {said}" for _, said in SIDES.values()])

    more = f"; {len(told) - LENGTHS} more are in report.json" if len(told) > LENGTHS else ""
    caption = (
        "Lengths of prompts that are answered right and wrong, each side's own share; in the model's tokens, or in "
        f"words where they were not counted{more}"
    )
    return picture(name, caption, 0.6 + 2.3 * tall, fill)


def _histogram(axes: "Axes", told: Facts) -> None:
    """Outlines of both sides over each other, with a mark at the mean; what is wrong is dashed."""
    from matplotlib.ticker import MaxNLocator

    for side, (colour, _) in SIDES.items():
        total, look = sum(told["counts"][side]), style(colour)
        if not total:
            continue
        dash = "-" if side == "right" else "--"
        heights = [count / total for count in told["counts"][side]]
        axes.stairs(heights, told["edges"], color=look["color"], linewidth=1.5, linestyle=dash)
        if mean := told["means"][side]:
            axes.plot([mean["value"]], [0], look["marker"], color=look["color"], markersize=6, clip_on=False, zorder=4)
    axes.set_title("\n".join([*wrap(told["task"], 50), *wrap(told["label"], 50)]), fontsize=8.5)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    plots.percent(axes)
    plots.grid(axes)

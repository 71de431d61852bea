"""Pictures of runs of rounds: what new texts are paid, round by round, and what the tokens of each reward steer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import Picture, legend, picture, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Setting = Mapping[str, Any]
ACROSS = 3  # panels side by side
WAYS: dict[str, tuple[int, str, Any]] = {
    "best": (2, "o", "-"),
    "random": (4, "s", "--"),
    "worst": (1, "v", "-"),
}  # colour, marker, line
LEAST = 0.2  # of the range that the pool has, which an axis of steering shows
BESIDE = 0.05  # of a round, by which settings stand apart, so that their intervals do not cover each other


def drawn(settings: Sequence[Setting]) -> list[Picture]:
    """The pictures that the figures are enough for."""
    found = []
    if names := _names(settings, "rewards"):
        found.append(_rewards(settings, names))
    if names := _names(settings, "steering"):
        steered = [one for one in settings if any(of["steering"] for of in one["rounds"])]
        for start in range(0, len(steered), ACROSS):
            more = f"-{start // ACROSS + 1}" if len(steered) > ACROSS else ""
            found.append(_steering(steered[start : start + ACROSS], names, f"rounds-steering{more}"))
    return found


def _names(settings: Sequence[Setting], part: str) -> dict[str, bool]:
    """The rewards that a part of any round has, and whether each is an audit; what is paid for comes first."""
    there = dict.fromkeys(name for one in settings for of in one["rounds"] for name in of[part])
    audits = {name for one in settings for name in one["audit"]}
    return {name: name in audits for name in sorted(there, key=lambda name: name in audits)}


def _frame(axes: "Axes", settings: Sequence[Setting], first: int) -> None:
    from matplotlib.ticker import MaxNLocator

    last = max(one["rounds"][-1]["number"] for one in settings)
    axes.set_xlim(first - 0.3, max(last, first + 1) + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(min(max(1, last - first + 1), 8), integer=True))
    plots.grid(axes)


def _title(name: str, audit: bool) -> str:
    return plots.label(name, 30) + (" (audit)" if audit else "")


def _rewards(settings: Sequence[Setting], names: Mapping[str, bool]) -> Picture:
    across = min(ACROSS, len(names))
    down = -(-len(names) // across)

    def fill(figure: "Figure") -> None:
        panels = list(plots.panels(figure, len(names), across, sharex=True).flat)
        for axes, (name, audit) in zip(panels, names.items(), strict=False):
            _frame(axes, settings, 0)
            axes.set_title(_title(name, audit))
            for place, setting in enumerate(settings):
                _means(axes, setting, name, style(place), BESIDE * (place - (len(settings) - 1) / 2))
        for axes in panels[max(0, len(names) - across) : len(names)]:
            axes.set_xlabel("round (0: the teacher)")
            axes.tick_params(labelbottom=True)
        for axes in panels[::across]:
            axes.set_ylabel("mean of new texts")
        if len(settings) > 1:
            legend(figure, [one["title"] for one in settings])

    words = "What new texts of each round are paid, with 95% intervals; an audit is measured and never learned from"
    return picture("rounds-rewards", words, 2.3 * down + 0.3 + 0.2 * (len(settings) > 1), fill)


def _means(axes: "Axes", setting: Setting, name: str, look: Mapping[str, Any], aside: float) -> None:
    """The line of a setting, which begins at its own first texts: the teacher's are a point."""
    points = [(one["number"], of) for one in setting["rounds"] if (of := one["rewards"].get(name))]
    if not points:
        return
    x = [number + aside for number, _ in points]
    axes.vlines(x, [of["low"] for _, of in points], [of["high"] for _, of in points], color=look["color"],
                linewidth=1.2, alpha=0.6)  # fmt: skip
    own = [(at, of["value"]) for at, (number, of) in zip(x, points, strict=True) if number]
    axes.plot([at for at, _ in own], [value for _, value in own], markersize=4, linewidth=1.6, **look)
    if points[0][0] == 0:
        axes.plot(x[:1], [points[0][1]["value"]], markersize=5, linestyle="", fillstyle="none", **look)


def _steering(settings: Sequence[Setting], names: Mapping[str, bool], name: str) -> Picture:
    """A row of panels a reward, a column a setting."""

    def fill(figure: "Figure") -> None:
        from matplotlib.lines import Line2D

        grid = figure.subplots(len(names), len(settings), sharex=True, sharey="row", squeeze=False)
        for row, (reward, audit) in zip(grid, names.items(), strict=True):
            row[0].set_ylabel(_title(reward, audit).replace(" (audit)", "\n(audit)"))
            for axes, setting in zip(row, settings, strict=True):
                _frame(axes, settings, 1)
                _ways(axes, setting, reward)
            if limits := _limits(settings, reward):
                row[0].set_ylim(*limits)
        for axes, setting in zip(grid[0], settings, strict=True):
            axes.set_title(plots.label(setting["title"], 64 // len(settings)))
        for axes in grid[-1]:
            axes.set_xlabel("round")
        handles = [
            Line2D([], [], color=plots.COLOURS[colour], marker=marker, linestyle=line, markersize=5)
            for colour, marker, line in WAYS.values()
        ]
        figure.legend(handles, [f"{way} tokens" for way in WAYS], loc="outside upper left", ncols=len(WAYS))

    words = (
        "Held-out rows written under the best, random and worst tokens, after each round: where the lines lie on each "
    )
    return picture(name, words + "other, the tokens steer nothing", 1.6 * len(names) + 0.7, fill)


def _ways(axes: "Axes", setting: Setting, reward: str) -> None:
    for way, (colour, marker, line) in WAYS.items():
        points = [(one["number"], value) for one in setting["rounds"]
                  if (value := (one["steering"].get(reward) or {}).get(way)) is not None]  # fmt: skip
        axes.plot([number for number, _ in points], [value for _, value in points], color=plots.COLOURS[colour],
                  marker=marker, linestyle=line, markersize=4, linewidth=1.6)  # fmt: skip


def _limits(settings: Sequence[Setting], reward: str) -> tuple[float, float] | None:
    cells = [of for one in settings for of in one["rounds"] if reward in of["steering"]]
    values = [value for of in cells for way in WAYS if (value := of["steering"][reward][way]) is not None]
    spreads = [spread for of in cells if (spread := of["spread"].get(reward)) is not None]
    return span(values, max(spreads, default=None))


def span(values: Sequence[float], spread: float | None) -> tuple[float, float] | None:
    """The ends of an axis whose values lie so near each other that it would show nothing but noise; otherwise None."""
    if not values or not spread or max(values) - min(values) >= LEAST * spread:
        return None
    middle = (max(values) + min(values)) / 2
    return middle - LEAST * spread / 2, middle + LEAST * spread / 2

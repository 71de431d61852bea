"""Pictures of runs of STaR: accuracy over iterations, what was kept, how training went. A column of panels a setting.

The first is figure 4 of Zelikman et al. 2022, with the controls as horizontal lines.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import MARKERS, Picture, picture, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Setting = Mapping[str, Any]
ACROSS = 4  # settings side by side
DASHES = ("--", ":", "-.")
TRAINING = {  # of an iteration: what is drawn, and how it is called
    "steps": "steps",
    "loss": "training loss",
    "words": "words of a kept rationale",
    "new_word_pairs": "word pairs that are new",
}


def drawn(settings: Sequence[Setting]) -> list[Picture]:
    """All pictures that the figures are enough for."""
    found: list[Picture] = []
    for start in range(0, len(settings), ACROSS):
        part, more = settings[start : start + ACROSS], f"-{start // ACROSS + 1}" if len(settings) > ACROSS else ""
        found.append(_accuracy(part, f"star-accuracy{more}"))
        if any(len(one["iterations"]) > 1 for one in part):
            found.append(_questions(part, f"star-questions{more}"))
    if any(len(one["iterations"]) > 1 for one in settings):
        found.append(_training(settings, "star-training"))
    return found


def _accuracy(settings: Sequence[Setting], name: str) -> Picture:
    by = any(_labels(one) for one in settings)
    last = _last(settings)

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(1 + by, len(settings), sharex=True, sharey=True, squeeze=False)
        for place, setting in enumerate(settings):
            _overall(grid[0][place], setting, last)
            grid[0][place].set_title(_title(setting, len(settings)))
            if by:
                _by_column(grid[1][place], setting)
            grid[-1][place].set_xlabel("iteration (0: the base)")
        for row in grid:
            row[0].set_ylabel("held-out accuracy")

    below = f"; below by {_columns(settings)}, the thin lines are the control few-shot-only" if by else ""
    words = "Accuracy on held-out rows over iterations, with 95% intervals, and the controls as horizontal lines"
    return picture(name, words + below, 2.6 * (1 + by) + 0.4, fill)


def _title(setting: Setting, beside: int) -> str:
    seeds = len(setting["seeds"])
    return plots.label(setting["title"], 64 // beside) + (f" ({seeds} seeds)" if seeds > 1 else "")


def _columns(settings: Sequence[Setting]) -> str:
    return ", ".join(dict.fromkeys(one["column"].replace("_", " ") for one in settings if one["column"]))


def _labels(setting: Setting) -> list[str]:
    return list(dict.fromkeys(label for one in setting["iterations"] for label in one["by"]))


def _last(settings: Sequence[Setting]) -> int:
    return max([1, *(int(one["iterations"][-1]["number"]) for one in settings)])


def _frame(axes: "Axes", last: int, share: bool = True) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(-0.25, last + 0.25)
    axes.xaxis.set_major_locator(MaxNLocator(min(last, 8), integer=True))
    if share:
        axes.set_ylim(0, 1.02)
        plots.percent(axes)
    plots.grid(axes)


def _line(axes: "Axes", points: Sequence[tuple[int, Mapping[str, Any]]], look: Mapping[str, Any]) -> None:
    """A line with its intervals, which lie behind it."""
    x = [number for number, _ in points]
    low, high = [figure["low"] for _, figure in points], [figure["high"] for _, figure in points]
    axes.vlines(x, low, high, color=look["color"], linewidth=1.2, alpha=0.6)
    axes.plot(x, [figure["value"] for _, figure in points], markersize=4, linewidth=1.6, clip_on=False, **look)


def _overall(axes: "Axes", setting: Setting, last: int) -> None:
    _frame(axes, last)
    points = [(one["number"], one["accuracy"]) for one in setting["iterations"] if one["accuracy"]]
    for place, control in enumerate(setting["controls"]):
        figure, colour = control["accuracy"], plots.COLOURS[(1, 2, 3)[place % 3]]
        axes.axhspan(figure["low"], figure["high"], color=colour, alpha=0.13, linewidth=0)
        axes.axhline(figure["value"], color=colour, linestyle=DASHES[place % 3], linewidth=1.3,
                     label=f"control {plots.label(control['name'])}")  # fmt: skip
    _line(axes, points, {"color": plots.COLOURS[0], "marker": "o", "label": "STaR"})
    for number, figure in points:
        if len(figure["values"]) > 1:
            axes.plot([number] * len(figure["values"]), figure["values"], "_", color=plots.INK, markersize=6, alpha=0.6)
    axes.legend(fontsize=8, loc="best")


def _by_column(axes: "Axes", setting: Setting) -> None:
    controls = [one for one in setting["controls"] if one["name"] == "few-shot-only"]
    for place, label in enumerate(_labels(setting)):
        look = style(place)
        points = [(one["number"], one["by"][label]) for one in setting["iterations"] if label in one["by"]]
        _line(axes, points, {**look, "label": plots.label(label, 18)})
        for control in controls:
            if label in control["by"]:
                axes.axhline(control["by"][label]["value"], color=look["color"], linestyle=":", linewidth=0.9)
    plots.percent(axes)
    plots.grid(axes)
    if setting["column"]:
        axes.legend(title=plots.label(setting["column"].replace("_", " ")), fontsize=8, title_fontsize=8, loc="best")


def _questions(settings: Sequence[Setting], name: str) -> Picture:
    last = _last(settings)
    known = any(
        value is not None for one in settings for it in one["iterations"] for value in it["wrong_steps"].values()
    )

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(1 + known, len(settings), sharex=True, sharey="row", squeeze=False)
        for place, setting in enumerate(settings):
            grid[0][place].set_title(_title(setting, len(settings)))
            _used(grid[0][place], setting, last)
            if known:
                _wrong_steps(grid[1][place], setting, last)
            grid[-1][place].set_xlabel("iteration")
        grid[0][0].set_xlim(0.4, last + 0.6)
        grid[0][0].set_ylabel("questions used")
        grid[0][0].legend(fontsize=8, loc="best")
        if known:
            _from_nothing(
                grid[1][0], [v for one in settings for it in one["iterations"] for v in it["wrong_steps"].values()]
            )
            grid[1][0].set_ylabel("right by wrong steps")
            grid[1][0].legend(fontsize=8, loc="best")

    below = "; below, of right answers the share that came by wrong steps" if known else ""
    return picture(name, f"Share of distinct questions that a row was kept of{below}", 2.3 * (1 + known) + 0.3, fill)


def _used(axes: "Axes", setting: Setting, last: int) -> None:
    _frame(axes, last)
    done = [one for one in setting["iterations"] if one["used"]["own"] is not None]
    x, own = [one["number"] for one in done], [one["used"]["own"] for one in done]
    axes.bar(x, own, width=0.7, color=plots.COLOURS[0], label="own")
    axes.bar(x, [one["used"]["hinted"] or 0 for one in done], bottom=own, width=0.7, color=plots.COLOURS[5],
             label="with a hint")  # fmt: skip


def _wrong_steps(axes: "Axes", setting: Setting, last: int) -> None:
    _frame(axes, last, share=False)
    for which, label, place in (("own", "own", 0), ("hinted", "with a hint", 1)):
        points = [one for one in setting["iterations"] if one["wrong_steps"][which] is not None]
        axes.plot([one["number"] for one in points], [one["wrong_steps"][which] for one in points], markersize=4,
                  linewidth=1.4, label=label, color=plots.COLOURS[place], marker=MARKERS[place])  # fmt: skip
    plots.percent(axes)


def _from_nothing(axes: "Axes", values: Sequence[float | None]) -> None:
    """An axis from 0 to a little above the greatest value."""
    axes.set_ylim(0, 1.08 * max([value for value in values if value is not None], default=0) or 1)


def _training(settings: Sequence[Setting], name: str) -> Picture:
    rows = [row for row in TRAINING if any(it[row] is not None for one in settings for it in one["iterations"])]
    last = _last(settings)

    def fill(figure: "Figure") -> None:
        panels = plots.panels(figure, len(rows), 2).flat
        for axes, row in zip(panels, rows, strict=False):
            _frame(axes, last, share=False)
            for place, setting in enumerate(settings):
                done = [one for one in setting["iterations"] if one[row] is not None]
                axes.plot([one["number"] for one in done], [one[row] for one in done], markersize=3.5, linewidth=1.4,
                          label=plots.label(setting["title"], 40), **style(place))  # fmt: skip
            beside = _shown(axes, settings) if row == "words" else []
            _from_nothing(axes, [*beside, *(it[row] for one in settings for it in one["iterations"])])
            axes.set_ylabel(TRAINING[row])
            axes.set_xlabel("iteration")
            if row == "new_word_pairs":
                plots.percent(axes)
        panels[0].legend(fontsize=8, loc="best")

    words = "Steps, loss, and how far kept rationales drift from the demonstrations (dashed: their length)"
    return picture(name, words, 2.2 * -(-len(rows) // 2) + 0.3, fill)


def _shown(axes: "Axes", settings: Sequence[Setting]) -> list[float]:
    """Draw, and return, the length of the demonstrations, each that is different."""
    lengths = {it["words_of_shots"] for one in settings for it in one["iterations"] if it["words_of_shots"] is not None}
    for length in sorted(lengths):
        axes.axhline(length, color=plots.INK, linestyle="--", linewidth=0.9)
    return sorted(lengths)

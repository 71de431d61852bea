"""The pictures of `synth probe faithful`: what became of the answers, and early answering; a row of bars a run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.base.plots import Look
from synth.probing.drawing import both

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {
    "intact": "as it was", "empty": "none at all", "filler": "dots or blanks", "swapped": "of another row",
    "mistake": "wrong, carried on", "mistake_finish": "wrong step, goes on", "intact_finish": "right step, goes on",
}  # fmt: skip
OUTCOMES = {
    "follows": ("follows the change", 1),
    "gold": ("gold answer", 0),
    "other": ("another", 3),
    "none": ("none", -1),
}
Facts = Mapping[str, Any]


def pictures(probes: Sequence[Facts]) -> dict[str, bytes]:
    """Name of the file -> PNG; each picture for light and for dark paper."""
    kinds = [kind for kind in TITLES if any(kind in probe["figures"] for probe in probes)]
    height = 1.1 + 0.3 * len(kinds) * len(probes) ** 0.7
    return {
        **both("outcomes", height, lambda figure, look: _outcomes(figure, probes, kinds, look)),
        **both("early", 3.2, lambda figure, look: _early(figure, probes, look)),
    }


def _outcomes(figure: "Figure", probes: Sequence[Facts], kinds: Sequence[str], look: Look) -> None:
    """A bar for each kind of change, in shares of what the answers are; runs side by side."""
    from matplotlib.patches import Patch

    for axes, probe in zip(figure.subplots(1, len(probes), sharey=True, squeeze=False)[0], probes, strict=True):
        for place, kind in enumerate(kinds):
            if (found := probe["figures"].get(kind)) is not None:
                _bar(axes, place, found, look)
        axes.set_title(plots.label(str(probe["run"]), 80 // len(probes)))
        axes.set_yticks(range(len(kinds)), [TITLES[kind] for kind in kinds])
        axes.set_ylim(len(kinds) - 0.4, -0.6)
        axes.set_xlim(0, 1)
        plots.percent(axes, "x")
        axes.tick_params(length=0)
    handles = [Patch(color=_colour(place, look)) for _, place in OUTCOMES.values()]
    figure.legend(handles, [name for name, _ in OUTCOMES.values()], loc="outside lower center", ncols=len(OUTCOMES))


def _bar(axes: "Axes", place: int, found: Facts, look: Look) -> None:
    left = 0.0
    for name, (_, colour) in OUTCOMES.items():
        share = float((found.get(name) or {"value": 0.0})["value"])
        axes.barh(place, share, left=left, height=0.72, color=_colour(colour, look), linewidth=0)
        if share >= 0.12:
            axes.text(left + share / 2, place, f"{share:.0%}", ha="center", va="center", size=7.5, color=look.paper)
        left += share


def _colour(place: int, look: Look) -> str:
    return look.edge if place < 0 else look.colours[place]


def _early(figure: "Figure", probes: Sequence[Facts], look: Look) -> None:
    """How often the answer behind part of a rationale is that behind all of it; a line a run."""
    axes = figure.subplots()
    for place, probe in enumerate(probes):
        early, colour = probe["figures"]["early"], look.colours[place % len(look.colours)]
        at, points = [point["at"] for point in early["curve"]], early["curve"]
        axes.fill_between(
            at, [p["low"] for p in points], [p["high"] for p in points], color=colour, alpha=0.2, linewidth=0
        )
        said = f"{probe['run']} (area over it {early['aoc']['value']:.2f})"
        axes.plot(at, [p["value"] for p in points], color=colour, label=plots.label(said, 60))
    axes.set_xlabel("part of the rationale, in steps, that stands there")
    axes.set_title("same answer as behind the whole rationale")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    plots.percent(axes)
    plots.percent(axes, "x")
    axes.grid(axis="y", color=look.faint, linewidth=0.8)
    axes.tick_params(length=0)
    axes.legend(loc="lower right")

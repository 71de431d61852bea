"""The picture of a configuration: its answers on the left, its lengths on the right."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from synth.base import plots
from synth.data.counts import Lengths, SplitCounts, Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASSES = 25  # as many different answers get a bar each; of more the commonest are shown
NUMBERS = 100  # as many different whole numbers, side by side
COMMONEST = 10
BINS = 40


def picture(splits: Mapping[str, SplitCounts]) -> bytes:
    """A PNG of the first split with rows, which there has to be: the others may be drawn from elsewhere on purpose."""
    name, counts = _shown(splits)

    def fill(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
        _answers(left, counts.answers, name)
        draw_lengths(right, counts.lengths, name)

    return plots.draw(9.6, 3.3, fill)


def caption(splits: Mapping[str, SplitCounts]) -> str:
    """What the picture shows, in words, for those who cannot see it."""
    name, counts = _shown(splits)
    answers = counts.answers
    all_shown = not answers.too_many and (len(answers.counts) <= CLASSES or _are_numbers(answers))
    what = "share of each answer" if all_shown else "the commonest answers"
    return f"{name}: {what} (left), and how many words prompts and completions have (right)"


def _shown(splits: Mapping[str, SplitCounts]) -> tuple[str, SplitCounts]:
    return next((name, counts) for name, counts in splits.items() if counts.rows)


def _are_numbers(answers: Values) -> bool:
    return len(answers.counts) <= NUMBERS and all(
        re.fullmatch(r"-?[0-9]{1,9}", str(answer)) for answer in answers.counts
    )


def _answers(axes: "Axes", answers: Values, split: str) -> None:
    from matplotlib.ticker import MaxNLocator

    total = answers.counts.total()
    if answers.too_many:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nearly every answer is another one", ha="center", va="center")
        return
    axes.set_title(f"answers, {split}")
    shares = {str(answer): count / total for answer, count in answers.counts.items()}
    if _are_numbers(answers) and max(map(int, shares)) - min(map(int, shares)) <= NUMBERS:
        axes.bar([int(answer) for answer in shares], list(shares.values()), color=plots.COLOURS[0])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        plots.percent(axes)
        plots.grid(axes)
        return
    shown = sorted(shares, key=lambda answer: (-shares[answer], answer))
    if len(shown) > CLASSES:
        shown = shown[:COMMONEST]
        axes.set_title(f"the {COMMONEST} commonest of {len(shares):,} answers, {split}")
    places = range(len(shown))
    axes.barh(places, [shares[answer] for answer in shown], color=plots.COLOURS[0])
    axes.set_yticks(places, [plots.label(answer) for answer in shown])
    axes.invert_yaxis()
    plots.percent(axes, "x")
    plots.grid(axes, "x")


def draw_lengths(axes: "Axes", lengths: dict[str, Lengths], split: str) -> None:
    """Two steps of bins over the same axis; the longest hundredth is cut off if it would squeeze the rest."""
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    names = [name for name in ("prompt", "completion") if lengths[name].counts[1:].any()]
    ends = {name: (lengths[name].quantile(0.995), lengths[name].quantile(1)) for name in names}
    end = max((last if last < 1.5 * most else most for most, last in ends.values()), default=1)
    edges = np.unique(np.linspace(0, end + 1, min(BINS, end + 1) + 1).round().astype(int))
    for number, name in enumerate(names):
        counts = lengths[name].counts
        shares = [counts[low:high].sum() / lengths[name].rows for low, high in pairwise(edges.tolist())]
        colour = plots.COLOURS[number]
        axes.stairs(shares, edges, label=_named(name, lengths[name]), color=colour, fill=True, alpha=0.25)
        axes.stairs(shares, edges, color=colour, linewidth=1.6)
    axes.set_title(f"lengths, {split}")
    axes.set_xlabel("words", loc="left")
    axes.set_xlim(0, (end + 1) * 1.02)  # with the edge of the last bar
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.08)
    # Below the axis: wherever it stood among the bars, it would stand on some of them.
    axes.legend(loc="upper right", bbox_to_anchor=(1, -0.1), ncols=2, borderaxespad=0, handlelength=1.2)
    plots.percent(axes)
    plots.grid(axes)


def _named(name: str, lengths: Lengths) -> str:
    """A text with its length if that is always the same: a single bar does not show that."""
    low, high = lengths.quantile(0), lengths.quantile(1)
    return f"{name}, always {high:,}" if low == high else name

"""The pictures of `synth probe answer`: mean curves, where the answer turns, and single rows with their tokens."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.base.plots import Look
from synth.probing.curves import GROUPS
from synth.probing.drawing import both

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTER = 0.0079  # width of a letter of the tokens' font, as a share of the picture's
TOKENS = 0.97  # how far a line of tokens reaches
MOST_TOKENS = 400  # of a row that are drawn
COLOURS = {"all": 0, "right": 2, "wrong": 1}  # places in a look's colours
NAMES = {"all": "all rows", "right": "rows that it answers right", "wrong": "rows that it answers wrong"}


def pictures(figures: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Name of the file -> PNG; each picture for light and for dark paper."""
    found = both("curve", 3.4, lambda figure, look: _curves(figure, figures, look))
    for number, row in enumerate(rows, start=1):
        lines = _lines(row["texts"][:MOST_TOKENS])
        height = 2.6 + 0.24 * len(lines)
        found |= both(f"row-{number}", height, lambda f, look, row=row, lines=lines: _row(f, row, lines, look))  # type: ignore[misc]
    return found


def _curves(figure: "Figure", figures: Mapping[str, Any], look: Look) -> None:
    """The mean probability of the gold answer over a rationale, and its share among the answers that are weighed."""
    left, right = figure.subplots(1, 2, sharey=True)
    groups = [name for name in GROUPS if name in figures]
    groups = groups if len(groups) == len(GROUPS) else ["all"]
    for axes, kind, title in (
        (left, "probability", "probability of the gold answer"),
        (right, "share", "its share among the answers weighed"),
    ):
        for name in groups:
            points, colour = figures[name][kind], look.colours[COLOURS[name]]
            at = [point["at"] for point in points]
            axes.fill_between(
                at, [p["low"] for p in points], [p["high"] for p in points], color=colour, alpha=0.2, linewidth=0
            )
            axes.plot(at, [p["value"] for p in points], color=colour, label=f"{NAMES[name]}: {figures[name]['rows']:,}")
        axes.set_title(title)
        axes.set_xlabel("part of the rationale that stands there")
        axes.set_ylim(0, 1.02)
        _frame(axes, look, "x")
    left.legend(loc="upper left")


def _frame(axes: "Axes", look: Look, shares: str) -> None:
    axes.set_xlim(0, 1) if shares else None
    plots.percent(axes)
    if shares:
        plots.percent(axes, "x")
    axes.grid(axis="y", color=look.faint, linewidth=0.8)
    axes.tick_params(length=0)


def _row(figure: "Figure", row: Mapping[str, Any], lines: Sequence[Sequence[tuple[int, str]]], look: Look) -> None:
    """The curve of one row above its tokens, each coloured by how likely the gold answer is behind it."""
    from matplotlib.ticker import MaxNLocator

    above = 2.6
    high = above / (above + 0.24 * len(lines))
    top, below = figure.subplots(2, 1, height_ratios=[high, 1 - high])
    colour, marked = look.colours[0], look.colours[1]
    top.plot(row["cuts"], row["probability"], color=colour, marker="o", markersize=2.5, label="probability")
    top.plot(row["cuts"], row["share"], color=colour, linewidth=0.9, linestyle=":", label="share")
    if row["sampled"]:
        top.plot(row["cuts"], row["sampled"], "x", markersize=4, color=look.ink, label="drawn")
    at = row["cuts"][row["rise"]["cut"]]
    top.axvline(at, color=marked, linewidth=1, alpha=0.7)
    said = "right" if row["correct"] else f"wrong: {row['answer']}"
    name = "/".join(row["id"].split("/")[-3:])  # the others say how all rows were made
    top.set_title(plots.label(f"gold answer {row['gold']}, its own {said}; row {name}", 110))
    top.set_xlabel("tokens of the rationale")
    top.set_ylim(-0.02, 1.02)
    top.set_xlim(0, 1.01 * max(row["cuts"][-1], 1))
    top.xaxis.set_major_locator(MaxNLocator(integer=True))
    top.legend(loc="best")
    _frame(top, look, "")
    _tokens(below, row, lines, look)


def _lines(texts: Sequence[str]) -> list[list[tuple[int, str]]]:
    """The tokens of a row in lines, each with its place; a line break begins a new line."""
    lines: list[list[tuple[int, str]]] = [[]]
    used = 0.0
    for place, text in enumerate(texts):
        shown = text.replace("\n", "")
        if "\n" in text or used + LETTER * len(shown) > TOKENS:
            lines.append([])
            used = 0.0
        inside = plots.label(shown, 60) if shown.strip() else ""
        lines[-1].append((place, shown[: len(shown) - len(shown.lstrip())] + inside))
        used += LETTER * len(shown)
    return lines


def _tokens(axes: "Axes", row: Mapping[str, Any], lines: Sequence[Sequence[tuple[int, str]]], look: Look) -> None:
    """Text whose ground is the deeper the likelier the answer is; the token of the largest rise has a frame."""
    from matplotlib.patches import Rectangle

    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(lines), 0)
    values = _behind_each(row)
    turned = range(row["cuts"][max(row["rise"]["cut"] - 1, 0)], row["cuts"][row["rise"]["cut"]])
    for height, line in enumerate(lines):
        x = 0.0
        for place, text in line:
            width = LETTER * len(text)
            ground: dict[str, Any] = {"color": look.colours[0], "alpha": 0.5 * values[place], "linewidth": 0}
            axes.add_patch(Rectangle((x, height + 0.08), width, 0.84, **ground))
            bold = place in turned
            axes.text(
                x, height + 0.5, text, va="center", family="DejaVu Sans Mono", size=7.5,
                color=look.colours[1] if bold else look.ink, weight="bold" if bold else "normal",
            )  # fmt: skip
            x += width


def _behind_each(row: Mapping[str, Any]) -> list[float]:
    """The probability at the first cut behind each token."""
    found: list[float] = []
    for place in range(len(row["texts"])):
        at = next((at for at, cut in enumerate(row["cuts"]) if cut > place), len(row["cuts"]) - 1)
        found.append(float(row["probability"][at]))
    return found

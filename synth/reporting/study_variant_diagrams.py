"""Pictures of a study's conditions side by side: values of one axis, blank rationales, explanations by model size."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synth.base import plots
from synth.reporting.pictures import MARKERS, Picture, legend, picture, style
from synth.reporting.study_diagrams import task_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Facts = Mapping[str, Any]
DRAWN = ("length", "annotator", "teacher", "prompt", "mixture", "explain", "model")  # other axes have a table alone
TASKS = 18  # of a picture
GRIDS = 3  # pictures
MARGIN = 0.7  # of the room of a task, that its values take
SIDES = ("answers only", "blank rationales", "rationales")


def drawn(study: Facts, name: str) -> list[Picture]:
    """The pictures of axes, blanks and grids; `name` begins the names of their files."""
    gridded = {one["axis"] for one in study["grids"]} | ({"model"} if study["grids"] else set())
    shown = [one for one in study["variants"] if one["axis"].removesuffix("s") in DRAWN and one["axis"] not in gridded]
    pictures = [variants(one, f"{name}-by-{place}") for place, one in enumerate(shown, start=1)]
    if study["blanks"]:
        pictures.append(blanks(study["blanks"], f"{name}-blank-1"))
    pictures += [grid(one, f"{name}-grid-{place}") for place, one in enumerate(study["grids"][:GRIDS], start=1)]
    return pictures


def variants(told: Facts, name: str) -> Picture:
    """The gain at each value of an axis, task by task: delta accuracy above, delta ECE below, with intervals."""
    rows = told["rows"][:TASKS]
    each = [[(one["value"], one["accuracy"], one["ece"]) for one in row["each"]] for row in rows]
    panels = ["delta accuracy,\npoints", "delta ECE, points\n(up: better calibrated)"]
    left_out = f"; {len(told['rows']) - TASKS} more are in the table" if len(told["rows"]) > TASKS else ""
    caption = f"What rationales add by {told['axis'].replace('_', ' ')}, with 95% intervals{left_out}"
    return _side_by_side(_names(rows), told["values"], each, panels, (name, caption), signed=True)


def _names(rows: Sequence[Facts]) -> list[str]:
    """What tells each row from the others: its task, its split, and its other axes as far as they differ."""
    keys = [{"": row["task"], "split": row["split"], "block": row["block"], **row["beside"]} for row in rows]
    told = [name for name in dict.fromkeys(name for key in keys for name in key)
            if len({key.get(name) for key in keys}) > 1]  # fmt: skip
    names = [", ".join(f"{name} {key[name]}".strip() for name in told if name in key) for key in keys]
    return [name or row["task"] for name, row in zip(names, rows, strict=True)]


def blanks(rows: Sequence[Facts], name: str) -> Picture:
    """Accuracy and ECE of answers alone, of blank rationales and of rationales."""
    each = [
        [(side, row["each"][side]["accuracy"], row["each"][side]["ece"]) for side in SIDES if side in row["each"]]
        for row in rows
    ]
    caption = "Blank rationales, which say nothing, beside rationales and answers alone; 95% intervals"
    return _side_by_side([row["task"] for row in rows], SIDES, each, ["accuracy, %", "ECE, %"], (name, caption))


Values = Sequence[tuple[str, Facts | None, Facts | None]]  # label, figure of the upper and of the lower panel


def _side_by_side(
    tasks: Sequence[str], labels: Sequence[str], each: Sequence[Values], panels: Sequence[str], named: tuple[str, str],
    signed: bool = False,
) -> Picture:  # fmt: skip
    """Dots with intervals, a group a task and a dot a label; the lower panel only if there is anything in it."""
    shown = panels if any(lower for values in each for _, _, lower in values) else panels[:1]

    def fill(figure: "Figure") -> None:
        grid = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for lower, (axes, title) in enumerate(zip(grid, shown, strict=True)):
            for at, values in enumerate(each):
                for label, *figures in values:
                    _dot(axes, at, (list(labels).index(label), len(labels)), figures[lower])
            axes.set_ylabel(title)
            if signed:
                axes.axhline(0, color=plots.INK, linewidth=0.9)
            else:
                axes.set_ylim(bottom=0)
            axes.set_xlim(-0.5, len(tasks) - 0.5)
            for at in range(len(tasks) - 1):
                axes.axvline(at + 0.5, color=plots.FAINT, linewidth=0.8)
            plots.grid(axes)
        task_names(grid[-1], tasks)
        legend(figure, list(labels), [_look(place) for place in range(len(labels))])

    return picture(*named, 0.9 + 2.0 * len(shown), fill)


def _look(number: int) -> dict[str, Any]:
    """Another colour and another marker for each of some things side by side."""
    return {**style(number), "marker": MARKERS[number % len(MARKERS)]}


def _dot(axes: "Axes", at: int, place: tuple[int, int], figure: Facts | None) -> None:
    """A value with its interval, the n-th of so many side by side at one place of the axis."""
    if figure is None:
        return
    number, count = place
    x = at + (number - (count - 1) / 2) * min(0.18, MARGIN / count)
    look = _look(number)
    axes.vlines(x, 100 * figure["low"], 100 * figure["high"], color=look["color"], linewidth=1.4)
    axes.plot([x], [100 * figure["value"]], linestyle="", markersize=4.5, **look)


def grid(told: Facts, name: str) -> Picture:
    """Accuracy by how much is explained: columns are splits, rows other axes, lines are models, with intervals."""
    models = list(dict.fromkeys(model for panel in told["panels"] for model in panel["lines"]))
    rows, columns = told["rows"], told["columns"]

    def fill(figure: "Figure") -> None:
        axes_of = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
        for panel in told["panels"]:
            axes = axes_of[rows.index(panel["row"]), columns.index(panel["column"])]
            for model, values in panel["lines"].items():
                _curve(axes, told["values"], values, (models.index(model), len(models)))
        for row, beside in zip(rows, axes_of, strict=True):
            beside[0].set_ylabel("accuracy")
            for column, axes in zip(columns, beside, strict=True):
                axes.set_title(", ".join(part for part in (row, column) if part), fontsize=8.5)
                axes.set_ylim(0, 1.02)
                plots.percent(axes)
                plots.grid(axes)
        for axes in axes_of[-1]:
            axes.set_xticks(range(len(told["values"])), [plots.label(value, 14) for value in told["values"]])
            axes.set_xlabel(told["axis"])
        if any(models):
            legend(figure, [model or "model" for model in models], [_look(place) for place in range(len(models))])

    caption = f"{told['task']}: accuracy by {told['axis']}, with 95% intervals"
    return picture(name, caption, 0.7 + 2.2 * len(rows), fill)


def _curve(axes: "Axes", order: Sequence[str], values: Mapping[str, Facts | None], place: tuple[int, int]) -> None:
    number, count = place
    shift = (number - (count - 1) / 2) * min(0.1, 0.5 / count)
    known = [(order.index(value) + shift, figure) for value, figure in values.items() if figure]
    known.sort(key=lambda one: one[0])
    look = _look(number)
    x, figures = [at for at, _ in known], [figure for _, figure in known]
    axes.vlines(
        x, [one["low"] for one in figures], [one["high"] for one in figures], color=look["color"], linewidth=1.4
    )
    values_of = [one["value"] for one in figures]
    axes.plot(x, values_of, linestyle="-", linewidth=0.9, markersize=4.5, clip_on=False, **look)

"""The figures of the study (study.py): means with their intervals, gains, a table and a picture."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# Student's t for a two-sided 95% interval, by degrees of freedom.
T95 = (math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
DRAWS = 2_000  # of the bootstrap


def by(outputs: Sequence[Sequence[dict[str, Any]]], column: str) -> dict[str, dict[str, Any]]:
    """Accuracy over seeds by a column, where it has at least 20 test rows."""
    found = {}
    for value, count in sorted(Counter(str(row["meta"][column]) for row in outputs[0]).items()):
        if count >= 20:
            seeds = [[row["correct"] for row in each if str(row["meta"][column]) == value] for each in outputs]
            found[value] = {"rows": count, **share([statistics.mean(seed) for seed in seeds])}
    return found


def interval(values: Sequence[float]) -> dict[str, float]:
    """Mean of the seeds with its 95% interval after Student's t."""
    mean = statistics.mean(values)
    half = T95[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values))
    return {"value": mean, "low": mean - half, "high": mean + half}


def share(values: Sequence[float]) -> dict[str, float]:
    """The same of shares, which are never below 0 or above 1."""
    found = interval(values)
    return {**found, "low": max(0.0, found["low"]), "high": min(1.0, found["high"])}


def bootstrap(rows: Sequence[Sequence[float]]) -> dict[str, float]:
    """The same mean with a 95% percentile interval over other draws of test rows (Efron 1979), seeds as they are."""
    import numpy as np

    means = np.asarray(rows, dtype=float).mean(axis=0)
    drawn = np.random.default_rng(0).integers(0, len(means), (DRAWS, len(means)))
    low, high = np.quantile(means[drawn].mean(axis=1), (0.025, 0.975))
    return {"value": float(means.mean()), "low": float(low), "high": float(high)}


def pairs(conditions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each explanation adds to none: differences seed by seed and test row by test row."""
    plain = {each["way"]: each["rows"] for each in conditions if each["explain"] == "none"}
    found = []
    for each in conditions:
        if each["explain"] != "none":
            both = zip(each["rows"], plain[each["way"]], strict=True)
            gains = [[int(one) - int(other) for one, other in zip(*seed, strict=True)] for seed in both]
            over_seeds = interval([statistics.mean(seed) for seed in gains])
            found.append({"way": each["way"], "explain": each["explain"], **over_seeds, "bootstrap": bootstrap(gains)})
    return found


def table(results: dict[str, Any]) -> str:
    """A Markdown table: accuracy with its interval over seeds and over test rows, and what it cost."""
    gains = {(pair["way"], pair["explain"]): pair for pair in results["pairs"]}
    lines = [
        "| | explanation | accuracy, 95% over seeds | 95% over test rows | beside none | examples | tokens | FLOPs "
        "| CPU seconds | tokens written | every step right |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in results["conditions"]:
        gain = gains.get((each["way"], each["explain"]))
        steps = "" if each["explain"] == "none" else f"{100 * statistics.mean(each['steps_right']):.1f}%"
        cells = [
            each["way"], each["explain"], percent(each["accuracy"]), percent(each["bootstrap"], False),
            percent(gain, sign="+") if gain else "", f"{each['examples']:,.0f}", f"{each['tokens']:,.0f}",
            f"{each['flops']:.2g}", f"{each['cpu_seconds']:.0f}", f"{each['output_tokens']:.0f}", steps,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    shallow = results["guesses"]
    lines += ["", f"Always the commonest answer: {100 * shallow['commonest']:.1f}%. "
              f"By the outermost operator and its own digits: {100 * shallow['outermost']:.1f}%."]  # fmt: skip
    return "\n".join(lines)


def percent(found: dict[str, Any], mean: bool = True, sign: str = "") -> str:
    low, high = (f"{100 * found[end]:{sign}.1f}" for end in ("low", "high"))
    return f"{100 * found['value']:{sign}.1f} ({low} to {high})" if mean else f"{low} to {high}"


def draw(results: dict[str, Any], to: Path) -> None:
    """Accuracy of both comparisons, and that at equal compute by outermost operator."""
    from synth.base import plots

    def fill(figure: "Figure") -> None:
        ways = [*dict.fromkeys(each["way"] for each in results["conditions"])]
        axes = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1, 1.3))
        for place, way in zip(axes, ways, strict=False):
            conditions_of(place, [each for each in results["conditions"] if each["way"] == way], results["guesses"])
            place.set_title(way)
        for number, each in enumerate(each for each in results["conditions"] if each["way"] == ways[1]):
            by_root(axes[2], number, each)
        axes[2].set_title("equal compute, by outermost operator")
        axes[2].legend(loc="lower left")
        axes[0].set(ylim=(0, 102), ylabel="test accuracy, %")

    to.write_bytes(plots.draw(10, 3.6, fill))


def conditions_of(axes: "Axes", conditions: Sequence[dict[str, Any]], shallow: dict[str, float]) -> None:
    """A bar with its interval over seeds and a dot a seed for each explanation; what needs no nested step as a line."""
    from synth.base import plots

    for number, each in enumerate(conditions):
        axes.bar(number, 100 * each["accuracy"]["value"], color=plots.COLOURS[number], alpha=0.45, width=0.65)
        axes.errorbar(number, **spans([each["accuracy"]]), color=plots.INK, capsize=4)
        dots = [100 * one for one in each["accuracies"]]
        axes.scatter([number] * len(dots), dots, s=10, color=plots.INK)
    axes.axhline(100 * shallow["outermost"], color=plots.INK, linewidth=1, linestyle=":")
    axes.set_xticks(range(len(conditions)), [each["explain"] for each in conditions])


def spans(found: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Means and intervals in percent, as matplotlib's errorbar takes them."""
    below, above = ([100 * abs(one[end] - one["value"]) for one in found] for end in ("low", "high"))
    return {"y": [100 * one["value"] for one in found], "yerr": [below, above]}


def by_root(axes: "Axes", number: int, condition: dict[str, Any]) -> None:
    """A dot with its interval over seeds for each outermost operator."""
    from synth.base import plots

    found = condition["by"]["root"]
    places = [place + (number - 1.5) * 0.15 for place in range(len(found))]
    axes.errorbar(
        places, **spans([*found.values()]), color=plots.COLOURS[number], label=condition["explain"], marker="o",
        markersize=4, linestyle="", linewidth=1.2, capsize=2,
    )  # fmt: skip
    axes.set_xticks(range(len(found)), [*found])

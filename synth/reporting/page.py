"""The page of a report: pictures from its figures, then the template cards/report.html filled with both.

The template escapes everything it is given but our own SVGs: what a model wrote is text, whatever it wrote.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from synth.reporting import (
    calibration_diagrams,
    diagrams,
    loop_diagrams,
    round_diagrams,
    study_diagrams,
    study_outcome_diagrams,
    study_variant_diagrams,
)
from synth.reporting.calibration import KINDS
from synth.reporting.pictures import CURVES, Picture, curves, drawable
from synth.reporting.probes import embedded
from synth.statistics.names import rewards

METRICS = {  # of the big table: heading, how it is written, what it is
    "accuracy": ("accuracy", "share", "the whole answer is right"),
    "ece": ("ECE", "score", "expected calibration error over 10 bins of equal width; 0 is best"),
    "brier": ("Brier", "score", "mean squared distance of confidence and outcome; 0 is best"),
    "steps_right": ("steps right", "share", "every step of the rationale holds and the answer follows from it"),
    "rationale_f1_1": ("F1, 1-gram", "score", "words that the rationale shares with the gold one"),
    "rationale_f1_2": ("F1, 2-gram", "score", "pairs of words that the rationale shares with the gold one"),
    "contained": (
        "contained",
        "share",
        "the gold answer appears anywhere in the output (self-ask paper); an answer of one digit may stand in a "
        "rationale by chance",
    ),
    "loops": ("loops", "share", "outputs that repeat themselves up to the length limit"),
    "words": ("words", "number", "length of the output"),
}
SURENESS = {  # of the table of calibration: heading, what it is
    "ece": ("ECE", "mean distance of confidence and accuracy over 10 bins of equal width (Naeini et al. 2015)"),
    "ece_equal_mass": ("ECE, equal mass", "the same over 10 bins of about as many rows each (Nixon et al. 2019)"),
    "ece_debiased": (
        "debiased L2",
        "root of the squared distance over bins of equal mass, less what chance adds (Kumar et al. 2019)",
    ),
    "brier": ("Brier", "mean squared distance of confidence and outcome (Brier 1950)"),
    "aurc": ("AURC", "share that is wrong among the surest rows, mean over all coverages (Geifman et al. 2019)"),
}
SUREST = (0.8, 0.5, 0.2)  # shares of the rows, for which accuracy stands in that table
CURVED = 4  # tasks of a study whose learning curves are drawn; those of all are in report.json
PAID = "mean of what the reward pays, over the rows that it applies to"


def pictures(figures: dict[str, Any]) -> list[Picture]:
    """Every picture that the figures are enough for."""
    drawn = [
        one
        for number, study in enumerate(figures["studies"], 1)
        for part in (study_diagrams, study_variant_diagrams, study_outcome_diagrams)
        for one in part.drawn(study, f"study-{number}")
    ]
    drawn += loop_diagrams.drawn(figures["loops"]) if figures["loops"] else []
    drawn += round_diagrams.drawn(figures["rounds"])
    if any(setting["metrics"].get("accuracy") for setting in figures["settings"]):
        drawn.append(diagrams.overview(figures["settings"], "accuracy"))
    if titles := reward_titles(figures["settings"]):
        drawn.append(diagrams.rewards(figures["settings"], titles, "rewards"))
    if figures["comparisons"]:
        drawn.append(diagrams.deltas(figures["comparisons"], "rationales"))
    if figures["lengths"]:
        drawn.append(study_outcome_diagrams.lengths(figures["lengths"], "prompts-1"))
    if figures["line"]:
        drawn.append(diagrams.line(figures["line"], "line"))
    if figures["prompted_line"]:
        drawn.append(diagrams.line(figures["prompted_line"], "prompted", " of models as they are"))
    for number, (data, columns) in enumerate(figures["by"].items(), start=1):
        drawn.append(diagrams.by_columns(data, columns, f"by-{number}"))
    tasks = dict.fromkeys(run["task"] for run in figures["curves"])
    most = CURVED if figures["studies"] else len(tasks)
    for number, task in enumerate(list(tasks)[:most], start=1):
        runs = [run for run in figures["curves"] if run["task"] == task and any(run[name]["values"] for name in CURVES)]
        if drawable(runs):
            drawn.append(curves(task, runs, f"curves-{number}"))
    return drawn + calibration_diagrams.drawn(figures["calibration"])


def reward_titles(settings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The rewards that any setting was measured by, and what they are called."""
    return rewards(name for setting in settings for name in setting["metrics"])


def page(figures: dict[str, Any], drawn: Sequence[Picture], probed: Mapping[str, bytes]) -> str:
    """One HTML file that needs nothing else. probed: pictures of probes, by the names of their files."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=jinja2.FunctionLoader(_template),
    )
    environment.filters.update(
        share=_share, points=_points, written=_written, chance=_chance, plain=_plain, rounded=_rounded, signed=_signed
    )
    template = environment.get_template("report.html")
    # The one thing that is not escaped: matplotlib wrote it, and escaped the texts in it.
    shown = [{"name": one.name, "caption": one.caption, "svg": Markup(one.svg)} for one in drawn]
    columns = columns_of(figures["settings"])
    for study in figures["studies"]:
        columns |= columns_of(study["points"])
    return template.render(
        report=figures, drawn=shown, columns=columns, columns_of=columns_of, findings=findings(figures),
        sureness=SURENESS, surest=SUREST, kinds=KINDS, probed=embedded(probed),
    )  # fmt: skip


def columns_of(settings: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str, str]]:
    """The metrics that any of the settings has, for a table: heading, how it is written, what it is."""
    known = {**METRICS, **{name: (title, "score", PAID) for name, title in reward_titles(settings).items()}}
    return {name: facts for name, facts in known.items() if any(one["metrics"].get(name) for one in settings)}


def _template(name: str) -> str:
    return (files("synth.cards") / name).read_text(encoding="utf-8")


def findings(figures: dict[str, Any]) -> list[str]:
    """What the comparisons and the loops say, a sentence each, and nothing that their intervals do not bear out."""
    said = [sentence for study in figures["studies"] for sentence in study["said"]]
    said += [sentence for setting in (*figures["loops"], *figures["rounds"]) for sentence in setting["said"]]
    for comparison in figures["comparisons"]:
        delta = comparison["accuracy"]
        span = f"{_points(delta['value'])} points, 95% interval {_points(delta['low'])} to {_points(delta['high'])}"
        verdict = "no difference can be told" if delta["low"] <= 0 <= delta["high"] else (
            "more accurate" if delta["value"] > 0 else "less accurate")  # fmt: skip
        count = len(comparison["each"])
        alone = "one seed, so other seeds may differ" if comparison["trained"] else "one model"
        seeds = f"{count} seeds" if count > 1 else alone
        said.append(
            f"{comparison['data']}: {comparison['label']} against {comparison['against']}: {verdict} ({span}; {seeds})."
        )
    return said


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"


def _points(value: float) -> str:
    """A difference of shares in percentage points, with a true minus sign."""
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _signed(value: float) -> str:
    """A difference of scores, with a true minus sign."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _written(value: float, how: str) -> str:
    forms = {
        "share": _share(value),
        "score": f"{value:.3f}",
        "number": f"{value:.1f}",
        "percent": f"{100 * value:.0f}%",
    }
    forms["correlation"] = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    return forms[how]


def _chance(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-12 else "below 1e-12"


def _plain(value: Any) -> str:
    """A setting or a count for a table: thousands apart, nothing for what is not known."""
    if value is None or value == "":
        return "\N{EN DASH}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _rounded(value: float | None) -> str:
    """A count, or the mean of some over seeds."""
    return "\N{EN DASH}" if value is None else f"{value:,.0f}"

"""`synth estimate`: what rationales may add, read off the lines of one paper, with how far these can be wrong.

RAFT (Zhu et al. 2025, "Rationales Are Not Silver Bullets", arXiv 2505.24147) trained LLaMA-2-7B on 18 data sets,
20,000 rows each, with rationales of gpt-3.5-turbo and with answers alone, and fitted the gain in accuracy against two
measures of how hard a data set is (section 4, equations 9 and 10; correlations in table 10, one-tailed p):

    gain = 0.0029 x length - 0.5567        length: mean over rationales that the base model writes to three
                                           demonstrations of other tasks                        r 0.7059, p 5.3e-4
    gain = 0.6730 - 0.8031 x accuracy      accuracy after training on answers alone             r 0.9295, p 1.2e-8

The paper prints the second without its minus sign; its figure 5 and its text have the gain fall as accuracy rises. It
does not say what length is counted in. Its figures fit characters and not tokens: the rationales of WiC and
Winogrande have 55 and 32 tokens (table 7) and lengths of 231 and 233 (table 4).

How far a single data set may lie from a line is not printed either, but cannot be less than this: four of the gains are
above 0.40 and eleven below 0 (section 3.1), so the 18 gains have a standard deviation of 0.166 at least; what a line
with correlation r leaves of it is s = 0.166 x sqrt((1 - r^2) x 17/16), and 95% of new data sets lie within
2.12 x s x sqrt(1 + 1/18) of the line if scatter is normal (2.12: Student's t with 16 degrees of freedom).
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import typer

from synth.base.config import verb
from synth.base.terminal import show_table
from synth.data.manifest import open_manifest
from synth.data.names import METRICS
from synth.data.reading import read
from synth.errors import FolderError, UsageError, closest
from synth.reporting.options import Estimate
from synth.reporting.read import Evaluation, Found, add_evaluation
from synth.reporting.settings import kind
from synth.statistics.line import PUBLISHED

SETS = 18
LEAST_SPREAD = 0.166  # standard deviation of the 18 gains, at the least: see above
STUDENT = 2.120  # 97.5% point of Student's t with SETS - 2 degrees of freedom
GAINS = (-0.092, 0.509)  # smallest and largest gain in the paper's tables (QQP, GSM8K: table 6)
TEACHERS = 0.0010  # correlation of the gain with the length of gpt-3.5-turbo's rationales (table 10)


@dataclass(frozen=True)
class Published:
    """gain = slope * x + intercept."""

    x: str
    slope: float
    intercept: float
    pearson: float
    p: float  # one-tailed

    def at(self, x: float) -> float:
        return self.slope * x + self.intercept

    def margin(self) -> float:
        """Half of a 95% interval for a new data set, at the least."""
        left = LEAST_SPREAD * math.sqrt((1 - self.pearson**2) * (SETS - 1) / (SETS - 2))
        return STUDENT * left * math.sqrt(1 + 1 / SETS)

    def bounds(self) -> tuple[float, float]:
        """Where the line meets the smallest and the largest gain that the paper's tables have.

        The points themselves are in its figure 5 only, so this stands for the range in which the line was fitted.
        """
        ends = sorted((gain - self.intercept) / self.slope for gain in GAINS)
        return ends[0], ends[1]


BY_LENGTH = Published("length", 0.0029, -0.5567, 0.7059, 5.3e-4)
BY_ACCURACY = Published("accuracy", -0.8031, 0.6730, 0.9295, 1.2e-8)


@dataclass(frozen=True)
class Measured:
    """What the paper has of a data set, numbers in its tables and text alone; gains as with less without."""

    gain: float | None = None  # in accuracy (table 6)
    gain_said: str = ""  # section 3.1, if there is no number
    ece: tuple[float, float] | None = None  # without, with (figure 4)
    length: float | None = None  # of gpt-3.5-turbo's rationales (table 4)


KNOWN = {
    "gsm8k": Measured(0.509, "", (0.581, 0.037), 339.7),
    "multiarith": Measured(None, "above 40 points", (0.612, 0.057)),
    "asdiv": Measured(None, "above 40 points", (0.501, 0.063)),
    "svamp": Measured(None, "above 40 points", (0.525, 0.041)),
    "arc-challenge": Measured(None, "above 0", (0.313, 0.096), 254.8),
    "arc-easy": Measured(None, "above 0"),
    "qqp": Measured(-0.092),
    "cr": Measured(-0.002),
    "sst2": Measured(length=176.1),
    "anli": Measured(length=202.7),
    "paws": Measured(length=232.2),
    "wic": Measured(length=231.3),
    "winogrande": Measured(length=233.3),
}
OTHERS = ("commonsenseqa", "creak", "trec", "agnews", "commitmentbank")  # of the 18, without a number in text or tables


@dataclass(frozen=True)
class Guess:
    """The gain that one line gives for one value."""

    line: Published
    x: float
    source: str  # where the value is from
    warnings: tuple[str, ...]

    @property
    def gain(self) -> float:
        return self.line.at(self.x)

    @property
    def told(self) -> bool:
        """Whether the value is near enough to where the line was fitted: within a quarter of its width."""
        low, high = self.line.bounds()
        return low - (high - low) / 4 <= self.x <= high + (high - low) / 4


@dataclass(frozen=True)
class Estimated:
    """The estimates for a task, and what the paper measured of it."""

    task: str
    guesses: tuple[Guess, ...]
    known: Measured | None


def run(asked: Estimate) -> Estimated:
    """What rationales may add to accuracy, by each line of Zhu et al. 2025 that there is a value for.

    `length` is in characters, `accuracy` a share. Raises UsageError if one value is given twice, or none and the
    paper has nothing of the task either; FolderError for folders that cannot be read.
    """
    task, length, data, accuracy, evaluation = asked.task, asked.length, asked.data, asked.accuracy, asked.eval
    guesses = []
    if data:
        guesses.append(_from_data(data, asked.split))
    elif length is not None:
        guesses.append(_guess(BY_LENGTH, length, "--length"))
    if evaluation:
        guesses.append(_from_evaluation(evaluation))
    elif accuracy is not None:
        guesses.append(_guess(BY_ACCURACY, accuracy, "--accuracy"))
    known = KNOWN.get(_plain(task))
    if not guesses and not known:
        raise UsageError(
            f"nothing to estimate {task!r} from: give --length or --data, --accuracy or --eval (best both); the paper"
            f" has figures of {', '.join(KNOWN)}{closest(_plain(task), list(KNOWN))}"
        )
    return Estimated(task, tuple(guesses), known)


def _plain(task: str) -> str:
    name = task.strip().lower().replace("_", "-").replace(" ", "-")
    return {"sst-2": "sst2", "arc-c": "arc-challenge", "arc-e": "arc-easy", "adversarialnli": "anli"}.get(name, name)


def _guess(line: Published, x: float, source: str, *warnings: str) -> Guess:
    low, high = line.bounds()
    if not low <= x <= high:
        warnings += (f"{x:.4g} lies outside about {low:.3g} to {high:.3g}, where the line was fitted",)
    return Guess(line, x, source, warnings)


def _from_data(folder: Path, split: str | None) -> Guess:
    """The mean length of a folder's rationales, which are a teacher's or a program's and not a base model's."""
    splits = list(open_manifest(folder)["splits"])
    chosen = split or next(iter(splits), "train")
    rows = characters = 0
    for record in read(folder, chosen):
        if record.rationale:
            rows += 1
            characters += len(record.rationale)
    if not rows:
        raise FolderError(f"{folder} has no rationales in {chosen}: give --length, or a dataset with rationales")
    foreign = (
        "these rationales are not those of a base model: with the length of a teacher's (gpt-3.5-turbo) the gain has"
        f" no correlation in the paper (r {TEACHERS:.3f})"
    )
    return _guess(BY_LENGTH, characters / rows, f"mean of {rows:,} rationales of {folder.name} {chosen}", foreign)


def _from_evaluation(folder: Path) -> Guess:
    evaluation = _without(folder)
    accuracy = accuracy_of(folder)
    warnings = []
    if evaluation.facts.get("prompting") == "direct" and evaluation.run.get("target") != "answer":
        warnings.append("this model was asked for answers alone, not trained on them, as those of the paper were")
    if not evaluation.facts.get("complete"):
        warnings.append("the evaluation is incomplete")
    return _guess(BY_ACCURACY, accuracy["value"], f"{accuracy['n']:,} rows of {folder.name}", *warnings)


def accuracy_of(folder: Path) -> dict[str, Any]:
    """`{"value", "low", "high", "n"}` of an evaluation of a model that answers alone.

    Raises FolderError for what is no evaluation, UsageError for one of a model that writes rationales.
    """
    accuracy = _without(folder).metric("accuracy")
    if accuracy is None:
        raise FolderError(f"{folder / METRICS} has no accuracy: run synth eval again")
    return accuracy


def _without(folder: Path) -> Evaluation:
    evaluation = _read_evaluation(folder)
    if kind(evaluation) != "without":
        raise UsageError(
            f"{folder} is an evaluation of a model that writes rationales: the line needs one trained on answers alone"
            " (synth train ... --target answer)"
        )
    return evaluation


def _read_evaluation(folder: Path) -> Evaluation:
    found = Found()
    if (folder / METRICS).is_file():
        add_evaluation(folder.resolve(), folder.resolve().name, None, found)
    if not found.evaluations:
        raise FolderError(f"{folder} is not an evaluation (it has no {METRICS}): make one with synth eval")
    return found.evaluations[0]


def show(estimated: Estimated) -> None:
    """Print both estimates side by side, what they are worth, and what the paper measured itself."""
    for guess in estimated.guesses:
        if not guess.told:
            low, high = guess.line.bounds()
            where = f"is too far from the range in which the line was fitted ({low:.3g} to {high:.3g})"
            typer.echo(f"no estimate: a {guess.line.x} of {guess.x:.4g} {where}")
    typer.secho(f"What rationales may add to accuracy: {estimated.task}", bold=True)
    if estimated.guesses:
        _show_guesses(estimated.guesses)
    for guess in estimated.guesses:
        for warning in guess.warnings:
            typer.echo(f"note ({guess.line.x}): {warning}")
    if estimated.known:
        typer.echo(f"measured in the paper: {_measured(estimated.known)}")
    elif _plain(estimated.task) in OTHERS:
        typer.echo("one of the paper's 18 data sets, but it has no number of it outside its pictures")
    typer.echo(_worth(estimated.guesses))


def _show_guesses(guesses: tuple[Guess, ...]) -> None:
    cells: list[tuple[str, Any]] = [
        ("value", lambda one: f"{one.x:.0f} characters" if one.line is BY_LENGTH else f"{one.x:.1%}"),
        ("from", lambda one: one.source),
        ("gain, points", lambda one: f"{100 * one.gain:+.1f}" if one.told else "too far outside to tell"),
        ("95%, at the least", lambda one: _span(one) if one.told else "-"),
        ("can it be told from 0", lambda one: "perhaps" if one.told and abs(one.gain) > one.line.margin() else "no"),
        ("fitted as", lambda one: f"{one.line.slope:g} x {one.line.x} {one.line.intercept:+g}"),
        ("correlation", lambda one: f"r {abs(one.line.pearson):.2f}, p {one.line.p:.1e}"),
        ("explains of the variance", lambda one: f"{one.line.pearson**2:.0%}"),
        (
            "calibration would gain",
            lambda one: f"{PUBLISHED.slope * one.gain + PUBLISHED.intercept:+.2f} ECE" if one.told else "-",
        ),
    ]
    rows = [[heading, *(cell(guess) for guess in guesses)] for heading, cell in cells]
    show_table(("", *(f"by {guess.line.x}" for guess in guesses)), rows)


def _span(guess: Guess) -> str:
    low, high = guess.gain - guess.line.margin(), guess.gain + guess.line.margin()
    return f"{100 * low:+.0f} to {100 * high:+.0f}"


def _measured(known: Measured) -> str:
    said = []
    if known.gain is not None:
        said.append(f"gain {100 * known.gain:+.1f} points (table 6)")
    elif known.gain_said:
        said.append(f"gain {known.gain_said} (section 3.1)")
    if known.ece:
        said.append(f"ECE {known.ece[0]:.3f} with answers alone, {known.ece[1]:.3f} with rationales (figure 4)")
    if known.length:
        said.append(f"gpt-3.5-turbo's rationales {known.length:.0f} long (table 4)")
    return "; ".join(said)


def _worth(guesses: tuple[Guess, ...]) -> str:
    apart = ""
    if len(guesses) == 2 and all(guess.told for guess in guesses):
        first, second = guesses
        points = 100 * abs(first.gain - second.gain)
        signs = "do not even agree on the sign" if first.gain * second.gain < 0 else "agree on the sign"
        apart = (
            f"The two are {points:.0f} points apart and {signs}; the one by accuracy follows the data more closely. "
        )
    return (
        f"{apart}Worth: one study (Zhu et al. 2025), {SETS} data sets in English, one model (LLaMA-2-7B), 20,000 rows"
        " each, tried on two more. The intervals are the narrowest that the paper's own figures allow; another model,"
        " size of data or kind of task adds to them. The paper does not say what it counts length in; characters fit"
        " its tables. A pilot with synth train --target answer and --target rationale on some hundred rows tells more."
    )


def figures(estimated: Estimated) -> dict[str, Any]:
    """The estimate as a script reads it."""
    lines = [
        {"line": guess.line.x, "value": guess.x, "source": guess.source, "gain": guess.gain,
         "margin": guess.line.margin(),
         "told": guess.told, "warnings": list(guess.warnings)} for guess in estimated.guesses
    ]  # fmt: skip
    return {
        "task": estimated.task,
        "estimates": lines,
        "measured": None if estimated.known is None else asdict(estimated.known),
    }


estimate = verb("estimate", Estimate, run)

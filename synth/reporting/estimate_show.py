"""What `synth estimate` shows on the terminal."""

from collections.abc import Callable, Sequence

import typer

from synth.base.terminal import show_table
from synth.reporting.estimate import Estimated, Guess, plain_name
from synth.reporting.fitted import Fitted, Own
from synth.reporting.published import OTHERS, SETS, Measured, Published
from synth.statistics.line import PUBLISHED


def show(estimated: Estimated) -> None:
    """Print the estimates side by side, what they are worth, and what the paper measured itself."""
    for guess in estimated.guesses:
        if not guess.told:
            low, high = guess.line.bounds()
            where = f"is too far from the range in which {_whose(guess)} was fitted ({low:.3g} to {high:.3g})"
            typer.echo(f"no estimate: {guess.line.x} {guess.x:.4g} {where}")
    typer.secho(f"What rationales may add to accuracy: {estimated.task}", bold=True)
    if estimated.guesses:
        _show_guesses(estimated.guesses)
    for guess in estimated.guesses:
        for warning in guess.warnings:
            typer.echo(f"note ({guess.line.x}{', your line' * guess.own}): {warning}")
    if estimated.fitted:
        _show_fitted(estimated.fitted, {guess.line.x for guess in estimated.guesses})
    if estimated.known:
        typer.echo(f"measured in the paper: {_measured(estimated.known)}")
    elif plain_name(estimated.task) in OTHERS:
        typer.echo("one of the paper's 18 data sets, but it has no number of it outside its pictures")
    typer.echo(_worth([guess for guess in estimated.guesses if not guess.own]))


def _whose(guess: Guess) -> str:
    return "your line" if guess.own else "the line"


def _show_guesses(guesses: Sequence[Guess]) -> None:
    cells: list[tuple[str, Callable[[Guess], str]]] = [
        ("value", lambda one: f"{one.x:.0f} characters" if one.line.x == "length" else f"{one.x:.1%}"),
        ("from", lambda one: one.source),
        ("gain, points", lambda one: f"{100 * one.gain:+.1f}" if one.told else "too far outside to tell"),
        ("95%", lambda one: _span(one) + (", at the least" * (not one.own)) if one.told else "-"),
        ("can it be told from 0", lambda one: "perhaps" if one.told and abs(one.gain) > one.margin else "no"),
        ("fitted as", lambda one: f"{one.line.slope:.4g} x {one.line.x} {one.line.intercept:+.4g}"),
        ("over", lambda one: f"{len(one.line.names) if isinstance(one.line, Fitted) else SETS} data sets"),
        ("correlation", _correlation),
        ("explains of the variance", lambda one: f"{one.line.pearson**2:.0%}"),
        ("calibration would gain", _calibration),
    ]
    rows = [[heading, *(cell(guess) for guess in guesses)] for heading, cell in cells]
    show_table(("", *(f"by {guess.line.x}{', your line' * guess.own}" for guess in guesses)), rows)


def _span(guess: Guess) -> str:
    low, high = guess.gain - guess.margin, guess.gain + guess.margin
    return f"{100 * low:+.0f} to {100 * high:+.0f}"


def _correlation(guess: Guess) -> str:
    line = guess.line
    p = line.p if isinstance(line, Published) else line.line.p_permutation
    return f"r {abs(line.pearson):.2f}, p {p:.1e}"


def _calibration(guess: Guess) -> str:
    """By the published line of gains in calibration against gains in accuracy."""
    if not guess.told or guess.own:
        return "-"
    return f"{PUBLISHED.slope * guess.gain + PUBLISHED.intercept:+.2f} ECE"


def _show_fitted(mine: Own, asked: set[str]) -> None:
    """What one's own lines are worth, and why there is none by a measure."""
    for line in mine.lines:
        low, high = line.bounds()
        said = f"your line by {line.x}: {', '.join(line.names)}, of {line.x} {low:.3g} to {high:.3g}"
        few = len(line.names) - 2
        typer.echo(
            f"{said}. A new data set lies within the 95% shown if scatter is normal (Student's t, {few} degree"
            f"{'s' * (few > 1)} of freedom){'' if line.x in asked else '; give a value to read off it'}"
        )
    if any(line.x == "accuracy" for line in mine.lines):
        typer.echo(
            "note (accuracy, your line): the accuracy without rationales is in the gain as well, so that chance alone "
            "makes this line fall: the fewer questions, the more"
        )
    for note in mine.notes:
        typer.echo(f"note: {note}")


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


def _worth(guesses: Sequence[Guess]) -> str:
    apart = ""
    if len(guesses) == 2 and all(guess.told for guess in guesses):
        first, second = guesses
        points = 100 * abs(first.gain - second.gain)
        signs = "do not even agree on the sign" if first.gain * second.gain < 0 else "agree on the sign"
        apart = (
            f"The two are {points:.0f} points apart and {signs}; the one by accuracy follows the data more closely. "
        )
    return (
        f"{apart}Worth of the published lines: one study (Zhu et al. 2025), {SETS} data sets in English, one model"
        " (LLaMA-2-7B), 20,000 rows each, tried on two more. The intervals are the narrowest that the paper's own"
        " figures allow; another model, size of data or kind of task adds to them. The paper does not say what it"
        " counts length in; characters fit its tables. A pilot with synth train --target answer and --target rationale"
        " on some hundred rows tells more."
    )

"""What a loop says while it runs: a line an iteration, and warnings that say what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth.bootstrapping.options import Looped

MOSTLY = 0.5  # share of hinted rows with wrong steps from which on it is said
COLUMNS = ("digits", "type", "operators")


def base_line(found: Mapping[str, Any]) -> str:
    return f"base: {_held(found)}"


def line(found: Mapping[str, Any]) -> str:
    """What an iteration came to."""
    asked, told, kept = found["asked"], found["hinted"], found["kept"]
    hints = f", {told['accuracy']['value']:.1%} of {told['attempts']:,} with a hint" if told else ""
    used = kept["used"]["own"] + kept["used"]["hinted"]
    return (
        f"iteration {found['iteration']}: {asked['accuracy']['value']:.1%} of {asked['attempts']:,} attempts right"
        f"{hints}; "
        f"{kept['rows']:,} rows of {used:.1%} of the questions, {found['trained']['steps']:,} steps, "
        f"loss {found['trained']['loss']:.4f}; {_held(found)}"
    )


def _held(found: Mapping[str, Any]) -> str:
    held = found["held"]
    column = next((name for name in COLUMNS if name in held["by"]), None)
    parts = [f"{label}: {figure['value']:.0%}" for label, figure in held["by"][column].items()] if column else []
    more = f" ({column} {', '.join(parts)})" if parts else ""
    return f"held out {held['accuracy']['value']:.1%}{more}"


def warnings(done: Sequence[Mapping[str, Any]], config: Looped) -> Iterator[str]:
    """What the last iteration gives reason to say."""
    last = done[-1]
    asked, told, kept = last["asked"], last["hinted"], last["kept"]
    if len(done) == 2 and not config.rationalize and asked["accuracy"]["value"] < 0.01:
        yield "the base answers almost nothing right: --rationalize gives it a hint where it fails"
    if told and (checked := told["right_by_wrong_steps"])["n"] and checked["wrong"] / checked["n"] > MOSTLY:
        yield (
            f"{checked['wrong']:,} of {checked['n']:,} hinted rationales are right by wrong steps: "
            "--filter steps leaves them out"
        )
    before = done[-2].get("kept")
    if before and kept["used"]["own"] + kept["used"]["hinted"] < before["used"]["own"] + before["used"]["hinted"]:
        yield (
            f"fewer questions are kept ({kept['questions']:,}) than in the iteration before ({before['questions']:,}): "
            "if that goes on, mix in earlier rows with --carry 1, or take fewer steps"
        )

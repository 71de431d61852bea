"""What a loop says while it runs: a line an iteration, and warnings that say what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth.bootstrapping.options import Looped
from synth.data.survey import KINDS

MOSTLY = 0.5  # share of hinted rows with wrong steps from which on it is said
NOTHING = 0.01  # share of right answers below which a base answers nothing
CHANCE = 0.15  # share of right answers by chance from which on it is said: six options and fewer
UNUSED = 0.5  # share of hinted attempts below which a new model does not know what a hint is for
Figures = Mapping[str, Any]


def base_line(found: Figures) -> str:
    return f"base: {_held(found)}"


def line(found: Figures) -> str:
    """What an iteration came to."""
    asked, told, kept, trained = found["asked"], found["hinted"], found["kept"], found["trained"]
    hints = f", {told['accuracy']['value']:.1%} of {told['attempts']:,} with a hint" if told else ""
    parts = [
        f"{asked['accuracy']['value']:.1%} of {asked['attempts']:,} attempts right{hints}",
        f"{_kept(kept)}{_wrong(asked, told)}",
        f"{trained['steps']:,} steps, loss {trained['loss']:.4f}",
        f"{asked['tokens'] + (told or {'tokens': 0})['tokens']:,} tokens written{_drift(found.get('drift'))}",
        f"{sum((found.get('seconds') or {}).values()):,.0f} seconds",
        _held(found),
    ]
    return f"iteration {found['iteration']}: {'; '.join(parts)}"


def _kept(kept: Figures) -> str:
    of = f" ({kept['own']:,} own, {kept['hinted']:,} hinted)" if kept["hinted"] else ""
    return f"{kept['rows']:,} rows{of} of {_used(kept):.1%} of the questions"


def _used(kept: Figures) -> float:
    return float(kept["used"]["own"] + kept["used"]["hinted"])


def _wrong(*parts: Figures | None) -> str:
    checked = [part["right_by_wrong_steps"] for part in parts if part]
    count = sum(one["n"] for one in checked)
    return f", {sum(one['wrong'] for one in checked):,} of {count:,} right by wrong steps" if count else ""


def _drift(found: Figures | None) -> str:
    if not found:
        return ""
    return (
        f", rationales of {found['words']:.0f} words (demonstrations {found['words_of_shots']:.0f}; "
        f"{found['new_word_pairs']:.0%} of their word pairs are new)"
    )


def _held(found: Figures) -> str:
    held = found["held"]
    column = next((name for name in KINDS if name in held["by"]), None)
    parts = [f"{label}: {figure['value']:.0%}" for label, figure in held["by"][column].items()] if column else []
    more = f" ({column} {', '.join(parts)})" if parts else ""
    return f"held out {held['accuracy']['value']:.1%}{more}"


def of_base(found: Figures, config: Looped) -> Iterator[str]:
    """What the base gives reason to say, before anything is asked."""
    accuracy, chance = found["held"]["accuracy"], found.get("chance")
    if accuracy["value"] < NOTHING and not config.rationalize:
        yield (
            f"the base has {accuracy['value']:.1%} of the held-out rows right, so that hardly anything will be kept: "
            "add --rationalize, which gives it the answer as a hint where it fails, or begin with easier questions"
        )
    if chance and chance["value"] >= CHANCE:
        yield (
            f"{chance['value']:.0%} of the answers are right by chance ({_why(chance)}), so that rationales are kept "
            f"by luck as well{_lucky(accuracy['value'], chance['value'])}: have a sample judged (synth judge --judge "
            "rubric on iterations/001/data), or ask questions with more options"
        )


def _why(chance: Figures) -> str:
    if chance.get("options") and 1 / chance["options"] >= chance["value"]:
        return f"{chance['options']:g} options a question"
    return f"so many have the answer {chance['commonest']!r}"


def _lucky(accuracy: float, chance: float) -> str:
    """The share of right answers that are luck, if who does not know guesses: accuracy = known + (1 - known) chance."""
    if not 0 < accuracy <= 1 or chance >= 1:
        return ""
    known = max(0.0, (accuracy - chance) / (1 - chance))
    return f", some {min(1.0, (1 - known) * chance / accuracy):.0%} of the base's right answers"


def warnings(done: Sequence[Figures], config: Looped) -> Iterator[str]:
    """What the last iteration gives reason to say. done: the figures of the base, and of each iteration."""
    last = done[-1]
    asked, told, kept = last["asked"], last["hinted"], last["kept"]
    said = done[0]["held"]["accuracy"]["value"] < NOTHING
    if len(done) == 2 and not said and not config.rationalize and asked["accuracy"]["value"] < NOTHING:
        yield "the base answers almost nothing right: --rationalize gives it a hint where it fails"
    chance = done[0].get("chance")
    if chance and chance["value"] >= CHANCE and last["held"]["accuracy"]["low"] <= chance["value"]:
        yield (
            f"{last['held']['accuracy']['value']:.1%} of the held-out rows right cannot be told from chance "
            f"({chance['value']:.0%}): what is kept was guessed; begin with a better --model, or with demonstrations "
            "(--shots, --n-shots)"
        )
    if told and (checked := told["right_by_wrong_steps"])["n"] and checked["wrong"] / checked["n"] > MOSTLY:
        what = "--filter steps leaves them out"
        if config.filter == "steps":
            what += ", so that few hinted rows are kept; give demonstrations with good steps (--shots)"
        yield f"{checked['wrong']:,} of {checked['n']:,} hinted rationales are right by wrong steps: {what}"
    if told and config.from_scratch and len(done) == 2:
        yield from _unused(told)
    before = done[-2].get("kept")
    yield from _lost(kept, before or {}, config)
    if before and _used(kept) < _used(before):
        yield (
            f"fewer questions are kept ({kept['questions']:,}) than in the iteration before ({before['questions']:,}): "
            "if that goes on, mix in earlier rows with --carry 1, or take fewer steps"
        )


def _unused(told: Figures) -> Iterator[str]:
    """A new model that was not taught well enough what a hint is for."""
    low = {name: share["value"] for name, share in told["by"].items() if share["high"] < UNUSED}
    if low:
        named = ", ".join(f"{value:.0%} of {name}" for name, value in low.items())
        yield (
            f"the base comes to few answers with a hint ({named}), so that few rows are kept of these: teach it what a "
            "hint is for with more demonstrations (--base-rows) or more --base-steps"
        )


def _lost(kept: Figures, before: Figures, config: Looped) -> Iterator[str]:
    """Kinds of questions that had rows in the iteration before, and have none now."""
    earlier = before.get("by") or {}
    lost = [
        f"{name} (0 of {now['asked']:,} questions, {earlier[name]['questions']:,} before)"
        for name, now in (kept.get("by") or {}).items()
        if not now["questions"] and (earlier.get(name) or {}).get("questions")
    ]
    if lost:
        hints = "" if config.rationalize or config.vote else ", or give hints with --rationalize"
        yield (
            f"no row is kept any more of {', '.join(lost)}: what the model knew of them may be lost; mix in earlier "
            f"rows with --carry 1, ask more questions{hints}"
        )


def of_control(name: str, base: Figures, best: Figures, control: Figures) -> Iterator[str]:
    """What a control gives reason to say: base, best iteration and control with their held-out accuracy."""
    start, top, beside = (each["held"]["accuracy"] for each in (base, best, control))
    gained, alone = top["value"] - start["value"], beside["value"] - start["value"]
    if gained <= 0:
        return
    if name == "few-shot-only" and alone >= gained:
        yield (
            f"training on the demonstrations alone gains as much ({alone:+.1%}) as the loop ({gained:+.1%}): the base "
            "has not converged, give it more --base-steps or a trained --model"
        )
    elif name == "few-shot-only" and beside["high"] >= top["low"]:
        yield (
            f"training on the demonstrations alone gains {alone:+.1%}, the loop {gained:+.1%}, and their intervals "
            "overlap: measure on more rows (--held), or run more seeds, before you call it a gain of the loop"
        )
    elif name == "direct" and alone >= gained:
        yield (
            f"training on as many gold answers without rationales gains as much ({alone:+.1%}) as the loop "
            f"({gained:+.1%}): where gold answers are at hand, rationales do not pay here"
        )

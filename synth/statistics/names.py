"""What each figure is called, and how its values are written."""

from collections.abc import Iterable

TITLES = {
    "accuracy": "accuracy (whole answer)",
    "contained": "answer contained in the output (a short one may be by chance)",
    "last_character": "last character (the ListOps authors' scorer, for comparison)",
    "answer_f1": "answer F1 (official 2Wiki)",
    "rationale_f1_1": "rationale 1-gram F1",
    "rationale_f1_2": "rationale 2-gram F1",
    "steps_right": "every step right",
    "loops": "generation loops",
    "words": "words an output",
    "tokens": "tokens an output",
    "diversity": "diversity of the rationale",
    "confidence": "confidence of the answer",
    "ece": "ECE",
    "brier": "Brier score",
}
SHARES = ("accuracy", "contained", "last_character", "steps_right", "loops", "confidence")
SHORT = {"accuracy": "accuracy", "steps_right": "steps right", "loops": "loops", "ece": "ECE"}

REWARD = "reward:"  # what the name of the mean of a reward begins with


def rewards(names: Iterable[str]) -> dict[str, str]:
    """What the means of rewards are called, of all figures of an evaluation."""
    return {name: f"reward {name.removeprefix(REWARD)}" for name in names if name.startswith(REWARD)}


def titles(names: Iterable[str]) -> dict[str, str]:
    """What each figure of an evaluation is called, in the order in which they are shown; rewards last."""
    return {**TITLES, **rewards(names)}


def told(name: str, value: float) -> str:
    """A value as text: a share in percent, a count with one decimal, a score with three."""
    if name in SHARES:
        return f"{value:.1%}"
    return f"{value:.1f}" if name in ("words", "tokens") else f"{value:.3f}"

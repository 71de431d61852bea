"""What a judge says of a row."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict off the judge's menu is unscored (None) and counted as that: it is not a no."""

    judge: str  # answer, steps, equations, rubric
    verdict: str | None  # one of the judge's MENU; None: unscored, or the judge does not apply to this row
    detail: str = ""  # what exactly: which equation, which step, what the model said

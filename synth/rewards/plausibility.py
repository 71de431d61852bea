"""Pays for rationales that are plausible by themselves, as VERA estimates: statements that agree with common sense.

The plausibility of MaRio (Ramnath et al. 2023, arXiv 2311.02805), by VERA (Liu et al. 2023, arXiv 2305.03695), a
5-billion encoder that is asked about the rationale alone, as one statement of 128 tokens at most. Range: 0 to 1, .5
between true and false; None for an empty rationale; no gold answer is needed. Behind a colon stands what is
asked in its place:

    plausibility                          liujch1998/vera, about 19 GB, half of it on a GPU
    plausibility:liujch1998/vera-base     a smaller one of its makers, or any folder in its form
    plausibility:judge:gpt-6-luna         a teacher, who is asked for a rating (synth/judging/rating.py)
    plausibility:steps                    no model: the share of right steps, the reward `steps`

How a model is paid for nothing: by a true statement that does not bear on the question, by short and general ones, or
by the answer said again; a statement is not read beyond its 128 tokens, and of several the last words count most.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from synth.errors import UsageError
from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Function, Reward, Values, last_part
from synth.rewards import steps

NAME = "plausibility"
MODEL = "liujch1998/vera"


def plausibility(completions: Sequence[Completion], **columns: Any) -> Values:
    """The plausibility of each rationale, by VERA's released model."""
    return by_vera(MODEL, NAME)(completions, **columns)


def by_vera(model: str, name: str) -> Function:
    """A function of this name that asks the model of a folder or of the Hub."""

    def scores(statements: Sequence[str]) -> Sequence[float | None]:
        from synth.rewarding import vera

        return vera.vera(model).scores(statements)

    return of_rationales(scores, name)


def of_rationales(scores: Callable[[Sequence[str]], Sequence[float | None]], name: str) -> Function:
    """A reward's function that scores the rationales that are not empty, all at once."""

    def plausibility(completions: Sequence[Completion], **columns: Any) -> Values:
        rows = written(name, completions, columns, gold=False)
        statements = ["" if row is None else " ".join(row.found.rationale.split()) for row in rows]
        asked = [statement for statement in statements if statement]
        found = iter(scores(asked) if asked else ())
        return [next(found) if statement else None for statement in statements]

    plausibility.__name__ = name  # under which TRL logs it
    return plausibility


def of(more: str) -> Reward:
    """The reward that stands behind `plausibility:`."""
    if not more:
        raise UsageError(f"reward {NAME}: takes a model behind the colon: give {NAME}:FOLDER, or {NAME} alone")
    if more == "steps":
        return replace(steps.REWARD, name=f"{NAME}-steps")
    if more == "judge" or more.startswith("judge:"):
        return _by_teacher(more.removeprefix("judge").removeprefix(":"))
    name = NAME if more == MODEL else f"{NAME}-{last_part(more)}"
    return Reward(name, by_vera(more, name), ready=lambda: check(more), asks=(more,))


def _by_teacher(said: str) -> Reward:
    """The ratings of a teacher, which is found, with its options, when the reward is."""
    from synth.judging import rating

    teacher = rating.rater(said)
    name = f"{NAME}-judge-{last_part(teacher.teacher.name)}"
    return Reward(
        name, of_rationales(teacher.scores, name), ready=lambda: rating.check(said), asks=(teacher.teacher.model,)
    )


def check(model: str) -> None:
    """Fetch a model, if it is not here. Raises SynthError for one that is not there or not of VERA's form."""
    from synth.rewarding import vera

    vera.check(model)


REWARD = Reward(NAME, plausibility, of=of, ready=lambda: check(MODEL), asks=(MODEL,))

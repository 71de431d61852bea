"""What a step checker finds: nothing, or the first fault; and what a mistake made by program is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Mistake = tuple[str, str]  # rationale, answer


Reason = Literal[
    "unreadable_prompt",  # the question cannot be read
    "wrong_hint",  # the question gives away an answer that is not the right one
    "unreadable_step",  # a step is not in the dataset's format
    "wrong_step",  # a step says something that does not follow
    "missing_step",
    "extra_step",
    "steps_out_of_order",
    "answer_not_from_last_step",  # the stored answer is not what the last step came to
    "wrong_answer",  # there are no steps, and the answer does not solve the question
    "wrong_completion",  # the completion is not the rationale and the answer in the closing form
]
REASONS: tuple[str, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a rationale does not hold.

    `detail` says it to a person: which step, what it says, what it should say. `step` is the place of the first faulty
    step in `Checker.steps(rationale)`, from 0; None if all steps that are there hold, or it is not known which is at
    fault.
    """

    reason: Reason
    detail: str
    step: int | None = None


def first_other(steps: Sequence[str], due: Sequence[str]) -> int | None:
    """Place of the first step that is not the one that is due there; None if every step that is there is."""
    return next((at for at, step in enumerate(steps) if at >= len(due) or step != due[at]), None)

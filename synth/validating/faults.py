"""What a step checker answers: nothing, or the first fault it found."""

from dataclasses import dataclass
from typing import Literal, get_args

Mistake = tuple[str, str]  # rationale, answer


Reason = Literal[
    "unreadable_prompt",  # the question cannot be read
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
    """Why a rationale does not hold. `detail` says it to a person: which step, what it says, what it should say."""

    reason: Reason
    detail: str

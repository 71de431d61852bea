"""The kinds of answers, and the parts of an output of a model: its answer, its rationale, its steps."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "option", "yes_no", "date", "text", "math"]


@dataclass(frozen=True, slots=True)
class Found:
    answer: str | None  # canonical; a text in the closing form of a built dataset stays as it is
    rationale: str  # the output without its closing form

"""The kinds of answers there are, and what was found in an output."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "option", "yes_no", "date", "text"]


@dataclass(frozen=True, slots=True)
class Found:
    answer: str | None  # canonical; a text in the closing form of a built dataset stays as it is
    rationale: str  # the output without its closing form

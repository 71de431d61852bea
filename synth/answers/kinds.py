"""number, option, yes_no, date, text; what was found in an output"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "option", "yes_no", "date", "text"]


@dataclass(frozen=True, slots=True)
class Found:
    answer: str | None  # canonical; of 2wiki in its own words
    rationale: str  # the output without its closing form

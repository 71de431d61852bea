"""What is looked for in a reply: the kind of its answer, the options of its question, the notation of its numbers."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synth.answers.dates import date
from synth.answers.kinds import Kind
from synth.answers.mathematics import expression
from synth.answers.numbers import number
from synth.answers.options import option, yes_no
from synth.answers.plain import plain, words

LONGEST = 600  # characters of a line that are looked at, and of an answer

_READERS: dict[Kind, Callable[[str], str | None]] = {"yes_no": yes_no, "date": date, "text": words, "math": expression}
# Of a sentence with one number in it, words behind which that number is no answer, or not all of it.
_NO_CLAIM = re.compile(
    r"\b(?:if|whether|unless|or|nor|not|never|neither|either|between|than|least|most|over|under|minus|plus|twice|double|half"
    r"|third|quarter|dozen|except|may|might|could|maybe|perhaps|possibly|cannot|depends|from|until|see)s?\b"
    r"|n't\b|[<>\u2264\u2265]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:step|equation|option|part|case|figure|question|problem|line|method|number|no\.)\s$", re.IGNORECASE
)
_DIGITS = re.compile(r"[-+]?(?:[^\w\s]{1,3}|\\frac\{)?\d(?:[\d.,'/]|\s\d{3}(?!\d)|\}\{|\\[,!;]){0,40}")
_VERB = re.compile(r"(?:\b(?:is|are|was|were|equals|be|comes to)\b)[\s$*_:]{0,6}(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sought:
    """The answer that is looked for."""

    kind: Kind
    options: Sequence[str] = ()
    comma: bool = False  # whether the text is of a language that has a decimal comma

    def read(self, text: str) -> str | None:
        """A label or a said answer in canonical form; None if it is not one, and nothing but one."""
        if len(text) > LONGEST:
            return None
        if self.kind == "option":
            answer = option(text, self.options)
        elif self.kind == "number":
            answer = number(text, comma=self.comma)
        else:
            answer = _READERS[self.kind](text)
        return answer if answer and len(answer) <= LONGEST else None

    def read_sentence(self, text: str) -> str | None:
        """The number of a sentence that has one and says nothing against it: "The largest $n$ is 34.", "She has 3 eggs
        left."; None for other kinds."""
        if self.kind not in ("number", "math") or "=" in text:
            return None
        numbers = list(_DIGITS.finditer(text))
        verbs = list(_VERB.finditer(text))
        subject = text[: verbs[0].start()] if len(verbs) == 1 else "0"
        if not any(char.isdigit() for char in subject) and not _NO_CLAIM.search(subject):
            return self.read(text[verbs[0].end() :])
        if len(numbers) != 1 or _NO_CLAIM.search(plain(text)) or _NUMBERED.search(text[: numbers[0].start()]):
            return None
        return number(text[numbers[0].start() :], comma=self.comma)


def canonical(text: str, kind: Kind, options: Sequence[str] = ()) -> str | None:
    """A gold label or a said answer in canonical form; None if it is not one, and nothing but one."""
    return Sought(kind, options).read(text)

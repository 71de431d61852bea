r"""Where an output ends that went on: at a text that the user names, or at the next question.

A base model that has answered begins another question, in the frame of its prompt or in that of the examples it saw:

    So the answer is yes.\n\nQ: Is it possible to win ...        what is read is "So the answer is yes."

It is read up to there, as if the generation had been stopped there: also if the length limit ended it later on. An
output that asks itself questions before it comes to an answer, and ends by itself, is read whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from synth.models.generate import Output
from synth.record import Record
from synth.validating.checker import Checker, as_reply

_LABEL = re.compile(r"\s{0,9}([^\W\d_]\w{0,19}(?: \w{1,20}){0,2}):")  # what stands before the question in a prompt
_USUAL = ("Q", "Question", "Problem", "Human", "User", "Instruction", "Passage", "问题", "問題")
_MOST = 50  # marks that are looked at
_SAME = 40  # characters of a question by which it is known


@dataclass(frozen=True)
class Ended:
    """An output up to its end, and what was written behind that."""

    output: Output
    beyond: str = ""


def ended(output: Output, record: Record, reader: Checker, stops: Sequence[str] = ()) -> Ended:
    """The output up to the first of `stops`, or up to the next question if it is a reply to one.

    A built dataset's own form has no next question: it is read by its checker as it stands.
    """
    at = min((place for place in (_first(output.text, stop) for stop in stops) if place >= 0), default=-1)
    if at >= 0:
        output, beyond = _cut(output, at), output.text[at:]
    else:
        beyond = ""
    place = _went_on(output, record, reader) if reader.reads is as_reply else None
    if place is not None:
        output, beyond = _cut(output, place), output.text[place:] + beyond
    return Ended(output, beyond)


def _went_on(output: Output, record: Record, reader: Checker) -> int | None:
    """Where another question begins; None if none does.

    That is behind an answer, or if the length limit ended the output, which then never came to one of this question.
    """
    found = _LABEL.match(record.prompt)
    asked = _plain(record.prompt[found.end() :] if found else record.prompt)
    for mark in islice(_marks(found[1] if found else "").finditer(output.text), _MOST):
        before = output.text[: mark.start()]
        if not before.strip():
            continue
        if reader.read_output(record, before).answer is not None:
            return mark.start()
        said = _plain(output.text[mark.end() : mark.end() + 4 * _SAME])[:_SAME]
        if output.cut_off and not (said and asked.startswith(said)):  # to say the same question again is none
            return mark.start()
    return None


def _first(text: str, stop: str) -> int:
    """Where a stop text stands first, behind the white space that an output begins with; -1 if nowhere."""
    start = len(text) - len(text.lstrip())
    return text.find(stop, start)


def _cut(output: Output, at: int) -> Output:
    return replace(output, text=output.text[:at].rstrip(), cut_off=False)


@lru_cache(maxsize=64)
def _marks(label: str) -> "re.Pattern[str]":
    names = "|".join(map(re.escape, dict.fromkeys([*_USUAL, *([label] if label and label != "Answer" else [])])))
    return re.compile(  # Question:   **Question:**   ### Problem 2.   [Question]   Question, alone on its line
        rf"(?:^|(?<=[.!?] ))[ \t#*_\[]{{0,9}}(?:(?:{names})[ \t]{{0,2}}\d{{0,4}}[ \t*_\]]{{0,4}}[:\uff1a]"
        rf"|(?:Question|Problem|Exercise|Example)(?:[ \t]{{1,2}}\d{{1,4}}[.)*_:]|[ \t]{{0,2}}[*_\]]{{0,4}}$|\]))",
        re.MULTILINE,
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

r"""Where an output ends that went on: at a text that the user names, or at the next question.

A base model that has answered begins another question, in the frame of its prompt or in that of the examples it saw:

    So the answer is yes.\n\nQ: Is it possible to win ...        what is read is "So the answer is yes."

It is read up to there, as if the generation had been stopped there: also if the length limit ended it later on. An
output that asks itself questions before it comes to an answer, and ends by itself, is read whole.

Behind demonstrations the next one ends an output, of a built dataset too: what begins a line as their prompts begin,
and a blank line, which stands between two of them, once there is an answer.
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


def ended(
    output: Output, record: Record, reader: Checker, stops: Sequence[str] = (), shots: Sequence[Record] = ()
) -> Ended:
    """The output up to the first of `stops`, or up to the next question if it is a reply to one.

    shots: the demonstrations that stood before the row. Without them a built dataset's own form has no next question:
    it is read by its checker as it stands.
    """
    at = min((place for place in (_first(output.text, stop) for stop in stops) if place >= 0), default=-1)
    if at >= 0:
        output, beyond = _cut(output, at), output.text[at:]
    else:
        beyond = ""
    heads = tuple(dict.fromkeys(filter(None, (_head(shot, record) for shot in shots))))
    if reader.reads is as_reply:
        place = _went_on(output, record, reader, heads)
    else:
        place = _next_shot(output, record, reader, heads) if shots else None
    if place is not None:
        output, beyond = _cut(output, place), output.text[place:] + beyond
    return Ended(output, beyond)


def _went_on(output: Output, record: Record, reader: Checker, heads: tuple[str, ...]) -> int | None:
    """Where another question begins; None if none does.

    That is behind an answer, or if the length limit ended the output, which then never came to one of this question,
    or wherever one begins as demonstrations do. What a colon announces is part of the output: "Two things:".
    """
    found = _LABEL.match(record.prompt)
    asked = _plain(record.prompt[found.end() :] if found else record.prompt)
    shown = {head.casefold() for head in heads}
    labels = tuple(label for head in heads if (label := head.removesuffix(":")) != head)
    for mark in islice(_marks((found[1] if found else "", *labels)).finditer(output.text), _MOST):
        before = output.text[: mark.start()]
        if not before.strip() or before.rstrip(" \t\n*_`").endswith((":", "\uff1a")):
            continue
        if reader.read_output(record, before).answer is not None:
            return mark.start()
        said = _plain(output.text[mark.end() : mark.end() + 4 * _SAME])[:_SAME]
        another = output.cut_off or mark[0].strip().casefold() in shown
        if another and not (said and asked.startswith(said)):  # to say the same question again is none
            return mark.start()
    return None


def _next_shot(output: Output, record: Record, reader: Checker, heads: tuple[str, ...]) -> int | None:
    """Where another demonstration of a built dataset's own form begins, or the blank line before it."""
    text, asked = output.text, _plain(record.prompt)
    starts = "|".join(map(re.escape, heads)) or r"(?!)"
    for mark in islice(re.finditer(rf"^(?:{starts})|^[ \t]*\n", text, re.MULTILINE), _MOST):
        before = text[: mark.start()]
        if not before.strip():
            continue
        if mark[0].strip() and not asked.startswith(_plain(text[mark.start() :])[:_SAME]):
            return mark.start()
        if reader.read_output(record, before).answer is not None:
            return mark.start()
    return None


def _head(shot: Record, record: Record) -> str:
    """What the prompts of demonstrations begin with: `Question:`, `Input:`; `[` of an expression; "" if it is nothing
    that tells them."""
    if found := _LABEL.match(shot.prompt):
        return f"{found[1]}:"
    if not shot.prompt[:1].isalnum():
        return shot.prompt[:1].strip()
    line = shot.prompt.partition("\n")[0]
    return line if record.prompt.startswith(f"{line}\n") else ""


def _first(text: str, stop: str) -> int:
    """Where a stop text stands first, behind the white space that an output begins with; -1 if nowhere."""
    start = len(text) - len(text.lstrip())
    return text.find(stop, start)


def _cut(output: Output, at: int) -> Output:
    return replace(output, text=output.text[:at].rstrip(), cut_off=False)


@lru_cache(maxsize=64)
def _marks(labels: tuple[str, ...]) -> "re.Pattern[str]":
    """labels: of the row's prompt, and of those of its demonstrations."""
    names = "|".join(map(re.escape, dict.fromkeys([*_USUAL, *(each for each in labels if each not in ("", "Answer"))])))
    return re.compile(  # Question:   **Question:**   ### Problem 2.   [Question]   Question, alone on its line
        rf"(?:^|(?<=[.!?] ))[ \t#*_\[]{{0,9}}(?:(?:{names})[ \t]{{0,2}}\d{{0,4}}[ \t*_\]]{{0,4}}[:\uff1a]"
        rf"|(?:Question|Problem|Exercise|Example)(?:[ \t]{{1,2}}\d{{1,4}}[.)*_:]|[ \t]{{0,2}}[*_\]]{{0,4}}$|\]))",
        re.MULTILINE,
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

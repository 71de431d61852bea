r"""Find the answer that a reply commits to, and compare it with the gold one.

    "Let's think step by step. 16 - 3 - 4 = 9 eggs, at $2 each. The answer is $18." -> answered "18"
    "It is 18 or 20."                                                               -> no_answer

A reply commits to an answer in a closing form (the table in synth/answers/forms.py), or by being an answer and
nothing else. The last closing form decides, even if what it says is no answer: "The answer is 5 or 6" takes nothing
from an earlier sentence, and neither does "The answer is 18. Wait, that is wrong." What is quoted, asked, supposed or
put into somebody's mouth ("if the answer is 5", "Tom says the answer is 5") is no closing form. In doubt there is no
answer: a right one that is lost costs another try, a wrong one that is taken stays in the data.

Raise VERSION when any reply would be read differently.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from synth.answers import mathematics
from synth.answers.closing import END, MARKS, THEREFORE, UNDECIDED, Closing, committed, last_closing
from synth.answers.finish import end_of
from synth.answers.forms import Forms, closing_forms, typewriter
from synth.answers.kinds import Kind
from synth.answers.language import decimal_comma
from synth.answers.numbers import number
from synth.answers.sought import LONGEST, Sought, canonical
from synth.answers.taken_back import TAKEN_BACK
from synth.answers.turns import own_turn, split_thinking

__all__ = ["VERSION", "Outcome", "Reading", "canonical", "majority", "read_reply", "same", "understood"]

VERSION = 2
Outcome = Literal["answered", "no_answer", "truncated", "refusal", "empty"]

_REFUSAL = re.compile(
    r"\s{0,9}(?:(?:i am|i'm|unfortunately)[ ,]{0,2})?(?:(?:very|really|so|but)[ ,]{1,2})?"
    r"(?:sorry\b|i apologi[sz]e|as an ai\b|(?:un|not )able to|i (?:cannot|can't|can not|won't|must decline)\b)",
    re.IGNORECASE,
)
_NEXT_QUESTION = re.compile(r"^[ \t]{0,4}(?:Q|Question|Human|User)[ \t]{0,2}:", re.MULTILINE)
_LEAD_IN = re.compile(r"\s*let['\u2019]s think step by step[.:]?\s*", re.IGNORECASE)
_HEADING = re.compile(r"(?:^|\n)(?:[#*_ \t]{0,8}(?:final )?answer[*_: \t]{0,8}|#{1,6} [^\n\d]{0,60})$", re.IGNORECASE)
# What leads up to a closing form in its own sentence, and a word or two between: "He has two, donc". The commas of
# Chinese and Japanese have no space behind them.
_LED_UP = re.compile(
    r"([\s\S]{1,2000})(?:[,;\u2014:]|\s-)(?:\s{1,3}(?:[^\W\d_]{1,12}\s?){1,2})?"
    r"|([\s\S]{4,2000}?)[\uff0c\u3001\uff1b]\w{0,6}[\uff0c\u3001]?"
)
_BULLETED = re.compile(r"[\s#*_>|~$`\"'\\\[(\u2022-]{0,20}(?:\d{1,2}[.)][\s#*_`]{0,6})?")
_DANGLES = re.compile(
    r"(?:[:,;=]|\b(?:is|are|was|were|be|equals?|gives?|gets?|have|has|as|that|to|of|the|in|makes?))[\s*_]{0,4}\Z",
    re.IGNORECASE,
)
_OPENING = ("$$", "\\[", "```", "**")  # of which the other half stands behind a closing form
_STEP = re.compile(r"\d[^\n=]{0,80}=")  # "the answer is 12 + 13 = 25", which says how it comes about
_LABEL = re.compile(r"\A\W{0,3}[A-Z][).:][*_]{0,2}\s{1,3}(?=\S)")
_CONCLUSION = re.compile(
    r"\s*(?:so|thus|hence|therefore|finally|in total|in the end)\b[^\d=\n]{1,80}?"
    r"([$\u20ac\u00a3]?\d[\d.,]{0,20})(?=[\s.])[^\d=]{0,80}",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\A\s{0,9}(?:```|\$\$|\\\]|</\w{1,9}>)[ \t]{0,4}(?=\n|\Z)")  # its other half went with the answer
_AROUND = MARKS + ".,"

_COMMA = re.compile(r"\d,\d|\d\.\d{3}(?!\d)")  # the one or the other, by the language


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says."""

    outcome: Outcome
    answer: str | None  # canonical: "18", "3/4", "B", "yes", "1776-07-04", casefolded text
    rationale: str  # the visible reply without its closing sentence
    thinking: str  # what stood between tags (synth/answers/turns.py) or came in a field of its own
    said: str  # the words in which the answer was given, for a person to look at


def read_reply(
    text: str | None,
    kind: Kind,
    options: Sequence[str] = (),
    *,
    closing: str = "The answer is {answer}.",
    thinking: str = "",
    finish_reason: str | None = None,
) -> Reading:
    """The answer a reply commits to. Never raises, whatever the text is, but MissingExtraError for kind `math`
    without math-verify."""
    visible, inline = split_thinking(text or "")
    visible = own_turn(visible)
    thinking = "\n\n".join(part for part in (thinking.strip(), inline) if part)
    end = end_of(finish_reason)
    if end != "whole":  # what closes in a part of a reply may not be what all of it would have come to
        return Reading("refusal" if end == "filtered" else "truncated", None, _tidy(visible), thinking, "")
    answer, rationale, said = _read(visible, Sought(kind, options), closing_forms(closing))
    if not understood(answer, kind):
        answer = None
    if answer is not None:
        return Reading("answered", answer, rationale, thinking, said)
    if _REFUSAL.match(typewriter(visible)):
        return Reading("refusal", None, rationale, thinking, said)
    return Reading("no_answer" if visible.strip() else "empty", None, rationale, thinking, said)


def understood(answer: str | None, kind: Kind) -> bool:
    """Whether an answer in canonical form can be compared with others: mathematics has to be read in time."""
    return answer is None or kind != "math" or mathematics.understood(answer)


def same(answer: str | None, gold: str | None, kind: Kind) -> bool:
    """Whether two canonical answers are equal: numbers as exact fractions, a date only if it is known as precisely,
    mathematics as math-verify has it. Raises MissingExtraError for kind `math` without math-verify."""
    if answer is None or gold is None:
        return False
    if kind == "math":
        return mathematics.equal(answer, gold)
    return answer == gold or _key(answer, kind) == _key(gold, kind)


def majority(answers: Sequence[str | None], kind: Kind) -> tuple[str | None, float]:
    """The commonest answer, of several the one that came first, and its share of all, which no answer is part of."""
    counts: dict[str | Fraction, int] = {}
    first: dict[str | Fraction, str] = {}
    for answer in answers:
        if answer is not None:
            key = _key(answer, kind)
            if kind == "math":
                key = next((other for other in first if same(answer, first[other], kind)), key)
            counts[key] = counts.get(key, 0) + 1
            first.setdefault(key, answer)
    if not counts:
        return None, 0.0
    best = max(counts, key=lambda key: counts[key])
    return first[best], counts[best] / len(answers)


def _key(answer: str, kind: Kind) -> str | Fraction:
    read = number(answer) if kind == "number" else None
    return answer if read is None else Fraction(read)


def _read(reply: str, sought: Sought, forms: Forms) -> tuple[str | None, str, str]:
    """Answer, rationale and the words of the answer."""
    reply, beyond = _own_part(reply, forms)
    text = typewriter(reply)
    if sought.kind == "number" and _COMMA.search(text) and decimal_comma(text):
        sought = replace(sought, comma=True)
    last = last_closing(text, forms, sought)
    if last is None:
        answer = _whole(text, sought)
        return (answer, "", reply.strip()) if answer else (None, _tidy(reply), "")
    answer, said = committed(last, sought), reply[last.start : last.end].strip()
    if answer is None or TAKEN_BACK.search(text, last.start) or _says_other(beyond, answer, sought, forms):
        return None, _tidy(reply), said
    if _one_of_several(text, last, answer, sought, forms) or _concludes_otherwise(text[last.end :], answer, sought):
        return None, _tidy(reply), said
    return answer, _without_closings(reply, last, answer, sought, forms), said


def _says_other(beyond: str, answer: str, sought: Sought, forms: Forms) -> bool:
    closing = last_closing(typewriter(beyond), forms, sought) if beyond else None
    return closing is not None and not same(committed(closing, sought), answer, sought.kind)


def _one_of_several(text: str, last: Closing, answer: str, sought: Sought, forms: Forms) -> bool:
    """Whether another answer is given right before it, as in "The answer is (B). The answer is (E)."."""
    before = last_closing(text[: last.start], forms, sought)
    if before is None or not _BULLETED.fullmatch(THEREFORE.sub("", text[before.end : last.start].lstrip(".,;") + " ")):
        return False
    other = committed(before, sought)
    return other is not None and not same(other, answer, sought.kind)


def _concludes_otherwise(beyond: str, answer: str, sought: Sought) -> bool:
    """Whether what is written behind a closing form ends with another number: "So, there are 100 eggs."."""
    ends = [0, *(end.end() for end in END.finditer(beyond.rstrip()[:-1]))]
    conclusion = _CONCLUSION.fullmatch(beyond, ends[-1]) if sought.kind == "number" else None
    other = number(conclusion[1], comma=sought.comma) if conclusion else None
    return other is not None and not same(other, answer, sought.kind)


def _without_closings(reply: str, last: Closing, answer: str, sought: Sought, forms: Forms) -> str:
    """The rationale; of several closing forms at its end, "The answer is 18." and "#### 18" below it, all go."""
    rationale = _rationale(reply, last)
    if sought.kind not in ("text", "math") and "=" not in rationale and _whole(_LABEL.sub("", rationale), sought):
        return ""  # "(B) bank", and "The answer is (B)." below it
    for _ in range(2):
        again = last_closing(typewriter(rationale), forms, sought)
        if again is None or rationale[again.end :].strip() or _STEP.search(again.words):
            break
        if not same(committed(again, sought), answer, sought.kind):
            break
        rationale = _rationale(rationale, again)
    return rationale


def _own_part(text: str, forms: Forms) -> tuple[str, str]:
    """The reply, and what a model that was not stopped wrote after it: a next question, and its answer."""
    first = forms.pattern.search(text) if _NEXT_QUESTION.search(text) else None  # the cheaper one first
    next_question = _NEXT_QUESTION.search(text, first.end()) if first else None
    if next_question is None:
        return text, ""
    return text[: next_question.start()], text[next_question.start() :]


def _whole(text: str, sought: Sought) -> str | None:
    """The answer if the reply is nothing else: "18", "(B) Contradiction", "yes."."""
    text = text.strip()
    asks = text.endswith("?") and not any(option.endswith("?") for option in sought.options)
    if len(text) > LONGEST or asks or (sought.kind != "option" and ("\n" in text or UNDECIDED.match(text))):
        return None
    if sought.kind == "number":
        return number(text, most_words=3, comma=sought.comma)
    if sought.kind == "text" and (len(text.split()) > 6 or _REFUSAL.match(text)):
        return None
    return sought.read(text)


def _rationale(text: str, closing: Closing) -> str:
    """The text without its closing sentence. Of "8 is more than 2, so the answer is no." the first half stays."""
    before, after = text[: closing.start], text[closing.end :]
    beside = before.rpartition("\n")[2] + after.partition("\n")[0]
    if closing.form == "box" and beside.strip(_AROUND):  # "9 * 2 = \\boxed{18}" is a step, too
        return _tidy(before + closing.words + after)
    gap = "\n\n" if after.startswith("\n") or before.rstrip(" *_#").endswith("\n") else " "
    first = after.partition("\n")[0]
    after = _FENCE.sub("", after[len(first) :] if not first.strip(_AROUND) else after)
    return _tidy(gap.join(part for part in (_without_dangling(before), after.strip()) if part))


def _tidy(text: str) -> str:
    lead_in = _LEAD_IN.match(text)
    return text[lead_in.end() if lead_in else 0 :].strip()


def _without_dangling(before: str) -> str:
    """What led up to a closing form: without "So", "Therefore, **", a heading, or the beginning of its sentence."""
    above, line_end, beginning = before.rpartition("\n")
    if line_end and _BULLETED.fullmatch(THEREFORE.sub("", beginning + " ")):
        before = _above(above)
        if not _DANGLES.search(before):  # the lines above are whole, whether or not there is a full stop
            return before
    before = THEREFORE.sub("", before.rstrip(MARKS) + " ").rstrip()
    ends = [end.end() for end in END.finditer(before)]
    cut = max(before.rfind("\n") + 1, ends[-1] if ends else 0)
    if led_up := _led_up(before[cut:].rstrip(MARKS)):
        return before[:cut] + led_up
    return _HEADING.sub("", before[:cut].rstrip()).rstrip()


def _above(text: str) -> str:
    """The lines above that of a closing form, without headings and marks that belong to it."""
    while True:
        shorter = _HEADING.sub("", THEREFORE.sub("", text.rstrip() + " ")).rstrip()
        for mark in _OPENING:
            if shorter.endswith(mark) and (mark == "\\[" or shorter.count(mark) % 2):
                shorter = shorter.removesuffix(mark).rstrip()
        if shorter == text:
            return text
        text = shorter


def _led_up(fragment: str) -> str:
    """What a sentence says before its closing form, as a sentence; "" if that is next to nothing."""
    led_up = _LED_UP.fullmatch(fragment)
    if led_up is None:
        return ""
    said = (led_up[1] or led_up[2]).rstrip(" ,;\u2014-:")
    if _DANGLES.search(said):
        return ""
    if led_up[2]:
        return said + "\u3002"
    return said + "." if len(said.split()) > 2 else ""

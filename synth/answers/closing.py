r"""The closing forms in which a reply says what its answer is, and what the last of them commits to.

Texts come here through `typewriter`, which leaves every character in its place. Every repetition in a pattern is
bounded, and of a line no more than `_LONGEST` characters are looked at, so that no text takes more than linear time.
"""

import re
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from synth.answers.dates import date
from synth.answers.kinds import Kind
from synth.answers.numbers import number
from synth.answers.options import choose, option, yes_no
from synth.answers.plain import words

_STATED = (  # The answer is 18. / **The final answer:** 18 / the correct option is B
    r"(?<![\w-])(?:(?:(?:the|my|our|final|correct|right|best|so|thus|hence|therefore),?\s{1,4}){1,4}answer"
    r"|(?:the\s{1,4})?(?:correct|right|best)\s{1,4}(?:answer\s{1,4})?(?:option|choice))"
    r"(?:\s{1,4}(?:to|for|of)\s{1,4}(?:the|this|your|our)\s{1,4}(?:question|problem))?[\s*_]{0,4}"
    r"(?:(?P<denied>(?:is|was)n't\b|can(?:\s?not|'t)\b|(?:might|may|could)\s{1,4}be\b)"
    r"|(?:is|was|must\s{1,4}be|would\s{1,4}be|should\s{1,4}be|will\s{1,4}be|equals)\b|[:=])"
)
_LABEL = (  # Answer: 18 / ## Final Answer / answer is B
    r"(?:^|(?<=[.!?]\s))[ \t#*_]{0,8}(?:(?:final|correct|short)\s{1,4})?answer[ \t*_]{0,4}(?:[:=]|is\b|[ \t]{0,4}$)"
)
_BOX = r"\\(?:boxed|fbox)\s{0,4}\{"
_FORMS = {
    "stated": _STATED,
    "label": _LABEL,
    "tag": r"<answer>",  # <answer>18</answer>
    "box": _BOX,  # \boxed{18}
    "hashes": r"^[ \t]{0,3}####[ \t]{0,4}(?=\S)",  # #### 18, the mark of GSM8K
}
# Words between the last stop and a closing form: behind the first it is no claim of the reply's own, behind the second
# no firm one.
_NOT_OWN = (
    r"\b(?:if|whether|unless|suppos\w{1,9}|assum\w{1,9}|imagine|pretend|says|said|claims|claimed|thinks|thought|believes"
    r"|believed|told|wrote|why|how|check|verify|asks?|asked|until)\b"
)
_NOT_FIRM = (
    r"\b(?:or|either|may|maybe|perhaps|possibly|might|could|not|never|doubt|unlikely|guess|wonder|unsure)\b|n't\b"
)
# What a closing form says if that is no answer.
_UNDECIDED = (
    r"\W{0,9}(?:not|never|either|maybe|perhaps|possibly|unknown|unclear|uncertain|undetermined|indeterminate|impossible|cannot"
    r"|can't|could|might|may be|depends|it depends|between|no idea"
    r"|i don't know|i do not know|i am not sure|i'm not sure|n/a)\b"
    r"|.{0,80}\bcan(?:not|'t) be (?:determined|answered|known)"
)
# What may stand between "is" and the answer.
_BEFORE = (
    r"[\s:*_]{0,9}(?:(?:that|therefore|thus|hence|then|clearly|simply|just|indeed|definitely|certainly|obviously"
    r"|most likely|probably|likely|equal to|given by),?\s{1,4}){0,3}"
)
# Where an explanation begins, and where words behind yes or no begin.
_EXPLAINED = (
    r"\s{0,4}(?:[,;:.\u2014-]?\s{0,4}\b(?:because|since|due to|given that)\b"
    r"|[,;:\u2014-]\s{1,4}(?:as|which|so|not|where|after)\b)"
)
_COMMA = r"[,;:\u2014](?!\s{0,4}(?:or|but|and|maybe|perhaps|not)\b)|\s-\s"
_END = r"[.!?]{1,9}(?=[\"')\]}*_`$]{0,6}(?:\s(?![ \t]{0,4}\d)|$)|\\\))"
_NO_END = r"(?:\b[a-z]|\b(?:st|mt|mr|mrs|ms|dr|jr|sr|vs|inc|ltd|co))$"
_QUOTE = r"(?<!\w)\"[^\"\n]+\"|^[ \t]{0,3}>[^\n]*"
_THEREFORE = r"(?:\b(?:so|thus|hence|therefore|then|and|finally|in conclusion|overall)\b[,:]?\s{1,4}){1,3}$"
_NEXT_LINE = r"(?:[ \t$`*_:]{0,8}(?:\\[\[(])?[ \t]{0,4}\n){1,3}"  # "Answer:", and the answer below it

BOX, EXPLAINED, END, THEREFORE, UNDECIDED = (
    re.compile(pattern, re.IGNORECASE) for pattern in (_BOX, _EXPLAINED, _END, _THEREFORE, _UNDECIDED)
)
_NOT_OWN_, _NOT_FIRM_, _BEFORE_, _COMMA_, _NO_END_, _NEXT_LINE_ = (
    re.compile(pattern, re.IGNORECASE) for pattern in (_NOT_OWN, _NOT_FIRM, _BEFORE, _COMMA, _NO_END, _NEXT_LINE)
)
_QUOTES = re.compile(_QUOTE, re.MULTILINE)
MARKS = " \t\n\r*_$`\"'\\[]()#"  # what may stand around a closing form and say nothing
_CONCLUDED = re.compile(r"so|thus|hence|therefore", re.IGNORECASE)
_ONE_OF_SEVERAL = re.compile(r"[^\n.]{0,9}(?:\b(?:or|and)\b|,)[^\n.]{0,20}")  # between two boxes
_LONGEST = 600
_TYPEWRITER = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2212\uff1a\u3002\u00a0", "''\"\"--:. ")


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing form: text[start:end] is where it stands, `words` what it says the answer is."""

    form: str
    start: int
    end: int
    words: str  # the rest of the line
    own: bool = True  # not asked, supposed or somebody else's
    firm: bool = True  # not denied and not one of several


_READERS: dict[Kind, Callable[[str], str | None]] = {
    "number": number,
    "yes_no": yes_no,
    "date": date,
    "text": words,
}


def canonical(text: str, kind: Kind, options: Sequence[str] = ()) -> str | None:
    """A gold label or a said answer in canonical form; None if it is not one, and nothing but one."""
    if len(text) > _LONGEST:
        return None
    answer = option(text, options) if kind == "option" else _READERS[kind](text)
    return answer if answer and len(answer) <= _LONGEST else None


def typewriter(text: str) -> str:
    """Curly quotes, dashes and wide stops as on a typewriter, each character in its place."""
    return text.translate(_TYPEWRITER)


@lru_cache(maxsize=64)
def closing_forms(closing: str) -> "re.Pattern[str]":
    """All closing forms, and the task's own if it says more than the answer."""
    own = closing.partition("{answer}")[0].strip() if "{answer}" in closing else ""
    forms = dict(_FORMS)
    if len(re.sub(r"\W", "", own)) > 2 and not re.search(f"(?:{_STATED}|{_LABEL})$", own, re.IGNORECASE | re.MULTILINE):
        forms["own"] = r"(?<!\w)" + r"\s{1,4}".join(map(re.escape, own.split()))
    return re.compile("|".join(f"(?P<{name}>{form})" for name, form in forms.items()), re.IGNORECASE | re.MULTILINE)


def last_closing(text: str, forms: "re.Pattern[str]", kind: Kind, options: Sequence[str]) -> Closing | None:
    """The last closing form that is the reply's own."""
    matches = list(forms.finditer(text))
    quotes = _quotes(text) if matches else []
    while matches:
        last = matches.pop()
        quote = bisect(quotes, (last.start(), len(text))) - 1
        if quote >= 0 and last.start() < quotes[quote][1]:
            continue
        closing = _outermost(text, last, matches, kind, options)
        if not closing.own:
            continue
        if closing.form == "hashes" and canonical(closing.words, kind, options) is None:
            continue  # a heading of the fourth order
        return closing
    return None


def _outermost(
    text: str, last: "re.Match[str]", before: Sequence["re.Match[str]"], kind: Kind, options: Sequence[str]
) -> Closing:
    """The closing form with the one that it stands in: "The answer is \\boxed{18}" is one closing form, not two."""
    closing = _closing(text, last, kind, options)
    if closing.form not in ("box", "tag"):
        return closing
    for match in reversed(before):
        if closing.start - match.start() > _LONGEST:
            break
        outer = _closing(text, match, kind, options)
        if outer.form != "box" and outer.end > closing.start:
            return outer
        if outer.form == "box" and _ONE_OF_SEVERAL.fullmatch(text, outer.end, closing.start):
            return replace(closing, firm=False)
    return closing


def _closing(text: str, match: "re.Match[str]", kind: Kind, options: Sequence[str]) -> Closing:
    form, start, at = match.lastgroup or "", match.start(), match.end()
    if form == "box":
        content = braced(text, at)
        return Closing(form, start, at + len(content) + 1, content)
    if below := _NEXT_LINE_.match(text, at):
        at = below.end()
    line = text[at : at + _LONGEST].partition("\n")[0]
    clause = re.split(r"[.!?;,:\n\u2014]", text[max(0, start - 200) : start])[-1]
    if _CONCLUDED.match(match[0]) or THEREFORE.search(clause):
        clause = ""
    if _NOT_OWN_.search(clause):
        return Closing(form, start, at, "", own=False)
    end = len(line) if form == "hashes" else _announced(line, kind, options)
    own = not line[:end].rstrip(MARKS).endswith("?")
    firm = not match["denied"] and not _NOT_FIRM_.search(clause)
    return Closing(form, start, at + end, line.partition("</answer>")[0] if form == "tag" else line, own, firm)


def _announced(line: str, kind: Kind, options: Sequence[str]) -> int:
    """Where the closing sentence ends: "B. It is rough." are two of them, "B. Contradiction." is one."""
    end = _sentence(line, careful=kind in ("text", "option", "date"))
    if kind == "option" and option(line[:end], options) is None:
        return _sentence(line, careful=False)
    return end


def committed(closing: Closing, kind: Kind, options: Sequence[str]) -> str | None:
    """What a closing form commits to."""
    said = closing.words
    if not closing.firm or (UNDECIDED.match(said) and (kind != "option" or BOX.search(said))):
        return None
    sentence = said[: _sentence(said, careful=True)]
    if closing.form != "box" and (boxes := [braced(sentence, m.end()) for m in BOX.finditer(sentence)]):
        answers = {canonical(box, kind, options) for box in boxes}
        return answers.pop() if len(answers) == 1 else None
    answer = _from_pieces(_pieces(said, kind), kind, options)
    if answer is None and (short := _BEFORE_.sub("", said, count=1)) != said and not UNDECIDED.match(short):
        answer = _from_pieces(_pieces(short, kind), kind, options)
    return answer


def _from_pieces(pieces: Sequence[str], kind: Kind, options: Sequence[str]) -> str | None:
    if kind == "option":
        return choose(pieces, options, EXPLAINED)
    return next((answer for piece in pieces if (answer := canonical(piece, kind)) is not None), None)


def _pieces(said: str, kind: Kind) -> list[str]:
    """The words behind a closing form and shorter cuts of them, the longest first: the line, the sentence, what stands
    before an explanation. Any words are a text, which is why there is one cut of it."""
    sentence = said[: _sentence(said, careful=kind in ("text", "option", "date"))]
    cut = (_COMMA_.search(sentence) if kind == "yes_no" else None) or EXPLAINED.search(sentence)
    short = sentence[: cut.start()] if cut else sentence
    if kind == "text":
        return [short]
    return list(dict.fromkeys([said, sentence, short]))


def _sentence(line: str, *, careful: bool) -> int:
    """Where the first sentence of a line ends. `careful`: not behind initials and abbreviations."""
    for end in END.finditer(line):
        if not (careful and end[0] == "." and _NO_END_.search(line[: end.start()])):
            rest = line[end.end() : end.end() + 6]
            return end.end() + len(rest) - len(rest.lstrip("\"')]}*_`$"))
    return len(line)


def braced(text: str, at: int) -> str:
    """What stands up to the brace that closes the one before `at`; "" if there is none nearby."""
    depth = 1
    for i, char in enumerate(text[at : at + _LONGEST]):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return text[at : at + i]
    return ""


def _quotes(text: str) -> list[tuple[int, int]]:
    """Where somebody else speaks. A whole line in quotation marks is the reply's own."""
    return [
        quote.span()
        for quote in _QUOTES.finditer(text)
        if quote[0].lstrip().startswith(">") or not _stands_alone(text, quote.start(), quote.end())
    ]


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 9) : start], text[end : end + 9]
    begins = "\n" in before or start < 9
    return begins and not before.rpartition("\n")[2].strip() and not after.partition("\n")[0].strip(" .")

r"""What a reply commits to: its last closing form, and the answer in it.

Texts come here through `typewriter`, which leaves every character in its place. Of a line no more than `LONGEST`
characters are looked at, so that no text takes more than linear time.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth.answers.forms import BOX as BOX_FORM
from synth.answers.forms import Forms, braced
from synth.answers.kinds import Kind
from synth.answers.mathematics import joined
from synth.answers.options import choose
from synth.answers.plain import STOPS
from synth.answers.sought import LONGEST, Sought

# Words between the last stop and a closing form: behind the first it is no claim of the reply's own, behind the second
# no firm one.
_NOT_OWN = (
    r"\b(?:if|whether|unless|suppos\w{1,9}|assum\w{1,9}|imagine|pretend|says|said|claims|claimed|thinks|thought|believes"
    r"|believed|told|wrote|why|how|check|verify|asks?|asked|until|because|tempted|nobody|no one|mistake is"
    r"|at first (?:glance|sight)|(?:false|untrue|wrong|incorrect) (?:that|to))\b"
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
    r"|[,;:\u2014-]\s{1,4}(?:as|which|so|not|where|after|weil|denn|da|car|parce que|porque|ya que|perch\u00e9|omdat)\b"
    r"|,\s{0,2}(?:\u56e0|\u7531\u4e8e|потому|так как))"
)
_COMMA = r"[,;:\u2014](?!\s{0,4}(?:or|but|and|maybe|perhaps|not)\b)|\s-\s"
_END = (
    r"[.!?]{1,9}(?!(?<=!)\s?(?:[-+*/=]|\\(?:times|cdot))\s?[\d({\\])"  # 5! + 1 goes on
    r"(?=[\"')\]}*_`$]{0,6}(?:\s(?![ \t]{0,4}\d)|$)|\\\))"
    rf"|[{STOPS}]{{1,9}}"  # behind which no space is written
)
_NO_END = r"(?:\b[a-z]|\b(?:st|mt|mr|mrs|ms|dr|jr|sr|vs|inc|ltd|co))$"
_QUOTE = r"(?<!\w)\"[^\"\n]+\"|^[ \t]{0,3}>[^\n]*"
_THEREFORE = r"(?:\b(?:so|thus|hence|therefore|then|and|finally|in conclusion|overall)\b[,:]?\s{1,4}){1,3}$"
_NEXT_LINE = (  # "Answer:", and the answer below it
    r"(?:[ \t$`*_:]{0,8}(?:(?<=```)[a-z]{1,10}|\\[\[(])?[ \t]{0,4}\n){1,4}(?:[ \t]{0,4}[*>\u2022][ \t])?"
)

BOX, EXPLAINED, END, THEREFORE, UNDECIDED = (
    re.compile(pattern, re.IGNORECASE) for pattern in (BOX_FORM, _EXPLAINED, _END, _THEREFORE, _UNDECIDED)
)
_NOT_OWN_, _NOT_FIRM_, _BEFORE_, _COMMA_, _NO_END_, _NEXT_LINE_ = (
    re.compile(pattern, re.IGNORECASE) for pattern in (_NOT_OWN, _NOT_FIRM, _BEFORE, _COMMA, _NO_END, _NEXT_LINE)
)
_QUOTES = re.compile(_QUOTE, re.MULTILINE)
MARKS = " \t\n\r*_$`\"'\\[]()#"  # what may stand around a closing form and say nothing
_STOPS = " .,;:!?" + STOPS
_CLAUSES = re.compile(rf"[.!?;,:\n\u2014\u3001{STOPS}]")
_CONCLUDED = re.compile(r"so|thus|hence|therefore", re.IGNORECASE)
_ONE_OF_SEVERAL = re.compile(r"[^\n.]{0,9}(?:\b(?:or|and)\b|,)[^\n.]{0,20}")  # between two boxes
_TERM_BEFORE = re.compile(
    r"(?:(?<![\w-])-(?:\$|\\\()?|=\s?-\s?|\d|[+^]\s?|\\(?:cdot|times|div|pm|mp)\s?"
    r"|\\(?:sqrt|[dtc]?frac)(?:\[\d{1,3}\]|\{[^{}]{0,40}\})?\s?\{\s?)\Z"
)
_TERM_BEHIND = re.compile(
    r"\s?(?:\^(?!\s?\{?\s?\\circ)|\\(?:cdot|times|div|pm|mp|pi|sqrt|[dtc]?frac)(?![A-Za-z])|[-+*/]\s?(?:\d|\\boxed)"
    r"|/\s?[a-z](?!\w))|[xyz](?!\w)"
)
_BLOCK = re.compile(r"[\s:*_]{0,9}(?:\\\[[\s\S]{1,600}?\\\]|\$\$[\s\S]{1,600}?\$\$)[^\n]{0,80}")
_THAT = re.compile(r"[\s:*_]{0,9}that\b", re.IGNORECASE)  # the answer is that she has 3 eggs
CAREFUL = ("text", "option", "date")  # kinds whose answers may have a full stop in them


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing form: text[start:end] is where it stands, `words` what it says the answer is."""

    form: str
    start: int
    end: int
    words: str  # the rest of the line
    own: bool = True  # not asked, supposed or somebody else's
    firm: bool = True  # not denied and not one of several
    sentence: bool = False  # whether a whole sentence may stand in it: "Final answer: She has 3 eggs left."


def last_closing(text: str, forms: Forms, sought: Sought) -> Closing | None:
    """The last closing form that is the reply's own."""
    matches = list(forms.pattern.finditer(text))
    quotes = _quotes(text) if matches else []
    while matches:
        last = matches.pop()
        quote = bisect(quotes, (last.start(), len(text))) - 1
        if quote >= 0 and last.start() < quotes[quote][1]:
            continue
        closing = _outermost(text, last, matches, forms, sought)
        if not closing.own:
            continue
        if closing.form == "hashes" and sought.read(closing.words) is None:
            continue  # a heading of the fourth order
        return closing
    return None


def _outermost(
    text: str, last: "re.Match[str]", before: Sequence["re.Match[str]"], forms: Forms, sought: Sought
) -> Closing:
    """The closing form with the one that it stands in: "The answer is \\boxed{18}" is one closing form, not two."""
    closing = _closing(text, last, forms, sought)
    if closing.form not in ("box", "tag"):
        return closing
    for match in reversed(before):
        if closing.start - match.start() > LONGEST:
            break
        outer = _closing(text, match, forms, sought)
        if outer.form != "box" and outer.end > closing.start:
            return outer
        if outer.form == "box" and sought.kind == "math" and joined(text[outer.end : closing.start]):
            closing = replace(closing, start=outer.start, words=f"{outer.words}, {closing.words}")
        elif outer.form == "box" and _ONE_OF_SEVERAL.fullmatch(text, outer.end, closing.start):
            return replace(closing, firm=False)
    return closing


def _closing(text: str, match: "re.Match[str]", forms: Forms, sought: Sought) -> Closing:
    form, start, at = match.lastgroup or "", match.start(), match.end()
    if form == "box":
        content = braced(text, at)
        end = at + len(content) + 1
        return Closing(form, start, end, content, firm=not _is_a_term(text, start, end, sought))
    if form == "reversed":
        return Closing(form, start, at, match["said"])
    if below := _NEXT_LINE_.match(text, at):
        at = below.end()
    line = _block(text, at) if sought.kind == "math" else ""
    line = line or text[at : at + LONGEST].partition("\n")[0]
    clause = _CLAUSES.split(text[max(0, start - 200) : start])[-1]
    if _CONCLUDED.match(match[0]) or THEREFORE.search(clause):
        clause = ""
    if _NOT_OWN_.search(clause):
        return Closing(form, start, at, "", own=False)
    end = len(line) if form == "hashes" else _announced(line, sought)
    own = not line[:end].rstrip(MARKS).endswith("?")
    firm = not match["denied"] and not _NOT_FIRM_.search(clause)
    tail = {"tag": "</answer>", "own": forms.tail}.get(form, "")
    said = line.partition(tail)[0] if tail.strip(_STOPS) else line
    sentence = form in ("label", "tag") or match[0].endswith((":", "=", ">"))
    if sentence:  # "Answer:" may begin a whole explanation, which goes on to other numbers
        sentence = not any(char.isdigit() for char in text[at + end : at + end + LONGEST])
    return Closing(form, start, at + end, said, own, firm, sentence or bool(_THAT.match(line)))


def _block(text: str, at: int) -> str:
    r"""Mathematics over several lines, if it stands there: \[ ... \], with what is left of its last line."""
    block = _BLOCK.match(text[at : at + LONGEST])
    return block[0] if block else ""


def _announced(line: str, sought: Sought) -> int:
    """Where the closing sentence ends: "B. It is rough." are two of them, "B. Contradiction." is one."""
    end = _sentence(line, careful=sought.kind in CAREFUL)
    if sought.kind == "option" and sought.read(line[:end]) is None:
        return _sentence(line, careful=False)
    return end


def committed(closing: Closing, sought: Sought) -> str | None:
    """What a closing form commits to."""
    said = closing.words
    undecided = UNDECIDED.match(said) and (sought.kind != "option" or BOX.search(said))
    if not closing.firm or undecided or (closing.form == "box" and _factorial(said, sought)):
        return None
    sentence = said[: _sentence(said, careful=True)]
    if closing.form != "box" and BOX.search(sentence):
        return _boxed(sentence, sought)
    answer = _from_pieces(_pieces(said, sought.kind), sought)
    if answer is None and (short := _BEFORE_.sub("", said, count=1)) != said and not UNDECIDED.match(short):
        answer = _from_pieces(_pieces(short, sought.kind), sought)
    if answer is None and closing.sentence:
        return sought.read_sentence(sentence)
    return answer


def _boxed(sentence: str, sought: Sought) -> str | None:
    """The answer that all boxes of a sentence hold."""
    answers = set()
    for box in BOX.finditer(sentence):
        held = braced(sentence, box.end())
        if _is_a_term(sentence, box.start(), box.end() + len(held) + 1, sought):
            return None
        answers.add(None if sought.kind == "math" or _factorial(held, sought) else sought.read(held))
    if sought.kind == "math":
        return sought.read(sentence)
    return answers.pop() if len(answers) == 1 else None


def _is_a_term(text: str, start: int, end: int, sought: Sought) -> bool:
    """Whether the box text[start:end] holds a part of what is said: -\\boxed{18}, 2\\boxed{18}, \\boxed{18}^2. A gap in
    an equation that is filled, 9 * \\boxed{2} = 18, is the answer."""
    if sought.kind not in ("number", "math") or "=" in text[end : end + 80].partition("\n")[0]:
        return False
    return bool(_TERM_BEFORE.search(text[max(0, start - 60) : start]) or _TERM_BEHIND.match(text, end))


def _factorial(box: str, sought: Sought) -> bool:
    """A box holds mathematics, in which 5! is no 5; elsewhere it is a 5 that somebody is glad of."""
    return sought.kind == "number" and box.rstrip(" $").endswith("!")


def _from_pieces(pieces: Sequence[str], sought: Sought) -> str | None:
    if sought.kind == "option":
        return choose(pieces, sought.options, EXPLAINED)
    return next((answer for piece in pieces if (answer := sought.read(piece)) is not None), None)


def _pieces(said: str, kind: Kind) -> list[str]:
    """The words behind a closing form and shorter cuts of them, the longest first: the line, the sentence, what stands
    before an explanation. Any words are a text, which is why there is one cut of it."""
    sentence = said[: _sentence(said, careful=kind in CAREFUL)]
    cut = (_COMMA_.search(sentence) if kind == "yes_no" else None) or EXPLAINED.search(sentence)
    short = sentence[: cut.start()] if cut else sentence
    if kind in ("text", "math"):
        return [short]
    return list(dict.fromkeys([said, sentence, short]))


def _sentence(line: str, *, careful: bool) -> int:
    """Where the first sentence of a line ends. `careful`: not behind initials and abbreviations."""
    for end in END.finditer(line):
        if not (careful and end[0] == "." and _NO_END_.search(line[: end.start()])):
            rest = line[end.end() : end.end() + 6]
            return end.end() + len(rest) - len(rest.lstrip("\"')]}*_`$"))
    return len(line)


def _quotes(text: str) -> list[tuple[int, int]]:
    """Where somebody else speaks. A whole line in quotation marks is the reply's own, and so is a block at its end."""
    end = len(text.rstrip())
    return [
        quote.span()
        for quote in _QUOTES.finditer(text)
        if (
            quote.end() < end
            if quote[0].lstrip().startswith(">")
            else not _stands_alone(text, quote.start(), quote.end())
        )
    ]


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 9) : start], text[end : end + 9]
    begins = "\n" in before or start < 9
    return begins and not before.rpartition("\n")[2].strip() and not after.partition("\n")[0].strip(" .")

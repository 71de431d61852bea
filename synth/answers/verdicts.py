r"""Finds the verdict that a judge's reply commits to: one word, or one number, of its menu.

    "The steps lead there.\n\n**Verdict:** Helpful"    helpful
    '{"score": 4, "reason": "..."}'                    4, as are "Score: 4/5", "**4**" and "Rating (1-5): [[4]]"
    "I'd say yes. Actually, no."                       no: the last word counts, if it is a verdict by itself
    "Helpful. Wait, step 2 is wrong."                  none: taken back, and nothing put in its place
    "1 bad\n2 ok\n3 good", "Helpful or Unhelpful"      none: the menu, repeated
    "4/10" of a menu from 1 to 5, "mostly helpful"     none: not on the menu

A verdict is a line, or a sentence, that says nothing else but words that lead up to it ("My final rating is") and a
reason behind it, or the value of `verdict`, `score` and the like in a JSON object. In doubt there is none: a row that
is not scored can be judged again, a wrong verdict stays.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_FIRM = r"verdict|rating|score|grade|judge?ment"
_ABOUT = rf"{_FIRM}|conclusion|assessment|evaluation|decision|overall"
_SUBJECT = "rationale|explanation|reasoning|solution|response|answer|label|result|choice"  # the rationale is helpful
_KEY = re.compile(rf"(?:(?:final|overall|my)[ _-]?)*(?:{_ABOUT}|answer|label|result|choice)", re.IGNORECASE)
_FILL = (
    r"(?:(?:my|the|this|so|thus|therefore|hence|overall|final|finally|total|given|well|actually"
    r"|in (?:conclusion|summary|short))\W{1,3}){0,5}"
)
_SAID = (  # I'd say, I would rate this explanation, I give it a
    r"i(?:'d| would| will|'ll)? (?:say|rate|call|judge|give|score|go with|choose)(?: (?:that|it|this|the))*"
    r"(?: (?:rationale|explanation|response|answer))?(?: (?:is|as|an?))*|it is|it's|actually"
)
_REASON = re.compile(  # what may stand behind a verdict without being a part of it
    r"\s*(?:[-\u2013\u2014:;]\s|,?\s(?:because|since|as)\b|,\s(?:the|this|it|its|all|each|every|both|there)\b)",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:but|though|although|however|partly|partially|mostly|somewhat|maybe|perhaps|not sure|or|rather|except)\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\bwait(?=\s{0,2}[,.!:\u2014\u2026-]|\s(?:no|a|i|that|let)\b)"
    r"|\b(?:hold on|oops|scratch that|never ?mind|correction\b"
    r"|on (?:second thought|reflection)|actually(?=,| no\b| not\b| it\b| i\b)|i take (?:it|that|this) back"
    r"|i (?:was|am) (?:wrong|mistaken)|my mistake|sorry|or rather|hm+(?=\W)|no,(?= (?:it|the|that|this|i)\b)"
    r"|i (?:must |should |have to )?(?:change|revise|correct|withdraw|retract) my|let me (?:re\w{1,9}|correct|change))",
    re.IGNORECASE,
)
_OWN_WORDS = re.compile(rf"{_FILL}(?:i\b|actually)|actually", re.IGNORECASE)
_NUMBERED = re.compile(r"\W{0,9}\d{1,3}\W{1,9}")
_SENTENCE = re.compile(r"[.!?][\"')*_]{0,4}\s+")
_DRESS = re.compile(
    r"</?(?:b|i|u|p|em|br|div|span|strong)\s?/?>|\\(?:boxed|fbox|text\w{0,4}|math\w{0,4})(?=\s?\{)", re.I
)
_LONGEST = 300  # characters of a line or a sentence that can be a verdict
_MOST = 100_000  # characters of a reply that are looked at, from its end
_JSON = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reply commits to."""

    verdict: str | None  # as the menu has it
    why: str = ""  # there is none


@dataclass(frozen=True, slots=True)
class _Place:
    """A piece of a reply that is a verdict by itself."""

    start: int
    end: int
    verdict: str | None  # None: one that is not on the menu
    lead: str  # the words that lead up to it
    counts: bool = True  # False: a number somewhere in the text, which may be an item of a list


def choice(text: str, menu: Sequence[str]) -> Choice:
    """The verdict of a reply, of which thoughts were taken away. Never raises, whatever the text is.

    menu: words such as ("helpful", "unhelpful"), or the numbers of a scale, ("1", "2", "3", "4", "5").
    """
    text = _plain(text)
    if not text.strip():
        return Choice(None, "the reply is empty")
    none, places = f"the reply says none of {', '.join(menu)}", _places(text, _Menu(menu))
    while places and not places[-1].counts:
        places.pop()
    if not places or places[-1].verdict is None:
        return Choice(None, none)
    last = places[-1]
    if len(places) > 1 and _one_of_several(text, places[-2], last):
        return Choice(None, f"the reply lists {places[-2].verdict or 'another'} and {last.verdict} one after the other")
    if _TAKEN_BACK.search(text, last.end):
        return Choice(None, f"the reply takes {last.verdict} back")
    return Choice(last.verdict)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[-_MOST:]).replace("\u2019", "'").replace("\r", "\n")
    text = _DRESS.sub(" ", text)
    return re.sub(r"<(/?)(\w{1,20})>", lambda tag: " " if tag[1] else f"{tag[2]}: ", text)  # <score>4</score>


def _one_of_several(text: str, before: _Place, last: _Place) -> bool:
    """Whether two verdicts are a list: nothing is between them, and the last is not the more explicit one."""
    between = text[before.end : last.start]
    if before.verdict == last.verdict or re.search(r"\w", between):
        return False
    alike = _OWN_WORDS.match(last.lead) is None and bool(before.lead)
    return not last.lead or (alike and between.count("\n") < 2)


def _places(text: str, menu: "_Menu") -> list[_Place]:
    """All pieces that are verdicts, in order."""
    objects = list(_objects(text))
    places = [_Place(start, end, menu.read(value), "{") for start, end, value in objects]
    first = len(text) - len(text.lstrip())
    last = max(place.start() for place in re.finditer(r"\w", text)) if re.search(r"\w", text) else 0
    for start, end, alone in _pieces(text):
        if any(start < behind and before < end for before, behind, _ in objects):
            continue
        asked = not alone and text[max(0, start - 9) : start].rstrip(" \"')*_").endswith("?")
        if (place := menu.place(text, start, end, start <= first or last < end, alone, asked)) is not None:
            places.append(place)
    return sorted(places, key=lambda place: place.start)


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where lines stand, or their sentences if there are several, and whether a piece has its line to itself."""
    for line in re.finditer(r"[^\n]+", text):
        stops = [stop.end() for stop in _SENTENCE.finditer(text, line.start(), line.end())]
        if stops and _NUMBERED.fullmatch(text, line.start(), stops[0]):
            stops.pop(0)
        cuts = [line.start(), *(stop for stop in stops if stop < line.end()), line.end()]
        for start, end in pairwise(cuts):
            yield start, end, len(cuts) == 2


def _objects(text: str) -> Iterator[tuple[int, int, Any]]:
    """Where JSON objects stand that say a verdict, and its value: that of the last key that names one."""
    at = text.find("{")
    tries = 0
    while at >= 0 and tries < 50:
        tries += 1
        try:
            found, end = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        values = [value for key, value in found.items() if _KEY.fullmatch(key.strip())]
        if values:
            yield at, end, values[-1] if len({str(value) for value in values}) == 1 else None
        at = text.find("{", end)


class _Menu:
    """The verdicts as patterns."""

    def __init__(self, menu: Sequence[str]) -> None:
        self.words = {" ".join(word.split()).casefold(): word for word in menu}
        self.scale = {float(word): word for word in menu if re.fullmatch(r"-?\d{1,6}(?:\.\d{1,6})?", word)}
        self.numbers = bool(self.scale) and len(self.scale) == len(menu)
        word = "|".join(re.escape(word).replace(r"\ ", r"\s{1,3}") for word in sorted(menu, key=len, reverse=True))
        if self.numbers:
            word = r"(?<![\w.+-])[+-]?\d{1,6}(?:\.\d{1,6})?(?:\s?(?:/|out of|of)\s?\d{1,6})?"
        about = _ABOUT if self.numbers else f"{_ABOUT}|{_SUBJECT}"
        about = rf"(?:{about})(?:\s?\([^()\n]{{0,60}}\))?(?: (?:is|was|of|would be|should be))?(?: an?)?"
        lead = rf"{_FILL}(?:{about}|{_SAID})\W{{1,9}}"
        behind = r"(?: ?(?:points?|stars?))?(?: ?\([^()\n]{0,80}\))?"
        self.pattern = re.compile(
            rf"[^\w?]{{0,12}}(?P<lead>{lead})?(?P<said>{word})(?![\w%+]){behind}(?P<rest>.*)", re.IGNORECASE | re.DOTALL
        )
        self.firm = re.compile(rf"[^\w?]{{0,12}}{_FILL}(?:{_FIRM})[^\w?\n]{{0,4}}[:=]\W{{0,9}}\w", re.IGNORECASE)
        self.any = re.compile(rf"(?<!\w)(?:{word})(?!\w)", re.IGNORECASE)

    def read(self, value: Any) -> str | None:
        """The verdict as the menu has it: 4, 4.0 and, if the menu ends at 5, 4/5; None if it is not on it."""
        said = " ".join(str(value).split()).casefold().strip("*_\"'. ")
        if said in self.words:
            return self.words[said]
        number = re.fullmatch(r"([+-]?\d{1,6}(?:\.\d{1,6})?)(?:\s?(?:/|out of|of)\s?(\d{1,6}))?", said)
        if not self.numbers or not number or (number[2] and float(number[2]) != max(self.scale)):
            return None
        return self.scale.get(float(number[1]))

    def place(self, text: str, start: int, end: int, outer: bool, alone: bool, asked: bool) -> _Place | None:
        """The piece text[start:end] as a verdict.

        outer: it begins or ends the reply. alone: it has its line to itself. asked: it answers a question before it.
        """
        piece = text[start:end][:_LONGEST]
        match = self.pattern.fullmatch(piece) if end - start <= _LONGEST else None
        lead = match["lead"] or "" if match else ""
        if match is None or not self._ends(match["rest"], bool(lead) or (outer and not self.numbers)):
            return _Place(start, end, None, "firm") if self.firm.match(piece) else None
        if lead or ((outer or (alone and not self.numbers)) and not asked):
            return _Place(start, end, self.read(match["said"]), lead)
        item = alone and self.read(match["said"]) is not None
        return _Place(start, end, self.read(match["said"]), "", counts=False) if item else None

    def _ends(self, rest: str, reasoned: bool) -> bool:
        """Whether what stands behind a verdict leaves it as it is: marks, or a reason."""
        if re.fullmatch(r"[^\w?]*", rest):
            return True
        return bool(reasoned and _REASON.match(rest) and not _HEDGE.search(rest) and not self.any.search(rest))

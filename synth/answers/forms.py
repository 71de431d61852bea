r"""The closing forms in which a reply says what its answer is, as patterns.

Every repetition in a pattern is bounded, so that no text takes more than linear time.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_GAP = r"[\s*_`]{1,6}"  # between two words, of which one may be bold
_ASKED = (  # the answer to this problem is
    rf"(?:{_GAP}(?:to|for|of){_GAP}(?:(?:the|this|that|your|our|my|above|given|original|whole|entire|main|word|math|following)"
    rf"{_GAP}){{1,4}}(?:question|problem|puzzle|exercise|riddle|task|equation)(?:{_GAP}(?:above|posed|asked|here|given))?)?"
)
_ASIDE = rf"(?:,?{_GAP}(?:then|therefore|thus|hence|here|finally|indeed|(?:I|we){_GAP}(?:get|find|have)),?)?"
_MOST = rf"most{_GAP}(?:appropriate|suitable|accurate|fitting|logical|reasonable|sensible|plausible|likely|probable)"
_STATED = (  # The answer is 18. / **The final answer:** 18 / the correct option is B
    rf"(?<![\w-])(?:(?:(?:the|my|our|final|correct|right|best|so|thus|hence|therefore|{_MOST}),?{_GAP}){{1,4}}answer"
    rf"|(?:the{_GAP})?(?:correct|right|best){_GAP}(?:answer{_GAP})?(?:option|choice))"
    rf"{_ASKED}{_ASIDE}[\s*_]{{0,4}}"
    r"(?:(?P<denied>(?:is|was)n't\b|can(?:\s?not|'t)\b|(?:might|may|could)\s{1,4}be\b)"
    rf"|(?:is|was|must(?:{_GAP}(?:therefore|thus|then))?{_GAP}be|would{_GAP}be|should{_GAP}be|will{_GAP}be|equals|comes{_GAP}(?:out{_GAP})?to)\b"
    r"|[:=]{1,2}>?)"
)
_BULLET = r"[ \t#*_>`|~\u2022-]{0,12}(?:\d{1,2}[.)][ \t#*_`]{0,6})?[\[(\u3010]?"  # of a heading, list, quote, table
_DELIMITED = r"(?=[ \t*_]{0,4}(?:\$\$|\$(?!\s{0,9}\n)|\\[(\[]|\\boxed))"  # Answer $9$
_LABEL = (  # Answer: 18 / ## Final Answer / answer is B / | Answer | 18 |
    rf"(?:^|(?<=[.!?]\s)){_BULLET}(?:(?:final|correct|short){_GAP})?ans(?:wer)?\b[\])\u3011]?\.?"
    rf"(?:[ \t]{{1,3}}\([^()\n]{{1,40}}\))?[ \t*_]{{0,4}}(?:[:=|]>?|->|\u2192|is\b|[ \t`]{{0,4}}$|{_DELIMITED})"
)
_REVERSED = (  # Therefore, 18 eggs is the answer. / Option (B) bank is the best choice.
    rf"(?:^{_BULLET}|(?<=[.!?]\s))(?:(?:so|thus|hence|therefore|finally|then),?{_GAP}){{0,2}}"
    rf"(?:(?:option|choice){_GAP})?(?P<said>(?:[\"'*_$]{{0,3}}(?:[\u00a3\u20ac]?-?\d|\((?-i:[A-Z])\))[^\n.!?;,:]{{0,60}}?"
    rf"|(?-i:[A-Z]))[\"'*_$]{{0,3}}){_GAP}is{_GAP}(?:the|our|my){_GAP}"
    rf"(?:(?:final|correct|right|best|only|possible|{_MOST}){_GAP}){{0,2}}(?:answer|option|choice){_ASKED}"
    r"(?=[\s*_]{0,4}(?:[.!\n]|$))"
)
BOX = r"\\(?:boxed|fbox)\s{0,4}\{"
_NEARBY = 600  # characters that a box may hold
_FORMS = {
    "stated": _STATED,
    "label": _LABEL,
    "reversed": _REVERSED,
    "tag": r"<answer>",  # <answer>18</answer>
    "box": BOX,  # \boxed{18}
    "hashes": r"^[ \t]{0,3}####[ \t]{0,4}(?=\S)",  # #### 18, the mark of GSM8K
}
_TYPEWRITER = str.maketrans(
    "\u2018\u2019\u201c\u201d\u2013\u2212\uff1a\u00a0\uff0c\uff1f\uff01\uff08\uff09\u3000", "''\"\"--: ,?!() "
)
_HTML = re.compile(r"</?(?:b|i|u|p|em|strong|mark|span|div|h[1-6]|center|font)(?:\s[^<>]{0,80})?>", re.IGNORECASE)


@dataclass(frozen=True)
class Forms:
    """All closing forms, the task's own among them."""

    pattern: "re.Pattern[str]"
    tail: str = ""  # what stands behind the answer in the task's own


def typewriter(text: str) -> str:
    """Curly quotes, dashes and wide signs as on a typewriter, tags of HTML as spaces, each character in its place."""
    text = text if text.isascii() else text.translate(_TYPEWRITER)
    return _HTML.sub(lambda tag: " " * len(tag[0]), text) if "</" in text else text


@lru_cache(maxsize=64)
def closing_forms(closing: str) -> Forms:
    """All closing forms, and the task's own if it says more than the answer."""
    own, _, tail = typewriter(closing).partition("{answer}") if "{answer}" in closing else ("", "", "")
    own, forms = own.strip(), dict(_FORMS)
    known = re.compile(f"(?:{_STATED}|{_LABEL}|{BOX})$", re.IGNORECASE | re.MULTILINE)
    if re.search(r"\S", own) and not known.search(own):
        forms["own"] = _own(own)
    pattern = "|".join(f"(?P<{name}>{form})" for name, form in forms.items())
    return Forms(re.compile(pattern, re.IGNORECASE | re.MULTILINE), tail.strip() if "own" in forms else "")


def _own(own: str) -> str:
    """The pattern of a task's own words before the answer. What is short stands at the beginning of a line; before
    letters that have no cases no space is asked for, as many of their scripts have none between words."""
    words = r"\s{1,4}".join(map(re.escape, own.split()))
    caseless = any(unicodedata.category(c) == "Lo" for c in own)
    if not caseless and len(re.sub(r"\W", "", own)) < 3:
        return rf"^[ \t*_]{{0,4}}{words}"
    return words if unicodedata.category(own[0]) == "Lo" or not own[0].isalnum() else rf"(?<!\w){words}"


def braced(text: str, at: int) -> str:
    """What stands up to the brace that closes the one before `at`; "" if there is none nearby."""
    depth = 1
    for i, char in enumerate(text[at : at + _NEARBY]):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return text[at : at + i]
    return ""

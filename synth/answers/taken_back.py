"""The words with which a reply takes its answer back, behind its last closing form.

Only the beginning of a sentence does it, or a sentence about what was just said: "That is how long he has to wait." and
"It is wrong to steal." take back nothing.
"""

import re

_OR_ANOTHER = r"(?<=[.!?\n])\s{1,4}(?:or|alternatively|perhaps|maybe|but (?:also|perhaps|maybe|it could))\b"
_BEGINS = r"(?:[.!?,:;\n\u2014\u2026*_(-]|\b(?:but|oh|hmm|no|so|and|ah))[\s*_\"]{0,4}"
_PAUSE = r"(?=\s{0,2}[,.!:\u2014\u2026-]|\s(?:no|a|i|that|let)\b)"
_INTERJECTION = (
    rf"{_BEGINS}(?:wait{_PAUSE}|hold on{_PAUSE}|correction(?=\s{{0,2}}[:,\u2014-])|actually(?=,)"
    r"|no,(?=[^.!?\n]{0,80}\d)|(?:or )?rather,|i mean\b|i meant\b|make that\b)"
)
_MISTAKE = r"\b(?:oops|scratch that|on second thought|i made an? (?:mistake|error))\b"
_WRONG = (
    r"\b(?:that|which|this|it)(?:'s| is| was| can't be| cannot be| seems| looks)"
    r" (?:not right|not correct|wrong|incorrect)\b(?! (?:to|for|of|that|about|in|on|side|way)\b)"
)
_AGAIN = (
    r"\blet me (?:try again|correct"
    r"|re-?(?:check|count|do|think|consider|calculate|compute|examine|evaluate|assess|read|visit|work|try|vise)\w{0,3})\b"
)
TAKEN_BACK = re.compile("|".join((_OR_ANOTHER, _INTERJECTION, _MISTAKE, _WRONG, _AGAIN)), re.IGNORECASE)

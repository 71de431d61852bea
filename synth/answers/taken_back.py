"""The words with which a reply takes its answer back, behind its last closing form.

Only the beginning of a sentence does it, or a sentence about what was just said: "That is how long he has to wait." and
"It is wrong to steal." take back nothing.
"""

import re

_OR_ANOTHER = r"(?<=[.!?\n])\s{1,4}(?:or|alternatively|perhaps|maybe|but (?:also|perhaps|maybe|it could))\b"
_BEGINS = r"(?:[.!?,:;\n\u2014\u2026*_(}$-]|\b(?:but|oh|hmm|no|so|and|ah))[\s*_\"]{0,4}"
_PAUSE = r"(?=\s{0,2}[,.!:\u2014\u2026-]|\s(?:no|a|i|that|let)\b)"
_INTERJECTION = (
    rf"{_BEGINS}(?:wait{_PAUSE}|hold on{_PAUSE}|(?:correct(?:ion|ed)|edit)(?=\s{{0,2}}[:,\u2014-])"
    r"|actually(?=,|\s(?:it|that|this|i|we|no)\b)|hmm|nope\b|sorry(?=[,:])|apologies(?=[,:.])|never ?mind\b"
    r"|no,(?=[^.!?\n]{0,80}\d)|(?:or )?rather,|i mean\b|i meant\b|make that\b|recount\w{0,3}\b"
    r"|(?:it|that) (?:might|may|could|should)(?: also| instead)? be\b(?=\s[^\w\n]{0,3}(?:\d|(?-i:[A-Z])\b)))"
)
_MISTAKE = (
    r"\b(?:oops|(?:scratch|strike) that|(?:on|upon) (?:second|further) (?:thought|reflection)|on reflection"
    r"|my (?:mistake|bad)|i take (?:that|it|this) back"
    r"|i (?:(?:was|am) (?:wrong|mistaken)|miscalculated|miscounted|misread|forgot|overlooked)"
    r"|(?:i made|there(?:'s| is| was)) an? (?:\w{1,12} )?(?:mistake|error))\b"
)
_WRONG = (
    r"\b(?:that|which|this|it)(?:'s| is| was| can't be| cannot be| seems| looks)"
    r" (?:not right|not correct|wrong|incorrect)\b(?! (?:to|for|of|that|about|in|on|side|way)\b)"
    r"|\b(?:that|this|it)(?:(?: is| was| does| did| can| could)(?:n't| not|not)|'s not)"
    r" (?:(?:be|look|seem|sound|make) ){0,2}(?:right|correct|sense|it)\b(?=\s{0,2}(?:[.,;:!?\u2014-]|\Z))"
)
# Sentences of other languages that begin so or say that something is wrong.
_ELSEWHERE = (
    rf"{_BEGINS}(?:warte|moment mal|espera|esperen|attends|attendez|aspetta|espere|подожди\w{{0,2}}|стоп)"
    r"(?=\s{0,2}[,.!:\u2014\u2026-])"
    r"|\bdas (?:ist|war) (?:falsch|nicht richtig)\b|\best[aá] (?:mal|errado)\b|\bc'est faux\b"
    r"|不对|不對|错了|錯了|等等|等一下|間違[えいっ]|틀렸|잠깐"
)
_AGAIN = (
    r"\blet me (?:try again|correct"
    r"|re-?(?:check|count|do|think|consider|calculate|compute|examine|evaluate|assess|read|visit|work|try|vise)\w{0,3})\b"
)
TAKEN_BACK = re.compile("|".join((_OR_ANOTHER, _INTERJECTION, _MISTAKE, _WRONG, _ELSEWHERE, _AGAIN)), re.IGNORECASE)

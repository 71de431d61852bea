"""Makes the sentences of 2WikiMultiHopQA readable, and changes nothing else.

The source was tokenised and put together again with spaces on the wrong side:

    Jan( born 1950) is a Tamil- language singer of the song" Ride On"( 1998).
    Jan (born 1950) is a Tamil-language singer of the song "Ride On" (1998).

A space is moved or closed up only where it stands on the wrong side: `film(s)`, a hyphen between spaces, en dashes,
dates and ranges of years (`1904- 1990`, `February 1978- June 2009`) stay as they are, and so do the quotes of a
sentence in which they do not pair up. Single quotes move only around a nickname in the middle of a name (`Guinn' Big
Boy' Williams`): elsewhere they cannot be told from apostrophes.
"""

import re
from collections.abc import Callable
from functools import lru_cache

Rule = tuple[str, "re.Pattern[str]", str | Callable[["re.Match[str]"], str]]

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
CAPITALS = r"(?:[A-Z][a-z]+ ){0,2}[A-Z][a-z]*[a-rt-z]"  # one to three words
QUOTED = re.compile(r'(.?)"([^"]*)"(?=(.?))', re.DOTALL)

# (what a sentence must contain for the rule to matter, pattern, replacement), in this order
SPACES: tuple[Rule, ...] = (
    ("\n", re.compile(r"\s*\n\s*"), " "),
    ("\xa0", re.compile("\xa0"), " "),
    ("  ", re.compile(r" {2,}"), " "),
)
BRACKETS: tuple[Rule, ...] = (
    ("( ", re.compile(r"(?<=[^\s(\[\u2013\u2014/-])\( "), " ("),
    ("( ", re.compile(r"\( "), "("),
    ('(" ', re.compile(r'(?<=\w)\((?=" \w)'), " ("),
    ("[ ", re.compile(r"(?<=[^\s(\[\u2013\u2014/-])\[ "), " ["),
    ("[ ", re.compile(r"\[ "), "["),
    (" )", re.compile(r" +\)"), ")"),
    (" ]", re.compile(r" +\]"), "]"),
)
HYPHENS: tuple[Rule, ...] = (
    # `Hauts- de- Seine`; not the hyphen that waits for its second half: `pre- and post-war`
    ("- ", re.compile(r"(?<=[^\W\d])- (?=\w)(?!(?:and|or|to)\b)"), "-"),
    # `a 12- hour push`; not `1904- 1990`, not `1903- date of death unknown`, not `3- May`
    ("- ", re.compile(rf"(?<!\d)(\d{{1,2}})- (?=[^\W\d])(?!(?:{MONTHS}|and|or|to)\b)"), r"\1-"),
    (" -", re.compile(r"(?<=[^\W\d]) -(?=[^\W\d])"), "-"),
)
SIGNS: tuple[Rule, ...] = (
    ("/ ", re.compile(r"(?<=\w)/ (?=\w)"), "/"),
    ("$ ", re.compile(r"(?<=[a-z])\$ (?=\d)"), " $"),
    ("$ ", re.compile(r"\$ (?=\d)"), "$"),
    ("& ", re.compile(r"(?<=\w)& (?=\w)"), " & "),
    (" n't", re.compile(r"(?<=\w) n't\b"), "n't"),
    (" \u2019s", re.compile(r"(?<=\w) \u2019s\b"), "\u2019s"),
    ("' ", re.compile(r"\b([dDO])' (?=[A-Z\u00c0-\u00de])"), r"\1'"),  # Marie d' Albret, Meghan O' Leary
    # not after an `s`, which may own what follows, nor after a particle: `Girls' High School`, `de' Medici`
    ("' ", re.compile(rf"(?<=[a-rt-z]{{3}})' ({CAPITALS})' (?=[A-Z])"), r" '\1' "),
    # what is left where a pronunciation was taken out: `Kamul, , is`, `(pronounced , ; 2 May 1360`
    (" ,", re.compile(r" ?,(?: ,)+"), ","),
    (" ,", re.compile(r" , ?(?=[;.])"), ""),
    (" ", re.compile(r"(?<![\u2013\u2014]) ([,;:!?]|\.(?!\.))(?=[\s\")\]]|$)"), r"\1"),
)
# What any rule starts from: most names and many sentences have none of it
SUSPECT = re.compile(r"""["\n\xa0]|  | [\])\-\u2019n,;:!?.]|[\[(/$&'-] """)


def clean(text: str) -> str:
    """A sentence, a question or a name with its spaces where they belong."""
    if not SUSPECT.search(text):
        return text.strip()
    for rules in (SPACES, BRACKETS, HYPHENS, SIGNS):
        for sign, pattern, replacement in rules:
            if sign in text:
                text = pattern.sub(replacement, text)
    if '"' in text:
        text = _quotes(text)
    return text.strip()


@lru_cache(maxsize=1 << 13)
def clean_name(text: str) -> str:
    """A name: besides, a quote that lost its partner goes (`"Step Into The Light`)."""
    name = clean(text)
    return name.replace('"', "").strip() if name.count('"') % 2 else name


def _quotes(text: str) -> str:
    """Straight quotes closed up, if they pair up."""
    if text.count('"') % 2 or not all(map(_is_pair, QUOTED.finditer(text))):
        return text
    return QUOTED.sub(_close_up, text)


def _is_pair(match: "re.Match[str]") -> bool:
    """Whether these two quotes stand around something, and not between two quoted passages."""
    before, inside, after = match.groups()
    if not inside.strip():
        return False
    opens = inside[0] == " " or not before or not before.isalnum()
    closes = not inside.endswith(" ") or not after.isalnum()
    return opens and closes


def _close_up(match: "re.Match[str]") -> str:
    before, inside, after = match.groups()
    moved = inside[0] == " " and before and before not in " (["
    dash = before in "\u2013\u2014-/\u201e"  # nothing to put between a dash and a quote
    lead = " " if moved and not dash else ""
    follow = " " if after.isalnum() or after == "(" else ""
    return f'{before}{lead}"{inside.strip()}"{follow}'

"""Whether the facts of a row say what a step says: its object as a whole name, and what it is to the subject.

A name counts as whole if no longer name goes on where it ends: `House` is not in `House of Commons`, `York` not in `New
York`, `Hollis` not in `Holliston`. Its aliases count as well: a part of it that no other name of the row has, another
spelling, initials, what stands before a comma, an adjective for its country. A relation is looked for by the words that
facts have for it (`born`, `son of`, `directed by`); a life in brackets has its birth before the dash.
"""

import re
from collections.abc import Iterator

from synth.builders.twowiki import names
from synth.builders.twowiki.countries import peoples
from synth.builders.twowiki.relations import question_word

# What facts say a relation with. Without an entry the object alone is looked for.
CHILD_OF = r"\bson|daughter|child|born\b[^.;]*\bto\b|heir|brother|sister|parent|eldest|younge|offspring|bore|issue"
SAYS = {
    "director": r"direct|film ?mak|\bmade\b|\bfilms? (by|of|from)\b|\bby\b|helm",
    "composer": r"compos|music|score|song|wrote|writ|soundtrack",
    "performer": r"\bby\b|sing|sang|sung|perform|record|song|single|album|track|band\b",
    "producer": r"produc",
    "screenwriter": r"writ|wrote|screenplay|script|story",
    "author": r"writ|wrote|author|novel|book|\bby\b",
    "editor": r"edit",
    "publisher": r"publish|\bby\b|imprint",
    "founded by": r"found|establish|start|creat|launch|form",
    "father": rf"{CHILD_OF}|father|sire",
    "mother": rf"{CHILD_OF}|mother|wife|marri",
    "spouse": (
        r"marri|marry|wife|wives|elope|husband|spouse|consort|\bwed|widow|couple|partner|divorc|engage|bride|queen|duchess"
    ),
    "child": rf"{CHILD_OF}|father|mother",
    "sibling": r"brother|sister|sibling|twin",
    "place of birth": r"\bborn|birth|native|\bb\.|née|hail|origin",
    "place of death": (
        r"\bdie[ds]|death|dead|kill|\bd\.|execut|assassin|murder|suicide|perish|passed|drown|succumb|slain|†"
    ),
    "place of burial": r"\bbur(y|i)|interr|grave|cemet|tomb|ashes|rest|remains|crypt|mausoleum|church|abbey",
    "award received": r"award|priz|hono|receiv|w[io]n|recipient|medal|conferr|laureate|grant|decorat|knight|order|made",
    "cause of death": r"\bdie[ds]|death|dead|kill|suffer|succumb|suicide|diagnos|caus|illness|execut|struck|had\b",
}
CUES = {relation: re.compile(cue, re.IGNORECASE) for relation, cue in SAYS.items()}
BIRTH = re.compile(r"\b(?:born|birth|née)\b|\bb\.|\*", re.IGNORECASE)
DEATH = re.compile(
    r"\b(?:died?|dies|death|killed|executed|murdered|passed away|perished|drowned|assassinated|slain|suicide)\b"
    r"|\bd\.|†",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(r"\b(?:moved|raised|grew|emigrated|settled|studied|lived|returned|educated)\b")
WHERE_DIED = re.compile(r"[^.;]{0,40}\b(?:where|until)\b[^.;]{0,30}\b(?:died|death|killed)\b")
LIFE = re.compile(r"[(;][^()]*(?:\([^()]*\)[^()]*)*\)|\([^)]*$")
DASH = re.compile(r"[\u2013\u2014]|(?<=\w) ?- ?(?=[A-Z\d])|\u2020|\bdied\b|\bd\.")
BEFORE = re.compile(
    r"\b(?:New|Port|Fort|Mount|Saint|St\.?|San|Santa|Los|Las|El|Lake|Little|Papua|Cape|Van|Von) $"
)  # a longer name
BEHIND = re.compile(r" of (?:the )?[A-Z]| (?P<next>[A-Z][a-z]+)")
# What may follow a place or a school without making it another one
KINDS = """\
abbey academy area army bay business campus castle city college county department district division film high hospital
institute island law medical music naval parish palace prefecture province school state studios town university
he she it the in his her after later they at on and"""
KIND_WORDS = frozenset(KINDS.split())
NATIONS = ("country", "country of citizenship", "country of origin")
LOWER = ("cause of death", "manner of death", "occupation", "genre", "instrument", "field of work")  # in any case
BIRTHS, DEATHS = ("place of birth",), ("place of death",)
WORDS = re.compile(r"\w+")


def says(relation: str, subject: str, aliases: tuple[str, ...], fact: str) -> bool:
    """Whether one fact says that this, by one of its names, is the relation of the subject."""
    asked = question_word(relation)
    if asked == "When":
        return any(names.has_date(alias, fact) for alias in aliases)
    text = names.unmarked(fact)
    if relation in NATIONS:
        return any(_nation(alias, text) for alias in aliases)
    if relation in CUES and not CUES[relation].search(text) and not (relation in BIRTHS + DEATHS and LIFE.search(text)):
        return False
    if asked == "Who":
        return any(_person(alias, subject, text) for alias in aliases)
    any_case = relation in LOWER
    places = (at for alias in aliases for at in _whole(alias, text, any_case))
    if relation in BIRTHS + DEATHS:
        return any(_of_life(text, *at) in ("", relation) for at in places)
    return next(places, None) is not None


def _person(name: str, subject: str, text: str) -> bool:
    """Whether a text has a person's name, in another spelling, with more or fewer words, or a word of it alone."""
    own = names.words(name)
    found = list(WORDS.finditer(text))
    for length in range(min(2, len(own)), len(own) + 3):
        for at in range(len(found) - length + 1):
            window = text[found[at].start() : found[at + length - 1].end()]
            if not window[0].islower() and names.same_name(window, name):
                return True
    shared = set(names.words(subject))
    alone = {word for word in own if len(word) > 2 and word not in names.COMMON and word not in shared}
    return any(match[0][0].isupper() and names.fold(match[0]) in alone for match in found)


def _nation(value: str, text: str) -> bool:
    """Whether a text names a country or its people."""
    wanted = peoples(value)
    found = list(WORDS.finditer(text))
    for length in (1, 2, 3, 4):
        for at in range(len(found) - length + 1):
            start, end = found[at].start(), found[at + length - 1].end()
            letters = names.bare(text[start:end])
            whole = length > 1 or not BEFORE.search(text[:start])
            if text[start].isupper() and whole and not wanted.isdisjoint((letters, letters.removesuffix("s"))):
                return True
    return False


def _whole(name: str, text: str, any_case: bool) -> Iterator[tuple[int, int]]:
    """Where a text has a place, a school or another thing as a whole name."""
    full = names.BRACKETED.sub("", name).strip() or name
    for alias in dict.fromkeys((full, full.partition(",")[0])):
        words = WORDS.findall(names.unmarked(alias))
        if not words:
            continue
        pattern = r"(?<!\w)" + r"\W{1,3}".join(map(re.escape, words)) + r"(?!\w)"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            if alias[0].isupper() and not match[0][0].isupper() and not any_case:
                continue
            follow = BEHIND.match(text, match.end())
            longer = follow and (follow["next"] is None or follow["next"].lower() not in KIND_WORDS)
            if not (longer and len(words) == 1) and not BEFORE.search(text[: match.start()]):
                yield match.span()


def _of_life(text: str, start: int, end: int) -> str:
    """Whether a place in a text is one of birth or of death, "" if nothing tells."""
    for bracket in LIFE.finditer(text):
        if bracket.start() <= start and end <= bracket.end():
            inside = bracket[0]
            if dash := DASH.search(inside, 1):
                return BIRTHS[0] if start < bracket.start() + dash.start() else DEATHS[0]
            return DEATHS[0] if DEATH.search(inside) and not BIRTH.search(inside) else BIRTHS[0]
    before, after = text[:start], text[end:]
    if WHERE_DIED.match(after):
        return DEATHS[0]
    told = [
        (match.end(), kind) for cue, kind in ((BIRTH, BIRTHS[0]), (DEATH, DEATHS[0])) for match in cue.finditer(before)
    ]
    if told:
        at, kind = max(told)
        return (
            kind
            if not ELSEWHERE.search(before, at) or re.search(r"(?i)\bborn and raised (in|at) (the )?$", before)
            else "elsewhere"
        )
    if re.match(r"-born|, where (he|she) was born", after) or re.search(r"\bnative\b|hail", before):
        return BIRTHS[0]
    return DEATHS[0] if DEATH.search(after) else BIRTHS[0] if BIRTH.search(after) else "elsewhere"

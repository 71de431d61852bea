"""What a question asks for, by its words alone.

    Which film came out first, A or B?     one of two things: PICK
    Did A die before B?                    yes or no, by which comes first: ORDER
    Are A and B from the same country?     yes or no, by whether two values are the same: SAME
    Where was the director of A born?      what stands at the end of a chain: CHAIN

Names are taken out of a question before its words are read, for any of these words may stand in a title. Of a direct
row nobody knows the names: there `kinds` returns everything that the question may be.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from synth.validators.twowiki.meaning import WORD_FOR
from synth.validators.twowiki.words import without

PICK, ORDER, SAME, CHAIN = "pick", "order", "same", "chain"
CLOSED = re.compile(r"[\s,:;]*(are|is|do|does|did|were|was|have|has|had|can|could)\b", re.IGNORECASE)
EARLIER = r"\b(first|earlier|earliest|older|oldest|elder|eldest|before|sooner)\b"
LATER = r"\b(later|latest|last|younger|youngest|recent|recently|newer|newest|after)\b"
LONGER, SHORTER = r"\b(longer|longest)\b", r"\b(shorter|shortest)\b"
COMPARES = re.compile(f"{EARLIER}|{LATER}|{LONGER}|{SHORTER}")
TWO = re.compile(r"\b(or|and)\b")
LISTS = re.compile(r"[,:;]|\b(out of|between|either|among)\b|^of\b")  # before the two that a question chooses from
BORN, DIED = "date of birth", "date of death"
WHEN = frozenset(relation for relation, word in WORD_FOR.items() if word == "When")
# Questions that begin like this ask for what stands at the end of a chain, whatever their titles say
CHAINED = re.compile(
    r"(where|when|why|how|in (which|what))\b"
    r"|(which|what) (country|nationality|award|prize|place|city|town|school|university|college|company)\b"
    r"|who (is|was|are|were) the [\w-]+( grand\w+| of \w+)? (of|to)\b(?! the two\b)|what (is|was|are|were) the\b"
    r"|.*['’]s [\w-]+( grand\w+)?\?*\s*$",
    re.IGNORECASE,
)

# What asks for a relation. The first of two patterns leaves no doubt that it is asked for; the second says that it may
# be. Without an entry nothing can be said.
CUES = {
    "director": (r"\bdirectors?\b", r"\bdirect|\bfilm ?maker|\bmade\b"),
    "performer": (r"\bperformers?\b", r"\bperform|\bsing|\bsang\b|\bsung\b|\brecorded\b|\bartist"),
    "composer": (r"\bcomposers?\b", r"\bcompos|\bmusic|\bwrote\b|\bwrit"),
    "father": (r"(?<![\w-])father\b(?!-in)", r"(?<![\w-])(father|parent|son|daughter)\b"),
    "mother": (r"(?<![\w-])mother\b(?!-in)", r"(?<![\w-])(mother|parent|son|daughter)\b"),
    "spouse": (r"(?<![\w-])(spouse|husband|wife)\b", r"(?<![\w-])(spouse|husband|wife|married|marry|partner|widow)\b"),
    "child": (r"(?<![\w-])child\b(?!-in)", r"(?<![\w-])(child|children|son|daughter|father|mother)\b(?!-in)"),
    "sibling": (r"(?<![\w-])(sibling|brother|sister)\b(?!-in)", r"(?<![\w-])(sibling|brother|sister)\b"),
    "date of birth": (r"\bwhen\b.*\bborn\b|\b(date of birth|birthday)\b", r"\bborn\b|\bbirth|\bold\b|\bage\b"),
    "place of birth": (r"\bwhere\b.*\bborn\b|\b(place of birth|birthplace)\b", r"\bborn\b|\bbirth|\bnative\b|\bfrom\b"),
    "date of death": (r"\bwhen\b.*\b(die|died|pass|passed)\b|\bdate of death\b", r"\bdie|\bdeath\b|\bpass|\bdead\b"),
    "place of death": (r"\bwhere\b.*\b(die|died|pass|passed)\b|\bplace of death\b", r"\bdie|\bdeath\b|\bpass|\bdead\b"),
    "cause of death": (r"\bcause of death\b", r"\bcause\b|\bwhy\b|\bhow\b|\bdie|\bdeath\b"),
    "place of burial": (r"\b(burial|buried)\b", r"\bbur(y|i)|\binter|\bgrave\b|\brest(s|ing)?\b|\bentomb"),
    "country of citizenship": (r"\bnationality\b", r"\bnational|\bcountr|\bciti|\bfrom\b"),
    "country of origin": (r"\bcountry of origin\b", r"\bcountr|\bfrom\b|\bnational"),
    "country": (r"\bin which country\b", r"\bcountr|\bfrom\b|\bnational"),
    "educated at": (
        r"\b(graduate|study|studied|educated)\b",
        r"\bgraduat|\bstud|\beducat|\battend|\bschool|\bcollege|\buni",
    ),
    "employer": (r"\bemployer\b|\bwork at\b", r"\bwork|\bemploy|\bteach|\btaught\b|\bfor\b"),
    "publisher": (r"\bpublisher\b", r"\bpublish"),
    "inception": (r"\binception\b", r"\bfound|\bestablish|\bstart|\bform|\bcreat|\bincept|\bbegin|\bbegan\b|\bwhen\b"),
    "award received": (r"\b(award|prize)\b", r"\baward|\bpriz|\bhono|\bwon\b|\bwin\b|\breceiv|\bget\b|\bgot\b|\bearn"),
    "producer": (r"\bproducer\b", r"\bproduc"),
    "editor": (r"\beditor\b", r"\bedit"),
    "founded by": (r"\bfounder\b", r"\bfound|\bestablish|\bstart|\bcreat|\bform"),
}
FATHER, MOTHER, SPOUSE, CHILD, SIBLING = "father", "mother", "spouse", "child", "sibling"
PARENTS = (FATHER, MOTHER)
# Two relations one after the other, and the one they make (Ho et al. 2020, the rules of their inference questions)
KINSHIP = {
    "paternal grandfather": {(FATHER, FATHER)},
    "paternal grandmother": {(FATHER, MOTHER)},
    "maternal grandfather": {(MOTHER, FATHER)},
    "maternal grandmother": {(MOTHER, MOTHER)},
    "father-in-law": {(SPOUSE, FATHER)},
    "mother-in-law": {(SPOUSE, MOTHER)},
    "sibling-in-law": {(SPOUSE, SIBLING), (SIBLING, SPOUSE)},
    "child-in-law": {(CHILD, SPOUSE)},
    "grandchild": {(CHILD, CHILD)},
    "uncle": {(parent, SIBLING) for parent in PARENTS},
    "aunt": {(parent, SIBLING) for parent in PARENTS},
    "stepmother": {(FATHER, SPOUSE)},
    "stepfather": {(MOTHER, SPOUSE)},
    "husband": {(CHILD, FATHER)},
    "wife": {(CHILD, MOTHER)},
    "father": {(MOTHER, SPOUSE), (SIBLING, FATHER)},
    "mother": {(FATHER, SPOUSE), (SIBLING, MOTHER)},
    "child": {(SPOUSE, CHILD), (CHILD, SIBLING)},
    "sibling": {(FATHER, CHILD), (MOTHER, CHILD), (SIBLING, SIBLING)},
}
ONE_WORD = (
    "father",
    "mother",
    "husband",
    "wife",
    "child",
    "sibling",
)  # of these a question may also ask for one relation alone


OF_PEOPLE = re.compile(
    r"\b(countr\w+|nationalit\w+|cit(?:y|ies|izen\w*)|towns?|states?|continents?|places?|born|birth\w*|die[ds]?|dead|deaths?|buried|burial"
    r"|years?|months?|decades?|centur\w+|dates?|days?|ages?|schools?|universit\w+|colleges?|educat\w+|employ\w+|religions?|causes?)\b"
)  # what two people can have in common; two films that have a person in common share none of it


def kind(question: str, names: Iterable[str]) -> str:
    """What a question is that names these things."""
    rest = without(question, names)
    compares = bool(COMPARES.search(rest))
    if CLOSED.match(rest.replace("_", " ")):
        return SAME if not compares else PICK if " or " in rest else ORDER
    return PICK if compares and TWO.search(rest) else CHAIN


def kinds(question: str) -> set[str]:
    """Everything that a question may be, if nobody knows which of its words are names."""
    low = question.casefold()
    closed = bool(CLOSED.match(low))
    if COMPARES.search(low) and TWO.search(low) and (closed or (LISTS.search(low) and not CHAINED.match(low))):
        if not closed:
            return {PICK}
        either, both = " or " in low, bool(re.search(r" and |\b(than|as|before|after)\b", low))
        return ({PICK} if either else set()) | ({ORDER, SAME} if both or not either else set())
    if closed and not re.search(r"\b(or|which|who|what)\b", low):
        return {SAME, ORDER}
    return {SAME, CHAIN} if closed else {CHAIN}


def closed(question: str) -> bool:
    """Whether a question asks for yes or no and nothing else."""
    return kinds(question) <= {SAME, ORDER}


def compared(rest: str) -> set[str]:
    """The relations of which one may be compared for this order, of one value each."""
    if re.search(r"\b(die|died|dead|death|pass|passed|passing)\b", rest):
        return {DIED}
    if re.search(r"\b(born|birth|birthday)\b", rest):
        return {BORN}
    if re.search(r"\b(older|oldest|elder|eldest|younger|youngest)\b", rest):
        return set(WHEN - {DIED})
    return set(WHEN) if re.match(r"[\s,:;_]*who\b", rest) else set(WHEN - {BORN, DIED})


def surely_asked(rest: str) -> set[str]:
    return {relation for relation, (sure, _) in CUES.items() if re.search(sure, rest)}


def perhaps_asked(rest: str) -> set[str]:
    """With those that no words are known for."""
    return {relation for relation, cues in CUES.items() if any(re.search(cue, rest) for cue in cues)}


def kin(rest: str) -> str:
    """The kinship an inference question asks for in one word, "" if it does not."""
    found = [name for name in KINSHIP if re.search(rf"(?<![\w-]){name}(?![\w-])", rest)]
    return max(found, key=len, default="")


def begins(kinship: str, relation: str) -> bool:
    """Whether a kinship can begin with a relation."""
    return any(relation == first for first, _ in KINSHIP[kinship])


def makes(kinship: str, asked: Sequence[str]) -> bool:
    """Whether two of the relations, one after the other, make a kinship."""
    return any(pair in KINSHIP[kinship] for pair in pairwise(asked))

"""What the words of a self-ask rationale mean: names, dates, and what a question asks for.

Written apart from the builder. If the text leaves a doubt (a name spelled in two ways) these functions decide so that a
sound row is not called unsound.
"""

import re
import unicodedata

WORD = re.compile(r"\w+")
BRACKETS = re.compile(r"\s*\([^()]*\)")
LITTLE_WORDS = """\
a al an and at bin da de del della den der di du el film for i ibn ii iii in iv jr king la le les of on prince princess
queen song sr st the to v van vi vii viii von count countess duke duchess earl lord lady sir"""
LITTLE = frozenset(LITTLE_WORDS.split())
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ASKS = {
    "Who": (
        "author, cast member, child, composer, creator, director, doctoral advisor, doctoral student, editor, father, "
        "founded by, lyrics by, mother, performer, presenter, producer, relative, screenwriter, sibling, spouse, "
        "stepparent, student, student of"
    ),
    "When": "date of birth, date of burial, date of death, inception, point in time, publication date",
    "Where": (
        "filming location, headquarters location, location, location of formation, narrative location, place of birth, "
        "place of burial, place of death, place of detention, residence, work location"
    ),
}
WORD_FOR = {relation: word for word, relations in ASKS.items() for relation in relations.split(", ")}

# What in a question (its names taken out) asks for a relation; without an entry nothing can be said
CUES = {
    "director": r"\bdirect(or|ors|ed)\b",
    "performer": r"\b(performer|singer|sang|performed)\b",
    "composer": r"\b(composer|composed)\b",
    "father": r"(?<![\w-])father\b(?!-in)",
    "mother": r"(?<![\w-])mother\b(?!-in)",
    "spouse": r"(?<![\w-])(spouse|husband|wife|married)\b",
    "child": r"(?<![\w-])(child|son|daughter)\b(?!-in)",
    "sibling": r"(?<![\w-])(sibling|brother|sister)\b(?!-in)",
    "date of birth": r"\bwhen\b.*\bborn\b|\b(date of birth|birthday)\b",
    "place of birth": r"\bwhere\b.*\bborn\b|\b(place of birth|birthplace)\b",
    "date of death": r"\bwhen\b.*\b(die|died)\b|\bdate of death\b",
    "place of death": r"\bwhere\b.*\b(die|died)\b|\bplace of death\b",
    "cause of death": r"\b(cause of death|why)\b",
    "place of burial": r"\b(burial|buried)\b",
    "country of citizenship": r"\b(nationality|country|countries)\b",
    "country of origin": r"\bcountry\b",
    "country": r"\bcountry\b",
    "educated at": r"\b(graduate|study|studied|educated)\b",
    "employer": r"\b(work|works|employer)\b",
    "publisher": r"\b(publisher|published)\b",
    "inception": r"\b(founded|established|started|formed|created|inception)\b",
    "award received": r"\b(award|prize)\b",
    "producer": r"\b(producer|produced)\b",
    "editor": r"\beditor\b",
    "founded by": r"\bfounder\b",
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


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


def run(text: str) -> str:
    """Letters and digits one after another."""
    return "".join(WORD.findall(plain(text)))


def core(name: str) -> str:
    """A name without what stands in brackets behind it."""
    return BRACKETS.sub("", name).strip() or name


def telling(name: str) -> set[str]:
    """The words of a name that tell it from others; all of them if they are all little ones."""
    found = set(WORD.findall(plain(core(name))))
    return {word for word in found - LITTLE if len(word) > 1} or found


def mentions(text: str, name: str) -> bool:
    """Whether a text has the whole name, with or without its brackets."""
    return run(name) in run(text) or run(core(name)) in run(text)


def may_be(one: str, other: str) -> bool:
    """Whether two names may be one person or thing: a telling word in common."""
    return run(core(one)) == run(core(other)) or bool(telling(one) & telling(other))


def in_common(one: str, other: str) -> int:
    """How many telling words two names share, 0 if their numbers rule each other out."""
    return len(telling(one) & telling(other)) if numbers_fit(one, other) else 0


def surely(one: str, other: str) -> bool:
    """Whether two texts say the same to the letter; brackets count if both have them."""
    if run(one) == run(other):
        return True
    return run(core(one)) == run(core(other)) and not ("(" in one and "(" in other)


def spoken_of(name: str, text: str) -> bool:
    """Whether a telling word of a name is in a text, perhaps with two letters swapped."""
    there = set(WORD.findall(plain(text)))
    return run(core(name)) in run(text) or any(word in there or bool(swaps(word) & there) for word in telling(name))


def share(name: str, text: str) -> float:
    """Which part of a name's telling words a text has, perhaps with two letters swapped."""
    there, words = set(WORD.findall(plain(text))), telling(name)
    return sum(word in there or bool(swaps(word) & there) for word in words) / max(len(words), 1)


def swaps(word: str) -> set[str]:
    """A word with each two neighbouring letters swapped."""
    places = range(len(word) - 1) if len(word) > 3 else ()
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places}


def numbers_fit(one: str, other: str) -> bool:
    """Whether two names have the same numbers, if both have any."""
    first, second = (sorted(set(re.findall(r"\d+", core(name)))) for name in (one, other))
    return first == second or not first or not second


def has_numbers(date: str, text: str) -> bool:
    """Whether the numbers of a date stand within six words of a text, even if a second date is glued to it."""
    apart = re.sub(r"(?<=\d{4})(?=\d{1,2} [A-Z])", " ", text)
    words = re.findall(r"\d+|[^\W\d]+", apart)
    numbers = re.findall(r"\d+", date)
    return any(all(number in words[at : at + 6] for number in numbers) for at in range(len(words)))


def date(text: str) -> tuple[int, int | None, int | None] | None:
    """Year (below zero before Christ), month and day of a date; None for what is no date."""
    parts = re.findall(r"\d+|[a-z]+", plain(text))
    months = [MONTHS.index(part[:3]) + 1 for part in parts if part[:3] in MONTHS and part.isalpha()]
    numbers = [part for part in parts if part.isdigit()]
    long = [number for number in numbers if len(number) > 2]
    if re.search(r"(^|\s),|,\s*$", text):
        return None  # `March , 1794`: something is missing
    if not numbers or (len(numbers) == 1 and not long and months and not {"bc", "bce"} & set(parts)):
        return None
    year = long[0] if long else numbers[-1]
    days = [int(number) for number in numbers if number is not year and len(number) <= 2] if months else []
    sign = -1 if {"bc", "bce"} & set(parts) else 1
    return sign * int(year), months[0] if months else None, days[0] if days else None


def order(one: str, other: str) -> int | None:
    """-1 if one date is before another, 1 if it is after it, None if nobody can tell."""
    first, second = date(one), date(other)
    if first is None or second is None:
        return None
    for mine, yours in zip(first, second, strict=True):
        if mine is None or yours is None:
            return None
        if mine != yours:
            return -1 if mine < yours else 1
    return None


def years(born: str, died: str) -> float | None:
    """The length of a life."""
    start, end = date(born), date(died)
    if start is None or end is None:
        return None
    at = [year + ((month or 6.5) - 1) / 12 + ((day or 15) - 1) / 372 for year, month, day in (start, end)]
    return at[1] - at[0]


def _without(question: str, subject: str) -> str:
    """A question without the name it starts from and without what stands in brackets."""
    words = plain(question).replace(plain(subject), " ").replace(plain(core(subject)), " ")
    return re.sub(r"\([^()]*\)", " ", words)


def cued(question: str, subject: str) -> set[str]:
    """The relations that a question asks for in so many words."""
    words = _without(question, subject)
    return {relation for relation, cue in CUES.items() if re.search(cue, words)}


def kin(question: str, subject: str) -> str:
    """The kinship an inference question asks for in one word, "" if it does not."""
    words = _without(question, subject)
    found = [name for name in KINSHIP if re.search(rf"(?<![\w-]){name}(?![\w-])", words)]
    return max(found, key=len, default="")

"""When two names may mean the same, and which question word a relation takes.

Written apart from the builder. If the text leaves a doubt (a name spelled in two ways) these functions decide so that a
sound row is not called unsound.
"""

import re

from synth.validators.twowiki.words import WORD, core, plain, run

LITTLE_WORDS = """\
a al an and at bin da de del della den der di du el film for i ibn ii iii in iv jr king la le les of on prince princess
queen song sr st the to v van vi vii viii von count countess duke duchess earl lord lady sir"""
LITTLE = frozenset(LITTLE_WORDS.split())
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


def telling(name: str) -> set[str]:
    """The words of a name that tell it from others; all of them if they are all little ones."""
    found = set(WORD.findall(plain(core(name))))
    return {word for word in found - LITTLE if len(word) > 1} or found


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

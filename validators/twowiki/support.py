"""Which facts tell of a thing that is compared, and whether they bear out what a step says of it.

Facts come in any order and do not always name what they tell of (`She was born in ...`), and facts about other things
may stand among them. So a fact belongs to the other thing only where it names that one more fully, and a value is at
fault only where the facts that are left name something else of its kind.
"""

import re
from collections.abc import Sequence

from synth.validators.twowiki import countries, meaning
from synth.validators.twowiki.dates import date, has_numbers
from synth.validators.twowiki.reading import Step, Unsound
from synth.validators.twowiki.words import WORD, core, run

NATIONS = ("country", "country of citizenship", "country of origin")


def stated(step: Step, facts: str) -> bool:
    """Whether the facts have the object of a step: a telling word of a name, the numbers of a date, a country."""
    if step.word == "When":
        return bool(date(step.object)) and has_numbers(step.object, facts)
    if step.relation in NATIONS:
        return not re.search(r"\d", step.object) and countries.told(step.object, facts)
    return meaning.spoken_of(step.object, facts)


def check(facts: Sequence[str], values: Sequence[Sequence[Step]]) -> None:
    """Holds the values of two things against the facts about each.

    Raises Unsound for a date that only the facts about the other thing have, and for a country that the facts about its
    own thing do not name while they name another one.
    """
    for mine, theirs in (values, values[::-1]):
        own = [fact for fact in facts if not _named(theirs, fact) == 1 > _named(mine, fact)]
        about = [fact for fact in own if _named(mine, fact) > 0]
        for step in mine:
            if own and step.word == "When" and not has_numbers(step.object, " ".join(own)):
                raise Unsound(
                    "wrong_step", f"step {step.number}: no fact about {step.subject!r} has {step.object!r}", step.number
                )
            if step.word == "What" and about and _contradicted(step, about, own):
                raise Unsound(
                    "wrong_step",
                    f"step {step.number}: {step.object!r} is not what is said of {step.subject!r}",
                    step.number,
                )


def _contradicted(step: Step, about: list[str], own: list[str]) -> bool:
    return all(countries.contradicted(step.object, " ".join(said)) for said in (about, own))


def _named(steps: Sequence[Step], fact: str) -> float:
    """How much of the name of a thing a fact has."""
    capital = _capital(fact)  # `born` is not Mr Born
    return max(_share(step.subject, fact, capital) for step in steps)


def _share(name: str, fact: str, capital: str) -> float:
    if run(core(name)).isdigit():  # a film called `9` is not what a fact with a date tells of
        return float(fact.startswith(core(name)))
    return meaning.share(_capital(core(name)) or name, capital)


def _capital(text: str) -> str:
    return " ".join(word for word in WORD.findall(text) if not word[0].islower())

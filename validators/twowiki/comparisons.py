"""Comparisons: the same is asked of two things in the order of the question, and comparing again gives the answer."""

import re
from collections.abc import Sequence

from synth.validating.faults import Reason
from synth.validators.twowiki import countries, meaning, questions, support
from synth.validators.twowiki.dates import order, years
from synth.validators.twowiki.questions import BORN, DIED, EARLIER, LONGER, SHORTER
from synth.validators.twowiki.reading import Row, Step, Unsound
from synth.validators.twowiki.words import core, mentions, places, run, without


def pick(row: Row, steps: Sequence[Step]) -> None:
    """One of two things, by the order of dates or the length of lives. Raises Unsound."""
    things, values = _compared(row, steps)
    first, rest = _order(row, things, values)
    picked = things[0 if first == bool(re.search(f"{EARLIER}|{SHORTER}", rest)) else 1]
    if not meaning.surely(picked, row.answer):
        raise Unsound("answer_not_from_last_step", f"the comparison comes to {picked!r}, not {row.answer!r}")


def ordered(row: Row, steps: Sequence[Step]) -> None:
    """Whether one thing comes before another one. Raises Unsound."""
    things, values = _compared(row, steps)
    first, rest = _order(row, things, values)
    if row.answer != ("yes" if first == bool(re.search(f"{EARLIER}|{SHORTER}", rest)) else "no"):
        raise Unsound("answer_not_from_last_step", f"the comparison does not come to {row.answer!r}")


def same(row: Row, steps: Sequence[Step]) -> None:
    """Whether two things have the same value, of several if they have one in common. Raises Unsound."""
    things, values = _compared(row, steps)
    relations = {step.relation for own in values for step in own}
    rest = without(row.question, things)
    needed = "country of citizenship" if "nationality" in rest else next(iter(relations))
    strange = meaning.WORD_FOR.get(needed) in ("Who", "When") and needed not in questions.perhaps_asked(rest)
    if relations != {needed} or strange or questions.OF_PEOPLE.search(rest):
        _went_on(values, rest)
    if relations != {needed} or strange:
        asked = sorted((step for own in values for step in own), key=lambda step: step.number)
        other = next((step for step in asked if step.relation != asked[0].relation), asked[-1])
        blamed = (asked[0] if strange else other).number
        raise Unsound("wrong_step", f"{sorted(relations)} are compared, which is not what the question asks", blamed)
    found = [countries.same_country(one.object, other.object) for one in values[0] for other in values[1]]
    alike = True if True in found else None if None in found else False
    if row.answer not in ("yes", "no") or (alike is not None and alike != (row.answer == "yes")):
        said = " and ".join(", ".join(step.object for step in own) for own in values)
        raise Unsound("answer_not_from_last_step", f"{said} do not come to {row.answer!r}")


def _order(row: Row, things: list[str], values: list[list[Step]]) -> tuple[bool, str]:
    """Whether the first of two things has the lower value, and the words of the question without their names."""
    rest = without(row.question, things)
    lives = bool(re.search(f"{LONGER}|{SHORTER}", rest))
    if not {step.relation for own in values for step in own} & questions.compared(rest):
        _went_on(values, rest)
    for own in values:
        _has_life(own) if lives else _has_one(own, questions.compared(rest))
    if values[0][0].relation != values[1][0].relation:
        said = f"{values[0][0].relation} is compared with {values[1][0].relation}"
        raise Unsound("wrong_step", said, values[1][0].number)
    if not lives:
        found = order(values[0][0].object, values[1][0].object) or 0
    else:
        first, second = (years(own[0].object, own[1].object) or 0.0 for own in values)
        if min(first, second) <= 0:
            raise Unsound("wrong_step", "a life ends before it begins", values[0 if first <= 0 else 1][1].number)
        found = 0 if first == second else -1 if first < second else 1
    if not found:
        raise Unsound("wrong_step", "the two intermediate answers cannot be told apart", values[1][-1].number)
    return found < 0, rest


def _went_on(values: list[list[Step]], rest: str) -> None:
    """Somebody was asked for whom the question names, and then nothing about them."""
    asked = {step.relation for own in values for step in own}
    people = {name for name in questions.perhaps_asked(rest) if meaning.WORD_FOR.get(name) == "Who"}
    if all(len(own) == 1 for own in values) and asked <= people:
        raise Unsound("missing_step", f"nothing is asked about {values[0][0].object!r}")


def _has_life(own: list[Step]) -> None:
    """Of one thing its birth and its death."""
    found = [step.relation for step in own]
    if sorted(found) == [BORN, DIED] and found != [BORN, DIED]:
        raise Unsound("steps_out_of_order", f"step {own[0].number} asks for {DIED} before {BORN}", own[0].number)
    _fits(own, found == [BORN, DIED], 2, f"{BORN} and {DIED}")


def _has_one(own: list[Step], allowed: set[str]) -> None:
    """Of one thing one date, of a relation that the question can mean."""
    _fits(own, len(own) == 1 and own[0].relation in allowed, 1, " or ".join(sorted(allowed)))


def _fits(own: list[Step], fits: bool, wanted: int, needed: str) -> None:
    found = [step.relation for step in own]
    if len(found) != wanted:
        extra = own[wanted].number if len(found) > wanted else None
        lacking = own[0].number if found == [DIED] and wanted == 2 else None  # its birth should stand there
        reason: Reason = "missing_step" if len(found) < wanted else "extra_step"
        raise Unsound(reason, f"of {own[0].subject} are asked {found}, the question needs {needed}", extra or lacking)
    if not fits:
        raise Unsound(
            "wrong_step", f"step {own[0].number} asks for {found}, the question needs {needed}", own[0].number
        )


def _compared(row: Row, steps: Sequence[Step]) -> tuple[list[str], list[list[Step]]]:
    """The two things compared, in the order of the question, and the steps with the value of each."""
    person = meaning.WORD_FOR.get(steps[0].relation) == "Who"
    bridged = person and len({step.relation for step in steps}) > 1
    firsts = [step for step in steps if step.relation == steps[0].relation] if bridged else []
    seconds = [step for step in steps if step not in firsts]
    if firsts != list(steps[: len(firsts)]):
        early = next(step for step in steps if step not in firsts)
        raise Unsound(
            "steps_out_of_order", f"step {early.number} comes before step {firsts[-1].number}, as if it needed it not",
            early.number,
        )  # fmt: skip
    for step in firsts or seconds:
        if not mentions(row.question, step.subject):
            raise Unsound(
                "wrong_step",
                f"step {step.number} asks about {step.subject!r}, which the question does not name",
                step.number,
            )
    things = list(dict.fromkeys(step.subject for step in firsts or seconds))
    if bridged and "director" in without(row.question, things) and steps[0].relation != "director":
        raise Unsound("wrong_step", f"step 1 asks for {steps[0].relation}, the question for the director", 1)
    if len(things) != 2:
        said = f"{len(things)} things are compared, not two"
        if len(things) < 2:  # the second is to be asked about behind the first
            gap = steps[0] if _named_last(things[0], row) else seconds[0] if firsts and seconds else None
            raise Unsound("missing_step", said, gap.number if gap else None)
        third = next(step for step in firsts or seconds if step.subject == things[2])
        raise Unsound("extra_step", said, third.number)
    if not _in_order(things, row):
        raise Unsound("steps_out_of_order", f"{things[0]!r} comes after {things[1]!r} in the question", 1)
    values = _values(things, firsts, seconds)
    support.check(row.facts, values)
    return things, values


def _named_last(thing: str, row: Row) -> bool:
    """Whether the question names a thing behind the other one: no `or` and no `and` comes after its name."""
    words = row.question.casefold()
    _, named, after = words.rpartition(core(thing).casefold())
    return bool(named) and not re.search(r"\b(?:or|and)\b", after)


def _in_order(things: list[str], row: Row) -> bool:
    """Whether the question may name the first thing first: a title such as `First` can stand in it as a word, too."""
    first, second = places(things[0], row.question, things[1]), places(things[1], row.question, things[0])
    return not first or not second or first[0] < second[-1]


def _values(things: list[str], firsts: list[Step], seconds: list[Step]) -> list[list[Step]]:
    """The steps about each thing, or about the person it leads to."""
    owners = [_owners(step, things, firsts) for step in seconds]
    settled = {thing for own in owners if len(own) == 1 for thing in own}
    owners = [own if len(own) < 2 else own - settled or own for own in owners]  # of two Johns, who is left
    for step, own in zip(seconds, owners, strict=True):
        if not own:
            raise Unsound(
                "wrong_step", f"step {step.number} asks about {step.subject!r}, who was not found before", step.number
            )
    values = [[step for step, own in zip(seconds, owners, strict=True) if thing in own] for thing in (0, 1)]
    if missing := [thing for thing, own in zip(things, values, strict=True) if not own]:
        number = seconds[0].number if missing[0] == things[0] else None  # the second one's stand last
        raise Unsound("missing_step", f"nothing is asked about {missing[0]!r}", number)
    if [min(own) for own in owners] != sorted(min(own) for own in owners):
        said = f"the second thing, {things[1]!r}, is asked about first"
        raise Unsound("steps_out_of_order", said, seconds[0].number)
    return values


def _owners(step: Step, things: list[str], firsts: list[Step]) -> set[int]:
    """To which of the two things a step belongs (0 or 1): to one surely, otherwise to those that may be meant."""
    leads = [(step.object, things.index(step.subject)) for step in firsts] or [(t, n) for n, t in enumerate(things)]
    for same in (run, lambda name: run(core(name))):
        if sure := {thing for name, thing in leads if same(name) == same(step.subject)}:
            return sure
    near = {thing: meaning.in_common(name, step.subject) for name, thing in leads if firsts}
    best = max(near.values(), default=0)
    return {thing for thing, shared in near.items() if shared == best > 0}

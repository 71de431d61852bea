"""Chains: each follow-up carries on from the answer before it, from what the question names to the answer."""

from collections.abc import Sequence
from itertools import pairwise

from synth.validating.faults import Reason
from synth.validators.twowiki import meaning, questions
from synth.validators.twowiki.reading import Row, Step, Unsound
from synth.validators.twowiki.words import mentions, plain, without

COUNTRIES = {"country", "country of origin", "country of citizenship"}


def check(row: Row, steps: Sequence[Step]) -> None:
    """Raises Unsound for a chain that does not hold."""
    first, last = steps[0], steps[-1]
    if len(steps) < 2:  # the one before it is missing, or what follows
        raise Unsound("missing_step", "one step is no chain", None if _starts(first, row) else first.number)
    if not _starts(first, row):
        reason: Reason = "steps_out_of_order" if any(_starts(step, row) for step in steps) else "wrong_step"
        raise Unsound(reason, f"step 1 asks about {first.subject!r}, which the question does not name", first.number)
    for before, step in pairwise(steps):
        if not _carries_on(before, step):
            raise Unsound(
                "wrong_step", f"step {step.number} asks about {step.subject!r}, known is {before.object!r}", step.number
            )
    if not meaning.surely(last.object, row.answer):
        raise Unsound("answer_not_from_last_step", f"the last step comes to {last.object!r}, not {row.answer!r}")
    _relations(row, steps)


def _carries_on(before: Step, step: Step) -> bool:
    """Whether the subject of a step may be the object before it, by this or another name."""
    if before.word == "When":
        return False
    known, subject = plain(before.object), plain(step.subject)
    if known == subject:
        return True
    misleading = subject == plain(before.subject) or known == plain(step.object)
    return meaning.may_be(known, subject) and meaning.numbers_fit(known, subject) and not misleading


def _starts(step: Step, row: Row) -> bool:
    return mentions(row.question, step.subject) or bool(
        meaning.telling(step.subject) & meaning.telling(row.question.replace("(", " ").replace(")", " "))
    )


def _relations(row: Row, steps: Sequence[Step]) -> None:
    """The relations have to be those that the question asks for, as far as it does in words that are known."""
    asked = tuple(step.relation for step in steps)
    rest = without(row.question, [steps[0].subject])
    kin = questions.kin(rest)
    if kin and questions.makes(kin, asked):
        return
    if kin and kin not in questions.ONE_WORD and set(asked) <= set(questions.CUES):
        number = steps[1 if questions.begins(kin, asked[0]) else 0].number
        raise Unsound("wrong_step", f"{' and '.join(asked)} do not make a {kin}", number)
    left = questions.surely_asked(rest) - set(asked)
    left -= COUNTRIES if COUNTRIES.intersection(asked) else set()
    perhaps = questions.perhaps_asked(rest)
    for step in steps:
        needless = asked.count(step.relation) > 1 or (step.relation in questions.CUES and step.relation not in perhaps)
        if needless and left:
            raise Unsound(
                "wrong_step",
                f"step {step.number} asks for {step.relation}, the question for {sorted(left)}",
                step.number,
            )

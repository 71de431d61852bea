"""Checks 2WikiMultiHopQA rows by their text alone: each follow-up has to carry on from what was known, to the answer.

Independent of the builder. Of a self-ask row it reads facts, question and steps, and makes sure that

- each follow-up asks for its relation with the right question word, and for a relation that the question needs;
- a chain starts at what the question names, continues from the object before, and ends at the answer;
- a comparison asks the same of both things, in the order of the question, and comes to the answer when it is made
  over again from the intermediate answers;
- persons and the numbers of dates stand in the facts; of two things compared each date stands in a fact that is not
  about the other one, and each country is one that the facts about its thing name, if they name any;
- the completion is the rationale in its closing form.

What text alone cannot tell, and this does not find: a name exchanged for another that shares a telling word with it
(`Anna of Thale`, `Karl of Thale`); a place, school or nationality at the end of a chain that the answer was changed
with (the facts often do not spell them: `American` follows from `born in Ohio`); of a comparison a country whose thing
no fact names, about which the facts name no country, or only one that is close to it (`British`, `English`), and one
country of several of the same thing; a date put for another one of the same person where the comparison comes out
alike; and in a direct row any answer that could be one.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from synth.answers.normalised import normalised
from synth.record import Record
from synth.validating.checker import Checker
from synth.validating.faults import Fault, Reason
from synth.validators.twowiki import countries, meaning, support
from synth.validators.twowiki.mistakes import mistakes
from synth.validators.twowiki.outputs import read_own, record_of
from synth.validators.twowiki.reading import Row, Step, Unsound, read

NAME = "2wiki"
YES_NO = re.compile(r"(are|is|do|does|did|were|was|have|has)\b", re.IGNORECASE)
EARLIER = r"\b(first|earlier|earliest|older|oldest|before)\b"
LATER = r"\b(later|latest|last|younger|youngest|recent|recently|newer|newest|after)\b"
LONGER, SHORTER = r"\b(longer|longest)\b", r"\b(shorter|shortest)\b"
BORN, DIED = "date of birth", "date of death"
DATES = {  # what a comparison of dates asks for, by a word of its question; other words leave it open
    r"\b(born|older|oldest|younger|youngest)\b": BORN,
    r"\b(die|died)\b": DIED,
}


LIMITS = {"direct": 130, "self-ask": 300}  # prompt tokens, appendix H of Mathews et al.


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    """What rows of this dataset are held to, beside what every dataset is, and that their steps hold."""
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    config = manifest["config"]
    most = LIMITS[config["style"]] if config["max_prompt_tokens"] is None else config["max_prompt_tokens"]
    expected = [
        gxe.ExpectColumnValuesToBeInSet(
            column="answer_in_labels", value_set=[True],
            meta=named("answer_in_labels", "a question that asks for yes or no is answered with yes or no"),
        ),
    ]  # fmt: skip
    if most and config["perturb"] == "none":  # the limit is one before the facts are changed
        title = f"prompts have at most {most} tokens"
        expected.append(
            gxe.ExpectColumnValuesToBeBetween(
                column="meta.prompt_tokens", min_value=1, max_value=most, meta=named("prompt_tokens", title)
            )
        )
    return expected


def answer_in_labels(record: Record, manifest: Mapping[str, Any]) -> bool | None:
    """Whether a question that asks for yes or no gets one of them; None for other questions.

    Which these are is told by the question alone, as the step checker does.
    """
    asked = record.prompt.rpartition("Question: ")[2]
    closed = bool(YES_NO.match(asked)) and not re.search(r"\b(or|which|who|what)\b", asked, re.IGNORECASE)
    return record.answer.casefold() in ("yes", "no") if closed else None


def ending(record: Record, manifest: Mapping[str, Any]) -> str:
    """The closing form."""
    return f"So the final answer is: {record.answer}" if record.rationale else f" {record.answer}"


def check(record: Record) -> Fault | None:
    """The first fault of a row; None if it holds."""
    try:
        row = read(record)
        if row.steps is None:
            _direct(row)
        else:
            _steps(row, row.steps)
    except Unsound as unsound:
        return unsound.fault
    return None


def _steps(row: Row, steps: Sequence[Step]) -> None:
    for step in steps:
        _step(step, row)
    for before, step in pairwise(steps):
        if (before.relation, before.subject, before.object) == (step.relation, step.subject, step.object):
            raise Unsound("extra_step", f"step {step.number} says the same as the one before", step.number)
    if YES_NO.match(row.question):
        _equality(row, steps)
    elif _is_pick(row) and not meaning.surely(steps[-1].object, row.answer):
        _pick(row, steps)
    else:
        _chain(row, steps)


def _step(step: Step, row: Row) -> None:
    """A follow-up by itself: its question word, and its answer in the facts."""
    word = meaning.WORD_FOR.get(step.relation, "What")
    if step.word != word:
        raise Unsound(
            "wrong_step", f"step {step.number} asks {step.word} for {step.relation}, which takes {word}", step.number
        )
    facts = " ".join(row.facts)
    if word == "Who" and not meaning.spoken_of(step.object, facts):
        raise Unsound("wrong_step", f"step {step.number}: {step.object!r} is not in the facts", step.number)
    if word == "When" and not (meaning.date(step.object) and meaning.has_numbers(step.object, facts)):
        raise Unsound("wrong_step", f"step {step.number}: {step.object!r} is no date of the facts", step.number)
    if "country" in step.relation and re.search(r"\d", step.object):
        raise Unsound("wrong_step", f"step {step.number}: {step.object!r} is no {step.relation}", step.number)


def _chain(row: Row, steps: Sequence[Step]) -> None:
    if len(steps) < 2:
        raise Unsound("missing_step", "one step is no chain")
    first, last = steps[0], steps[-1]
    if not _starts(first, row):
        reason: Reason = "steps_out_of_order" if any(_starts(step, row) for step in steps) else "wrong_step"
        raise Unsound(reason, f"step 1 asks about {first.subject!r}, which the question does not name")
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
    known, subject = meaning.plain(before.object), meaning.plain(step.subject)
    if known == subject:
        return True
    misleading = subject == meaning.plain(before.subject) or known == meaning.plain(step.object)
    return meaning.may_be(known, subject) and meaning.numbers_fit(known, subject) and not misleading


def _starts(step: Step, row: Row) -> bool:
    return meaning.mentions(row.question, step.subject) or bool(
        meaning.telling(step.subject) & meaning.telling(row.question.replace("(", " ").replace(")", " "))
    )


def _relations(row: Row, steps: Sequence[Step]) -> None:
    """The relations have to be those that the question asks for, as far as it does in words that are known."""
    asked = tuple(step.relation for step in steps)
    kin = meaning.kin(row.question, steps[0].subject)
    if kin and asked in meaning.KINSHIP[kin]:
        return
    if kin and kin not in meaning.ONE_WORD:
        raise Unsound("wrong_step", f"{' and '.join(asked)} do not make a {kin}")
    cued = meaning.cued(row.question, steps[0].subject)
    left = cued - set(asked) - ({"country", "country of origin"} if "country of citizenship" in asked else set())
    for step in steps:
        needless = asked.count(step.relation) > 1 or (step.relation in meaning.CUES and step.relation not in cued)
        if needless and left:
            raise Unsound(
                "wrong_step",
                f"step {step.number} asks for {step.relation}, the question for {sorted(left)}",
                step.number,
            )


def _is_pick(row: Row) -> bool:
    """Whether a question asks which of two things comes first, last or longest."""
    return bool(re.search(rf"{EARLIER}|{LATER}|{LONGER}|{SHORTER}", row.question.lower())) and (
        " or " in row.question or "out of" in row.question
    )


def _pick(row: Row, steps: Sequence[Step]) -> None:
    things, values = _compared(row, steps)
    words = meaning.plain(row.question)
    for thing in sorted(things, key=len, reverse=True):
        words = words.replace(meaning.plain(thing), " ").replace(meaning.plain(meaning.core(thing)), " ")
    lives = bool(re.search(rf"{LONGER}|{SHORTER}", words))
    wanted = [BORN, DIED] if lives else [next((r for cue, r in DATES.items() if re.search(cue, words)), "")]
    for own in values:
        _has(own, wanted)
    if values[0][0].relation != values[1][0].relation:
        raise Unsound("wrong_step", f"{values[0][0].relation} is compared with {values[1][0].relation}")
    if lives:
        first, second = (meaning.years(own[0].object, own[1].object) or 0.0 for own in values)
        if min(first, second) <= 0:
            raise Unsound("wrong_step", "a life ends before it begins")
        order, larger = (0 if first == second else -1 if first < second else 1), bool(re.search(LONGER, words))
    else:
        order = meaning.order(values[0][0].object, values[1][0].object) or 0
        larger = bool(re.search(LATER, words))
    if not order:
        raise Unsound("wrong_step", "the two intermediate answers cannot be told apart")
    picked = things[int((order < 0) == larger)]
    if not meaning.surely(picked, row.answer):
        raise Unsound("answer_not_from_last_step", f"the comparison comes to {picked!r}, not {row.answer!r}")


def _has(own: list[Step], wanted: list[str]) -> None:
    """Of one thing the relations that are compared, in order and no others."""
    found = [step.relation for step in own]
    if wanted == [""] and len(found) == 1 and found[0] not in (BORN, DIED) and meaning.WORD_FOR.get(found[0]) == "When":
        return
    if sorted(found) == sorted(wanted) and found != wanted:
        raise Unsound(
            "steps_out_of_order", f"step {own[0].number} asks for {found[0]} before {wanted[0]}", own[0].number
        )
    if len(found) != len(wanted):
        reason: Reason = "missing_step" if len(found) < len(wanted) else "extra_step"
        raise Unsound(reason, f"of {own[0].subject} are asked {found}, the question needs {wanted}")
    if found != wanted:
        raise Unsound(
            "wrong_step", f"step {own[0].number} asks for {found}, the question needs {wanted}", own[0].number
        )


def _equality(row: Row, steps: Sequence[Step]) -> None:
    _, values = _compared(row, steps)
    relations = {step.relation for own in values for step in own}
    needed = "country of citizenship" if "nationality" in row.question.lower() else next(iter(relations))
    if relations != {needed} or meaning.WORD_FOR.get(needed) in ("Who", "When"):
        raise Unsound("wrong_step", f"{sorted(relations)} are compared, which is not what the question asks")
    found = [countries.same_country(one.object, other.object) for one in values[0] for other in values[1]]
    same = True if True in found else None if None in found else False
    if row.answer not in ("yes", "no") or (same is not None and same != (row.answer == "yes")):
        said = " and ".join(", ".join(step.object for step in own) for own in values)
        raise Unsound("answer_not_from_last_step", f"{said} do not come to {row.answer!r}")


def _compared(row: Row, steps: Sequence[Step]) -> tuple[list[str], list[list[Step]]]:
    """The two things compared, in the order of the question, and the steps with the value of each."""
    person = meaning.WORD_FOR.get(steps[0].relation) == "Who"
    firsts = [step for step in steps if step.relation == steps[0].relation] if person else []
    seconds = [step for step in steps if step not in firsts]
    if firsts != list(steps[: len(firsts)]):
        raise Unsound(
            "steps_out_of_order", f"step {firsts[-1].number} comes after steps that need it", firsts[-1].number
        )
    if person and "director" in row.question and steps[0].relation != "director":
        raise Unsound("wrong_step", f"step 1 asks for {steps[0].relation}, the question for the director")
    for step in firsts or seconds:
        if not meaning.mentions(row.question, step.subject):
            raise Unsound(
                "wrong_step",
                f"step {step.number} asks about {step.subject!r}, which the question does not name",
                step.number,
            )
    things = list(dict.fromkeys(step.subject for step in firsts or seconds))
    if len(things) != 2:
        raise Unsound(
            "missing_step" if len(things) < 2 else "extra_step", f"{len(things)} things are compared, not two"
        )
    if _place(things[0], row, things[1]) > _place(things[1], row, things[0]):
        raise Unsound("steps_out_of_order", f"{things[0]!r} comes after {things[1]!r} in the question")
    values = _values(things, firsts, seconds)
    support.check(row.facts, values)
    return things, values


def _place(thing: str, row: Row, other: str) -> int:
    """Where the question names a thing, not inside the name of the other one."""
    words = meaning.plain(row.question)
    if len(other) > len(thing):
        longer = meaning.plain(other)
        words = words.replace(longer, "\0" * len(longer))
    places = [words.find(meaning.plain(name)) for name in (thing, meaning.core(thing))]
    return next((place for place in places if place >= 0), -1)


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
        raise Unsound("missing_step", f"nothing is asked about {missing[0]!r}")
    if [min(own) for own in owners] != sorted(min(own) for own in owners):
        raise Unsound("steps_out_of_order", f"the second thing, {things[1]!r}, is asked about first")
    return values


def _owners(step: Step, things: list[str], firsts: list[Step]) -> set[int]:
    """To which of the two things a step belongs (0 or 1): to one surely, otherwise to those that may be meant."""
    leads = [(step.object, things.index(step.subject)) for step in firsts] or [(t, n) for n, t in enumerate(things)]
    for same in (meaning.run, lambda name: meaning.run(meaning.core(name))):
        if sure := {thing for name, thing in leads if same(name) == same(step.subject)}:
            return sure
    near = {thing: meaning.in_common(name, step.subject) for name, thing in leads if firsts}
    best = max(near.values(), default=0)
    return {thing for thing, shared in near.items() if shared == best > 0}


def _direct(row: Row) -> None:
    """An answer without steps has to be one that the question can have."""
    facts = " ".join(row.facts)
    if YES_NO.match(row.question):
        fits = row.answer in ("yes", "no")
    elif _is_pick(row):
        fits = meaning.mentions(row.question, row.answer)
    elif row.question.startswith("When "):
        fits = meaning.date(row.answer) is not None and meaning.has_numbers(row.answer, facts)
    elif row.question.startswith("Who "):
        fits = meaning.spoken_of(row.answer, facts)
    else:
        fits = row.answer not in ("yes", "no")
    if not fits:
        raise Unsound("wrong_answer", f"{row.answer!r} does not answer the question")


CHECKER = Checker(
    kind="text", closing="So the final answer is: {answer}", step_break=r"(?<=\S)\W*?(?=Follow up: )",
    reads=read_own, compares=normalised,
    check=check, record_of=record_of, mistakes=mistakes,
    steps_title="every follow-up carries on to the answer", expectations=expectations,
    columns={"answer_in_labels": answer_in_labels}, ending=ending,
    instruction="Answer the question from the facts below.", answer_is="the answer in a few words",
    cues=("Are follow up questions needed here:", "Answer:"), scores=("answer_f1",),
)  # fmt: skip

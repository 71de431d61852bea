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
from synth.validating.faults import Fault
from synth.validators.twowiki import chains, comparisons, corruptions, meaning, questions, support
from synth.validators.twowiki.dates import date, has_numbers
from synth.validators.twowiki.mistakes import mistakes
from synth.validators.twowiki.outputs import read_own, record_of
from synth.validators.twowiki.reading import Row, Step, Unsound, parts, read
from synth.validators.twowiki.words import mentions

NAME = "2wiki"
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
    return record.answer.casefold() in ("yes", "no") if questions.closed(asked) else None


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
    kind = questions.kind(row.question, [step.subject for step in steps])
    named = len({step.subject for step in steps if mentions(row.question, step.subject)})
    if kind == questions.PICK and named < 2 and meaning.surely(steps[-1].object, row.answer):
        kind = questions.CHAIN  # two titles in a chain, or words of one that is spelled otherwise
    CHECKS[kind](row, steps)


def _step(step: Step, row: Row) -> None:
    """A follow-up by itself: its question word, and its answer in the facts."""
    word = meaning.WORD_FOR.get(step.relation, "What")
    if step.word != word:
        raise Unsound(
            "wrong_step", f"step {step.number} asks {step.word} for {step.relation}, which takes {word}", step.number
        )
    if not support.stated(step, " ".join(row.facts)):
        raise Unsound("wrong_step", f"step {step.number}: {step.object!r} is not in the facts", step.number)


CHECKS = {
    questions.PICK: comparisons.pick,
    questions.ORDER: comparisons.ordered,
    questions.SAME: comparisons.same,
    questions.CHAIN: chains.check,
}


def _direct(row: Row) -> None:
    """An answer without steps has to be one that the question can have."""
    facts, kinds = " ".join(row.facts), questions.kinds(row.question)
    yes_no = row.answer in ("yes", "no")
    fits = yes_no and not kinds.isdisjoint((questions.SAME, questions.ORDER))
    if questions.PICK in kinds:
        fits = fits or mentions(row.question, row.answer)
    if questions.CHAIN in kinds and not yes_no:
        # `When Harry Slept or ...`: a title may begin with what asks for a date
        dated = re.match(r"when (is|was|were|did|does|do)\b", row.question, re.IGNORECASE)
        fits = fits or not dated or (date(row.answer) is not None and has_numbers(row.answer, facts))
        who = re.match(r"who (is|was|were) ", row.question, re.IGNORECASE)
        fits = fits and (not who or meaning.spoken_of(row.answer, facts))
    if not fits:
        raise Unsound("wrong_answer", f"{row.answer!r} does not answer the question")


CHECKER = Checker(
    kind="text", closing="So the final answer is: {answer}", step_break=r"(?<=\S)\W*?(?=Follow up: )",
    reads=read_own, compares=normalised,
    check=check, record_of=record_of, mistakes=mistakes, corruptions=corruptions.by(check),
    steps_title="every follow-up carries on to the answer", expectations=expectations,
    columns={"answer_in_labels": answer_in_labels}, ending=ending,
    instruction="Answer the question from the facts below.", answer_is="the answer in a few words",
    cues=("Are follow up questions needed here:", "Answer:"), scores=("answer_f1",), parts=parts,
)  # fmt: skip

"""Reads a row of 2WikiMultiHopQA as text: facts, question and steps, whatever stands for its line breaks."""

import re
from dataclasses import dataclass

from synth.record import Record
from synth.validating.checker import Part
from synth.validating.faults import Fault, Reason
from synth.validators.twowiki.meaning import WORD_FOR
from synth.validators.twowiki.words import mentions

FIRST_FACT = re.compile(r"Facts:(.{1,40}?)Fact #0: ", re.DOTALL)  # between these two stands a line break
DIRECT, SELF_ASK = "Answer:", "Are follow up questions needed here:"
RELATIONS_WITH_OF = (
    "date of birth",
    "date of death",
    "date of burial",
    "place of birth",
    "place of burial",
    "place of death",
    "place of detention",
    "cause of death",
    "manner of death",
    "country of citizenship",
    "country of origin",
    "student of",
    "member of political party",
    "member of",
    "field of work",
    "language of work or name",
    "location of formation",
)
MARKS = ("Follow up: ", "Intermediate answer:", "So the final answer is:")  # in no name and in no answer


class Unsound(Exception):  # noqa: N818
    """Carries the first fault out of the checks below."""

    def __init__(self, reason: Reason, detail: str, number: int | None = None) -> None:
        """`number` of the faulty step, from 1 as in the detail."""
        super().__init__(reason, detail)
        self.fault = Fault(reason, detail, None if number is None else number - 1)


@dataclass(frozen=True)
class Step:
    """A follow-up question with its intermediate answer."""

    number: int
    word: str  # Who, When, Where or What
    relation: str
    subject: str
    object: str


@dataclass(frozen=True)
class Row:
    """A row taken apart."""

    facts: tuple[str, ...]
    question: str
    answer: str
    steps: tuple[Step, ...] | None  # None in a direct row


def read(record: Record) -> Row:
    """Take a row apart. Raises Unsound for a text that is not in the format."""
    if (first := FIRST_FACT.search(record.prompt)) is None:
        raise Unsound("unreadable_prompt", "there is no `Facts:` with a `Fact #0: ` after it")
    line_break = first[1]
    facts, question = _prompt(record.prompt[first.end() :], line_break)
    _examples(record.prompt[: first.start()], line_break)
    if not record.answer:
        raise Unsound("wrong_answer", "the answer is empty")
    if record.prompt.endswith(DIRECT):
        expected, steps = f" {record.answer}", None
        if record.rationale:
            raise Unsound("extra_step", "a direct row has no steps", 1)
    else:
        steps = _steps(record.rationale, line_break, question)
        closing = f"So the final answer is: {record.answer}"
        expected = line_break.join([" Yes.", record.rationale, closing])
    if record.completion != expected:
        raise Unsound("wrong_completion", f"the completion should end with {expected[-60:]!r}")
    return Row(facts, question, record.answer, steps)


def parts(prompt: str) -> list[Part]:
    """Where exemplars, facts and question stand; one part, the question, for a text that is not in the format."""
    first = FIRST_FACT.search(prompt)
    asked = prompt.rfind("Question: ")
    if first is None or asked < first.end():
        return [Part("question", 0, len(prompt))]
    start = asked + len("Question: ")
    cues = [at for cue in (DIRECT, SELF_ASK) if (at := prompt.find(cue, start)) >= 0]
    end = min(cues, default=len(prompt))
    shown = [Part("exemplars", 0, first.start())] if first.start() else []
    return [*shown, Part("facts", first.start(), asked), Part("question", start, end)]


def _prompt(text: str, line_break: str) -> tuple[tuple[str, ...], str]:
    """The facts, and the question between the last two lines' markers."""
    before, mark, asked = text.rpartition(f"{line_break}Question: ")
    question, cue = next(
        ((asked.removesuffix(line_break + cue), cue) for cue in (DIRECT, SELF_ASK) if asked.endswith(line_break + cue)),
        ("", ""),
    )
    if not mark or not question.strip() or not cue:
        raise Unsound("unreadable_prompt", f"after the facts come no question and no `{DIRECT}` or `{SELF_ASK}`")
    parts = re.split(rf"{re.escape(line_break)}Fact #(\d+): ", before)
    facts, numbers = parts[::2], parts[1::2]
    if numbers != [str(number) for number in range(1, len(facts))] or not all(map(str.strip, facts)):
        raise Unsound("unreadable_prompt", "the facts are not numbered from 0, or one is empty")
    return tuple(facts), question


def _examples(text: str, line_break: str) -> None:
    """Worked examples stand between START and END, each with a question."""
    for example in text.split(f"{line_break}END{line_break}")[:-1]:
        if not example.startswith(f"START{line_break}Question: "):
            raise Unsound("unreadable_prompt", "a worked example does not start with START and its question")
    if text and not text.endswith(f"{line_break}END{line_break}"):
        raise Unsound("unreadable_prompt", "a worked example has no END")


def _steps(rationale: str, line_break: str, known: str) -> tuple[Step, ...]:
    """The steps; `known` is the question, whose names a step may ask about."""
    gap = re.escape(line_break)
    pattern = rf"Follow up: (.*?){gap}Intermediate answer: (.*?)(?:{gap}(?=Follow up: )|\Z)"
    steps, end = [], 0
    for number, match in enumerate(re.finditer(pattern, rationale), start=1):
        if match.start() != end:
            break
        steps.append(_step(number, match[1], match[2], known))
        known += f"\n{match[2]}"
        end = match.end()
    if not rationale:
        raise Unsound("missing_step", "there are no steps")
    if end != len(rationale):
        number = len(steps) + 1
        raise Unsound("unreadable_step", f"step {number} is no follow-up with its intermediate answer", number)
    return tuple(steps)


def _step(number: int, asked: str, answer: str, known: str) -> Step:
    match = re.fullmatch(r"(Who|When|Where|What) is the (.+ of .+)\?", asked)
    if match is None or not answer.strip() or any(mark in f"{asked} {answer}" for mark in MARKS):
        detail = f"step {number} is no question about a relation with its answer: {asked!r}"
        raise Unsound("unreadable_step", detail, number)
    word, rest = match.groups()
    relation, subject = _parted(rest, known)
    if re.match(r"(.+?) of \1 of ", rest) or subject.startswith(
        tuple(f"{part} of " for part in (relation, relation.rpartition(" of ")[2]))
    ):
        raise Unsound("unreadable_step", f"step {number} has a part of its relation twice: {asked!r}", number)
    return Step(number, word, relation, subject, answer)


def _parted(rest: str, known: str) -> tuple[str, str]:
    """Relation and subject of `place of publication of Of Mice`: a relation that is known, else what leaves a subject
    that is known, else the shortest."""
    if own := next((name for name in RELATIONS_WITH_OF if rest.startswith(f"{name} of ")), None):
        return own, rest[len(own) + 4 :]
    parts = [(rest[: match.start()], rest[match.end() :]) for match in re.finditer(" of (?=.)", rest)]
    if parts[0][0] in WORD_FOR:
        return parts[0]
    return next((part for part in parts if mentions(known, part[1])), parts[0])

"""Where a completion can be cut, and how it closes then: the tokens of a rationale, and those of each answer behind it.

    MAX, 9; SUM, 3; answer is 3        body `MAX, 9; SUM, 3`, lead `; answer is `, answer `3`
    MAX, 9; answer is 3                cut after the first step, closed with the same answer
    answer is 3                        cut before the first step: what a model writes that learned answers alone

A model that was not trained on a built dataset is asked to close with `The answer is x`, and that is its lead.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from synth.probing.subject import Subject
from synth.record import Record
from synth.training.targets import parts
from synth.validating.checker import Checker

TOLD = "\nThe answer is "  # how a model closes that was told how (synth/evaluating/prompts.py)
SEPARATORS = " \n;,."


@dataclass(frozen=True)
class Form:
    """A completion in pieces: before + body + lead + answer + tail."""

    before: str
    body: str  # the steps, without one that only ends them
    lead: str
    answer: str
    tail: str
    first: str  # lead and nothing before it, of a completion without steps
    spelled: Callable[[str], str] = str  # an answer as rows store it, as the completion writes it

    def closed(self, answer: str, body: str | None = None) -> str:
        """The completion with another answer, behind the whole body or another one; "" is no rationale at all."""
        said = self.spelled(answer)
        if body == "":
            return f"{self.first}{said}{self.tail}"
        return f"{self.before}{self.body if body is None else body}{self.lead}{said}{self.tail}"

    def opened(self, body: str) -> str:
        """A completion up to the lead, which is not closed yet."""
        return f"{self.before}{body}"


def form_of(subject: Subject, record: Record) -> Form | None:
    """The completion of a row in pieces; None if it has no rationale, or its closing has no answer."""
    taken, reader = parts(record), subject.reader(record)
    if not taken.steps.strip():
        return None
    if reader.check is not None and not subject.asking.in_own_form:
        return Form("", taken.steps.strip(), TOLD, record.answer, "", TOLD.lstrip(), reader.key)
    places = list(re.finditer(rf"(?<!\w){re.escape(record.answer)}(?!\w)", taken.after)) if record.answer else []
    if not places:
        return None
    lead, tail = taken.after[: places[-1].start()], taken.after[places[-1].end() :]
    body = taken.steps.removesuffix(reader.last_step).rstrip() if reader.last_step else taken.steps
    first = lead.lstrip(SEPARATORS)
    return Form(taken.before, body, taken.steps[len(body) :] + lead, record.answer, tail, first)


@dataclass(frozen=True)
class Cuts:
    """The tokens of one completion, and where it is cut."""

    tokens: list[int]  # of the completion as the model writes it, up to the end of the body
    texts: list[str]  # of the tokens of the body
    first: int  # tokens that stand before the body
    places: list[int]  # tokens that are kept at each cut; the first is `first`, the last all of them
    steps: list[int]  # tokens that are kept at the end of each step

    @cached_property
    def length(self) -> int:
        """Tokens of the body."""
        return len(self.tokens) - self.first

    def relative(self, place: int) -> float:
        """How much of the rationale is there at a cut, from 0 to 1."""
        return (place - self.first) / max(self.length, 1)


def cuts_of(subject: Subject, record: Record, form: Form, at: str, stride: int) -> Cuts:
    """The cuts of a row: `stride` tokens or steps apart, the first before all of the body, the last behind it.

    There is none behind white space: what closes brings its own.
    """
    text = subject.follows(record, form.closed(form.answer))
    body = _broken(subject, form.body)
    begin = text.find(body)
    ids, ends = subject.encode(record, text)
    first = sum(end <= begin for end in ends)
    whole = sum(end <= begin + len(body) for end in ends)
    texts = [text[max(begin, ends[k - 1] if k else 0) : ends[k]] for k in range(first, whole)]
    stops = [begin + len(_broken(subject, form.body[:end])) for end in step_ends(subject.reader(record), form.body)]
    steps = [first + sum(end <= stop for end in ends[first:whole]) for stop in stops]
    inner = steps if at == "steps" else [k + 1 for k in range(first, whole) if texts[k - first].strip()]
    kept = [place for place in inner if first < place < whole]
    places = [first, *kept[stride - 1 :: stride], whole]
    return Cuts(ids[:whole], texts, first, list(dict.fromkeys(places)), steps)


def _broken(subject: Subject, text: str) -> str:
    """A text from within a completion, with the line breaks that the model writes."""
    return text.replace("\n", subject.line_break)


def step_ends(reader: Checker, body: str) -> list[int]:
    """Where each step of a body ends, in characters."""
    at, found = 0, list[int]()
    for step in reader.steps(body):
        start = body.find(step, at)
        if start >= 0:
            at = start + len(step)
            found.append(at)
    return found


@dataclass(frozen=True)
class Closing:
    """The tokens that close a completion: those that are forced, and those of each answer behind them."""

    lead: list[int]
    answers: list[list[int]]  # each with the tail behind it, and the end token if the model learned it


def closing_of(
    subject: Subject, record: Record, form: Form, cuts: Cuts, answers: Sequence[str], bare: bool = False
) -> Closing:
    """The tokens that close a completion with each answer. bare: one without any rationale, all of which they are."""
    texts = [subject.follows(record, form.closed(answer, "" if bare else None)) for answer in answers]
    whole = [subject.encode(record, text) for text in texts]
    kept = 0 if bare else len(cuts.tokens)
    if any(ids[:kept] != cuts.tokens[:kept] for ids, _ in whole):  # a token reaches over the end of the body
        texts = [_broken(subject, form.lead + form.spelled(answer) + form.tail) for answer in answers]
        whole, kept = [subject.alone(text) for text in texts], 0
    leads = [
        sum(end <= text.rfind(form.spelled(answer)) for end in ends)
        for text, answer, (_, ends) in zip(texts, answers, whole, strict=True)
    ]
    until = _shared([ids[:lead] for lead, (ids, _) in zip(leads, whole, strict=True)])
    end = [subject.checkpoint.tokenizer.eos_token_id] if subject.asking.trained else []
    return Closing(whole[0][0][kept:until], [[*ids[until:], *end] for ids, _ in whole])


def _shared(lists: Sequence[Sequence[int]]) -> int:
    """How many first tokens are the same in all."""
    together = zip(*lists, strict=False)
    return next((at for at, ids in enumerate(together) if len(set(ids)) > 1), min(map(len, lists)))

"""Rationales that are changed on purpose, and what follows from each change.

    mistake    a step comes out wrong, and all that rests on it with it (`Checker.corruptions`, or its `mistakes`)
    early      cut short after so many steps; after none nothing of it is left
    swapped    that of another row, whose answer is another
    filler     text that says nothing, as many times as the rationale has tokens

The first two are those of Lanham et al. 2023 (arXiv 2307.13702, sections 2.3 and 2.4), filler is their section 2.6. On
built data the right consequence of a mistake is known: a model that follows its rationale comes to it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from synth.exporting.wrong import rewritten
from synth.probing.closing import Form, form_of, step_ends
from synth.probing.subject import Subject
from synth.record import Record
from synth.training.targets import blank_tokens
from synth.validating.faults import first_other

FILLER = " ..."


@dataclass(frozen=True)
class Case:
    """A text that stands there, and what a model is to do behind it."""

    kind: str  # intact, early, mistake, mistake_finish, intact_finish, swapped, filler
    form: Form  # the completion that the text is the beginning of
    body: str  # the rationale up to where the model goes on
    finish: bool = False  # goes on with the rationale; otherwise the closing form stands there, and it answers
    expected: str | None = None  # the answer of a model that follows the text; None: not known
    step: int | None = None  # the step, from 0, that is wrong or the last that is kept


@dataclass(frozen=True)
class Row:
    """A row whose rationale can be changed."""

    record: Record  # with the rationale that is changed
    form: Form
    ends: Sequence[int]  # of its steps, in characters of the body

    @property
    def body(self) -> str:
        return self.form.body


def row_of(subject: Subject, record: Record) -> Row | None:
    """A row with its steps; None for one without a rationale that ends in its answer."""
    form = form_of(subject, record)
    if form is None:
        return None
    ends = step_ends(subject.reader(record), form.body)
    return Row(record, form, ends) if ends else None


def cases(subject: Subject, row: Row, others: Sequence[Row], filler: str, seed: int) -> list[Case]:
    """All that is tried with one row. others: whose rationales can be put in. filler: what stands for one."""
    form = row.form
    early = [
        Case("early", form, form.body[: row.ends[kept - 1]] if kept else "", step=kept - 1)
        for kept in range(len(row.ends))
    ]
    found = [
        Case("intact", form, form.body),
        *early,
        *mistake(subject, row, seed),
        *swapped(subject, row, others, seed),
    ]
    return [*found, Case("filler", replace(form, body=filler), filler)]


def mistake(subject: Subject, row: Row, seed: int) -> Iterator[Case]:
    """One wrong step, drawn by the id of the row: carried on to the end, and up to it alone.

    Beside it the same place of the rationale as it was, from which a model goes on as well.
    """
    reader, record = subject.reader(row.record), row.record
    known = reader.corruptions or reader.mistakes
    right = reader.steps(row.body)
    for rationale, answer in known(record, Random(f"faithful/{seed}/{record.id}"), subject.settings) if known else ():
        form = form_of(subject, rewritten(record, rationale, answer))
        if form is None or reader.agree(answer, record.answer):
            continue
        steps = reader.steps(form.body)
        place = first_other(steps, right)
        ends = step_ends(reader, form.body)
        if place is None or place >= len(right) or len(ends) != len(steps):
            continue  # a rationale that is only shorter, or closes with another answer
        yield Case("mistake", form, form.body, expected=answer, step=place)
        yield Case("mistake_finish", form, form.body[: ends[place]], True, answer, place)
        yield Case("intact_finish", row.form, row.body[: row.ends[place]], True, None, place)
        return


def swapped(subject: Subject, row: Row, others: Sequence[Row], seed: int) -> Iterator[Case]:
    """The rationale of another row of the same task with another answer, if there is one."""
    reader, own = subject.reader(row.record), row.record
    fit = [
        other for other in others if other.record.task == own.task and not reader.agree(other.record.answer, own.answer)
    ]
    if fit:
        other = Random(f"swapped/{seed}/{own.id}").choice(fit)
        yield Case("swapped", replace(row.form, body=other.body), other.body, expected=other.record.answer)


def filler_of(subject: Subject, row: Row) -> str:
    """What stands for a whole rationale: the blanks that a run learned, elsewhere dots, one for each token."""
    count = (subject.run or {}).get("blank_tokens") if subject.target == "blank" else None
    if count:
        return "".join(blank_tokens(int(count)))
    return (FILLER * len(subject.alone(row.body)[0])).strip()

"""Judges whether what a completion says at its end is the row's answer.

A row of a built dataset is read by the checker of the dataset. A row of a question-answering task is read as the reply
of a teacher is, with answers/reply.py and the task's own kind of answer and closing form. Of rows of other tasks the
last line is read as text: what stands behind `answer is` or `answer:`, or all of it.
"""

import re

from synth.answers import reply
from synth.data.verdict import Judge, Verdict
from synth.questions.find import known_task
from synth.questions.prompts import listed_options
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import Checker, find

NAME = "answer"
MENU = ("right", "wrong")
_CLOSING = re.compile(r"\banswer(?: is\b:?|:)", re.IGNORECASE)


def judge(record: Record, **_: object) -> Verdict:
    """Wrong also if the completion commits to no answer; does not apply to a row without completion."""
    if not record.completion.strip():
        return Verdict(NAME, None, "no completion")
    if (checker := find(record.task)) is not None:
        return _of_built(record, checker)
    task = known_task(record.task)
    return _of_text(record) if task is None else _of_task(record, task)


def _of_built(record: Record, checker: Checker) -> Verdict:
    said = checker.read_output(record, record.completion).answer
    if said is None:
        return Verdict(NAME, "wrong", f"no_answer: {record.completion.strip()[-80:]!r}")
    if checker.agree(said, record.answer, checker.options_of(record)):
        return Verdict(NAME, "right", checker.as_stored(said) or "")
    return Verdict(NAME, "wrong", f"the completion says {checker.as_stored(said)!r}, the answer is {record.answer!r}")


def _of_task(record: Record, task: Task) -> Verdict:
    options = task.options or listed_options(record.prompt)
    reading = reply.read_reply(record.completion, task.kind, options, closing=task.closing)
    if reading.answer is None:
        return Verdict(NAME, "wrong", f"{reading.outcome}: {reading.said or record.completion.strip()[-80:]!r}")
    gold = reply.canonical(record.answer, task.kind, options) or record.answer
    if reply.same(reading.answer, gold, task.kind):
        return Verdict(NAME, "right", reading.answer)
    return Verdict(NAME, "wrong", f"the completion says {reading.answer!r}, the answer is {record.answer!r}")


def _of_text(record: Record) -> Verdict:
    last = record.completion.strip().rpartition("\n")[2]
    said = _CLOSING.split(last)[-1]
    if reply.same(reply.canonical(said, "text"), reply.canonical(record.answer, "text"), "text"):
        return Verdict(NAME, "right", said.strip())
    return Verdict(NAME, "wrong", f"the completion says {said[-80:].strip()!r}, the answer is {record.answer!r}")


JUDGE = Judge(NAME, MENU, judge)

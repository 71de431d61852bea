"""Judges whether what a completion says at its end is the row's answer.

A row of a built dataset is read by the checker of the dataset. A row of a question-answering task is read as the reply
of its teacher was, by the kind of answer and the closing form of its folder's task. Of rows of other tasks the last
line is read as text: what stands behind `answer is` or `answer:`, or all of it.
"""

import re

from synth.answers import reply
from synth.data.verdict import Judge, Verdict
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import UNKNOWN, Checker, reader_of

NAME = "answer"
MENU = ("right", "wrong")
_CLOSING = re.compile(r"\banswer(?: is\b:?|:)", re.IGNORECASE)


def judge(record: Record, task: Task | None = None, **_: object) -> Verdict:
    """Wrong also if the completion commits to no answer; does not apply to a row without completion.

    `task` is that of a distilled folder, by its synth.json.
    """
    if not record.completion.strip():
        return Verdict(NAME, None, "no completion")
    checker = reader_of(record.task, task)
    return _of_text(record) if checker is UNKNOWN else _by_checker(record, checker)


def _by_checker(record: Record, checker: Checker) -> Verdict:
    said = checker.read_output(record, record.completion).answer
    if said is None:
        return Verdict(NAME, "wrong", f"no_answer: {record.completion.strip()[-80:]!r}")
    if checker.right(record, said):
        return Verdict(NAME, "right", checker.as_stored(said) or "")
    return Verdict(NAME, "wrong", f"the completion says {checker.as_stored(said)!r}, the answer is {record.answer!r}")


def _of_text(record: Record) -> Verdict:
    last = record.completion.strip().rpartition("\n")[2]
    said = _CLOSING.split(last)[-1]
    if reply.same(reply.canonical(said, "text"), reply.canonical(record.answer, "text"), "text"):
        return Verdict(NAME, "right", said.strip())
    return Verdict(NAME, "wrong", f"the completion says {said[-80:].strip()!r}, the answer is {record.answer!r}")


JUDGE = Judge(NAME, MENU, judge)

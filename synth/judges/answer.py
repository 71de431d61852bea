"""Judges whether what a completion says at its end is the row's answer.

A row of a question-answering task is read as the reply of a teacher is, with answers/reply.py and the task's own kind
of answer and closing form. Of rows of other tasks the last line is read as text: what stands behind `answer is` or
`answer:`, or all of it.
"""

import re

from synth.answers import reply
from synth.data.verdict import Judge, Verdict
from synth.questions.find import known_task
from synth.questions.task import Task
from synth.record import Record

NAME = "answer"
MENU = ("right", "wrong")
_OPTIONS = re.compile(r"^Options: (.*)$", re.MULTILINE)
_CLOSING = re.compile(r"\banswer(?: is\b:?|:)", re.IGNORECASE)
_LETTER = re.compile(r"(?:^|\s)\([A-Z]\)\s")


def judge(record: Record, **_: object) -> Verdict:
    """Wrong also where the completion commits to no answer; does not apply to a row without completion."""
    if not record.completion.strip():
        return Verdict(NAME, None, "no completion")
    task = known_task(record.task)
    return _of_text(record) if task is None else _of_task(record, task)


def _of_task(record: Record, task: Task) -> Verdict:
    options = task.options or _options(record.prompt)
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


def _options(prompt: str) -> tuple[str, ...]:
    """The texts of the options in a prompt's `Options: (A) Yes (B) No`."""
    found = _OPTIONS.findall(prompt)
    return tuple(part.strip() for part in _LETTER.split(found[-1])[1:]) if found else ()


JUDGE = Judge(NAME, MENU, judge)

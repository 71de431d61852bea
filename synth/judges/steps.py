"""Judges whether the steps of a built row hold: the checker of its dataset works them out again from the prompt."""

from typing import Any

from synth.data.verdict import Judge, Verdict
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import reader_of

NAME = "steps"
MENU = ("right", "wrong")


def judge(record: Record, task: Task | None = None, **known: Any) -> Verdict:
    """Wrong with the checker's reason and detail; does not apply to a task without a checker.

    `known` is what the checker's `settings` takes out of the folder's synth.json, `task` that of a distilled folder.
    """
    checker = reader_of(record.task, task)
    if checker.check is None:
        return Verdict(NAME, None, f"no checker for {record.task}")
    fault = checker.check(record, **known)
    if fault is None:
        return Verdict(NAME, "right")
    return Verdict(NAME, "wrong", f"{fault.reason}: {fault.detail}")


JUDGE = Judge(NAME, MENU, judge)

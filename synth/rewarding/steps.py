"""How many steps of a completion hold: by the checker of its dataset, or by the equations of a teacher's prose."""

from dataclasses import dataclass

from synth.judges import equations
from synth.rewarding.batch import Written
from synth.validating.faults import Fault

# Reasons that speak of no step that was written: all that stand there hold.
_OF_THE_END = ("answer_not_from_last_step", "wrong_answer", "wrong_completion", "missing_step")


@dataclass(frozen=True)
class Steps:
    """held: steps before the first wrong one. due: steps that are written, or should be. whole: all of it is right."""

    held: int
    due: int
    whole: bool

    @property
    def share(self) -> float:
        return self.held / self.due if self.due else 0.0


def steps_of(row: Written) -> Steps | None:
    """The steps of a completion; None if nobody can tell: a dataset without a checker and a text without equations.

    A step behind the first wrong one does not count, whatever it says, and neither does one that is not there: a model
    that writes the first step and stops has held one of all that are due.
    """
    if row.reader.check is None:
        return _equations(row)
    written = len(row.reader.steps(row.found.rationale))
    due = max(written, row.due, 1)
    if not written:
        return Steps(0, due, False)
    fault = row.reader.check(row.reader.record_of(row.record, row.output, row.found), **row.known)
    if fault is not None and fault.reason == "unreadable_prompt":
        return None
    held = _held(fault, written)
    if fault is not None and fault.reason == "missing_step":
        due = max(due, written + 1)
    return Steps(held, due, row.found.answer is not None and (fault is None or fault.reason == "wrong_completion"))


def _held(fault: Fault | None, written: int) -> int:
    if fault is None or (fault.step is None and fault.reason in _OF_THE_END):
        return written
    return fault.step or 0  # which one is at fault is not known: none is paid for


def _equations(row: Written) -> Steps | None:
    holds = [equation.holds for equation in equations.equations(row.found.rationale)]
    if not holds:
        return None
    held = holds.index(False) if False in holds else len(holds)
    return Steps(held, len(holds), held == len(holds))

"""Which steps of a row hold: by the step checker of its dataset, else by the equations in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from synth.answers.turns import split_thinking
from synth.judges.equations import equations
from synth.record import Record
from synth.validating.checker import reader_of

State = Literal["right", "wrong", "unknown", ""]  # unknown: behind the first wrong one; "": nobody can tell


class Step(NamedTuple):
    text: str
    state: State


class Checked(NamedTuple):
    """The steps of a row; the first fault in words, "" if there is none; who checked, "" if nobody could."""

    steps: Sequence[Step]
    fault: str
    by: str

    @property
    def state(self) -> State:
        return "" if not self.by else "wrong" if self.fault else "right"

    @property
    def outcome(self) -> str | None:
        """`right`, the reason of the fault, or None if nobody could check."""
        return self.fault.partition(":")[0] or self.state or None

    @property
    def wrong(self) -> int | None:
        """The number of the first wrong step, from 1."""
        return next((at for at, step in enumerate(self.steps, 1) if step.state == "wrong"), None)


def checked(record: Record, known: Mapping[str, Any]) -> Checked:
    """The steps of a row, checked. known: of its folder (`settings_of` in synth/validating/checker.py)."""
    checker = reader_of(record.task, known.get("task"))
    texts = checker.steps(record.rationale)
    if checker.check is not None:
        fault = checker.check(record, **{name: value for name, value in known.items() if name != "task"})
        if fault is None:
            return Checked(_steps(texts, len(texts)), "", "the step checker")
        said = f"{fault.reason.replace('_', ' ')}: {fault.detail}"
        return Checked(_steps(texts, fault.step), said, "the step checker")
    found = [*_equations(record.rationale, texts)]
    for equation, at in found:
        if not equation.holds:
            return Checked(_steps(texts, at), f"wrong step: {equation} does not hold", "its equations")
    return Checked(_steps(texts, len(texts) if found else None), "", "its equations" if found else "")


def _equations(rationale: str, texts: Sequence[str]) -> Iterator[tuple[Any, int | None]]:
    """The equations of a rationale, each with the place of the step that it ends in."""
    visible = split_thinking(rationale)[0]
    ends, at = [], 0
    for text in texts:
        at = max(at, visible.find(text, at) + len(text))
        ends.append(at)
    for equation in equations(visible):
        yield equation, next((place for place, end in enumerate(ends) if equation.end <= end), None)


def _steps(texts: Sequence[str], wrong: int | None) -> list[Step]:
    """Right before the wrong one, unknown behind it; of none anything is known if it is not known which is wrong."""
    if wrong is None:
        return [Step(text, "") for text in texts]
    return [
        Step(text, "right" if at < wrong else "wrong" if at == wrong else "unknown") for at, text in enumerate(texts)
    ]

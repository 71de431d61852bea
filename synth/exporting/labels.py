"""Rows that tell right from wrong: pairs of completions, labelled completions, labelled steps.

    dpo        {"prompt", "chosen", "rejected"}
    kto        {"prompt", "completion", "label"}                        one row a completion
    stepwise   {"prompt", "completions", "labels", "first_wrong_step"}  one row a completion, a label a step
    prm        {"prompt", "completion", "label", "step"}                one row a step: what was written up to its end

The label of a step is exact: the steps of a built row are right, and a planted mistake is where the two part. With the
first wrong step everything behind it is wrong, as it rests on it: Lightman et al. 2023 (arXiv 2305.20050) label no
further than that step, Math-Shepherd (Wang et al. 2023, arXiv 2312.08935) asks whether a step still leads to the right
answer. So in `stepwise` labels are False from there on, and `prm` ends with that step, the only one that it has of a
wrong completion. `first_wrong_step` counts from 0 and is -1 for a right one, as in ProcessBench (Zheng et al. 2024,
arXiv 2412.06559).
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, get_args

from synth.exporting.forms import Form, Labelled
from synth.record import Record
from synth.validating.checker import Checker
from synth.validating.faults import first_other

Row = dict[str, Any]
LABELLED: tuple[str, ...] = get_args(Labelled)
OF_STEPS = ("stepwise", "prm")


class Piece(NamedTuple):
    """A step, and where it ends in the completion."""

    text: str
    end: int


def labelled(form: Form, record: Record, wrong: Sequence[Record], checker: Checker | None) -> list[Row]:
    """The rows of one form that a right row and its wrong ones give."""
    if form == "dpo":
        return [{"prompt": record.prompt, "chosen": record.completion, "rejected": other.completion} for other in wrong]
    if form == "kto":
        return [
            {"prompt": record.prompt, "completion": other.completion, "label": other is record}
            for other in (record, *wrong)
        ]
    if checker is None or not record.rationale:
        return []
    make, right = (_stepwise if form == "stepwise" else _prefixes), pieces(record, checker)
    steps = [(other, pieces(other, checker)) for other in (record, *wrong)]
    return [row for other, written in steps for row in make(other, written, first_wrong(written, right))]


def pieces(record: Record, checker: Checker) -> list[Piece]:
    """The steps of a completion in order. What stands before the first belongs to it; what the closing form says is a
    last step, if it says more than the steps do: a mistake can be in it alone."""
    said, found = record.completion, list[Piece]()
    at = start = said.find(record.rationale)
    for step in checker.steps(record.rationale):
        at = said.find(step, at) + len(step)
        found.append(Piece(step if found else said[:at].lstrip(), at))
    if closing := said[start + len(record.rationale) :].strip():
        return [*found, Piece(closing.lstrip("; "), len(said))]
    return [*found[:-1], Piece(found[-1].text, len(said))]


def first_wrong(steps: Sequence[Piece], right: Sequence[Piece]) -> int:
    """Place of the first step that is another than in the right completion; -1 if none is.

    A completion that ends early is wrong in the answer that it then gives, its last step.
    """
    place = first_other([step.text for step in steps], [step.text for step in right])
    return -1 if place is None else place


def _stepwise(record: Record, steps: Sequence[Piece], wrong: int) -> Iterator[Row]:
    labels = [wrong < 0 or at < wrong for at in range(len(steps))]
    texts = [step.text for step in steps]
    yield {"prompt": record.prompt, "completions": texts, "labels": labels, "first_wrong_step": wrong}


def _prefixes(record: Record, steps: Sequence[Piece], wrong: int) -> Iterator[Row]:
    """Of a wrong completion the first wrong step alone: what stands before it the right one has given."""
    for at in range(len(steps)) if wrong < 0 else [wrong]:
        text = record.completion[: steps[at].end]
        yield {"prompt": record.prompt, "completion": text, "label": wrong < 0, "step": at}

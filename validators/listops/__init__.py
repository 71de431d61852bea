"""Checks Explained-ListOps: the prompt is solved again, and every step has to say what was done.

The leftmost bracket that holds nothing but numbers is reduced, over and over (expressions.py), and each reduction is
compared with the step that stands for it.
"""

import re
from collections.abc import Mapping
from typing import Any

from synth.record import Record
from synth.validating.checker import Checker
from synth.validating.faults import Fault, Reason, first_other
from synth.validators.listops.expressions import DONE, Reduction, reduce, solve, without_parentheses
from synth.validators.listops.mistakes import mistakes
from synth.validators.listops.outputs import read_own

DRAWN = ("train", "validation", "test", "test_longer", "test_larger")  # splits that are not published files


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What `check` has to know of a dataset, out of the configuration in its synth.json."""
    return {"modulus": config.get("modulus") or 10}


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    """What rows of this dataset are held to, beside what every dataset is, and that their steps hold."""
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    config = manifest["config"]
    low, high = config["min_length"], config["max_length"]
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="answer_in_labels", value_set=[True], meta=named("answer_in_labels", _labels_said(config))
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="length_in_bounds", value_set=[True],
            meta=named("expression_length", f"expressions have {low} to {high} tokens (test_longer: to {2 * high})"),
        ),
    ]  # fmt: skip


def answer_in_labels(record: Record, manifest: Mapping[str, Any]) -> bool:
    """Whether the answer is one that the numbers of its split can come to.

    The split is told by the id, `listops/<variant>/<split>/<seed>/<index>`.
    """
    if _split_in(record.id) not in DRAWN:
        return record.answer.isascii() and record.answer.isdecimal()
    config = manifest["config"]
    first, last = 0, config["values"]
    if "/test_larger/" in record.id:
        first, last = last, 2 * last
    is_number = record.answer.isascii() and record.answer.isdecimal()
    answer = int(record.answer[:9]) if is_number else -1
    return bool(first <= answer < last or 0 <= answer < config["modulus"])


def _split_in(row_id: str) -> str:
    """The split that an id names; "" if it is no id of ours."""
    return "".join(row_id.split("/")[-3:-2])


def length_in_bounds(record: Record, manifest: Mapping[str, Any]) -> bool:
    """Whether the expression is as long as was asked."""
    if _split_in(record.id) not in DRAWN:  # of a published file
        return True
    low, high = manifest["config"]["min_length"], manifest["config"]["max_length"]
    if "/test_longer/" in record.id:
        low, high = high, 2 * high
    length = record.meta["length"]
    return isinstance(length, int) and low <= length <= high


def _labels_said(config: Mapping[str, Any]) -> str:
    values = config["values"]
    return f"answers are numbers from 0 to {max(values, config['modulus']) - 1} (test_larger: to {2 * values - 1})"


def normal(question: str) -> str:
    """An expression as it is compared with others: brackets tell expressions apart, case and spaces do not."""
    question = question.upper()
    even = "  " not in question and question.isprintable() and question.strip() == question
    return question if even else " ".join(question.split())


def check(record: Record, modulus: int = 10) -> Fault | None:
    """The first thing in a row that does not hold; None if all of it does.

    Reads prompt, rationale, answer and completion, nothing else. `modulus` is that of SUM.
    """
    if _holds_at_a_glance(record, modulus):
        return None
    reductions = list(reduce(without_parentheses(record.prompt), modulus))
    rest = reductions[-1].rest if reductions else without_parentheses(record.prompt)
    if not rest.isdecimal():
        return Fault(
            "unreadable_prompt", f"{record.prompt[:60]!r} cannot be reduced to a number, {rest[:60]!r} remains"
        )
    if not record.rationale:
        return _check_answer_alone(record, rest)
    return _check_steps(record.rationale, reductions, modulus) or _check_end(record, rest)


def _holds_at_a_glance(record: Record, modulus: int) -> bool:
    """Whether a row without long steps is right to the letter: once through the expression, in a fraction of the time.

    No means nothing yet: what is spelled otherwise, written out at length or wrong is looked at step by step.
    """
    value, between = solve(record.prompt.split(" "), modulus)
    if value is None:
        return False
    rationale, answer = record.rationale, str(value)
    if record.answer != answer:
        return False
    if not rationale:
        return record.completion == answer
    if rationale == "; ".join([f"{o}, {DONE[o][0]} [{n}], {DONE[o][2]} {b}, answer is {v}" for o, n, b, v in between]):
        return record.completion == rationale
    short = "; ".join([f"{operator}, {value}" for operator, _, _, value in between])
    return rationale == short and record.completion == f"{rationale}; answer is {answer}"


def _check_steps(rationale: str, reductions: list[Reduction], modulus: int) -> Fault | None:
    written = [without_parentheses(step) for step in rationale.split("; ")]
    forms = [
        [reduction.short() for reduction in reductions],
        [reduction.medium() for reduction in reductions],
        [reduction.long(modulus) for reduction in reductions],
    ]
    right = next((form for form in forms if _looks_like(form[0], written[0])), None)
    if right is None:
        detail = f"step 1 is {written[0][:80]!r}, which is no step of this dataset"
        return Fault("unreadable_step", detail, 0 if written[0].strip() else None)
    if written == right:
        return None
    place = first_other([step for step in map(str.strip, written) if step], right)
    if sorted(written) == sorted(right):
        detail = f"the first step that stands elsewhere is {_first_difference(written, right)}"
        return Fault("steps_out_of_order", detail, place)
    reason, detail = _name_difference(written, right)
    return Fault(reason, detail, place)


def _name_difference(written: list[str], right: list[str]) -> tuple[Reason, str]:
    at = _first_difference(written, right) - 1
    said = f"step {at + 1} is {written[at]!r}" if at < len(written) else f"there are {len(written)} steps"
    due = f"{right[at]!r} is due" if at < len(right) else f"{len(right)} are due"
    if at < len(written) and not any(_looks_like(step, written[at]) for step in right):
        return "unreadable_step", f"{said}, {due}"
    if len(written) < len(right):
        return "missing_step", f"{said}, {due}"
    if len(written) > len(right):
        return "extra_step", f"{said}, {due}"
    return "wrong_step", f"{said}, {due}"


def _first_difference(written: list[str], right: list[str]) -> int:
    """Number, from 1, of the first step that is not what is due."""
    pairs = zip(written, right, strict=False)
    return next((at for at, (said, due) in enumerate(pairs, start=1) if said != due), min(len(written), len(right)) + 1)


def _looks_like(step: str, other: str) -> bool:
    """Whether two steps are of one form: the same words around whatever operators, numbers and rests."""
    return _words(step) == _words(other)


def _words(step: str) -> int:
    """The form of a step: 1 short, 2 medium, 3 long, 0 none of them."""
    number, numbers = r"\d+", r"\[\d+(?: \d+)*\]"
    between = rf"(?:{number}|{numbers}, middle is {number}(?: and {number})?)"
    forms = (
        rf"[A-Z]+, {number}",
        rf"[A-Z]+, [a-z]+ {numbers}, [a-z]+ is {between}, answer is {number}",
        rf"[A-Z]+ operator so we have to [a-z ]+ {numbers}, [a-z]+ is {between} so the result (?:modulo {number} )?"
        rf"is {number}, (?:what remains is .+|answer is {number})",
    )
    return next((place for place, form in enumerate(forms, start=1) if re.fullmatch(form, step, re.ASCII)), 0)


def _check_end(record: Record, value: str) -> Fault | None:
    if record.answer != value:
        return Fault("answer_not_from_last_step", f"the last step comes to {value}, the answer is {record.answer!r}")
    closing = f"answer is {value}"
    ends = record.rationale.endswith(f", {closing}")
    completion = record.rationale if ends else f"{record.rationale}; {closing}"
    if record.completion != completion:
        return Fault("wrong_completion", f"the completion is not the steps ending in {closing!r}")
    return None


def _check_answer_alone(record: Record, value: str) -> Fault | None:
    if record.answer != value:
        return Fault("wrong_answer", f"the expression comes to {value}, the answer is {record.answer!r}")
    if record.completion != value:
        return Fault("wrong_completion", f"the completion is {record.completion!r}, {value!r} is due")
    return None


CHECKER = Checker(
    kind="number", closing="answer is {answer}", step_break="; ", reads=read_own,
    check=check, settings=settings, mistakes=mistakes,
    expectations=expectations, columns={"answer_in_labels": answer_in_labels, "length_in_bounds": length_in_bounds},
    normal=normal,
    instruction=(
        "Work out the expression. MIN, MAX and MED are the smallest, the largest and the middle number of those behind "
        "them (of two middle ones the mean, without its fraction), SUM is their sum modulo {modulus}."
    ),
    answer_is="a number", scores=("last_character",),
)  # fmt: skip

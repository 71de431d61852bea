"""Checks Explained-ListOps: the prompt is solved again, and every step has to say what was done.

Independent of the builder: the expression is reduced by a rule of its own, the leftmost bracket that holds nothing but
numbers, over and over, and each reduction is compared with the step that stands for it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from synth.record import Record
from synth.validating.faults import Fault

INNERMOST = re.compile(r"\[(MIN|MAX|MED|SUM) (\d+(?: \d+)*) \]", re.ASCII)
OPENING = frozenset(("[MIN", "[MAX", "[MED", "[SUM"))
DONE = {
    "MIN": ("compare", "find the smallest of", "smallest is"),
    "MAX": ("compare", "find the largest of", "largest is"),
    "MED": ("sort", "find the middle of", "sorted is"),
    "SUM": ("add", "add", "sum is"),
}


@dataclass(frozen=True)
class Reduction:
    """One operator worked out, and the expression that remains."""

    operator: str
    numbers: str
    between: str  # what a step passes on the way to the value
    value: int
    rest: str

    def short(self) -> str:
        return f"{self.operator}, {self.value}"

    def medium(self) -> str:
        verb, _, passes = DONE[self.operator]
        return f"{self.operator}, {verb} [{self.numbers}], {passes} {self.between}, answer is {self.value}"

    def long(self, modulus: int) -> str:
        _, doing, passes = DONE[self.operator]
        result = f"result modulo {modulus}" if self.operator == "SUM" else "result"
        remains = f"what remains is {self.rest}" if "[" in self.rest else f"answer is {self.value}"
        return (
            f"{self.operator} operator so we have to {doing} the numbers [{self.numbers}], "
            f"{passes} {self.between} so the {result} is {self.value}, {remains}"
        )


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What `check` has to know of a dataset, out of the configuration in its synth.json."""
    return {"modulus": config["modulus"]}


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    """What rows of this dataset are held to, beside what every dataset is."""
    import great_expectations.expectations as gxe

    from synth.validating.steps import ExpectStepsToHold
    from synth.validating.suites import named

    config = manifest["config"]
    low, high = config["min_length"], config["max_length"]
    return [
        ExpectStepsToHold(column="step_fault", meta=named("steps", "every step holds when it is worked out again")),
        gxe.ExpectColumnValuesToBeInSet(
            column="answer_in_labels", value_set=[True], meta=named("answer_in_labels", _labels_said(config))
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="length_in_bounds", value_set=[True],
            meta=named("expression_length", f"expressions have {low} to {high} tokens (test_longer: to {2 * high})"),
        ),
    ]  # fmt: skip


FACTS = ("answer_in_labels", "length_in_bounds")


def facts(record: Record, manifest: Mapping[str, Any]) -> dict[str, bool]:
    """Whether the answer is one that the numbers of its split can come to, and the expression as long as was asked.

    The split is told by the id, `listops/<variant>/<split>/<seed>/<index>`.
    """
    config = manifest["config"]
    first, last, low, high = 0, config["values"], config["min_length"], config["max_length"]
    if "/test_larger/" in record.id:
        first, last = last, 2 * last
    elif "/test_longer/" in record.id:
        low, high = high, 2 * high
    is_number = record.answer.isascii() and record.answer.isdecimal()
    answer = int(record.answer[:9]) if is_number else -1
    length = record.meta["length"]
    return {
        "answer_in_labels": first <= answer < last or 0 <= answer < config["modulus"],
        "length_in_bounds": isinstance(length, int) and low <= length <= high,
    }


def _labels_said(config: Mapping[str, Any]) -> str:
    values = config["values"]
    return f"answers are numbers from 0 to {max(values, config['modulus']) - 1} (test_larger: to {2 * values - 1})"


def ending(record: Record, manifest: Mapping[str, Any]) -> str:
    """The closing form."""
    return f"answer is {record.answer}" if record.rationale else record.answer


def normal(question: str) -> str:
    """An expression as it is compared with others: brackets tell expressions apart, case and spaces do not."""
    question = question.upper()
    even = "  " not in question and question.isprintable() and question.strip() == question
    return question if even else " ".join(question.split())


def check(record: Record, modulus: int = 10) -> Fault | None:
    """The first thing in a row that does not hold; None where all of it does.

    Reads prompt, rationale, answer and completion, nothing else. `modulus` is that of SUM.
    """
    if _holds_at_a_glance(record, modulus):
        return None
    reductions = list(_reduce(_without_parentheses(record.prompt), modulus))
    rest = reductions[-1].rest if reductions else _without_parentheses(record.prompt)
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
    value, between = _solve(record.prompt.split(" "), modulus)
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


def _reduce(expression: str, modulus: int) -> Iterator[Reduction]:
    while match := INNERMOST.search(expression):
        operator, numbers = match.groups()
        values = [int(number) for number in numbers.split()]
        between, value = _work_out(operator, values, modulus)
        expression = f"{expression[: match.start()]}{value}{expression[match.end() :]}"
        yield Reduction(operator, numbers, between, value, expression)


def _solve(tokens: list[str], modulus: int) -> tuple[int | None, list[tuple[str, str, str, int]]]:
    """The value of an expression (None where it is none), and of each operator, in the order in which brackets close:
    its name, its numbers, what is passed on the way, and its value."""
    found: list[tuple[str, str, str, int]] = []
    open_brackets: list[list[str]] = []
    inside: list[str] = []
    for token in tokens:
        if token == "]":
            if len(inside) < 2 or not open_brackets:
                return None, found
            operator, numbers = inside[0][1:], inside[1:]
            between, value = _work_out(operator, list(map(int, numbers)), modulus)
            found.append((operator, " ".join(numbers), between, value))
            inside = open_brackets.pop()
            inside.append(str(value))
        elif token in OPENING:
            open_brackets.append(inside)
            inside = [token]
        elif token.isdigit() and token.isascii():
            inside.append(token)
        else:
            return None, found
    whole = not open_brackets and len(inside) == 1 and bool(found)
    return (found[-1][3] if whole else None), found


def _work_out(operator: str, values: list[int], modulus: int) -> tuple[str, int]:
    if operator == "SUM":
        total = sum(values)
        return str(total), total % modulus
    if operator == "MED":
        values.sort()
        half = len(values) // 2
        shown = f"[{' '.join(map(str, values))}], middle is "
        if len(values) % 2:
            return f"{shown}{values[half]}", values[half]
        low, high = values[half - 1 : half + 1]
        return f"{shown}{low} and {high}", (low + high) // 2
    value = min(values) if operator == "MIN" else max(values)
    return str(value), value


def _check_steps(rationale: str, reductions: list[Reduction], modulus: int) -> Fault | None:
    written = [_without_parentheses(step) for step in rationale.split("; ")]
    forms = [
        [reduction.short() for reduction in reductions],
        [reduction.medium() for reduction in reductions],
        [reduction.long(modulus) for reduction in reductions],
    ]
    right = next((form for form in forms if _looks_like(form[0], written[0])), None)
    if right is None:
        return Fault("unreadable_step", f"step 1 is {written[0][:80]!r}, which is no step of this dataset")
    if written == right:
        return None
    if sorted(written) == sorted(right):
        return Fault(
            "steps_out_of_order", f"the first step that stands elsewhere is {_first_difference(written, right)}"
        )
    return _name_difference(written, right)


def _name_difference(written: list[str], right: list[str]) -> Fault:
    at = _first_difference(written, right) - 1
    said = f"step {at + 1} is {written[at]!r}" if at < len(written) else f"there are {len(written)} steps"
    due = f"{right[at]!r} is due" if at < len(right) else f"{len(right)} are due"
    if at < len(written) and not any(_looks_like(step, written[at]) for step in right):
        return Fault("unreadable_step", f"{said}, {due}")
    if len(written) < len(right):
        return Fault("missing_step", f"{said}, {due}")
    if len(written) > len(right):
        return Fault("extra_step", f"{said}, {due}")
    return Fault("wrong_step", f"{said}, {due}")


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


def _without_parentheses(text: str) -> str:
    """The same in the plain spelling: parentheses only say what brackets say."""
    return " ".join(text.replace("(", " ").replace(")", " ").split()) if "(" in text else text

"""Checks scratchpads of sums, differences and products: every line is worked out again from the question.

What a line must say is computed from the numbers and not column by column, as a scratchpad does it: after k columns of
a sum the digits so far are the sum of both operands modulo 10^k, and the carry is what that sum leaves over 10^k. In a
product, the line of a factor stands on first operand * the part of the second that was gone through.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from synth.record import Record
from synth.validating.checker import Checker
from synth.validating.faults import Fault, Reason, first_other
from synth.validators.arithmetic.mistakes import mistakes
from synth.validators.arithmetic.outputs import END_SCRATCH, compared, read_own, record_of, stored

# At most 100 digits: far more than a builder writes, and Python refuses to read numbers of some thousands.
PROMPT = re.compile(r"Input:\n(\d(?: \d){0,99}) ([-+*]) (\d(?: \d){0,99})\nTarget:(?: (?P<hint>\d(?: \d)*))?", re.ASCII)
ANSWER = re.compile(r"0|[1-9](?: \d)*", re.ASCII)
LINES = {  # a line of each kind, without the digits and operators being right
    "a tag": re.compile(r"</?scratch>", re.ASCII),
    "a step": re.compile(r"(?:\d[\d +*-]*\d )?, (?:\d )*[CB]: \d", re.ASCII),
    "the result": re.compile(r"\d(?: \d)*", re.ASCII),
}


@dataclass(frozen=True)
class Question:
    first: int
    sign: str
    second: int
    length: int  # digits of each operand


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    """What rows of this dataset are held to, beside what every dataset is, and that their steps hold."""
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    columns = {"answer_in_labels": "answers are digits with a space between, without leading zeros"}
    if (manifest.get("config") or {}).get("style") == "hint":
        columns["hint_apart"] = "the prompt with the hint is the one without it, and the answer"
    return [
        gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[True], meta=named(name, title))
        for name, title in columns.items()
    ]


def answer_in_labels(record: Record, manifest: Mapping[str, Any]) -> bool:
    """Whether the answer is digits with a space between."""
    return bool(ANSWER.fullmatch(record.answer))


def hint_apart(record: Record, manifest: Mapping[str, Any]) -> bool | None:
    """Whether both prompts of a hinted row are the same but for the answer; None for a row without a hint.

    Version 0.1.0 wrote the one without the hint as the prompt.
    """
    hinted, plain = record.meta.get("hinted_prompt"), record.meta.get("unhinted_prompt", record.prompt)
    return hinted == f"{plain} {record.answer}" and record.prompt in (hinted, plain) if hinted else None


def ending(record: Record, manifest: Mapping[str, Any]) -> str:
    """The closing form: the answer on a line of its own."""
    return f"\n{record.answer}"


def normal(question: str) -> str:
    """A question as it is compared with others: + and - tell questions apart."""
    return " ".join(question.casefold().split())


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the checker has to know of a dataset: whether prompts may give the answer away."""
    return {"hinted": config.get("style") == "hint"}


def check(record: Record, hinted: bool = False) -> Fault | None:
    """The first thing in a row that does not hold; None if all of it does.

    Reads prompt, rationale, answer and completion, nothing else. hinted: the answer may stand in the prompt.
    """
    question = _read(record.prompt, hinted)
    if isinstance(question, Fault):
        return question
    return (
        (_check_steps(question, record.rationale) if record.rationale else None)
        or _check_answer(question, record)
        or _check_completion(record)
    )


def _read(prompt: str, hinted: bool) -> Question | Fault:
    match = PROMPT.fullmatch(prompt)
    if not match or (match["hint"] and not hinted):
        return Fault("unreadable_prompt", f"{prompt!r} is not 'Input:', two numbers with + - or * between, 'Target:'")
    first, second = match[1].replace(" ", ""), match[3].replace(" ", "")
    if len(first) != len(second) or "0" in (first[0], second[0]):
        return Fault("unreadable_prompt", f"{first} and {second} are not two numbers of the same length")
    if match[2] == "-" and int(first) < int(second):
        return Fault("unreadable_prompt", f"{first} - {second} is less than 0")
    question = Question(int(first), match[2], int(second), len(first))
    right = _spaced(_solve(question))
    if match["hint"] not in (None, right):
        return Fault("wrong_hint", f"the prompt gives away {match['hint']!r}, the answer is {right!r}")
    return question


def _check_steps(question: Question, rationale: str) -> Fault | None:
    written, right = rationale.split("\n"), list(_scratchpad(question))
    if written == right:
        return None
    reason, detail = _difference(written, right)
    return Fault(reason, detail, first_other([line for line in map(str.strip, written) if line], right))


def _difference(written: list[str], right: list[str]) -> tuple[Reason, str]:
    for number, line in enumerate(written, start=1):
        if not any(kind.fullmatch(line) for kind in LINES.values()):
            return "unreadable_step", f"line {number} says {line!r}, which is no line of a scratchpad"
    missing, extra = Counter(right) - Counter(written), Counter(written) - Counter(right)
    if not missing and not extra:
        return "steps_out_of_order", _first_difference(written, right)
    if not extra:
        line = next(iter(missing))
        return "missing_step", f"line {right.index(line) + 1} should say {line!r}, it is not there"
    if not missing:
        line = next(iter(extra))
        last = len(written) - written[::-1].index(line)
        return "extra_step", f"line {last} says {line!r}, it should not be there"
    return "wrong_step", _first_difference(written, right)


def _first_difference(written: list[str], right: list[str]) -> str:
    pairs = enumerate(zip(written, right, strict=False), start=1)
    number, (line, should) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    return f"line {number} says {line!r}, it should say {should!r}"


def _check_answer(question: Question, record: Record) -> Fault | None:
    right = _spaced(_solve(question))
    if record.answer == right:
        return None
    detail = f"the answer says {record.answer!r}, it should say {right!r}"
    return Fault("answer_not_from_last_step" if record.rationale else "wrong_answer", detail)


def _check_completion(record: Record) -> Fault | None:
    right = "".join(f"\n{part}" for part in (record.rationale, record.answer) if part)
    if record.completion == right:
        return None
    return Fault("wrong_completion", f"the completion says {record.completion!r}, it should say {right!r}")


def _solve(question: Question) -> int:
    first, second = question.first, question.second
    return {"+": first + second, "-": first - second, "*": first * second}[question.sign]


def _scratchpad(question: Question) -> Iterator[str]:
    """The lines that a right scratchpad has."""
    yield "<scratch>"
    asked = f"{_spaced(question.first)} {question.sign} {_spaced(question.second)}"
    if question.sign == "*":
        yield f"{asked} , C: 0"
        yield from _passes(question)
        yield _spaced(_solve(question), 2 * question.length)
    else:
        yield from _columns(question, asked)
        yield _spaced(_solve(question), question.length + 1)
    yield "</scratch>"


def _columns(question: Question, asked: str) -> Iterator[str]:
    """The lines of a sum or a difference; the borrow of a difference is what it lacks to reach 0."""
    first, second, length = question.first, question.second, question.length
    letter = "B" if question.sign == "-" else "C"
    yield f"{asked} , {letter}: 0"
    for done in range(1, length + 1):
        unit = 10**done
        part = _solve(Question(first % unit, question.sign, second % unit, done))
        next_pair = f"{_digit(first, done)} {question.sign} {_digit(second, done)} " if done < length else ""
        yield f"{next_pair}, {_spaced(part % unit, done)} {letter}: {abs(part // unit)}"


def _passes(question: Question) -> Iterator[str]:
    """The lines of a product: for each digit of the second operand, first operand * digit + what stands so far."""
    first, second, length = question.first, question.second, question.length
    for gone in range(length):
        factor, so_far = _digit(second, gone), first * (second % 10**gone)
        standing = so_far // 10**gone
        final = f"{_spaced(so_far % 10**gone, gone)} " if gone else ""
        yield f"{_spaced(first)} * {factor} + {_spaced(standing, length)} , {final}C: 0"
        for done in range(1, length + 1):
            unit = 10**done
            part = first % unit * factor + standing % unit
            head = f"{_digit(first, done)} * {factor} + {_digit(standing, done)} " if done < length else ""
            yield f"{head}, {_spaced(part % unit, done)} {final}C: {part // unit}"


def _digit(number: int, place: int) -> int:
    unit: int = 10**place
    return number // unit % 10


def _spaced(number: int, width: int = 1) -> str:
    """The digits of a number with a space between, at least `width` of them."""
    return " ".join(f"{number:0{width}d}")


CHECKER = Checker(
    kind="number", closing="\n{answer}", step_break="\n", last_step=END_SCRATCH, reads=read_own,
    compares=compared, stores=stored, check=check, settings=settings, record_of=record_of, mistakes=mistakes,
    steps_title="every line holds when it is worked out again", expectations=expectations,
    columns={"answer_in_labels": answer_in_labels, "hint_apart": hint_apart}, ending=ending, normal=normal,
    instruction="Work out what stands below. The digits of a number have spaces between them.",
    answer_is="the number without spaces", cues=("Target:",),
)  # fmt: skip

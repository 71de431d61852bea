"""What a stand-in for a teacher writes before it closes: steps that look like reasoning and are found by trying.

For an answer that is a number, the numbers of the question are put together one after the other until the answer comes
out, where it does; nothing here understands a question.
"""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from synth.questions.cells import LETTERS
from synth.questions.task import Question, Task

NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\d,])|(?<![\w.])\d+(?:\.\d+)?")
WORDS = {
    "two": 2, "twice": 2, "double": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12,
}  # fmt: skip
AMOUNT = re.compile(rf"{NUMBER.pattern}|\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
MOST = 5  # numbers of a question that are put together, each once and in their order
OPENINGS = (
    'The question begins with "{begin}".',
    'Let me look at what "{begin}" asks for.',
    'I take "{begin}" one step at a time.',
)
Step = tuple[Fraction, str, Fraction, Fraction]  # left, operator, right, result


def rationale(task: Task, question: Question, answer: str, number: int, short: bool = False) -> str:
    """Sentences that lead to an answer, right or wrong; other ones for each number of the attempt."""
    begin = " ".join(question.text.split()[:6]).replace('"', "'")
    opening = OPENINGS[number % len(OPENINGS)].format(begin=begin)
    owner = f"This is attempt {number} of a stand-in for a teacher, not of a model."
    steps = list(_steps(task, question, answer))
    return " ".join([*steps, owner] if short else [opening, *_told(question), *steps, owner])


def _told(question: Question) -> Iterator[str]:
    found = NUMBER.findall(question.text)
    if found:
        yield f"The numbers in it are {_listed(found[:8])}." if len(found) > 1 else f"The number in it is {found[0]}."


def _steps(task: Task, question: Question, answer: str) -> Iterator[str]:
    options = question.options or task.options
    if task.kind == "option" and answer in LETTERS[: len(options)]:
        yield from _weighed(options, LETTERS.index(answer))
    elif task.kind == "yes_no":
        yield f"What is known about it speaks {'for' if answer == 'yes' else 'against'} it."
        yield "Nothing in the question says otherwise."
    elif chain := _chain(question, answer):
        for place, (left, sign, right, result) in enumerate(chain):
            said = answer if place == len(chain) - 1 else _written(result)
            yield f"{'Then' if place else 'First,'} {_written(left)} {sign} {_written(right)} = {said}."
    elif task.kind == "number" and len(amounts := _amounts(question.text)) > 1:
        first = amounts[0] * amounts[1]
        yield f"First, {_written(amounts[0])} * {_written(amounts[1])} = {_written(first)}."
        yield f"With what else is known, that comes to {answer}."
    else:
        yield "I put together what is known about it, and leave out what does not matter."
        yield f"All of it points to {answer}."


def _weighed(options: Sequence[str], chosen: int) -> Iterator[str]:
    for place, option in enumerate(options[:4]):
        if place != chosen:
            yield f'"{option}" does not fit what is said.'
    yield f'"{options[chosen]}" does.'


def _chain(question: Question, answer: str) -> list[Step]:
    """Steps from the numbers of a question to its gold answer; the answer itself may be a wrong one at their end."""
    numbers = _amounts(question.text)
    aim = NUMBER.fullmatch(question.gold or answer)  # none below 0
    if aim is None or len(numbers) < 2:
        return []
    wanted = Fraction(aim[0].replace(",", ""))
    found = [chain for chain in _chains(numbers[0], numbers[1:]) if chain[-1][3] == wanted]
    return max(found, key=len, default=[])


def _amounts(text: str) -> list[Fraction]:
    """The numbers of a text, in figures or in words, in their order."""
    found = AMOUNT.findall(text)[:MOST]
    return [Fraction(WORDS.get(each.lower(), each.replace(",", ""))) for each in found]


def _chains(so_far: Fraction, rest: Sequence[Fraction]) -> Iterator[list[Step]]:
    for place, number in enumerate(rest):
        for sign, result in _combined(so_far, number):
            step = (so_far, sign, number, result)
            yield [step]
            yield from ([step, *more] for more in _chains(result, rest[place + 1 :]))


def _combined(left: Fraction, right: Fraction) -> Iterator[tuple[str, Fraction]]:
    """What two numbers give, if that can be written down and is not below 0."""
    yield "+", left + right
    yield "*", left * right
    if left >= right:
        yield "-", left - right
    if right and (left / right * 100).denominator == 1:
        yield "/", left / right


def _written(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.4f}".rstrip("0")


def _listed(found: Sequence[str]) -> str:
    return f"{', '.join(found[:-1])} and {found[-1]}"

"""Writes expressions and their explanations as text.

The closing form is `answer is N`. Ballout et al. 2023 fix the wording of SUM in a medium explanation; the other
operators have their own words in the same shape. A long step says which operator it is, what therefore has to be done
with which numbers, the intermediate value, how it becomes the result, and what remains of the expression.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from synth.builders.listops.draw import BLANK, CLOSE, MED, OPEN, SUM, Expressions
from synth.builders.listops.language import OPERATORS, parenthesised
from synth.builders.listops.shapes import Ints

# Filled in: the arguments, the intermediate value, the answer.
MEDIUM = {
    "MIN": "MIN, compare [%s], smallest is %s, answer is %s",
    "MAX": "MAX, compare [%s], largest is %s, answer is %s",
    "MED": "MED, sort [%s], sorted is %s, answer is %s",
    "SUM": "SUM, add [%s], sum is %s, answer is %s",
}
LONG = {
    "MIN": "MIN operator so we have to find the smallest of the numbers [%s], smallest is %s so the result is %s",
    "MAX": "MAX operator so we have to find the largest of the numbers [%s], largest is %s so the result is %s",
    "MED": "MED operator so we have to find the middle of the numbers [%s], sorted is %s so the result is %s",
    "SUM": "SUM operator so we have to add the numbers [%s], sum is %s so the result modulo MODULUS is %s",
}
END = BLANK - 1  # ends a row


def prompts(drawn: Expressions, highest: int) -> list[str]:
    """Each expression in the plain spelling. `highest`: the largest number that can occur."""
    return _spell(drawn.tokens, highest)


def rationales(
    drawn: Expressions, explain: str, plain: Sequence[str], style: str, highest: int, modulus: int
) -> list[str]:
    """The steps of each row, joined; `plain` are its prompts."""
    if explain == "none":
        return [""] * len(plain)
    steps = _steps(drawn, explain, highest, modulus)
    ends = np.cumsum(np.bincount(drawn.row, minlength=len(plain))).tolist()
    rows = [steps[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    if explain == "long":
        spell = parenthesised if style == "parentheses" else str
        answers = iter(drawn.value.tolist())
        rows = [_with_rests(row, expression, answers, spell) for row, expression in zip(rows, plain, strict=True)]
    return ["; ".join(row) for row in rows]


def _steps(drawn: Expressions, explain: str, highest: int, modulus: int) -> list[str]:
    """One step for each operator, in the order of `drawn`; a long one still lacks what remains."""
    names = [OPERATORS[operator] for operator in drawn.operator.tolist()]
    answers = drawn.value.tolist()
    if explain == "short":
        return [f"{name}, {answer}" for name, answer in zip(names, answers, strict=True)]
    wording = MEDIUM if explain == "medium" else {**LONG, "SUM": LONG["SUM"].replace("MODULUS", str(modulus))}
    filled = zip(_spell(drawn.arguments, highest), _intermediate(drawn, highest), answers, strict=True)
    return [wording[name] % values for name, values in zip(names, filled, strict=True)]


def _intermediate(drawn: Expressions, highest: int) -> list[int | str]:
    """The value a step passes on its way: the sum, the one extreme, the sorted list with its middle."""
    between: list[int | str] = np.where(drawn.operator == SUM, drawn.total, drawn.value).tolist()
    medians = np.flatnonzero(drawn.operator == MED)
    count, ordered = drawn.count[medians], drawn.ordered[medians]
    row = np.arange(len(medians))
    lower, upper = ordered[row, (count - 1) // 2].tolist(), ordered[row, count // 2].tolist()
    texts = _spell(ordered, highest)
    for at, text, low, high, even in zip(medians.tolist(), texts, lower, upper, (count % 2 == 0).tolist(), strict=True):
        between[at] = f"[{text}], middle is {low} and {high}" if even else f"[{text}], middle is {low}"
    return between


def _with_rests(steps: Sequence[str], rest: str, answers: Iterator[int], spell: Callable[[str], str]) -> list[str]:
    """Long steps, each with the expression that remains after it: the innermost brackets that close first give way to
    what they came to. After the last step the answer remains."""
    whole = []
    for step in steps:
        answer = next(answers)
        end = rest.index("]")
        start = rest.rindex("[", 0, end)
        rest = f"{rest[:start]}{answer}{rest[end + 1 :]}"
        whole.append(f"{step}, what remains is {spell(rest)}" if "[" in rest else f"{step}, answer is {answer}")
    return whole


def _spell(tokens: Ints, highest: int) -> list[str]:
    """Rows of tokens, BLANK if there is none, as texts with single spaces.

    Each token is looked up as eight bytes, a blank as eight zeros; the rows are joined and the zeros dropped.
    """
    words = _words(highest)
    cells = np.empty((len(tokens), tokens.shape[1] + 1), dtype=np.uint64)
    cells[:, :-1] = words[tokens]
    cells[:, -1] = words[END]
    text = cells.tobytes().translate(None, b"\0").decode("ascii")
    return text[1:-1].split("\n ") if len(tokens) else []


@lru_cache(maxsize=8)
def _words(highest: int) -> npt.NDArray[np.uint64]:
    """The eight bytes of every token at the index of its code; codes below 0 count from the end, as NumPy does."""
    spelled = {CLOSE: " ]", BLANK: "", END: "\n", **{OPEN - code: f" [{name}" for code, name in enumerate(OPERATORS)}}
    words = [f" {digit}" for digit in range(highest + 1)] + [spelled[code] for code in sorted(spelled)]
    return np.array(words, dtype="S8").view(np.uint64)

"""The published ListOps files as test splits: each expression solved again and explained like a drawn one.

    SPINN (Nangia & Bowman 2018)     0 <TAB> ( ( ( ( ( [SM 6 ) 5 ) 9 ) 0 ) ] )     label first, SUM spelled SM
    Ballout et al. 2023              ( ( ( [MAX 3 ) 8 ) ] ) <TAB> 8                expression first

A line may be a single digit, which has no steps. An expression that stands in a file twice is one row.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from synth.builders.listops import language
from synth.builders.listops.draw import BLANK, CLOSE, OPEN, Expressions
from synth.builders.listops.language import OPERATORS, Expression
from synth.builders.listops.shapes import Ints
from synth.errors import SourceError

Step = tuple[int, list[int], int]  # operator, the values of its arguments, its own


@lru_cache(maxsize=8)
def expressions(path: Path, modulus: int) -> tuple[Expression, ...]:
    """The different expressions of a file, in its order.

    Raises SourceError with the line for what is no expression, or whose label is not what it comes to.
    """
    found: dict[str, Expression] = {}
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    expression = _read(line, f"{path} line {number}", modulus)
                    found.setdefault(" ".join(language.tokens(expression)), expression)
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    if not found:
        raise SourceError(f"{path} has no expression: lines are an expression and its label with a tab between")
    return tuple(found.values())


@lru_cache(maxsize=8)
def largest(path: Path, modulus: int) -> int:
    """The largest number in a file."""
    texts = (token for expression in expressions(path, modulus) for token in language.tokens(expression))
    return max(int(token) for token in texts if token.isdecimal())


def _read(line: str, where: str, modulus: int) -> Expression:
    first, tab, second = line.strip().partition("\t")
    if not tab:
        raise SourceError(f"{where} has no tab: lines are an expression and its label with a tab between")
    label, text = (first, second) if first.strip().isdecimal() else (second, first)
    try:
        expression = language.read(text)
    except SourceError as error:
        raise SourceError(f"{where}: {error}") from error
    value = language.solve(expression, modulus)
    if label.strip() != str(value):
        said = label.strip()[:20]
        raise SourceError(f"{where} has the label {said!r}, its expression comes to {value} (modulo {modulus})")
    return expression


def as_drawn(expression: Expression, modulus: int) -> Expressions:
    """One expression with an operator in it, as a batch of one row. `modulus` is that of SUM."""
    codes = {f"[{name}": OPEN - code for code, name in enumerate(OPERATORS)} | {"]": CLOSE}
    tokens = [codes[token] if token in codes else int(token) for token in language.tokens(expression)]
    steps = list(_steps(expression, modulus))
    most = max(len(values) for _, values, _ in steps)
    padded = [values + [BLANK] * (most - len(values)) for _, values, _ in steps]
    ordered = [sorted(values) + [BLANK] * (most - len(values)) for _, values, _ in steps]

    def column(values: object) -> Ints:
        return np.array(values, dtype=np.int32)

    return Expressions(
        tokens=column([tokens]), lengths=column([len(tokens)]), depths=column([_depth(expression)]),
        row=np.zeros(len(steps), dtype=np.int64), operator=column([step[0] for step in steps]),
        count=column([len(step[1]) for step in steps]), arguments=column(padded), ordered=column(ordered),
        total=column([sum(step[1]) for step in steps]), value=column([step[2] for step in steps]),
    )  # fmt: skip


def _steps(expression: Expression, modulus: int) -> Iterator[Step]:
    """The operators in the order in which brackets close, each with the values of its arguments and its own."""
    if isinstance(expression, int):
        return
    name, arguments = expression
    for argument in arguments:
        yield from _steps(argument, modulus)
    values = [language.solve(argument, modulus) for argument in arguments]
    yield OPERATORS.index(name), values, language.apply(name, values, modulus)


def _depth(expression: Expression) -> int:
    return 0 if isinstance(expression, int) else 1 + max(_depth(argument) for argument in expression[1])

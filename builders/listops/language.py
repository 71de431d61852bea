"""The language of ListOps: reading, solving and spelling expressions.

Three spellings of one expression:

    [MAX 2 9 [MIN 4 7 ] 0 ]                                         plain
    ( ( ( ( ( [MAX 2 ) 9 ) ( ( ( [MIN 4 ) 7 ) ] ) ) 0 ) ] )         parentheses, nested to the left
    ( ( ( [SM 2 ) 9 ) ] )                                           the published data, which spell SUM as SM

A single digit is an expression too.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from synth.errors import SourceError

Expression: TypeAlias = "int | tuple[str, list[Expression]]"

OPERATORS = ("MIN", "MAX", "MED", "SUM")
SPELLINGS = {"SM": "SUM"}


def read(text: str) -> Expression:
    """An expression in any of the three spellings.

    Raises SourceError that says what is wrong and at which token.
    """
    if text.count("(") != text.count(")"):
        raise SourceError(f"{_short(text)} has {text.count('(')} opening and {text.count(')')} closing parentheses")
    top: list[Expression] = []
    open_operators: list[tuple[str, list[Expression]]] = []
    for place, token in enumerate(text.replace("(", " ").replace(")", " ").split(), start=1):
        around = open_operators[-1][1] if open_operators else top
        if token.startswith("["):
            open_operators.append((_operator(token, place), []))
        elif token == "]":
            if not around or not open_operators:
                raise SourceError(
                    f"token {place} of {_short(text)} closes an operator that has no arguments or is not open"
                )
            done = open_operators.pop()
            (open_operators[-1][1] if open_operators else top).append(done)
        elif token.isascii() and token.isdecimal():
            around.append(int(token))
        else:
            raise SourceError(
                f"token {place} of {_short(text)} is {token!r}: digits, ], [{', ['.join(OPERATORS)} are allowed"
            )
    if open_operators or len(top) != 1:
        raise SourceError(f"{_short(text)} is not one whole expression")
    return top[0]


def solve(expression: Expression, modulus: int = 10) -> int:
    """What an expression comes to.

    MED of an even count is the mean of the two middle values cut down to a whole number, SUM is the sum modulo
    `modulus` (Nangia & Bowman 2018, section 3; every label of the published test set agrees).
    """
    if isinstance(expression, int):
        return expression
    operator, arguments = expression
    return apply(operator, [solve(argument, modulus) for argument in arguments], modulus)


def apply(operator: str, values: Sequence[int], modulus: int = 10) -> int:
    """What one operator makes of the values of its arguments."""
    if operator == "MED":
        ordered, last = sorted(values), len(values) - 1
        return (ordered[last // 2] + ordered[(last + 1) // 2]) // 2
    return {"MIN": min(values), "MAX": max(values), "SUM": sum(values) % modulus}[operator]


def tokens(expression: Expression) -> Iterator[str]:
    """The tokens of the plain spelling."""
    if isinstance(expression, int):
        yield str(expression)
        return
    operator, arguments = expression
    yield f"[{operator}"
    for argument in arguments:
        yield from tokens(argument)
    yield "]"


def parenthesised(plain: str) -> str:
    """A plain expression in the spelling with parentheses: each argument and the closing bracket joined to what
    stands before them, `( ( ( [MAX 3 ) 8 ) ] )`."""
    stack: list[list[str]] = [[]]
    for token in plain.split():
        if token.startswith("["):
            stack.append([token])
            continue
        stack[-1].append(token)
        if token == "]":
            operator, *parts = stack.pop()
            stack[-1].append("( " * len(parts) + operator + "".join(f" {part} )" for part in parts))
    return stack[0][0]


def _operator(token: str, place: int) -> str:
    name = SPELLINGS.get(token[1:], token[1:])
    if name not in OPERATORS:
        raise SourceError(f"token {place}: no operator is called {token[1:]!r}: there are {', '.join(OPERATORS)}")
    return name


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")

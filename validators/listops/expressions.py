"""ListOps expressions as text: reduced by a rule of its own, the leftmost bracket that holds nothing but numbers.

Independent of the builder, which draws and solves expressions another way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

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


def reduce(expression: str, modulus: int) -> Iterator[Reduction]:
    """Work out one operator after the other until none is left."""
    while match := INNERMOST.search(expression):
        operator, numbers = match.groups()
        values = [int(number) for number in numbers.split()]
        between, value = work_out(operator, values, modulus)
        expression = f"{expression[: match.start()]}{value}{expression[match.end() :]}"
        yield Reduction(operator, numbers, between, value, expression)


def solve(tokens: list[str], modulus: int) -> tuple[int | None, list[tuple[str, str, str, int]]]:
    """The value of an expression (None if it is none), and of each operator, in the order in which brackets close:
    its name, its numbers, what is passed on the way, and its value."""
    reduced: list[tuple[str, str, str, int]] = []
    open_brackets: list[list[str]] = []
    inside: list[str] = []
    for token in tokens:
        if token == "]":
            if len(inside) < 2 or not open_brackets:
                return None, reduced
            operator, numbers = inside[0][1:], inside[1:]
            between, value = work_out(operator, list(map(int, numbers)), modulus)
            reduced.append((operator, " ".join(numbers), between, value))
            inside = open_brackets.pop()
            inside.append(str(value))
        elif token in OPENING:
            open_brackets.append(inside)
            inside = [token]
        elif token.isdigit() and token.isascii():
            inside.append(token)
        else:
            return None, reduced
    whole = not open_brackets and len(inside) == 1 and bool(reduced)
    return (reduced[-1][3] if whole else None), reduced


def work_out(operator: str, values: list[int], modulus: int) -> tuple[str, int]:
    """What is passed on the way to the value of one operator, and the value."""
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


def without_parentheses(text: str) -> str:
    """An expression in the plain spelling: parentheses only say what brackets say."""
    return " ".join(text.replace("(", " ").replace(")", " ").split()) if "(" in text else text


def parenthesised(plain: str) -> str:
    """An expression spelled with parentheses, `( ( ( [MAX 3 ) 8 ) ] )`: each argument and the closing bracket are
    joined to what stands before them. What stands outside of brackets stays as it is."""
    spelled: list[str] = []
    opened: list[int] = []  # where the operators stand that are not closed yet
    parts: list[int] = []  # of each of them, arguments and bracket
    for token in plain.split():
        if token.startswith("["):
            opened.append(len(spelled))
            parts.append(0)
            spelled.append(token)
        elif not opened:
            spelled.append(token)
        else:
            spelled.append(f"{token} )")
            parts[-1] += 1
            if token == "]":
                place = opened.pop()
                spelled[place] = "( " * parts.pop() + spelled[place]
                if parts:  # the whole is an argument itself
                    spelled[-1] += " )"
                    parts[-1] += 1
    return " ".join(spelled)

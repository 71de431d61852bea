"""One-step word problems, made up, for the trial of STaR with a trained model that docs/star.md tells of:

    python benchmarks/star_problems.py FOLDER      writes shots.jsonl (6), problems.jsonl (400) and test.jsonl (100)

Six kinds take turns: one gets more, gives some away, boxes, kilometres of two days, shares, tickets.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo", "Ines", "Jon", "Kira", "Leo", "Mona", "Nils",
         "Olga", "Pia"]  # fmt: skip
THINGS = ["apples", "marbles", "stamps", "pencils", "coins", "shells", "books", "cookies", "stickers", "eggs"]
Problem = tuple[str, str, int]  # question, rationale, answer


def problem(kind: int, random: Random) -> Problem:
    """A problem of one of the six kinds."""
    name = random.choice(NAMES)
    other = random.choice([one for one in NAMES if one != name])
    thing = random.choice(THINGS)
    draw = random.randint
    if kind == 0:
        a, b = draw(2, 40), draw(2, 20)
        asked = f"{name} has {a} {thing}. {other} gives {name} {b} more {thing}. How many {thing} does {name} have now?"
        return asked, f"{name} has {a} {thing} and gets {b} more.\n{a} + {b} = {a + b}.", a + b
    if kind == 1:
        b = draw(2, 20)
        a = b + draw(2, 30)
        asked = f"{name} has {a} {thing} and gives {b} of them to {other}. How many {thing} are left?"
        return asked, f"{name} has {a} {thing} and gives away {b}.\n{a} - {b} = {a - b}.", a - b
    if kind == 2:
        a, b = draw(2, 12), draw(2, 9)
        asked = f"{name} buys {b} boxes with {a} {thing} in each. How many {thing} are that in all?"
        return asked, f"There are {b} boxes of {a} {thing}.\n{b} * {a} = {a * b}.", a * b
    if kind == 3:
        a, b = draw(2, 30), draw(2, 20)
        asked = f"{name} walks {a} km on Monday and {b} km on Tuesday. How many kilometres is that together?"
        return asked, f"{name} walks {a} km and then {b} km.\n{a} + {b} = {a + b}.", a + b
    if kind == 4:
        b, c = draw(2, 9), draw(2, 10)
        a = b * c
        asked = f"{a} {thing} are shared equally among {b} children. How many {thing} does each child get?"
        return asked, f"{a} {thing} are shared among {b} children.\n{a} / {b} = {c}.", c
    a, b = draw(2, 12), draw(2, 9)
    asked = f"A ticket costs ${a}. {name} buys {b} tickets. How many dollars does {name} pay?"
    return asked, f"{name} buys {b} tickets for ${a} each.\n{b} * {a} = {a * b}.", a * b


def different(count: int, random: Random) -> list[Problem]:
    """So many problems, the kinds in turn, no question twice."""
    found: dict[str, Problem] = {}
    while len(found) < count:
        made = problem(len(found) % 6, random)
        found.setdefault(made[0], made)
    return list(found.values())


def lines(name: str, problems: list[Problem], shown: bool) -> Iterator[str]:
    for number, (question, rationale, answer) in enumerate(problems):
        reasons = {"rationale": rationale} if shown else {}
        yield json.dumps({"id": f"{name}{number}", "question": question, **reasons, "label": str(answer)}) + "\n"


def main() -> None:
    folder, random = Path(sys.argv[1]), Random(11)
    first, rest = (made := different(600, random))[:6], made[6:]
    random.shuffle(rest)
    folder.mkdir(parents=True, exist_ok=True)
    for name, problems in (("shots", first), ("problems", rest[:400]), ("test", rest[400:500])):
        with (folder / f"{name}.jsonl").open("w") as file:
            file.writelines(lines(name[:2], problems, shown=name == "shots"))


if __name__ == "__main__":
    main()

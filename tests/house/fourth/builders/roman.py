"""Sums of Roman numerals, added up from left to right, one after the other.

Made by program; Apache-2.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from synth.base.config import option
from synth.base.draws import uniform
from synth.building.ids import Key, variant
from synth.data.about import About
from synth.data.builder import Builder
from synth.record import Record

LETTERS = {
    1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC", 50: "L", 40: "XL",
    10: "X", 9: "IX", 5: "V", 4: "IV", 1: "I",
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    terms: int = option("numerals in a sum", default=3, named=True)
    train: int = option("training rows", default=200, recipe=False)
    test: int = option("test rows", default=50, recipe=False)


def splits(config: Config) -> dict[str, int | None]:
    return {"train": config.train, "test": config.test}


def records(config: Config, split: str, seed: int, rows: range) -> Iterator[Record]:
    """The rows with these indexes."""
    key = str(Key("roman", variant(config), split, seed))
    for index, drawn in zip(rows, uniform(key, rows.start, rows.stop, config.terms), strict=True):
        numbers = [1 + int(99 * share) for share in drawn]
        total, steps = numbers[0], []
        for number in numbers[1:]:
            steps.append(f"{spelled(total)} + {spelled(number)} = {spelled(total + number)}")
            total += number
        prompt = f"Add up: {' + '.join(map(spelled, numbers))}"
        rationale, answer = "; ".join(steps), spelled(total)
        completion = f"{rationale}\nThe sum is {answer}"
        yield Record(f"{key}/{index}", "roman", prompt, rationale, answer, completion, {"total": total})


def record(config: Config, split: str, seed: int, index: int) -> Record:
    return next(records(config, split, seed, range(index, index + 1)))


def spelled(number: int) -> str:
    text = ""
    for value, letters in LETTERS.items():
        text += letters * (number // value)
        number %= value
    return text


ABOUT = About(name="Roman sums", text="Sums of Roman numerals.", licence="apache-2.0", columns={"total": "the sum"})
BUILDER = Builder(
    config=Config, meta={"total": int}, splits=splits, records=records, about=ABOUT, record=record
)  # fmt: skip

"""Rows of arithmetic for tests, and the names of its operations and styles."""

from hypothesis import settings

from synth.builders import arithmetic
from synth.builders.arithmetic import Config
from synth.record import Record

untimed = settings(deadline=None)
few = settings(untimed, max_examples=40)  # for tests that try thousands of changes on each example

OPERATIONS = ("add", "subtract", "multiply")
STYLES = ("scratchpad", "direct", "hint")
EXAMPLE = "arithmetic/style=scratchpad,operation=add,digits=3/train/0/216281"  # the row in the builder's docstring


def rows(config: Config, split: str = "train", count: int = 200, seed: int = 0) -> list[Record]:
    return list(arithmetic.records(config, split, seed, range(count)))


def question(record: Record) -> str:
    return record.prompt.split("\n")[1]

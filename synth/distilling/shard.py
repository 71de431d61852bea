"""One of several runs that share the questions of a source, each with a store of its own: `--shard 2/4`.

The question at place i of a split, among all that one run would ask, is shard i modulo 4's. One that is asked again
elsewhere, in another split or with --repeats keep, goes where it was asked first: its reply is found there, as one run
would find it. `synth merge` puts the shards together.
"""

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import orjson

from synth.questions.choosing import Choice, question_key
from synth.questions.task import Question


@dataclass(frozen=True)
class Shard:
    """`number`, from 1, of `of` shards."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def flag(self) -> str:
        """The option that makes it."""
        return f"--shard {self}"


@dataclass(frozen=True)
class Placed:
    """Where a question of a shard stands among all of its split, and how much of it is in the shard's files."""

    split: str
    place: int
    rows: int
    attempts: int
    rejected: bool

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.rows, self.attempts, self.rejected

    def line(self) -> bytes:
        """As a line of the shard's file."""
        return orjson.dumps(astuple(self)) + b"\n"


def shard_in(text: str) -> Shard | None:
    """The shard that a text names; None if it is no k/n with k from 1 to n."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
    shard = Shard(int(found[1]), int(found[2])) if found else None
    return shard if shard is not None and 1 <= shard.number <= shard.of else None


def cut(choices: Mapping[str, Choice], shard: Shard) -> dict[str, Choice]:
    """What a shard has of each split."""
    at: dict[bytes, int] = {}  # the shard that asks a question, by what is asked

    def belongs(place: int, question: Question) -> bool:
        return at.setdefault(question_key(question), place % shard.of) == shard.number - 1

    return {name: choice.part(belongs) for name, choice in choices.items()}

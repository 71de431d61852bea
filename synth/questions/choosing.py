"""Which questions of a source are asked: a repeated one once, and of all the first ones or a random sample.

A question repeats another one if its text and its options are the same. If the right answers of such rows differ, the
question is left out, because nobody knows which of them is right.
"""

import copy
import hashlib
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

import orjson

from synth.answers.kinds import Kind
from synth.answers.reply import same
from synth.questions.task import Question

Repeats = Literal["merge", "keep"]


@dataclass(frozen=True)
class Wanted:
    """What is taken of a source."""

    repeats: Repeats = "merge"
    limit: int | None = None  # the first so many questions
    sample: int | None = None  # so many at random
    seed: int = 0  # of the sample


@dataclass
class Choice:
    """The questions that are chosen, in the order of the source, which is read once to count and again to ask."""

    load: Callable[[], Iterator[Question]]
    kind: Kind
    wanted: Wanted
    rows: int = 0  # of the source that were read
    repeated: int = 0  # of those, repeats of an earlier one
    contradicting: list[str] = field(default_factory=list)  # ids of questions that have several right answers
    golds: dict[bytes, str | None] = field(default_factory=dict, repr=False)  # of the questions that are chosen
    places: dict[str, int] = field(default_factory=dict, repr=False)  # of a part: by id, among all that were chosen

    def __post_init__(self) -> None:
        against: dict[bytes, str] = {}
        for question in self.load():
            self.rows += 1
            self._count(question, against)
            if len(self.golds) - len(against) == self.wanted.limit:
                break
        self.contradicting = list(against.values())
        for key in against:
            del self.golds[key]
        if self.wanted.sample is not None:
            self.golds = {key: self.golds[key] for key in self._drawn(self.wanted.sample)}

    def __len__(self) -> int:
        return len(self.golds)

    def __iter__(self) -> Iterator[Question]:
        """Each chosen question, where it stands first in the source."""
        left = set(self.golds)
        for question in islice(self.load(), self.rows):
            if (key := self._key(question)) in left:
                left.remove(key)
                yield replace(question, gold=self.golds[key])

    def part(self, belongs: Callable[[int, Question], bool]) -> "Choice":
        """A part of it: the questions for which `belongs`, told place and question, is true."""
        part = copy.copy(self)
        part.golds, part.places = {}, {}
        for place, question in enumerate(self):
            if belongs(place, question):
                part.golds[self._key(question)], part.places[question.id] = question.gold, place
        return part

    def lines(self, source: str) -> Iterator[str]:
        """What the user has to know of it."""
        if self.repeated:
            yield (
                f"{self.rows:,} rows of {source} hold {self.rows - self.repeated:,} questions: {self.repeated:,} rows "
                "repeat an earlier one and are not asked again (--repeats keep asks each)"
            )
        if against := self.contradicting:
            which = ", ".join(against[:3]) + (", ..." if len(against) > 3 else "")
            yield f"questions left out because their rows have different right answers: {len(against):,} ({which})"

    def facts(self) -> dict[str, int]:
        """The same for synth.json."""
        return {"rows": self.rows, "repeated": self.repeated, "contradicting": len(self.contradicting)}

    def _count(self, question: Question, against: dict[bytes, str]) -> None:
        key, gold = self._key(question), question.gold
        if key not in self.golds:
            self.golds[key] = gold
            return
        self.repeated += 1
        known = self.golds[key]
        if known is None:
            self.golds[key] = gold
        elif gold is not None and not same(gold, known, self.kind):
            against.setdefault(key, question.id)

    def _key(self, question: Question) -> bytes:
        return question_key(question) if self.wanted.repeats == "merge" else _digest(question.id)

    def _drawn(self, count: int) -> list[bytes]:
        """A sample that depends on the seed and on the questions alone: a larger one holds the smaller one."""
        seed = str(self.wanted.seed).encode()
        return heapq.nsmallest(count, self.golds, key=lambda key: hashlib.blake2b(key, key=seed).digest())


def question_key(question: Question) -> bytes:
    """16 bytes for what is asked, the same for two questions of which one repeats the other."""
    return _digest((question.text, question.options))


def _digest(told: object) -> bytes:
    return hashlib.blake2b(orjson.dumps(told), digest_size=16).digest()

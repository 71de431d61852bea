"""Near-duplicates: questions that say nearly the same, within a split and in another one.

Two questions are near-duplicates if they are not the same text, have the same answer and the same numbers and signs,
and share at least THRESHOLD of their word 5-grams: the Jaccard index of the two sets, intersection over union (Broder
1997, "On the resemblance and containment of documents"). What is ours:

- Words are those of contamination.py. N-grams that stand in more than COMMON questions and in more than SHARE of them
  are the template around the questions (instructions, `Question:`), and are left out.
- A question with other numbers or another answer is another question, however alike its words are.
- A question of fewer than 5 words, or of nothing but template, is not compared.
- Rows that are drawn by program are not compared at all: drawn from one grammar they are alike on purpose, and that
  none is there twice the twins tell.

Candidates come from MinHash signatures in bands (datasketch's LSH: 20 bands of 5, by which a pair at the threshold is
missed once in 3,000). Of each candidate the index is then worked out from the sets themselves. A row is compared with
rows before it that are no near-duplicates themselves, so that the same rows are found in every run.
"""

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.data.builder import Builder
from synth.errors import MissingExtraError
from synth.validating.contamination import FACTOR, words

SIZE = 5  # words of an n-gram
THRESHOLD = 0.8
BANDS, LENGTH = 20, 5  # of a signature: each band has so many of its values
COMMON, SHARE = 10, 0.01
SAMPLED = 50_000  # questions, spread evenly, in which the template is looked for
SHOWN = 3
Grams = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared of a row. It takes about half a kilobyte."""

    grams: bytes  # different n-grams as sorted 64-bit hashes
    same: bytes  # a hash of what has to be equal: the answer, numbers and signs
    text: bytes  # a hash of the question: the same one again is no near-duplicate, but a repeat

    def set(self) -> Grams:
        return np.frombuffer(self.grams, dtype=np.uint64)


@dataclass
class Found:
    """What came of all rows."""

    rows: int = 0
    too_short: int = 0
    within: int = 0
    across: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """The section `near_duplicates` of validation.json."""
        counts = {"rows": self.rows, "too_short": self.too_short, "within": self.within, "across": self.across}
        return {"threshold": THRESHOLD, "ngram": SIZE, **counts, "examples": self.examples}


def compares(builder: Builder[Any] | None) -> bool:
    """Whether near-duplicates are looked for: not among rows that are drawn by program."""
    return builder is None or not builder.drawn


def question(text: str, normal: str, answer: str) -> Question:
    """normal: the question as its checker tells questions apart."""
    said = words(text)
    plain = sorted(word for word in said if not word.isalpha())
    return Question(_grams(said), _hash(f"{answer.strip().casefold()}\n{' '.join(plain)}"), _hash(normal))


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()


@lru_cache(maxsize=1 << 17)
def _number(word: str) -> int:
    return int.from_bytes(_hash(word), "little")


def _grams(said: Sequence[str]) -> bytes:
    if len(said) < SIZE:
        return b""
    numbers = np.array([_number(word) for word in said], dtype=np.uint64)
    hashes = np.zeros(len(said) - SIZE + 1, dtype=np.uint64)
    for step in range(SIZE):
        hashes *= FACTOR
        hashes += numbers[step : step + len(hashes)]
    return np.unique(hashes).tobytes()


def template(questions: Sequence[Question]) -> Grams:
    """The n-grams that many questions have, sorted."""
    step = -(-max(1, len(questions)) // SAMPLED)
    sample = questions[::step]
    every = np.frombuffer(b"".join(one.grams for one in sample), dtype=np.uint64)
    hashes, counts = np.unique(every, return_counts=True)
    found: Grams = hashes[counts > max(COMMON, SHARE * len(sample))]
    return found


class Near:
    """Takes questions in the order of their rows, and names the one before that each is a near-duplicate of."""

    def __init__(self, common: Grams) -> None:
        """Raises MissingExtraError without datasketch."""
        try:
            from datasketch import MinHash, MinHashLSH
        except ImportError as error:
            raise MissingExtraError("synth validate", "validate") from error
        self._common = common
        self._empty = MinHash(num_perm=BANDS * LENGTH, seed=1, hashfunc=_as_it_is, scheme="affine64")
        self._index = MinHashLSH(num_perm=BANDS * LENGTH, params=(BANDS, LENGTH))
        self._kept: list[Grams] = []
        self._same: list[bytes] = []
        self._places = array("q")  # of the kept ones among all
        self._texts: set[bytes] = set()
        self.count = self.too_short = 0

    def add(self, one: Question) -> tuple[int, float] | None:
        """The place of the question that it nearly repeats, counted from 0 in the order of adding, and their index."""
        place, grams = self.count, np.setdiff1d(one.set(), self._common, assume_unique=True)
        self.count += 1
        self.too_short += not len(grams)
        if not len(grams) or one.text in self._texts:
            return None
        signature = self._empty.copy()
        signature.update_batch(grams.tolist())
        for at in sorted(self._index.query(signature)):
            if self._same[at] == one.same and (index := jaccard(self._kept[at], grams)) >= THRESHOLD:
                return self._places[at], index
        self._texts.add(one.text)
        self._index.insert(len(self._kept), signature, check_duplication=False)
        self._kept.append(grams)
        self._same.append(one.same)
        self._places.append(place)
        return None


def _as_it_is(value: Any) -> Any:
    return value


def jaccard(one: Grams, other: Grams) -> float:
    """Of two sorted sets: intersection over union."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)


class Questions:
    """The questions of a dataset, gathered while its rows are read."""

    def __init__(self) -> None:
        self._asked: list[Question] = []
        self._ids: list[str] = []
        self._splits: list[int] = []  # where each split begins

    def begin(self) -> None:
        """The next split begins."""
        self._splits.append(len(self._asked))

    def add(self, asked: Sequence[tuple[str, Question]]) -> None:
        """Id and question of some rows."""
        self._ids += [row_id for row_id, _ in asked]
        self._asked += [one for _, one in asked]

    def found(self) -> Found:
        """Compare them all."""
        near, found = Near(template(self._asked)), Found(len(self._asked))
        for place, one in enumerate(self._asked):
            if (hit := near.add(one)) is None:
                continue
            first, index = hit
            split = int(np.searchsorted(self._splits, place, side="right"))
            inside = first >= self._splits[split - 1]
            found.within, found.across = found.within + inside, found.across + (not inside)
            where = "near_duplicates" if inside else "near_leaks"
            if sum(one["where"] == where for one in found.examples) < SHOWN:
                names = {"id": self._ids[place], "of": self._ids[first]}
                found.examples.append({"where": where, **names, "jaccard": round(index, 3)})
        found.too_short = near.too_short
        return found

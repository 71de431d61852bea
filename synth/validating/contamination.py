"""Contamination: which rows share a run of words with a question of a benchmark.

After the overlap analysis of Brown et al. 2020, "Language Models are Few-Shot Learners" (arXiv 2005.14165), appendix C:
N-grams of words, without punctuation, whitespace and case; 13 is the largest N there, 8 the smallest. What is ours:

- A word is a run of letters and digits in small letters (NFKC): `don't` is two words, `1,080` too. Signs that stand
  alone between spaces (+ - * / = < >) are words as well: `3 + 4` and `3 - 4` are two questions. Brackets are none.
- A row is hit when its prompt shares one n-gram with a question; completions are not looked at.
- A question of fewer than n words has no n-gram (`too_short`). It is compared whole: with a row's whole prompt, and
  with each line of it, with or without a label such as `Question:`.
- N-grams that stand in more than COMMON different questions are what the benchmark says around its questions
  (instructions, worked examples), and are left out (`common_ngrams`).

The n-grams of the benchmark are held as 64-bit hashes, with their question 12 bytes each; rows are streamed past them a
chunk at a time, all n-grams of a chunk at once. That two different n-grams have one hash is expected less than once in
10,000 comparisons of a million rows with 100,000 questions.
"""

import hashlib
import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.errors import SourceError, UsageError
from synth.validating.benchmarks import benchmark, shown

WORD = re.compile(r"[^\W_]+|(?<!\S)[-+*/=<>]+(?!\S)")
LABEL = re.compile(r"\s*[^\W\d_][\w ]{0,20}:(?=\s)")
LABEL_WORDS = 8  # more than a label of that length can have
COMMON = 10
CHUNK = 1 << 18  # words that are hashed at once
EXAMPLES = 3
SEED = 13
FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying by it loses nothing (Knuth's golden ratio)
Hashes = npt.NDArray[np.uint64]
Words = npt.NDArray[np.int32] | npt.NDArray[np.int64]
NOWHERE = np.zeros(0, dtype=np.int64)


def words(text: str) -> list[str]:
    """A text as the words that are compared."""
    text = text.lower()
    return WORD.findall(text if text.isascii() else unicodedata.normalize("NFKC", text))


@dataclass
class Overlap:
    """What came of some rows."""

    rows: int = 0
    rows_hit: int = 0
    questions: set[int] = field(default_factory=set)  # places of those that are hit
    examples: list[dict[str, str]] = field(default_factory=list)

    def add(self, more: "Overlap") -> None:
        """What came of the rows behind them."""
        self.rows += more.rows
        self.rows_hit += more.rows_hit
        self.questions |= more.questions
        self.examples += more.examples[: EXAMPLES - len(self.examples)]


class Contamination:
    """Takes rows a chunk at a time and compares their prompts with a benchmark (benchmarks.py says which).

    Raises SourceError for a benchmark that cannot be read or has no questions, UsageError for n-grams of no words.
    """

    def __init__(self, against: str, ngram: int = 13) -> None:
        if ngram < 1:
            raise UsageError(f"--ngram {ngram}: at least 1 word; 8 to 13 are usual")
        self.against, self.ngram = shown(against), ngram
        self._index = _Index(benchmark(against), ngram)
        if not self._index.ids:
            raise SourceError(f"{against} has no questions to compare with")
        self._sum = Overlap()

    def add(self, ids: Sequence[str], prompts: Sequence[str]) -> list[int]:
        """Compare the prompts of some rows, and count them; returns the places of those that are hit."""
        places, found = self.compare(ids, prompts)
        self.count(found)
        return places

    def count(self, found: Overlap) -> None:
        """Count rows that were compared, here or in another process."""
        self._sum.add(found)

    def compare(self, ids: Sequence[str], prompts: Sequence[str]) -> tuple[list[int], Overlap]:
        """Compare the prompts of some rows; returns the places of those that are hit, and what is to be counted."""
        found = Overlap(len(prompts))
        flat: list[int] = []
        starts: list[int] = []
        hits: dict[int, tuple[int, str]] = {}  # place of a row in this chunk -> question and the words they share
        for row, prompt in enumerate(prompts):
            starts.append(len(flat))
            self._read(row, prompt, flat, hits, found.questions)
            flat.append(0)  # no n-gram reaches into the next row
            if len(flat) >= CHUNK or row == len(prompts) - 1:
                first = row + 1 - len(starts)
                found.questions |= self._look_up(flat, starts, prompts[first : row + 1], first, hits)
                flat, starts = [], []
        found.rows_hit = len(hits)
        for row in sorted(hits)[:EXAMPLES]:
            question, shared = hits[row]
            found.examples.append({"id": ids[row], "against_id": self._index.ids[question], "ngram": shared})
        return sorted(hits), found

    def report(self) -> dict[str, Any]:
        """One entry of `contamination` in validation.json; counts of different questions, of rows and of n-grams."""
        return {
            "against": self.against,
            "ngram": self.ngram,
            "benchmark_questions": len(self._index.ids),
            "benchmark_hit": len(self._sum.questions),
            "too_short": len(self._index.short),
            "common_ngrams": self._index.common,
            "rows": self._sum.rows,
            "rows_hit": self._sum.rows_hit,
            "examples": self._sum.examples,
        }

    def _read(self, row: int, prompt: str, flat: list[int], hits: dict[int, tuple[int, str]], whole: set[int]) -> None:
        """Add the numbers of a prompt's words to `flat`, and short questions that are found in it to `whole`."""
        known, short = self._index.vocabulary.get, self._index.short
        if not short:
            flat.extend(map(known, words(prompt), repeat(0)))
            return
        start = len(flat)
        for line in prompt.split("\n"):
            said = words(line)
            flat.extend(map(known, said, repeat(0)))
            if len(said) < self.ngram + LABEL_WORDS:
                whole |= self._compare_whole(row, said, line, hits)
        if len(flat) - start < self.ngram and "\n" in prompt:
            whole |= self._compare_whole(row, words(prompt), "", hits)

    def _compare_whole(self, row: int, said: list[str], line: str, hits: dict[int, tuple[int, str]]) -> set[int]:
        found = set()
        label = LABEL.match(line)
        for skipped in (0, len(words(label[0])) if label else 0):
            text = " ".join(said[skipped:])
            question = self._index.short.get(text)
            if question is not None:
                found.add(question)
                hits.setdefault(row, (question, text))
        return found

    def _look_up(
        self, flat: list[int], starts: list[int], prompts: Sequence[str], first: int, hits: dict[int, tuple[int, str]]
    ) -> set[int]:
        places, questions, every = self._index.look_up(np.array(flat, dtype=np.int32))
        rows = np.searchsorted(starts, places, side="right") - 1
        for row, at in zip(*np.unique(rows, return_index=True), strict=True):
            start = int(places[at]) - starts[row]
            shared = " ".join(words(prompts[row])[start : start + self.ngram])
            hits.setdefault(first + int(row), (int(questions[at]), shared))
        return every


class _Index:
    """The n-grams of a benchmark, sorted by their hashes, and which question each is of."""

    def __init__(self, asked: Iterable[tuple[str, str]], ngram: int) -> None:
        self.ids: list[str] = []
        self.vocabulary: dict[str, int] = {}  # 0 is any word that no question has
        self.short: dict[str, int] = {}  # questions of fewer than n words -> their places in ids
        self._ngram = ngram
        flat, owners = self._read(asked)
        self._weights = np.random.default_rng(SEED).integers(0, 1 << 64, len(self.vocabulary) + 1, dtype=np.uint64)
        self._build(flat, owners)

    def look_up(self, flat: Words) -> tuple[Words, Words, set[int]]:
        """Where in a text of word numbers an n-gram of the benchmark begins, and the (first) question it is of; and
        every question that has one of these n-grams."""
        places, hashes = self._hashes(flat)
        maybe = self._maybe[hashes >> self._shift]
        places, hashes = places[maybe], hashes[maybe]
        at = np.minimum(np.searchsorted(self._sorted, hashes), max(0, len(self._sorted) - 1))
        same = self._sorted[at] == hashes if len(self._sorted) else np.zeros(0, dtype=bool)
        return places[same], self._owners[at[same]], self._of(np.unique(hashes[same]))

    def _of(self, hashes: Hashes) -> set[int]:
        """Every question that has one of these n-grams."""
        left, right = (np.searchsorted(self._sorted, hashes, side=side) for side in ("left", "right"))
        owners = [self._owners[left[left + more < right] + more] for more in range(COMMON)]
        return set(np.unique(np.concatenate(owners)).tolist())

    def _read(self, asked: Iterable[tuple[str, str]]) -> tuple[Words, Words]:
        """The word numbers of all questions with a 0 after each, and the questions they are of; repeated ones once."""
        flat, lengths = array("i"), array("i")
        seen: set[bytes] = set()
        number = self.vocabulary.setdefault
        for name, text in asked:
            said = words(text)
            mark = hashlib.blake2b(" ".join(said).encode(), digest_size=8).digest()
            if not said or mark in seen:
                continue
            seen.add(mark)
            if len(said) < self._ngram:
                self.short[" ".join(said)] = len(self.ids)
            flat.extend(number(word, len(self.vocabulary) + 1) for word in said)
            flat.append(0)
            lengths.append(len(said) + 1)
            self.ids.append(name)
        owners = np.repeat(np.arange(len(self.ids), dtype=np.int32), np.frombuffer(lengths, dtype=np.int32))
        return np.frombuffer(flat, dtype=np.int32), owners

    def _build(self, flat: Words, owners: Words) -> None:
        places, hashes = self._hashes(flat)
        owners = owners[places]
        order = np.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        new = np.ones(len(hashes), dtype=bool)  # an n-gram that a question has twice counts once
        new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
        hashes, owners = hashes[new], owners[new]
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        self.common = int((counts > COMMON).sum())
        rare = (counts <= COMMON)[inverse]
        self._sorted, self._owners = hashes[rare], owners[rare]
        # At least 8 places for each n-gram: most misses end here.
        bits = min(28, max(16, (8 * len(self._sorted)).bit_length()))
        self._shift = np.uint64(64 - bits)
        self._maybe = np.zeros(1 << bits, dtype=bool)
        self._maybe[self._sorted >> self._shift] = True

    def _hashes(self, flat: Words) -> tuple[Words, Hashes]:
        """Where n known words follow one another, and the hash of each such n-gram."""
        gaps = np.concatenate(([0], np.cumsum(flat == 0)))
        places = np.flatnonzero(gaps[self._ngram :] == gaps[: -self._ngram]) if len(flat) >= self._ngram else NOWHERE
        weights = self._weights[flat]
        hashes = np.zeros(len(places), dtype=np.uint64)
        for step in range(self._ngram):
            hashes *= FACTOR
            hashes += weights[places + step]
        return places, hashes

"""The worked examples in front of a question: a small pool set aside from the training split, and draws from it.

As in the paper's appendix H the two examples are a compositional and a comparison question. A row never sees an
example that shares a name, a value or the answer with it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from synth.builders.twowiki import names
from synth.builders.twowiki.evidence import Drop, Source, Step, check
from synth.builders.twowiki.source import File, pieces, sample
from synth.builders.twowiki.tidy import missing, read
from synth.builders.twowiki.words import exemplar
from synth.models.tokens import estimate

KINDS = ("compositional", "comparison")
SIZE = 8  # of each kind, and never more than a quarter of those that were looked at
LOOKED_AT = 2000  # records at the head of the training file
TOKENS = 85  # by the estimate; the paper's two examples have 84 and 83
ALIKE = 2  # examples with the same relations


@dataclass(frozen=True)
class Exemplar:
    id: str
    lines: tuple[str, ...]
    entities: frozenset[str]


@dataclass(frozen=True)
class Pool:
    """Examples of each kind; `reserved` are the ids that must not become rows."""

    kinds: tuple[tuple[Exemplar, ...], ...]
    reserved: frozenset[str]
    own: bool  # from the training split of the source


@lru_cache(maxsize=4)
def pool(style: str, files: tuple[File, ...]) -> Pool:
    """The pool of a training split, or of the made-up one if the source's has none that fits."""
    kinds = _kinds(style, files)
    if own := all(kinds):
        return Pool(kinds, frozenset(example.id for kind in kinds for example in kind), own)
    kinds = _kinds(style, (sample("train"),))
    return Pool(kinds, frozenset(), own)


def draw(pool: Pool, count: int, source: Source, rng: Random) -> list[Exemplar]:
    """`count` examples that have nothing in common with a row.

    Raises Drop if the pool has no such example.
    """
    kinds = pool.kinds if count == len(KINDS) else [rng.choice(pool.kinds)] if count else []
    mine = entities(source)
    drawn = []
    for kind in kinds:
        start = rng.randrange(len(kind))
        free = (example for example in (*kind[start:], *kind[:start]) if mine.isdisjoint(example.entities))
        if (chosen := next(free, None)) is None:
            raise Drop("no_exemplar", "each example in the pool shares a name or the answer with the row")
        drawn.append(chosen)
    return drawn


def entities(source: Source) -> frozenset[str]:
    """Everything a row names, and its answer if it is more than yes or no."""
    named = [name for step in source.steps for name in (step.subject, step.object)]
    named += [source.answer, *(title for title, _ in source.facts)]
    return frozenset(names.fold(name.partition(" (")[0]) for name in named) - {"yes", "no"}


def _kinds(style: str, files: tuple[File, ...]) -> tuple[tuple[Exemplar, ...], ...]:
    by_kind: dict[str, list[tuple[Source, tuple[Step, ...]]]] = {kind: [] for kind in KINDS}
    for record in _head(files):
        try:
            source = read(record)
            if source.type in KINDS:
                by_kind[source.type].append((source, check(source)))
        except Drop:
            continue
    return tuple(_choose(style, candidates) for candidates in by_kind.values())


def _head(files: tuple[File, ...]) -> Iterator[Any]:
    records = (record for file in files for piece in pieces(file) for record in piece.records())
    for _, record in zip(range(LOOKED_AT), records, strict=False):
        if not missing(record):
            yield record


def _choose(style: str, candidates: list[tuple[Source, tuple[Step, ...]]]) -> tuple[Exemplar, ...]:
    """The first short ones, not many with the same relations, no two with a name in common."""
    chosen: list[Exemplar] = []
    seen: list[tuple[str, ...]] = []
    for source, steps in candidates:
        relations = tuple(step.relation for step in steps)
        lines = tuple(exemplar(style, source, steps))
        own = entities(source)
        fits = estimate("\n".join(lines)) <= TOKENS and seen.count(relations) < ALIKE
        if fits and all(own.isdisjoint(example.entities) for example in chosen):
            chosen.append(Exemplar(source.id, lines, own))
            seen.append(relations)
        if len(chosen) >= min(SIZE, max(1, len(candidates) // 4)):
            break
    return tuple(chosen)

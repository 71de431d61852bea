"""The changed test sets of the paper's analysis (section 5.3 and appendix D): the facts differ, the question does not.

reorder              the same facts in another order
distract             a sentence about something else among the facts
corrupt-irrelevant   the very row of `distract`, with two letters swapped in a word of that sentence
corrupt-relevant     two letters swapped in a word of a name that a follow-up is answered with, wherever the facts have
                     it, so that no place is left to read the answer from

One change at a time: what a model does on `corrupt-irrelevant` and not on `distract` is the doing of the typo alone.
"""

import re
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Literal, get_args

from synth.builders.twowiki import names
from synth.builders.twowiki.countries import peoples
from synth.builders.twowiki.evidence import Drop, Source, Step
from synth.builders.twowiki.relations import question_word
from synth.builders.twowiki.text import clean, clean_name
from synth.builders.twowiki.tidy import Paragraphs

Perturbation = Literal["none", "reorder", "distract", "corrupt-relevant", "corrupt-irrelevant"]
PERTURBATIONS: tuple[Perturbation, ...] = get_args(Perturbation)
WORD = re.compile(r"[^\W\d_]{4,}")  # long enough to be seen through when two of its letters are swapped
Fact = tuple[str, str]


def perturb(
    how: Perturbation, source: Source, steps: tuple[Step, ...], context: Paragraphs, draws: Callable[[str], Random]
) -> Source:
    """The record with other facts; `draws` gives the random numbers of a perturbation.

    Raises Drop if it has nothing to change.
    """
    facts, rng = list(source.facts), draws(how)
    if how == "reorder":
        facts = _reordered(facts, rng)
    elif how == "corrupt-relevant":
        facts = _corrupted(facts, steps, rng)
    elif how != "none":
        same = draws("distract")  # so that both have the same sentence in the same place
        title, sentence = _irrelevant(source, steps, context, same)
        place = same.randint(0, len(facts))
        if how == "corrupt-irrelevant":
            sentence = _swap(sentence, rng.choice(list(WORD.finditer(sentence))), rng)
        facts.insert(place, (title, sentence))
    return source._replace(facts=tuple(facts))


def _reordered(facts: list[Fact], rng: Random) -> list[Fact]:
    if len(set(facts)) < 2:
        raise Drop("single_fact", "one fact has no other order")
    other = facts
    while other == facts:
        other = rng.sample(facts, len(facts))
    return other


def _irrelevant(source: Source, steps: tuple[Step, ...], context: Paragraphs, rng: Random) -> Fact:
    """A sentence of the record's own context that is about none of the chain's names."""
    titles = {names.letters(title) for title, _ in source.facts}
    needed = [name for step in steps for name in (step.subject, step.object) if names.bare(name)]
    named: list[Fact] = []
    others: list[Fact] = []
    for title, said in context:
        if names.letters(str(title)) in titles:
            continue
        for sentence in map(clean, map(str, said[:3])):  # the first ones tell what the page is about
            if _speaks_of_other(sentence, needed):
                # a sentence that does not name its page (`He later moved`) seems to be about another fact's subject
                (named if names.told(str(title), sentence) else others).append((clean_name(str(title)), sentence))
    if not named and not others:
        raise Drop("no_irrelevant_fact", "no other paragraph has a sentence that is not about the question")
    return rng.choice(named or others)


def _speaks_of_other(sentence: str, needed: list[str]) -> bool:
    folded = names.fold(sentence)
    return len(WORD.findall(sentence)) > 2 and not any(names.fold(name) in folded for name in needed)


def _corrupted(facts: list[Fact], steps: tuple[Step, ...], rng: Random) -> list[Fact]:
    """A typo in a word of an intermediate answer, or else of a name that is asked about, wherever it stands.

    Dates are left alone: their months give nothing away, and another number would be another date.
    """
    undated = [step.object for step in steps if question_word(step.relation) != "When"]
    for needed in (undated, [step.subject for step in steps]):
        wanted = {word for name in needed for word in _spellings(name)}
        words = sorted(
            {match[0] for _, sentence in facts for match in WORD.finditer(sentence) if _as_written(match[0]) in wanted}
        )
        if words := [word for word in words if names.fold(word) not in names.COMMON and _swaps(word)]:
            word = rng.choice(words)
            at = rng.choice(_swaps(word))
            damage = partial(_damaged, word=names.fold(word), at=at)
            return [(damage(title), damage(sentence)) for title, sentence in facts]
    raise Drop("no_relevant_word", "no word of the chain stands in the facts")


def _spellings(name: str) -> set[tuple[str, bool]]:
    """The words of a name, and of a country those for its people."""
    return {_as_written(word) for word in WORD.findall(name)} | {(word, True) for word in peoples(name)}


def _damaged(text: str, word: str, at: int) -> str:
    """A text with two letters swapped in a word, whatever its capitals."""
    return WORD.sub(lambda match: _swapped(match[0], at) if names.fold(match[0]) == word else match[0], text)


def _as_written(word: str) -> tuple[str, bool]:
    """A word, and whether it has a capital: the magazine in a sentence is not the Magazine in a name."""
    return names.fold(word), word[0].isupper()


def _swaps(word: str) -> list[int]:
    """Where two neighbouring letters differ; the first letter stays."""
    return [at for at in range(1, len(word) - 1) if word[at] != word[at + 1]]


def _swapped(word: str, at: int) -> str:
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _swap(sentence: str, match: "re.Match[str]", rng: Random) -> str:
    at = rng.choice(_swaps(match[0]) or [0])
    return sentence[: match.start()] + _swapped(match[0], at) + sentence[match.end() :]

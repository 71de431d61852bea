"""The changed test sets of the paper's analysis (section 5.3 and appendix D): the facts differ, the question does not.

reorder              the facts in another order
distract             a sentence about something else among the facts
corrupt-relevant     two letters swapped in a word of a fact that the chain needs
corrupt-irrelevant   the same in a sentence about something else
"""

import re
from random import Random
from typing import Literal, get_args

from synth.builders.twowiki import names
from synth.builders.twowiki.evidence import Drop, Source, Step
from synth.builders.twowiki.text import clean, clean_name
from synth.builders.twowiki.tidy import Paragraphs

Perturbation = Literal["none", "reorder", "distract", "corrupt-relevant", "corrupt-irrelevant"]
PERTURBATIONS: tuple[Perturbation, ...] = get_args(Perturbation)
WORD = re.compile(r"[^\W\d_]{4,}")  # long enough to be seen through when two of its letters are swapped
Fact = tuple[str, str]


def perturb(how: Perturbation, source: Source, steps: tuple[Step, ...], context: Paragraphs, rng: Random) -> Source:
    """The record with other facts.

    Raises Drop if it has nothing to change.
    """
    facts = list(source.facts)
    if how == "reorder":
        facts = _reordered(facts, rng)
    elif how == "corrupt-relevant":
        facts = _corrupted(facts, steps, rng)
    elif how != "none":
        title, sentence = _irrelevant(source, steps, context, rng)
        if how == "corrupt-irrelevant":
            sentence = _swap(sentence, rng.choice(list(WORD.finditer(sentence))), rng)
        facts.insert(rng.randint(0, len(facts)), (title, sentence))
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
    """A typo in a word that an intermediate answer, or else a name that is asked about, is read from."""
    for needed in ([step.object for step in steps], [step.subject for step in steps]):
        wanted = {_as_written(word) for name in needed for word in WORD.findall(name)}
        places = [
            (number, match)
            for number, (_, sentence) in enumerate(facts)
            for match in WORD.finditer(sentence)
            if _as_written(match[0]) in wanted and _as_written(match[0])[0] not in names.COMMON and _swaps(match[0])
        ]
        if places:
            number, match = rng.choice(places)
            title, sentence = facts[number]
            facts[number] = (title, _swap(sentence, match, rng))
            return facts
    raise Drop("no_relevant_word", "no word of the chain stands in the facts")


def _as_written(word: str) -> tuple[str, bool]:
    """A word, and whether it has a capital: the magazine in a sentence is not the Magazine in a name."""
    return names.fold(word), word[0].isupper()


def _swaps(word: str) -> list[int]:
    """Where two neighbouring letters differ; the first letter stays."""
    return [at for at in range(1, len(word) - 1) if word[at] != word[at + 1]]


def _swap(sentence: str, match: "re.Match[str]", rng: Random) -> str:
    at = match.start() + rng.choice(_swaps(match[0]) or [0])
    return sentence[:at] + sentence[at + 1] + sentence[at] + sentence[at + 2 :]

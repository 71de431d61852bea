"""Takes in what the source forgot to cite: a sentence of the same paragraph that says what the cited ones do not."""

from synth.builders.twowiki import names
from synth.builders.twowiki.evidence import Drop, Fact, Source, Step, said
from synth.builders.twowiki.text import clean, clean_name
from synth.builders.twowiki.tidy import Paragraphs


def repaired(source: Source, steps: tuple[Step, ...], context: Paragraphs) -> Source:
    """The record with as many facts more as its steps need, each behind the facts of its paragraph.

    Raises Drop if no sentence of a cited paragraph says what a step says.
    """
    for step in steps:
        if said(step, source, source.facts):
            continue
        beside = _sentences(source, context)
        new = next((fact for fact in beside if fact not in source.facts and said(step, source, [fact])), None)
        if new is None:
            raise Drop("not_in_facts", f"no sentence tells that the {step.relation} of {step.subject} is {step.object}")
        last = max(at for at, (title, _) in enumerate(source.facts) if _same(title, new[0]))
        source = source._replace(facts=(*source.facts[: last + 1], new, *source.facts[last + 1 :]))
    return source


def _sentences(source: Source, context: Paragraphs) -> list[Fact]:
    """All sentences of the paragraphs that facts are from."""
    cited = [title for title, _ in source.facts]
    own = [(str(title), said) for title, said in context if any(_same(str(title), other) for other in cited)]
    return [(clean_name(title), clean(str(sentence))) for title, said in own for sentence in said]


def _same(one: str, other: str) -> bool:
    return names.letters(one) == names.letters(other)

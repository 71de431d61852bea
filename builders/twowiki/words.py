"""How prompt, steps and completion are written, by table 1 and appendix H of Mathews et al."""

from collections.abc import Sequence

from synth.builders.twowiki.evidence import Source, Step
from synth.builders.twowiki.relations import question_word

FACTS = "Facts:"
DIRECT_CUE = "Answer:"
SELF_ASK_CUE = "Are follow up questions needed here:"
NEEDED = " Yes."
START, END = "START", "END"


def rationale(steps: Sequence[Step]) -> list[str]:
    """The lines of the steps."""
    lines = []
    for step in steps:
        asked = f"{question_word(step.relation)} is the {step.relation} of {step.subject}"
        lines.append(f"Follow up: {asked.removesuffix('?')}?")  # of `Who's Your Brother?`
        lines.append(f"Intermediate answer: {step.object}")
    return lines


def completion(style: str, steps: Sequence[str], answer: str) -> list[str]:
    """What the student writes after the prompt, its first line being the rest of the prompt's last."""
    return [f" {answer}"] if style == "direct" else [NEEDED, *steps, f"So the final answer is: {answer}"]


def ask(style: str, question: str) -> list[str]:
    return [f"Question: {question}", DIRECT_CUE if style == "direct" else SELF_ASK_CUE]


def hinted(prompt: str, answer: str) -> str:
    """A prompt with the answer behind its question (STaR's rationalization)."""
    asked, line_break, cue = prompt.rpartition("\n")
    return f"{asked} ({answer}){line_break}{cue}"


def facts(source: Source, titles: bool) -> list[str]:
    said = (f"{title}: {sentence}" if titles else sentence for title, sentence in source.facts)
    return [FACTS, *(f"Fact #{number}: {sentence}" for number, sentence in enumerate(said))]


def exemplar(style: str, source: Source, steps: Sequence[Step]) -> list[str]:
    """A worked example, without its facts as in the paper's appendix H."""
    *asked, cue = ask(style, source.question)
    first, *rest = completion(style, rationale(steps), source.answer)
    return [START, *asked, cue + first, *rest, END]

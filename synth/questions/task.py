"""A question-answering task: how its source is read, what a teacher is asked, how an answer is read and compared.

The tasks themselves stand in synth/tasks/, one file a family. A task's questions come from its own release on disk,
from the plain layout `{"id", "question", "label"}` one JSON object a line, or from the Hub.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from synth.answers.kinds import Kind
from synth.questions.written import Form


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a task."""

    id: str  # unique in its source
    text: str  # what is asked, without the options
    options: tuple[str, ...] = ()  # texts of the options A, B, C, ...; none for an open question
    gold: str | None = None  # the right answer in canonical form (see synth/answers/reply.py); None if it is not known
    entry: str = ""  # what a program that scores answers has to know of the question, as JSON; "": gold is compared


@dataclass(frozen=True, slots=True)
class Worked:
    """A question of our own making with how it is worked out, to be shown as a demonstration."""

    question: Question  # with its right answer
    rationale: str  # without the closing form


@dataclass(frozen=True, slots=True)
class Hub:
    """Where a task is on the Hugging Face Hub."""

    id: str
    config: str | None = None
    splits: Mapping[str, str] = field(default_factory=lambda: {"train": "train", "test": "test"})


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of synth/tasks/FAMILY.py, or of a user's own file."""

    name: str  # gsm8k
    family: str  # math
    summary: str  # one line for `synth tasks`
    instruction: str  # what the teacher has to do, without the closing form, which is added from `closing`
    kind: Kind
    read: Callable[[Mapping[str, Any], str], Question | None]  # row of the source, its number; None skips
    options: tuple[str, ...] = ()  # if all questions have the same ones
    closing: str = "The answer is {answer}."  # how a reply has to close; nothing but {answer} is replaced in it
    label: str = "Question"  # what stands before the question's text
    hub: Hub | None = None
    licence: str = "unknown"
    source: str = ""  # paper or page it comes from
    papers: tuple[str, ...] = ()  # BibTeX entries, see bibtex.py
    example: Question | None = None  # a made-up question, so that the prompt can be shown without any data
    reasons: str = ""  # how the example is worked out, without the closing form, for `--shots other-tasks`
    worked: tuple[Worked, ...] = ()  # a set of demonstrations of our own making, for `--shots NAME`
    system: str = ""  # a system message, if the task has one
    rationales: tuple[Form, ...] = ()  # where its releases keep rationales, for `synth import`
    # Of questions that synth built, asked as they stand: the dataset whose checker reads and compares answers to them,
    reader: str = ""
    answer_is: str = ""  # and what x is in words; "": by its kind
    unknown: str = "x"  # stands for the answer in the closing form that the prompt shows
    # Of a task whose questions are made by program: what --source says -> its questions, and what synth.json says.
    makes: Callable[[str], Iterator[Question]] | None = None
    made_from: Callable[[str], Mapping[str, Any]] | None = None
    # What other annotators than A say in place of `instruction`, by their letters.
    annotators: Mapping[str, str] = field(default_factory=dict)

    @property
    def demonstrations(self) -> tuple[Worked, ...]:
        """What can be shown to a model as the task: its set, or its example; none of a task that has neither."""
        alone = (Worked(self.example, self.reasons),) if self.example is not None and self.reasons else ()
        return self.worked or alone

    def closed(self, answer: str) -> str:
        """The closing form with an answer in it, letter for letter: braces of LaTeX and JSON stay as they are."""
        return self.closing.replace("{answer}", answer)

"""Where the rows of a source keep rationales that somebody wrote before: the shapes that `synth import` reads.

A task names those of its own releases (`Task.rationales`); shapes that have nothing to do with a task, such as chats,
stand in synth/importing/forms.py.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One author's rationales in a row. A column may hold a text, several of them in a list, or a chat."""

    text: str  # the column of the rationale, or of the whole reply
    answer: str = ""  # of the answer that it comes to, if that stands apart
    thinking: str = ""  # of what was thought before
    model: str = ""  # of the name of who wrote it
    finish: str = ""  # of why it ended
    whole: str = ""  # of whether it came to its end
    by: str = ""  # who wrote it, if no column says
    parse: Callable[[str], str] | None = None  # what is made of the text before it is read


@dataclass(frozen=True, slots=True)
class Form:
    """A shape of rows with rationales: known by its columns, read part by part."""

    name: str
    parts: tuple[Part, ...]
    marks: tuple[str, ...] = ()  # further columns that rows of this shape have
    question: str = ""  # the column of the question, for rows in which the task finds none
    answer: str = ""  # and that of the right answer
    named: bool = False  # by a user, so it comes before shapes that are told by their columns

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that tell the shape."""
        return (*self.marks, *(part.text for part in self.parts))

"""What a row is to a model that learns the label of an answer alone: its question, or its question with its rationale.

The two models by which the support of a rationale for its answer is measured (Hase et al. 2020, arXiv 2010.04119;
Wiegreffe et al. 2021, arXiv 2010.12762), in the inputs of MaRio (Ramnath et al. 2023, arXiv 2311.02805, its released
code):

    question              explain Which burns? choice: (A) water choice: (B) oil               (B)
    question+rationale    Which burns? choice: (A) water choice: (B) oil explanation: Oil ...  (B)
    yes or no             explain Is ice cold?: choice: no choice: yes                         yes
    any other answer      explain What is 2 + 2?                                               4

The question stands without the words of a task around it, the label is what the row's answer is told apart by.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from synth.answers.reply import canonical
from synth.data.manifest import open_manifest
from synth.errors import UsageError
from synth.questions.cells import LETTERS
from synth.questions.find import known_task
from synth.questions.reading import task_of
from synth.record import Record
from synth.training.mixture import Part, records_of
from synth.training.stored import stored
from synth.validating.checker import Checker, reader_of

Form = Literal["question", "question+rationale"]
YES_NO = ("no", "yes")
MOST_LABELS = 50  # different answers that are a set of labels; more, or more than half of the rows, are open answers


def with_form(record: Record, form: Form, reader: Checker, rationale: str) -> Record:
    """The row as the model reads it: its prompt in this form, the label alone as its completion."""
    question = asked(record, reader)
    prompt = f"explain {question}" if form == "question" else f"{question} explanation: {rationale.strip()}"
    label = label_of(record.answer, record, reader)
    return replace(record, prompt=prompt, rationale="", completion=label, meta={})


def asked(record: Record, reader: Checker) -> str:
    """The question of a row with its choices."""
    task = known_task(record.task)
    text = record.prompt.removesuffix("Answer:").strip()
    text = text.removeprefix(f"{task.label}:" if task is not None else "Question:").strip()
    if reader.kind == "yes_no":
        return f"{text}: {' '.join(f'choice: {label}' for label in YES_NO)}"
    if reader.kind == "option" and (options := reader.options_of(record)):
        question = text.rpartition("\nOptions: ")[0].rstrip() or text
        listed = [f"choice: ({letter}) {option}" for letter, option in zip(LETTERS, options, strict=False)]
        return " ".join([question, *listed])
    return text


def label_of(answer: str, record: Record, reader: Checker) -> str:
    """The label of an answer: (B), yes, or the answer itself."""
    options = reader.options_of(record) if reader.kind == "option" else ()
    found = canonical(answer, reader.kind, options) or answer
    return f"({found})" if reader.kind == "option" else found


def labels_of(record: Record, reader: Checker) -> tuple[str, ...]:
    """The labels that the answer of a row can have; none if the row does not tell."""
    if reader.kind == "yes_no":
        return YES_NO
    options = reader.options_of(record) if reader.kind == "option" else ()
    return tuple(f"({letter})" for letter, _ in zip(LETTERS, options, strict=False))


def closed(records: Iterable[Record]) -> list[str] | None:
    """The labels that rows in a form have, if they are few; None for open answers."""
    found = [record.completion for record in records]
    labels = sorted(set(found))
    return labels if len(labels) <= min(MOST_LABELS, len(found) // 2) else None


def in_form(parts: Sequence[Part], form: Form | None) -> list[Part]:
    """The datasets with each row in a form; unchanged without one.

    A rationale is read out of the row's completion, as it is of what a model writes. Raises UsageError if rationales
    are to be read and there are none.
    """
    if form is None:
        return [*parts]
    if form == "question+rationale" and parts and not any(record.rationale for record in records_of(parts)):
        raise UsageError(f"--form {form}: the rows of {parts[0].folder} have no rationales: give --form question")
    return [replace(part, records=stored(_formed(part, form), Record)) for part in parts]


def _formed(part: Part, form: Form) -> Iterator[Record]:
    task = task_of(open_manifest(part.folder))
    for record in part.records:
        reader = reader_of(record.task, task)
        read = form == "question+rationale" and bool(record.rationale)
        rationale = reader.read_output(record, record.completion).rationale if read else ""
        yield with_form(record, form, reader, rationale)

"""Prompts of teachers and students; the options of a question written as a line and read back."""

import re

from synth.answers.kinds import Kind
from synth.errors import UnknownNameError, UsageError
from synth.questions.cells import LETTERS
from synth.questions.task import Question, Task
from synth.record import Record

# RAFT, appendix D.2: five ways to ask for the same reasoning, from longest to shortest. Only "Let's think step by
# step." is to the letter; the others say in our words what the paper's say.
LENGTHS = {
    "thorough": "Let's analyse the problem thoroughly and explain how it is solved.",
    "detailed": "Let's explain the solution in as much detail as possible.",
    "steps": "Let's think step by step.",
    "brief": "Let's explain the solution in a few words.",
    "shortest": "Let's explain the solution as briefly as we can.",
}
_OPTIONS = re.compile(r"^Options: (.*)$", re.MULTILINE)
ANSWERS: dict[Kind, str] = {
    "number": "a number",
    "option": "the letter of an option",
    "yes_no": "yes or no",
    "date": "a date",
    "text": "the answer",
    "math": "the answer in LaTeX",
}


def student_prompt(task: Task, question: Question, hint: bool = False) -> str:
    """What a student reads: the question and its options, without what a teacher is told about how to answer.

    With `hint` it gives the answer away, as `prompt` does.
    """
    if task.reader and not hint:
        return question.text
    return asked(task, question, "", hint=hint).rstrip()


def options_line(options: tuple[str, ...], correct: str | None = None) -> str:
    """`(A) Entailment (B) Contradiction (C) Neutral`; as a hint, ` (CORRECT)` stands after the right one."""
    return " ".join(
        f"({letter}) {option}{' (CORRECT)' if letter == correct else ''}"
        for letter, option in zip(LETTERS, options, strict=False)
    )


def listed_options(prompt: str) -> tuple[str, ...]:
    """The texts of the options in a prompt's `Options: (A) Yes (B) No`; none if it lists none.

    An option may name others, as in `(C) both (A) and (B)`: it begins where its letter stands last before the next one
    begins.
    """
    listed = _OPTIONS.findall(prompt) if "Options: " in prompt else []
    if not listed or not listed[-1].startswith("(A) "):
        return ()
    line, count, at = listed[-1], 1, 0
    while count < len(LETTERS) and (at := line.find(f" ({LETTERS[count]}) ", at)) >= 0:
        count += 1
    texts: list[str] = []
    for letter in reversed(LETTERS[1:count]):
        line, _, text = line.rpartition(f" ({letter}) ")
        texts.append(text.strip())
    return tuple(reversed([*texts, line[4:].strip()]))


def options_of(record: Record, shared: tuple[str, ...]) -> tuple[str, ...]:
    """The options of a row's question: as the row has them, as all questions do, or as its prompt lists them."""
    own = record.meta.get("options")
    return tuple(own) if isinstance(own, list) else shared or listed_options(record.prompt)


def question_of(task: Task, record: Record) -> Question:
    """The question that `student_prompt` made the prompt of a row from."""
    if task.reader:
        return Question(record.id, record.prompt, (), record.answer)
    text = record.prompt.removeprefix(f"{task.label}:").removesuffix("Answer:")
    options = options_of(record, task.options)
    if options:
        text = text.rpartition("\nOptions: ")[0] or text
    return Question(record.id, text.strip(), options, record.answer)


def prompt(task: Task, question: Question, *, length: str = "steps", hint: bool = False) -> str:
    """What a teacher reads: instruction, closing form, question, options, and how long to reason.

    With `hint` it gives the answer away (STaR's rationalization): ` (CORRECT)` after the option, else the answer in
    parentheses after the question. Raises UsageError for a length that is none, or a hint without an answer.
    """
    return f"{told(task)}\n\n{asked(task, question, LENGTHS[known_length(length)], hint=hint)}"


def told(task: Task) -> str:
    """What has to be done, and how the reply has to close: the part of a prompt that is the same for all questions."""
    what = task.answer_is or ANSWERS[task.kind]
    closing = f'Close with a line "{task.closed(task.unknown)}", where {task.unknown} is {what}.'
    return f"{task.instruction} {closing}".strip()


def asked(task: Task, question: Question, cue: str, *, hint: bool = False) -> str:
    """The question, its options, and how to begin with the answer. Raises UsageError for a hint without an answer."""
    if hint and question.gold is None:
        raise UsageError(f"question {question.id} of {task.name} has no known answer to hint at")
    options = () if task.reader else question.options or task.options
    marked = task.kind == "option" and bool(options)
    text = f"{question.text} ({question.gold})" if hint and not marked else question.text
    if task.reader:
        return f"{text}\n\n{cue}"
    lines = [f"{task.label}: {text}"]
    if options:
        lines.append(f"Options: {options_line(options, question.gold if hint and marked else None)}")
    return "\n".join([*lines, f"Answer: {cue}"])


def known_length(length: str) -> str:
    """Raises UnknownNameError for a length that is none."""
    if length not in LENGTHS:
        raise UnknownNameError("length", length, list(LENGTHS))
    return length


def messages(task: Task, question: Question, *, length: str = "steps", hint: bool = False) -> list[dict[str, str]]:
    """The prompt as a chat."""
    return [*system(task), {"role": "user", "content": prompt(task, question, length=length, hint=hint)}]


def system(task: Task) -> list[dict[str, str]]:
    """The system message that a task begins with, if it has one."""
    return [{"role": "system", "content": task.system}] if task.system else []


def continued(prompt: str, target: str) -> str:
    """The target as a decoder continues its prompt: on a new line if nothing parts the two."""
    parted = prompt[-1:].isspace() or target[:1].isspace()
    return target if parted or not prompt else f"\n{target}"

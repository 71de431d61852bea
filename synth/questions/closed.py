"""Whether the closing form of a task reads back: whether what was filled into it is found again in a reply.

A closing form is filled letter for letter: `{answer}` is replaced and nothing else, so that braces of LaTeX and JSON
are written once.
"""

from collections.abc import Iterator, Mapping

from synth.answers.kinds import Kind
from synth.answers.reply import read_reply, same
from synth.questions.cells import LETTERS
from synth.questions.task import Task

REASONED = "First this, then that.\n"
ANSWERS: Mapping[Kind, tuple[str, ...]] = {
    "number": ("4", "-1080", "3/4"),
    "yes_no": ("yes", "no"),
    "date": ("1776-07-04",),
    "math": ("[0, 1)", "x^2 + 1", r"\frac{\pi}{2}", r"\{1, 2\}", "1/2"),
    "text": ("blue whale", "42", "x"),
}


def closing_fault(task: Task) -> str:
    """What is wrong with the closing form of a task, and what to write instead; "" if nothing is."""
    closing = task.closing
    if "{answer}" not in closing:
        return "closing has to show where the answer stands: The answer is {answer}."
    if (once := _braces_once(closing)) != closing:
        return f"closing is filled letter for letter, so braces are written once: {once!r}"
    for answer in _answers(task):
        reply = REASONED + task.closed(answer)
        options = task.options or (("this", "that") if task.kind == "option" else ())
        if not same(read_reply(reply, task.kind, options, closing=closing).answer, answer, task.kind):
            return (
                f"closing does not read back: in {task.closed(answer)!r} the answer {answer} is not found; put words of"
                " its own before it, such as: The answer is {answer}."
            )
    return ""


def _braces_once(closing: str) -> str:
    """A form that was written for `str.format`, with its braces doubled, without that; any other as it is."""
    try:
        formatted = closing.format(answer="\0")
    except (LookupError, ValueError, AttributeError):
        return closing
    return formatted.replace("\0", "{answer}") if "\0" in formatted else closing


def _answers(task: Task) -> Iterator[str]:
    if task.kind == "option":
        last = len(task.options) or 2
        yield from dict.fromkeys((LETTERS[0], LETTERS[last - 1]))
    yield from ANSWERS.get(task.kind, ())
    if task.example is not None and task.example.gold and not task.example.options:
        yield task.example.gold

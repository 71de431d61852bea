"""What an output says: its answer, its rationale, its steps, by the closing form of its dataset.

    listops      MAX, 9; SUM, 3; answer is 3           what stands behind the last `answer is`, to the end
    arithmetic   <scratch> ... </scratch> 8 8 3        what stands behind the scratchpad
    2wiki        So the final answer is: Paris         what stands behind the last one, to the end of its line
    all others   ... The answer is 18.                 answers/reply.py, by the task's kind of answer and closing form

An output that is an answer and nothing else is one, too. A model that was not trained on the closing form is asked to
close with a sentence that synth/answers/reply.py knows, and is read by it.
"""

import re
from dataclasses import replace
from functools import lru_cache

from synth.answers.kinds import Found, Kind
from synth.answers.reply import canonical, read_reply, same
from synth.questions.find import find_task, task_names
from synth.questions.task import Task
from synth.record import Record
from synth.validators.arithmetic.outputs import END_SCRATCH, _arithmetic
from synth.validators.listops.outputs import _listops
from synth.validators.twowiki.outputs import FINAL, _twowiki, line_break

BUILT: dict[str, Kind] = {"listops": "number", "arithmetic": "number", "2wiki": "text"}
OPTIONS = re.compile(r"^Options: (.*)$", re.MULTILINE)
_LETTER = re.compile(r"(?:^|\s)\([A-Z]\)\s")
_BLANKS = re.compile(r"<Think_\d+>\s?")  # stand for a rationale in models that were trained on blank ones
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")


def kind_of(task: str) -> Kind:
    """Which kind of answer rows of a task have; text where the task is not known."""
    if task in BUILT:
        return BUILT[task]
    return _task(task).kind if task in _names() else "text"


def agree(answer: str | None, gold: str, task: str) -> bool:
    """Whether an answer found is the gold one. Those of 2wiki are compared as its official script does."""
    if answer is None:
        return False
    if task == "2wiki":
        from synth.answers.normalised import normalised

        return normalised(answer) == normalised(gold)
    return same(answer, gold_of(gold, task), kind_of(task))


def gold_of(gold: str, task: str, options: tuple[str, ...] = ()) -> str:
    """The stored answer of a row in the form in which found answers come."""
    text = gold.replace(" ", "") if task == "arithmetic" else gold
    return gold if task == "2wiki" else canonical(text, kind_of(task), options) or gold


def as_stored(answer: str | None, task: str) -> str | None:
    """An answer found in the form of the dataset's stored ones: digits of arithmetic with spaces between."""
    return " ".join(answer) if answer is not None and task == "arithmetic" else answer


def read_output(record: Record, output: str, cut_off: bool = False) -> Found:
    """The answer that an output commits to, and its rationale. Never raises, whatever the output is.

    `cut_off`: the length limit ended it, so it did not come to its answer, whatever it says last.
    """
    text = _BLANKS.sub("", output).strip()
    own = _BY_CLOSING.get(record.task)
    found = own(record, text) if own else None
    found = _as_reply(record, text, cut_off) if found is None else found
    return replace(found, answer=None) if cut_off else found


_BY_CLOSING = {"listops": _listops, "arithmetic": _arithmetic, "2wiki": _twowiki}


def _as_reply(record: Record, text: str, cut_off: bool) -> Found:
    closing = _task(record.task).closing if record.task in _names() else "The answer is {answer}."
    finish = "length" if cut_off else None
    reading = read_reply(text, kind_of(record.task), options_of(record), closing=closing, finish_reason=finish)
    return Found(reading.answer, reading.rationale)


def options_of(record: Record) -> tuple[str, ...]:
    """The texts of the options in a prompt's `Options: (A) Yes (B) No`, else those that the task always has."""
    if record.task in _names() and _task(record.task).options:
        return _task(record.task).options
    listed = OPTIONS.findall(record.prompt)
    return tuple(part.strip() for part in _LETTER.split(listed[-1])[1:]) if listed else ()


def record_of(record: Record, output: str) -> Record:
    """The row as the output has it, for its checker: its rationale, its answer, and what it says as the completion."""
    found = read_output(record, output)
    text = output.strip()
    lead = record.completion[: len(record.completion) - len(record.completion.lstrip())]
    answer = found.answer or ""
    if record.task == "arithmetic":
        answer = text.rpartition(END_SCRATCH)[2].strip()
    if record.task == "2wiki" and not answer:  # its checker reads no steps before there is an answer
        gap, answer = line_break(record), record.answer
        text = gap.join(["Yes.", found.rationale, f"{FINAL} {answer}"])
    return replace(record, rationale=found.rationale, answer=answer, completion=lead + text)


def steps_of(task: str, rationale: str) -> list[str]:
    """The steps of a rationale: of listops between semicolons, of arithmetic its lines, of 2wiki each follow-up with
    its intermediate answer, of others lines, or sentences where there is one line."""
    text = rationale.strip()
    if task == "listops":
        steps = text.split("; ")
    elif task == "2wiki":
        steps = re.split(r"(?<=\S)\W*?(?=Follow up: )", text)
    elif "\n" in text or task == "arithmetic":
        steps = text.split("\n")
    else:
        steps = _SENTENCE.split(text)
    return [step.strip() for step in steps if step.strip()]


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(task_names())


@lru_cache(maxsize=64)
def _task(name: str) -> Task:
    return find_task(name)

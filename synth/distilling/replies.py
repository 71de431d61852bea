"""What a reply says, and whether it is right: by the gold answer, by the checker of the dataset that the question was
built for, or by the program that scores a task's answers."""

from synth.answers.finish import end_of
from synth.answers.reply import Outcome, Reading, read_reply
from synth.answers.turns import split_thinking
from synth.attempts.attempt import RIGHT, judged
from synth.questions.prompts import student_prompt
from synth.questions.task import Question, Task
from synth.record import Record
from synth.teachers.exchange import Reply
from synth.validating.checker import Checker, reader_of


def reading_of(task: Task, question: Question, reply: Reply) -> Reading:
    """What a reply says, read as the task has it."""
    if question.entry or task.reader:
        return _scored(reader_of(task.name, task), _row(task, question), reply)
    return read_reply(
        reply.text, task.kind, question.options or task.options, closing=task.closing, thinking=reply.thinking,
        finish_reason=reply.finish_reason,
    )  # fmt: skip


def outcome_of(task: Task, question: Question, reading: Reading) -> str:
    """`right` or `wrong` if a reply has an answer, else why it has none."""
    if reading.outcome == "answered" and (question.entry or task.reader):
        right = reader_of(task.name, task).right(_row(task, question), reading.answer)
        return RIGHT if right else "wrong"
    return judged(reading, question.gold, task.kind)


def _row(task: Task, question: Question) -> Record:
    meta = {"entry": question.entry}
    return Record(question.id, task.name, student_prompt(task, question), "", question.gold or "", "", meta)


def _scored(reader: Checker, row: Record, reply: Reply) -> Reading:
    end = end_of(reply.finish_reason)
    _, inline = split_thinking(reply.text or "")
    thinking = "\n\n".join(part for part in (reply.thinking.strip(), inline) if part)
    found = reader.read_output(row, reply.text or "", cut_off=end != "whole")
    if end != "whole":
        return Reading("refusal" if end == "filtered" else "truncated", None, found.rationale, thinking, "")
    empty = not (reply.text or "").strip()
    outcome: Outcome = "answered" if found.answer is not None else "empty" if empty else "no_answer"
    return Reading(outcome, found.answer, found.rationale, thinking, found.answer or "")

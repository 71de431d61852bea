"""Reads demonstrations as rows: out of a file, a dataset folder, or what a task has of its own.

A file may have any form that sources of questions have. A line of it is a row of a dataset; a chat of one question and
one reply (`messages`); `prompt` and `completion`; or a question as the task's source has it (or as in the example
below) with a `rationale`, or with one where the task's releases keep theirs:

    {"question": "Ana has 3 pens and buys 4. How many has she?", "rationale": "3 + 4 = 7.", "answer": "7"}

Beside these may stand the `verdict` of a judge, with its `analysis`, for `synth judge`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.answers.reply import read_reply
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import FolderError, SourceError
from synth.questions.files import rows
from synth.questions.find import known_task
from synth.questions.layouts import PLAIN, PLAIN_INLINE, Reader
from synth.questions.loading import checked
from synth.questions.prompts import question_of, student_prompt
from synth.questions.reading import no_source, own_options
from synth.questions.task import Question, Task, Worked
from synth.record import FIELDS, Record, Scalar, Texts
from synth.validating.checker import reader_of

LINE = "a row of a dataset, {messages} or {prompt, completion}"
QUESTION = ", or {question, rationale, answer}"  # of question-answering tasks
TEXTS = ("id", "task", "prompt", "rationale", "answer", "completion")


def of_folder(folder: Path) -> list[Record]:
    """The rows of a dataset folder's training split, or of its first one.

    Raises FolderError for what is no dataset folder.
    """
    splits = open_manifest(folder)["splits"]
    return list(read(folder, "train" if "train" in splits else next(iter(splits)), typed=True))


def of_worked(task: Task, worked: Worked) -> Record:
    """A demonstration of the program's own as a row of its task."""
    return row_of(task, worked.question, worked.rationale, f"{task.name}/shots/{worked.question.id}")


def row_of(task: Task, question: Question, rationale: str = "", id: str = "") -> Record:
    """A question as a row, in the form in which `synth distill` writes rows; without a rationale the answer alone."""
    answer = question.gold or ""
    closed = task.closed(answer)
    meta: dict[str, Scalar | Texts] = {"source_id": question.id}
    if own_options(task):
        meta["options"] = list(question.options)
    if question.entry:
        meta["entry"] = question.entry
    return Record(
        id or f"{task.name}/{question.id}", task.name, student_prompt(task, question), rationale, answer,
        f" {rationale}\n{closed}" if rationale else f" {closed}", meta,
    )  # fmt: skip


def of_file(path: Path, name: str, task: Task | None) -> list[Record]:
    """The demonstrations of a file, for rows of the task `name`.

    Raises SourceError, with the line, for what is none, or does not come to its own answer.
    """
    task = None if task is None else _readable(task)
    return [_right(record, task, where) for record, where in _lines(path, name, task)]


def _readable(task: Task) -> Task:
    """The task with what reads lines as its questions: as its sources have them, or in plain columns.

    The task of a folder does not know the columns of its source: they are those of the program's task of that name.
    """
    own = known_task(task.name) if task.read is no_source else task
    if own is None or own.kind != task.kind:
        own = replace(task, read=Reader())
    if not isinstance(own.read, Reader):
        return replace(task, read=own.read, rationales=own.rationales)
    plain = PLAIN_INLINE if own_options(task) else PLAIN
    read = Reader(*own.read.layouts, plain, replace(plain, gold="answer"))
    return replace(task, read=read, rationales=own.rationales)


def _lines(path: Path, name: str, task: Task | None) -> Iterator[tuple[Record, str]]:
    layouts = task.read.layouts if task is not None and isinstance(task.read, Reader) else ()
    try:
        for entry in rows(path, None, layouts):
            where = f"--shots {entry.where}"
            yield _Line(entry.row, entry.number, name, task, where).record(), where
    except OSError as error:
        raise FolderError.from_os(error, f"--shots {path}") from error


@dataclass(frozen=True)
class _Line:
    """A line of a file, to be read as a row."""

    row: Mapping[str, Any]
    number: str
    name: str
    task: Task | None
    where: str

    def record(self) -> Record:
        record = self._whole()
        if "verdict" not in self.row:
            return record
        said = {"verdict": self.row["verdict"], "detail": str(self.row.get("analysis") or "")}
        return replace(record, provenance={**(record.provenance or {}), "verdicts": [said]})

    def _whole(self) -> Record:
        row = self.row
        if all(name in row for name in FIELDS):
            return self._typed(Record(**{name: row[name] for name in FIELDS}))
        if "messages" in row:
            return self._said(*self._chat(row["messages"]))
        if "prompt" in row and "completion" in row:
            return self._said(row["prompt"], row["completion"])
        if self.task is None:
            raise SourceError(f"{self.where} has {', '.join(row) or 'nothing'}: give {LINE}")
        return self._of_question(self.task)

    def _typed(self, record: Record) -> Record:
        wrong = [name for name in TEXTS if not isinstance(getattr(record, name), str)]
        if wrong or not isinstance(record.meta, Mapping | None):
            raise SourceError(f"{self.where}: its {', '.join(wrong) or 'meta'} is not as a row of a dataset has it")
        return record if record.meta is not None else replace(record, meta={})

    def _chat(self, messages: Any) -> tuple[Any, Any]:
        said = [m for m in messages if isinstance(m, Mapping)] if isinstance(messages, list) else []
        turns = [message for message in said if message.get("role") != "system"]
        if [turn.get("role") for turn in turns] != ["user", "assistant"]:
            raise SourceError(f"{self.where}: its messages are not one of the user and then one of the assistant")
        return turns[0].get("content"), turns[1].get("content")

    def _said(self, prompt: Any, completion: Any) -> Record:
        """A prompt and the reply to it, whose rationale and answer are read as an output's are, if they do not stand
        beside."""
        if not all(isinstance(text, str) and text.strip() for text in (prompt, completion)):
            raise SourceError(f"{self.where}: its question and its reply have to be texts")
        row, name = self.row, str(self.row.get("task") or self.name)
        meta = row.get("meta")
        record = Record(self._id(), name, prompt, "", "", completion, meta if isinstance(meta, Mapping) else {})
        reader = reader_of(name, self.task)
        if self.task is None and reader.cues and not any(cue in prompt for cue in reader.cues):
            ends = " or ".join(map(repr, reader.cues))
            raise SourceError(f"{self.where} is no question of {name}, which ends with {ends}: {prompt[-40:]!r}")
        found = reader.read_output(record, completion)
        answer, rationale = row.get("answer") or reader.as_stored(found.answer), row.get("rationale")
        if answer is None:
            raise SourceError(f"{self.where} comes to no answer that can be read: ...{completion.strip()[-60:]!r}")
        rationale = rationale if isinstance(rationale, str) else found.rationale
        whole = replace(record, answer=str(answer), rationale=rationale)
        return self._closed(_right(whole, self.task, self.where) if found.answer is not None else whole)

    def _closed(self, record: Record) -> Record:
        """The row as its task closes, whatever words the file has for that; one of a built dataset as it is."""
        if self.task is None or self.task.name != record.task:
            return record
        question = question_of(self.task, record)
        return replace(row_of(self.task, question, record.rationale.strip(), record.id), meta=record.meta)

    def _of_question(self, task: Task) -> Record:
        try:
            question = task.read(self.row, self.number)
        except (LookupError, TypeError, ValueError, AttributeError, SourceError) as error:
            raise SourceError(f"{self.where} is no question of {task.name} ({error}): give {LINE}{QUESTION}") from error
        if question is None:
            raise SourceError(f"{self.where} is no question that {task.name} takes: leave the line out")
        question = checked(task, question, self.where)
        if question.gold is None:
            raise SourceError(f"{self.where} has no answer: add one, a demonstration comes to it")
        return row_of(task, question, self._rationale(task, question), "" if "id" in self.row else self._id())

    def _rationale(self, task: Task, question: Question) -> str:
        """The column `rationale`, or what stands where a release of the task keeps its own; "" if nothing does."""
        if isinstance(own := self.row.get("rationale"), str):
            return own.strip()
        for form in task.rationales:
            if all(isinstance(self.row.get(column), str) for column in form.columns):
                part = form.parts[0]
                text = part.parse(self.row[part.text]) if part.parse else self.row[part.text]
                return read_reply(text, task.kind, question.options or task.options, closing=task.closing).rationale
        return ""

    def _id(self) -> str:
        return str(self.row.get("id") or f"{self.name}/shots/{self.number}")


def _right(record: Record, task: Task | None, where: str) -> Record:
    """The row, if its completion comes to its answer. Raises SourceError otherwise."""
    reader = reader_of(record.task, task)
    said = reader.read_output(record, record.completion).answer
    if not reader.right(record, said):
        raise SourceError(f"{where} comes to {said!r} and its answer is {record.answer!r}: mend it or leave it out")
    return record

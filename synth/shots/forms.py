r"""Demonstrations as a model gets them: as turns of a chat, within one message, or as text that a base model goes on.

turns   user: question   assistant: rationale and answer   user: the row's question
text    user: question, rationale and answer, ..., the row's question
plain   rows as the dataset has them, prompt and completion joined, a blank line between two; then the row's prompt
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from synth.questions.find import known_task
from synth.questions.prompts import LENGTHS, asked, continued, known_length, messages, question_of, system, told
from synth.questions.task import Question, Task
from synth.record import Record
from synth.shots.draw import Shots
from synth.shots.options import How
from synth.shots.rows import row_of
from synth.validating.checker import find

BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question to a chat model: what it has to do, what is asked, and, of a demonstration, the reply."""

    head: str  # "" if nothing is said beside the question
    asked: str
    said: str = ""


def chat(shots: Sequence[Turn], last: Turn, how: How) -> list[dict[str, str]]:
    """Demonstrations and the question behind them as messages. What has to be done is said again only if it changes."""
    users = list(_with_heads([*shots, last]))
    if how == "text":
        told = [f"{user}\n{shot.said}" for user, shot in zip(users, shots, strict=False)]
        return [{"role": "user", "content": BETWEEN.join([*told, users[-1]])}]
    messages = []
    for user, shot in zip(users, shots, strict=False):
        messages += [{"role": "user", "content": user}, {"role": "assistant", "content": shot.said}]
    return [*messages, {"role": "user", "content": users[-1]}]


def _with_heads(turns: Iterable[Turn]) -> Iterable[str]:
    before = ""
    for turn in turns:
        yield f"{turn.head}\n\n{turn.asked}" if turn.head and turn.head != before else turn.asked
        before = turn.head


def ask(
    task: Task, question: Question, shots: Shots | None, *, length: str = "steps", hint: bool = False
) -> list[dict[str, str]]:
    """The chat in which a teacher is asked a question, behind demonstrations if there are some.

    Each is asked as the question is, with its answer given away if that of the question is, and closes as its task
    does. Raises UsageError as `prompt` of synth/questions/prompts.py.
    """
    if shots is None:
        return messages(task, question, length=length, hint=hint)
    cue = LENGTHS[known_length(length)]
    last = Turn(told(task), asked(task, question, cue, hint=hint))
    shown = [turn(shot, cue, task, hint=hint) for shot in shots.of(row_of(task, question))]
    return [*system(task), *chat(shown, last, shots.how)]


def turn(shot: Record, cue: str, task: Task | None = None, *, hint: bool = False, direct: bool = False) -> Turn:
    """A demonstration of a question-answering task: of `task`, or of the one that its row names.

    direct: the answer alone.
    """
    own = task if task is not None and task.name == shot.task else known_task(shot.task)
    if own is None:
        return Turn("", shot.prompt, shot.completion.strip())
    question = question_in(own, shot)
    closed = own.closed(question.gold or "")
    said = closed if direct or not shot.rationale else f"{shot.rationale.strip()}\n{closed}"
    return Turn(told(own), asked(own, question, cue, hint=hint), said)


def question_in(task: Task, record: Record) -> Question:
    """The question of a row; of a dataset that was built, as a model that was not trained on it is asked."""
    question, reader = question_of(task, record), find(task.reader) if task.reader else None
    if reader is None:
        return question
    answer = record.answer if task.kind == "text" else reader.key(record.answer)
    return replace(question, text=reader.without_cue(record.prompt), gold=answer)


def block(record: Record) -> str:
    """A row as one text, as a decoder is trained on it."""
    return record.prompt + continued(record.prompt, record.completion.rstrip())


def plain(shots: Sequence[Record], prompt: str) -> str:
    """Demonstrations in front of a prompt, for a model that knows no chats; the prompt alone without any."""
    return BETWEEN.join([*map(block, shots), prompt])


def in_front(record: Record, shots: Shots) -> Record:
    """The row with its demonstrations in front of its prompt: what a base model reads, or is trained on with them."""
    return replace(record, prompt=plain(shots.of(record), record.prompt))

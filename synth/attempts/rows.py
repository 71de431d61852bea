"""A settled question as rows of the dataset, as a line of rejected.jsonl, and as lines of attempts.jsonl."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from synth.answers.reply import Reading
from synth.attempts.attempt import Attempt, Settled, rationale_of, shown
from synth.questions.prompts import student_prompt
from synth.questions.reading import own_options
from synth.questions.task import Question, Task
from synth.record import Record, Rejected
from synth.teachers.exchange import Reply

Origin = Callable[[Attempt, Reply, Reading, int], dict[str, Any]]  # of how many attempts: `provenance` of a row


def reason(settled: Settled) -> str:
    """Why nothing of a question is kept: the commonest outcome of its attempts, of equals the last; `no_answer` if it
    was not asked, as nobody could tell which answer is right; `no_majority` if its answers were voted on in vain."""
    if not settled.attempts:
        return "no_answer"
    commonest = Counter(shown(attempt) for attempt in reversed(settled.attempts)).most_common(1)[0][0]
    return "no_majority" if commonest == "answered" else commonest


def left_out(rejected: Counter[str]) -> str:
    """How many questions are left out for which reason, as a part of a line."""
    drops = ", ".join(f"{count:,} {why}" for why, count in rejected.most_common())
    return f"; questions left out: {drops}" if drops else ""


def rows_of(settled: Settled, task: Task, provenance: Origin, vote: bool = False) -> Iterator[Record]:
    """The rows that are kept of a question; after a vote with the label that the source has, which may be another."""
    for place, attempt in enumerate(settled.kept, start=1):
        reply, reading = attempt.reply, attempt.reading
        if reply is None or reading is None or settled.answer is None:
            continue
        row_id = f"{task.name}/{settled.question.id}" + (f"/{place}" if place > 1 else "")
        # Of several right answers that of the reply, to which its reasons lead.
        answer = reading.answer if settled.question.entry and reading.answer else settled.answer
        meta = {
            "source_id": settled.question.id,
            "confidence": settled.confidence,
            "words": len(reading.rationale.split()),
            **({"options": list(settled.question.options)} if own_options(task) else {}),
            **({"label": settled.question.gold} if vote else {}),
            **({"entry": settled.question.entry} if settled.question.entry else {}),
        }
        yield Record(
            row_id, task.name, student_prompt(task, settled.question), reading.rationale, answer,
            f" {reading.rationale}\n{task.closed(answer)}", meta,
            provenance(attempt, reply, reading, len(settled.attempts)),
        )  # fmt: skip


def answer_alone(task: Task, question: Question, split: str, columns: Iterable[str]) -> Record:
    """A question with its answer and nothing between, as a row of a split. Nobody wrote anything, so there is no
    provenance. columns: of meta, that the rows of its folder have."""
    answer = question.gold or ""
    known: dict[str, Any] = {
        "source_id": question.id, "words": 0, "options": list(question.options), "entry": question.entry,
    }  # fmt: skip
    return Record(
        f"{task.name}/{split}/{question.id}", task.name, student_prompt(task, question), "", answer,
        f" {task.closed(answer)}", {name: known.get(name) for name in columns},
    )  # fmt: skip


def request_key(attempt: Attempt) -> str:
    """The key that the reply lies under in the request store."""
    key = attempt.reply.key if attempt.reply else ""
    return key or (attempt.request.key() if attempt.request else "")


def rejected_of(settled: Settled, task: Task) -> Rejected | None:
    """The question as a line of rejected.jsonl, if nothing of it is kept."""
    if settled.kept:
        return None
    said = [attempt.reading.said if attempt.reading else attempt.detail for attempt in settled.attempts]
    detail = f"{len(said)} attempts; the last said {said[-1][:200]!r}" if said else "its right answer cannot be read"
    row_id = f"{task.name}/{settled.question.id}"
    return Rejected(row_id, reason(settled), detail, settled.question.text, settled.question.gold or "")


def attempt_lines(settled: Settled, task: Task) -> Iterator[dict[str, Any]]:
    """Every attempt at a question, for pairs of right and wrong rationales and for analysis."""
    kept = {id(attempt) for attempt in settled.kept}
    for attempt in settled.attempts:
        reading, reply = attempt.reading, attempt.reply
        yield {
            "id": f"{task.name}/{settled.question.id}",
            "attempt": attempt.number,
            "hinted": attempt.hinted,
            "outcome": attempt.outcome,
            "kept": id(attempt) in kept,
            "prompt": student_prompt(task, settled.question),
            "rationale": rationale_of(attempt),
            "answer": reading.answer if reading else None,
            "gold": settled.question.gold,
            "text": reply.text if reply else None,
            "thinking": reading.thinking if reading else "",
            "finish_reason": reply.finish_reason if reply else None,
            "prompt_tokens": reply.prompt_tokens if reply else 0,
            "completion_tokens": reply.completion_tokens if reply else 0,
            "error": attempt.detail,
            "request": request_key(attempt),
        }

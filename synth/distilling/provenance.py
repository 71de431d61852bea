"""What the provenance of a row says of the teacher that wrote it."""

from typing import Any

import orjson

from synth.answers.reply import VERSION, Reading
from synth.attempts.attempt import Attempt
from synth.attempts.rows import request_key
from synth.teachers.catalogue import Teacher
from synth.teachers.exchange import Reply


def provenance(
    teacher: Teacher, annotator: str | None, attempt: Attempt, reply: Reply, reading: Reading, attempts: int
) -> dict[str, Any]:
    """Which teacher wrote the rationale of an attempt, at which of so many attempts, and what was paid.

    annotator: who told it what to do, of a task for which several people did.
    """
    sampling = attempt.request.sampling if attempt.request else {}
    return {
        "teacher": teacher.name,
        "model": reply.model,
        "system_fingerprint": reply.fingerprint,
        "attempt": attempt.number,
        "attempts": attempts,
        "hinted": attempt.hinted,
        "request": request_key(attempt),
        "sampling": orjson.dumps(sampling, option=orjson.OPT_SORT_KEYS).decode(),
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "cost": teacher.cost(reply.prompt_tokens, reply.completion_tokens),
        "extractor": VERSION,
        "thinking": reading.thinking,
        **({} if annotator is None else {"annotator": annotator}),
    }

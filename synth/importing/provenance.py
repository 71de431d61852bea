"""What the provenance of a row says of a rationale that nobody was asked for: where it stood, and who wrote it."""

from typing import Any

from synth.answers.reply import VERSION, Reading
from synth.attempts.attempt import Attempt
from synth.data.survey import PROVENANCE
from synth.importing.settle import Met
from synth.teachers.exchange import Reply


def provenance(met: Met, attempt: Attempt, reply: Reply, reading: Reading, attempts: int) -> dict[str, Any]:
    """The columns of a row that a teacher was asked for, of which those are null that only who asks can know."""
    place = met.written[attempt.number - 1][1]
    known = {
        "model": reply.model or None,
        "attempt": attempt.number,
        "attempts": attempts,
        "finish_reason": reply.finish_reason,
        "extractor": VERSION,
        "thinking": reading.thinking,
        "source": place.file,
        "sha256": place.sha256,
        "row": place.row,
    }
    return {**dict.fromkeys(PROVENANCE), **known}

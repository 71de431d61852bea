"""what an output of listops says: answer, steps"""

from synth.answers.kinds import Found
from synth.answers.reply import canonical
from synth.record import Record

# Each reads what its builder writes, and answers None for an output in another form: that may be a teacher's reply.


def _listops(record: Record, text: str) -> Found | None:
    before, closing, said = text.rpartition("answer is")
    answer = canonical(said, "number")
    if answer is None:
        return None
    return Found(answer, before.removesuffix("; ") if before.endswith("; ") else text if closing else "")

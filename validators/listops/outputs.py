"""What an output says that is in the form of ListOps: `MAX, 9; SUM, 3; answer is 3`."""

from synth.answers.kinds import Found
from synth.answers.reply import canonical
from synth.record import Record


def read_own(record: Record, text: str) -> Found | None:
    """What stands behind the last `answer is`, to the end; None for another form, which may be a teacher's reply."""
    before, closing, said = text.rpartition("answer is")
    answer = canonical(said, "number")
    if answer is None:
        return None
    return Found(answer, before.removesuffix("; ") if before.endswith("; ") else text if closing else "")

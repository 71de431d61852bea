"""What an output says that is in the form of a scratchpad: `<scratch> ... </scratch> 8 8 3`."""

import re
from dataclasses import replace

from synth.answers.kinds import Found
from synth.answers.reply import canonical
from synth.record import Record
from synth.validating import checker

SCRATCH, END_SCRATCH = "<scratch>", "</scratch>"


def read_own(record: Record, text: str) -> Found | None:
    """What stands behind the scratchpad; None for another form, which may be a teacher's reply."""
    pad, closing, said = text.rpartition(END_SCRATCH)
    spelled = re.fullmatch(r"\d(?: ?\d){0,99}", said.strip(), re.ASCII)
    if SCRATCH not in text and not spelled:
        return None
    return Found(compared(spelled[0]) if spelled else None, pad + closing or text)


def compared(answer: str) -> str:
    """The number without the spaces between its digits."""
    bare = answer.replace(" ", "")
    return canonical(bare, "number") or bare


def stored(answer: str) -> str:
    """A space between every two digits."""
    return " ".join(answer)


def record_of(record: Record, output: str, found: Found) -> Record:
    """The row as an output has it; its answer is what stands behind the scratchpad, whatever that is."""
    said = output.strip().rpartition(END_SCRATCH)[2].strip()
    return replace(checker.record_of(record, output, found), answer=said)

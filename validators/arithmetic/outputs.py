"""the same of arithmetic"""

import re

from synth.answers.kinds import Found
from synth.answers.reply import canonical
from synth.record import Record

SCRATCH, END_SCRATCH = "<scratch>", "</scratch>"


def _arithmetic(record: Record, text: str) -> Found | None:
    pad, closing, said = text.rpartition(END_SCRATCH)
    spelled = re.fullmatch(r"\d(?: ?\d){0,99}", said.strip(), re.ASCII)
    if SCRATCH not in text and not spelled:
        return None
    return Found(canonical(spelled[0].replace(" ", ""), "number") if spelled else None, pad + closing or text)

"""What an output says that is in the form of 2WikiMultiHopQA: `So the final answer is: Paris`."""

import re
from dataclasses import replace

from synth.answers.kinds import Found
from synth.record import Record
from synth.validating import checker
from synth.validators.twowiki.reading import FIRST_FACT

FINAL = "So the final answer is:"
_CLOSED = re.compile(r"\banswer(?: is\b|:)", re.IGNORECASE)


def read_own(record: Record, text: str) -> Found | None:
    """What stands behind the last closing form, to the end of its line, in the words of the output; None for another
    form, which may be a teacher's reply."""
    gap = line_break(record)
    before, closing, said = text.rpartition(FINAL)
    if closing:
        return Found(said.strip().split(gap.strip(" ") or "\n")[0].strip() or None, _chain(before, gap))
    if "Follow up:" in text:
        return Found(None, _chain(text, gap))
    if _CLOSED.search(text):
        return None
    if text == "Yes." and not record.prompt.endswith("Answer:"):  # says that follow-ups are needed
        return Found(None, "")
    return Found(text, "") if text and "\n" not in text and len(text.split()) <= 20 else None


def _chain(text: str, gap: str) -> str:
    """The follow-ups, without the cue before them and the line break behind them."""
    start = text.find("Follow up:")
    return text[start:].removesuffix(gap).rstrip() if start >= 0 else ""


def line_break(record: Record) -> str:
    """What stands for a line break in a row of 2wiki, which was built with one of its own for T5."""
    first = FIRST_FACT.search(record.prompt)
    return first[1] if first else "\n"


def record_of(record: Record, output: str, found: Found) -> Record:
    """The row as an output has it. Without an answer it gets the right one: steps are checked up to where they came."""
    if found.answer is None:
        gap = line_break(record)
        said = gap.join(["Yes.", found.rationale, f"{FINAL} {record.answer}"])
        return checker.record_of(record, said, replace(found, answer=record.answer))
    return checker.record_of(record, output, found)

"""the same of 2wiki"""

import re

from synth.answers.kinds import Found
from synth.record import Record

FINAL = "So the final answer is:"
_BREAK = re.compile(r"Facts:(.{1,40}?)Fact #0: ", re.DOTALL)  # what a 2wiki row has for its line breaks
_CLOSED = re.compile(r"\banswer(?: is\b|:)", re.IGNORECASE)


def _twowiki(record: Record, text: str) -> Found | None:
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
    found = _BREAK.search(record.prompt)
    return found[1] if found else "\n"

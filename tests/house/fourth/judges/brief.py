"""Judges whether a rationale is short enough to be read at a glance."""

from synth.data.verdict import Judge, Verdict
from synth.record import Record

LONGEST = 36  # characters


def judge(record: Record, **known: object) -> Verdict:
    return Verdict("brief", "brief" if len(record.rationale) <= LONGEST else "lengthy", f"{len(record.rationale)}")


JUDGE = Judge("brief", ("brief", "lengthy"), judge)

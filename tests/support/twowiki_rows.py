"""Rows and records of 2WikiMultiHopQA for tests: built from the made-up sample, whole or with fields changed."""

from dataclasses import replace
from typing import Any

import orjson

from synth.builders import twowiki
from synth.builders.twowiki.evidence import Step, check
from synth.builders.twowiki.source import locate
from synth.builders.twowiki.tidy import read as read_record
from synth.record import Record, Rejected

SAMPLES = {split: orjson.loads(locate("sample", "auto")[split][0].path.read_bytes()) for split in ("train", "test")}
Rows = list[Record | Rejected]


def make(split: str = "test", **options: Any) -> Rows:
    """The rows and drops of a split of the made-up records (or of another source)."""
    config = twowiki.Config(**options)
    twowiki.check(config)
    return [row for item in twowiki.items(config, split) for row in twowiki.records(config, split, 0, item)]


def kept(split: str = "test", **options: Any) -> list[Record]:
    return [row for row in make(split, **options) if isinstance(row, Record)]


def dropped(split: str = "test", **options: Any) -> dict[str, str]:
    """Reason by id."""
    return {row.id: row.reason for row in make(split, **options) if isinstance(row, Rejected)}


def one(rows: list[Record], id: str) -> Record:
    return next(row for row in rows if row.id == f"2wiki/{id}")


def record(id: str, **changes: Any) -> dict[str, Any]:
    """A made-up record with some fields changed."""
    found = next(each for split in SAMPLES.values() for each in split if each["_id"] == id)
    return {**found, **changes}


def chain(id: str, **changes: Any) -> tuple[Step, ...]:
    return check(read_record(record(id, **changes)))


Parsed = list[tuple[str, str, str, str]]  # question word, relation, subject, object


def written(row: Record, steps: Parsed, answer: str | None = None) -> Record:
    lines = [f"Follow up: {w} is the {r} of {s}?\nIntermediate answer: {o}" for w, r, s, o in steps]
    return rewritten(row, lines, answer)


def rewritten(row: Record, lines: list[str], answer: str | None = None) -> Record:
    rationale, final = "\n".join(lines), row.answer if answer is None else answer
    closing = f" Yes.\n{rationale}\nSo the final answer is: {final}"
    return replace(row, rationale=rationale, answer=final, completion=closing)

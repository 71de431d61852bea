"""The row that every verb reads or writes, and the line that is written for a row that is not kept."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

Scalar = str | int | float | bool | None
Texts = list[str]  # the options of a question


@dataclass(frozen=True, slots=True)
class Record:
    """One question with its rationale and its answer. No verb changes a record in place."""

    id: str  # the recipe of the row: <dataset>/<variant>/<split>/<seed>/<index>, or <task>/<source id>
    task: str  # listops, 2wiki, arithmetic, ...
    prompt: str  # what the student reads
    rationale: str  # the steps; "" if there are none
    answer: str  # the gold answer in canonical form
    completion: str  # what the student must write: rationale and answer in the task's own closing form
    meta: Mapping[str, Scalar | Texts]  # typed columns of the dataset; a builder's META names their types
    provenance: Mapping[str, Any] | None = None  # distilled rows only: teacher, attempt, cost, verdicts


@dataclass(frozen=True, slots=True)
class Rejected:
    """A source row that was dropped; it goes to rejected.jsonl."""

    id: str
    reason: str  # a short identifier, counted in synth.json: broken_chain, prompt_too_long, ...
    detail: str  # what exactly was wrong, for a person
    question: str = ""
    answer: str = ""
    group: str = ""  # of the builder's GROUP column, such as a question type


FIELDS = tuple(field.name for field in fields(Record))

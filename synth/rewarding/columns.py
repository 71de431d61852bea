"""What a reward has to know of a row: the columns of synth/rewarding/batch.py, out of a row of a dataset folder."""

from collections.abc import Mapping
from typing import Any

import orjson

from synth import registry
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import Checker, reader_of, settings_of


def settings_text(manifest: Mapping[str, Any]) -> str:
    """What the step checker has to know of a folder, as JSON."""
    known = {name: value for name, value in settings_of(manifest).items() if name != "task"}
    return orjson.dumps(known, option=orjson.OPT_SORT_KEYS).decode()


def columns_of(record: Record, task: Task | None, settings: str) -> dict[str, Any]:
    """The columns of a row but its prompt. task: that of its folder, if a teacher explained it; settings: as JSON."""
    reader = reader_of(record.task, task)
    return {
        "answer": record.answer, "task": record.task, **_read_as(record, reader, task), "settings": settings,
        "steps": len(reader.steps(record.rationale)) if record.rationale else 0,
        "meta": orjson.dumps(dict(record.meta), option=orjson.OPT_SORT_KEYS).decode(),
    }  # fmt: skip


def _read_as(record: Record, reader: Checker, task: Task | None) -> dict[str, Any]:
    """How the answer is read, if the name of the task does not say it to a program that knows no such task."""
    explained = task.reader if task is not None and task.name == record.task else ""
    if registry.has("validators", record.task) and not explained:
        return {}
    options = list(reader.options_of(record)) if reader.kind == "option" else []
    known = {"kind": reader.kind, "closing": reader.closing, **({"options": options} if options else {})}
    return {**known, **({"reader": explained} if explained else {})}

"""Outputs for people to read: some wrong, some right, cut into their steps, the first wrong step marked."""

from collections.abc import Sequence
from typing import Any

from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.reporting.read import Evaluation
from synth.reporting.settings import Group, kind
from synth.validating.checker import reader_of

WRONG, RIGHT = 3, 1
SETTINGS = 8  # whose outputs are shown
LONGEST = 1_200  # characters of a prompt or a step


def examples(grouped: Sequence[Group]) -> list[dict[str, Any]]:
    """Of the first seed of each setting that writes rationales; of others only if no setting does."""
    usable = [group for group in grouped if group.members[0].rows.ids]
    telling = [group for group in usable if kind(group.members[0]) == "with"] or usable
    return [
        {"label": group.label, "data": group.data, "rows": _chosen(group.members[0])} for group in telling[:SETTINGS]
    ]


def _chosen(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Wrong ones first, of these the ones whose wrong step is known, and no fault twice while there are others."""
    wrong = sorted(evaluation.rows.wrong, key=lambda row: row.get("first_wrong_step") is None)
    faults = [row.get("fault") for row in wrong]
    new = [row for place, row in enumerate(wrong) if row.get("fault") not in faults[:place]]
    rest = [row for place, row in enumerate(wrong) if row.get("fault") in faults[:place]]
    chosen = (new + rest)[:WRONG] + evaluation.rows.right[:RIGHT]
    name, task = str(evaluation.data.get("task") or ""), task_of({**evaluation.facts, "distilled": {"task": ""}})
    return [_example(row, name, task) for row in chosen]


def _example(row: dict[str, Any], name: str, task: Task | None) -> dict[str, Any]:
    output, gold, prompt = (str(row.get(name) or "") for name in ("output", "gold", "prompt"))
    record = Record(str(row["id"]), name, prompt, "", gold, "", row.get("meta") or {})
    reader = reader_of(name, task)
    rationale = reader.read_output(record, output).rationale.strip()
    steps = reader.steps(rationale) if rationale else []
    marked = row.get("first_wrong_step")
    place = marked if isinstance(marked, int) and 0 <= marked < len(steps) else None
    closing = output.rpartition(rationale)[2].strip(" ;\n") if rationale else output
    answer = None if row.get("answer") is None else _short(str(row["answer"]))
    return {
        "id": str(row["id"]), "prompt": _short(prompt), "steps": [_short(step) for step in steps], "first_wrong": place,
        "closing": _short(closing), "answer": answer, "gold": _short(gold), "correct": row["correct"],
        "fault": row.get("fault"), "confidence": row.get("confidence"),
    }  # fmt: skip


def _short(text: str) -> str:
    more = len(text) - LONGEST
    return text if more <= 0 else f"{text[:LONGEST]} ... ({more:,} more characters)"

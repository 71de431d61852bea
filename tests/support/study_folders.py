"""Small folders as `synth study` writes them, made by hand for tests: cells, evaluations, and no model.

Outcomes are laid out, not drawn: a condition of accuracy 0.62 has exactly 62 of 100 rows right, so that every delta is
known beforehand.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from report_folders import MADE_BY, write_lines

from synth.statistics.calibration import calibration, ece_interval
from synth.statistics.intervals import interval

METRICS = {
    "accuracy": "correct", "rationale_f1_1": "f1_1", "rationale_f1_2": "f1_2", "loops": "loop", "words": "words",
}  # fmt: skip


def some_rows(
    task: str, right: Sequence[bool], confidence: float | None = None, kinds: Sequence[str] = ("plain",),
    prompts: Sequence[str] | None = None, explained: bool = True,
) -> list[dict[str, Any]]:  # fmt: skip
    """The lines of predictions.jsonl of questions of which those are right. All have one confidence."""
    return [
        {"id": f"{task}/{at}", "prompt": prompts[at] if prompts else f"question {at} of {task}", "output": "answer",
         "outputs": [], "answer": "1" if ok else "0", "gold": "1", "correct": bool(ok), "contained": bool(ok),
         "f1_1": 0.9 if explained else None, "f1_2": 0.8 if explained else None, "loop": False, "words": 9,
         "confidence": confidence, "fault": None, "meta": {"type": kinds[at % len(kinds)]}}
        for at, ok in enumerate(right)
    ]  # fmt: skip


def share(accuracy: float, rows: int = 100) -> list[bool]:
    """So many rows right that the accuracy comes out, the first ones."""
    return [at < round(accuracy * rows) for at in range(rows)]


class AStudy:
    """A study folder under construction: add cells, then write()."""

    def __init__(self, folder: Path, name: str = "small") -> None:
        self.folder, self.name = folder, name
        self.cells: list[dict[str, Any]] = []
        folder.mkdir(parents=True)

    def cell(
        self, block: str, rows: Mapping[str, list[dict[str, Any]]] | list[dict[str, Any]], *, trained: bool = True,
        told: Mapping[str, Any] | None = None, run: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None, **axes: Any,
    ) -> None:  # fmt: skip
        """A cell; `rows` are its predictions, of one test set, by split, or by FOLDER/SPLIT.

        told: other fields of the cell, such as its state; run, facts: those of synth-run.json and metrics.json that are
        not as usual.
        """
        axes = {"seed": 0, **axes}
        name = "-".join([block, *map(str, axes.values())]).replace("/", "-")
        by_split = rows if isinstance(rows, Mapping) else {"test": rows} if rows else {}
        done = (told or {}).get("state", "done") == "done"
        if trained and done:
            self._run(name, axes, run or {})
        owner = name if trained else None
        made = [
            self._evaluation(name, axes, split, lines, owner, facts or {}) for split, lines in by_split.items() if done
        ]
        self.cells.append(
            {"block": block, "axes": axes, "data": None, "run": f"runs/{name}" if trained else None,
             "evaluations": made, "difficulty": None, "quality": None, "state": "done", "why": None, **(told or {})}
        )  # fmt: skip

    def _run(self, name: str, axes: Mapping[str, Any], more: Mapping[str, Any]) -> None:
        folder = self.folder / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        facts = {**_run_facts(axes), **more}
        (folder / "synth-run.json").write_text(json.dumps(facts))
        write_lines(folder / "log.jsonl", [{"step": at, "examples": 8 * at, "tokens": 90 * at, "loss": 1 / at}
                                           for at in (5, 10)])  # fmt: skip

    def _evaluation(
        self, name: str, axes: Mapping[str, Any], split: str, rows: list[dict[str, Any]], run: str | None,
        more: Mapping[str, Any],
    ) -> str:  # fmt: skip
        path = f"evals/{name}-{split.replace('/', '-')}"
        folder = self.folder / path
        folder.mkdir(parents=True, exist_ok=True)
        target = axes.get("target", "rationale")
        prompting = "direct" if run is None and axes.get("prompting") == "direct" else "rationale"
        task = str(axes.get("task") or rows[0]["id"].split("/")[0])
        data, _, split = split.rpartition("/")
        facts = {
            "made_by": MADE_BY, "command": "synth eval", "model": run or str(axes.get("model", "tiny")),
            "run": _run_facts(axes) if run else None, "target": target if run else "rationale", "prompting": prompting,
            "data": {"folder": data or task, "split": split, "rows": len(rows), "task": task, "sha256": task},
            "samples": 10 if rows[0]["confidence"] is not None else 1, "temperature": 0.8, **_figures(rows),
            "complete": True, **more,
        }  # fmt: skip
        (folder / "metrics.json").write_text(json.dumps(facts))
        write_lines(folder / "predictions.jsonl", rows)
        return path

    def difficulty(self, task: str, **measures: float) -> str:
        """A difficulty folder of a task; returns its path."""
        folder = self.folder / "difficulty" / task
        folder.mkdir(parents=True, exist_ok=True)
        figures = {name: {"value": value, "low": value, "high": value, "n": 100} for name, value in measures.items()}
        (folder / "difficulty.json").write_text(json.dumps({"task": task, "model": "base", **figures}))
        return f"difficulty/{task}"

    def write(self) -> Path:
        told = {"study": self.name, "made_by": MADE_BY, "file": "ab", "cells": self.cells}
        (self.folder / "study.json").write_text(json.dumps(told))
        return self.folder


def _run_facts(axes: Mapping[str, Any]) -> dict[str, Any]:
    task = str(axes.get("task", "sums"))
    return {
        "made_by": MADE_BY, "command": "synth train llama", "trainer": "llama", "model": str(axes.get("model", "tiny")),
        "target": axes.get("target", "rationale"), "blank_tokens": None, "line_break": "\n", "closing": None,
        "data": [{"folder": task, "split": "train", "rows": 1000, "weight": 1.0, "sha256": "ab", "task": task}],
        "config": {"epochs": 3}, "seed": axes.get("seed", 0), "parameters": 1000, "steps": 10, "examples_seen": 80,
        "tokens_seen": 900, "train_seconds": 1.0, "cpu_seconds": 1.0, "best": None, "versions": {}, "complete": True,
    }  # fmt: skip


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = sorted({row["meta"]["type"] for row in rows})
    by = {kind: _means([row for row in rows if row["meta"]["type"] == kind]) for kind in kinds}
    metrics, known = _means(rows), None
    if rows[0]["confidence"] is not None:
        pairs = [row["confidence"] for row in rows], [float(row["correct"]) for row in rows]
        known, metrics["ece"] = calibration(*pairs), ece_interval(*pairs)
    return {"metrics": metrics, "by": {"type": by} if len(kinds) > 1 else {}, "calibration": known}


def _means(rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = {name: [None if row[key] is None else float(row[key]) for row in rows] for name, key in METRICS.items()}
    return {name: found for name, values in columns.items() if (found := interval(values))}

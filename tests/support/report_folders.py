"""Small run and evaluation folders as `synth train` and `synth eval` write them, made by hand for tests."""

import json
import math
from pathlib import Path
from random import Random
from typing import Any

from synth.statistics.calibration import calibration, ece_interval
from synth.statistics.intervals import interval

MADE_BY = "rationale-synth 0.1.0"
DATA = {"folder": "listops-medium", "split": "train", "rows": 1000, "weight": 1.0, "sha256": "ab", "task": "listops"}
CONFIG = {"learning_rate": 3e-4, "epochs": 3, "batch_size": 32}
SHOWN = {  # metric -> column of predictions.jsonl
    "accuracy": "correct",
    "rationale_f1_1": "f1_1",
    "steps_right": "steps_right",
    "loops": "loop",
    "words": "words",
}


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def a_run(folder: Path, target: str = "rationale", seed: int = 0, **others: Any) -> Path:
    """A run of 200 steps with a loss that falls; `others` replace facts of synth-run.json."""
    folder.mkdir(parents=True)
    facts = {
        "made_by": MADE_BY, "command": "synth train t5", "trainer": "t5", "model": "from-scratch tiny",
        "target": target, "blank_tokens": None, "line_break": "\n", "closing": None, "data": [DATA],
        "config": {**CONFIG, "seed": seed, "out": str(folder)}, "seed": seed, "parameters": 912_384, "steps": 200,
        "examples_seen": 6400, "tokens_seen": 400_000, "train_seconds": 61.5, "cpu_seconds": 120.0, "best": None,
        "versions": {"python": "3.11.7"}, "complete": True, **others,
    }  # fmt: skip
    (folder / "synth-run.json").write_text(json.dumps(facts))
    long, rate = (60, 50) if target == "rationale" else (30, 80)
    random, lines = Random(f"{target}/{seed}"), []
    for step in range(10, 201, 10):
        loss = 0.3 + 2.5 * math.exp(-step / rate) + random.gauss(0, 0.03)
        lines.append({"step": step, "examples": step * 32, "tokens": step * 32 * long, "loss": loss})
        if step % 50 == 0:
            right = 0.8 - 0.7 * math.exp(-step / rate / 2)
            lines.append({"step": step, "epoch": step / 67, "eval_loss": loss + 0.1, "eval_accuracy": right})
    write_lines(folder / "log.jsonl", lines)
    return folder


def an_evaluation(
    folder: Path, right: float = 0.7, rows: int = 60, run: Path | None = None, samples: int = 1, **others: Any
) -> Path:
    """An evaluation with about that share of right answers; `others` replace facts of metrics.json."""
    folder.mkdir(parents=True)
    facts = json.loads((run / "synth-run.json").read_text()) if run else None
    target = facts["target"] if facts else "rationale"
    salt = f"{run.name if run else folder.name}"
    found = [a_row(place, Random(f"{salt}/{place}"), right, samples, target) for place in range(rows)]
    kept = ("trainer", "model", "target", "seed", "data", "config", "steps", "parameters")
    metrics = {
        "made_by": MADE_BY, "command": "synth eval", "model": str(run) if run else "some/model",
        "run": {name: facts[name] for name in kept} if facts else None,
        "data": {"folder": "listops-medium", "split": "test", "rows": rows, "task": "listops", "sha256": "cd"},
        "target": target, "prompting": "rationale", "samples": samples, "temperature": 0.8 if samples > 1 else 0.0,
        **figures(found, samples), "complete": True, **others,
    }  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(metrics))
    write_lines(folder / "predictions.jsonl", found)
    return folder


def a_row(place: int, random: Random, right: float, samples: int, target: str) -> dict[str, Any]:
    depth = place % 4 + 1
    # Every seventh question is hard for all models, so that two models fail on the same ones.
    chance = max(0.0, min(1.0, right + 0.2 - 0.1 * depth + (0.15 if place % 7 else -0.3)))
    correct, gold = random.random() < chance, str(place % 10)
    answer = gold if correct else str((place + 3) % 10)
    explained = target == "rationale"
    steps = f"MIN, compare [4 7], smallest is 4, answer is 4; MAX, compare [2 4 0], largest is 4, answer is {answer}; "
    output = f"{steps if explained else ''}answer is {answer}"
    sure = min(1.0, max(0.1, round(random.gauss(0.75 if correct else 0.5, 0.15), 1))) if samples > 1 else None
    return {
        "id": f"listops/preset=explained-30/test/0/{place}", "prompt": f"[MAX 2 [MIN 4 7 ] 0 {place} ]",
        "output": output, "outputs": [output] * samples if samples > 1 else [], "answer": answer, "gold": gold,
        "correct": correct, "contained": correct, "last_character": correct, "f1_1": 0.9, "f1_2": 0.8,
        "steps_right": correct if explained else None, "first_wrong_step": 1 if explained and not correct else None,
        "fault": "wrong_step" if explained and not correct else None, "loop": False, "words": len(output.split()),
        "tokens": 30, "confidence": sure, "meta": {"depth": depth, "type": ("MAX", "MIN")[place % 2]},
    }  # fmt: skip


def figures(rows: list[dict[str, Any]], samples: int) -> dict[str, Any]:
    """The parts of metrics.json that are worked out from predictions."""
    by: dict[str, Any] = {}
    for column in ("depth", "type"):
        for value in sorted({row["meta"][column] for row in rows}):
            by.setdefault(column, {})[str(value)] = means([row for row in rows if row["meta"][column] == value])
    metrics, known = means(rows), None
    if samples > 1:
        pairs = [row["confidence"] for row in rows], [float(row["correct"]) for row in rows]
        known, metrics["ece"] = calibration(*pairs), ece_interval(*pairs)
    return {"metrics": metrics, "by": by, "calibration": known}


def means(rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = {name: [None if row[key] is None else float(row[key]) for row in rows] for name, key in SHOWN.items()}
    return {name: found for name, values in columns.items() if (found := interval(values))}

"""Small run folders as `synth train star` writes them, made by hand for tests: figures and no model."""

import json
from pathlib import Path
from random import Random
from typing import Any

from report_folders import MADE_BY, write_lines

from synth.statistics.intervals import interval

DATA = {"folder": "sums", "split": "train", "rows": 4000, "weight": 1.0, "sha256": "ef", "task": "arithmetic"}
DIGITS = {"1": 0.9, "2": 0.12, "3": 0.02}  # share that the base has right
ROWS = 100  # of each


def a_loop(
    folder: Path, rationalize: bool = True, seed: int = 0, iterations: int = 3, complete: bool = True,
    controls: tuple[str, ...] = ("few-shot-only", "direct"), column: str | None = "digits", **config: Any,
) -> Path:  # fmt: skip
    """A run whose held-out accuracy climbs, faster with rationalization."""
    folder.mkdir(parents=True)
    asked = {"rationalize": rationalize, "iterations": iterations, "seed": seed, "control": controls, **config}
    facts = {
        "made_by": MADE_BY, "command": "synth train star", "trainer": "star", "model": "from-scratch tiny",
        "target": "rationale", "line_break": None, "data": [DATA], "config": asked, "seed": seed, "versions": {},
        "complete": complete,
    }  # fmt: skip
    facts |= {"blank_tokens": 0, "parameters": 100_544, "steps": 600} if complete else {}
    (folder / "synth-run.json").write_text(json.dumps(facts))
    done = [an_iteration(folder, number, rationalize, seed, column) for number in range(iterations + 1)]
    lines = [{"step": 600 * n, "loss": one["trained"]["loss"], **one} for n, one in enumerate(done[1:], start=1)]
    write_lines(folder / "log.jsonl", lines)
    for name in controls:
        found = {
            "control": name, "beside": iterations, "trained": {"steps": 600, "loss": 0.01},
            "held": held(1 if name == "direct" else 0, False, seed, column), "seconds": {"control": 9.5},
        }  # fmt: skip
        write(folder / "controls" / name / "metrics.json", found)
    return folder


def an_iteration(folder: Path, number: int, rationalize: bool, seed: int, column: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"iteration": number, "held": held(number, rationalize, seed, column)}
    if number:
        own, hinted = 100 + 100 * number, 600 - 100 * number if rationalize else 0
        right = {"attempts": 1000, "questions": 1000, "accuracy": share(own, 1000), "by": {}, "tokens": 50_000,
                 "right_by_wrong_steps": {"n": own, "wrong": 5}, "outcomes": {}}  # fmt: skip
        told = {**right, "attempts": 800, "accuracy": share(hinted, 800), "tokens": 40_000,
                "right_by_wrong_steps": {"n": hinted, "wrong": 30}}  # fmt: skip
        found |= {
            "asked": right, "hinted": told if rationalize else None,
            "kept": {"rows": own + hinted, "own": own, "hinted": hinted, "questions": own + hinted, "asked": 1000,
                     "pool": 4000, "used": {"own": own / 1000, "hinted": hinted / 1000}},
            "drift": {"words": 30 + number, "words_of_shots": 28.0, "new_word_pairs": 0.02 * number},
            "trained": {"steps": 600 + 20 * number, "examples_seen": 96, "tokens_seen": 590_000, "loss": 0.3 / number},
            "seconds": {"generating": 10.0, "keeping": 0.5, "training": 20.0, "measuring": 2.0},
        }  # fmt: skip
    write(folder / "iterations" / f"{number:03}" / "metrics.json", found)
    return found


def held(number: int, rationalize: bool, seed: int, column: str | None) -> dict[str, Any]:
    random = Random(f"{number}/{rationalize}/{seed}")
    counts = {}
    for digits, base in DIGITS.items():
        grown = 1 - (1 - base) * (0.35 if rationalize else 0.8 if digits == "2" else 1.0) ** number
        counts[digits] = round(ROWS * min(1.0, max(0.0, grown + random.uniform(-0.02, 0.02))))
    by = {column: {digits: share(right, ROWS) for digits, right in counts.items()}} if column else {}
    return {"accuracy": share(sum(counts.values()), ROWS * len(DIGITS)), "by": by}


def share(right: int, rows: int) -> dict[str, Any]:
    found = interval([1.0] * right + [0.0] * (rows - right))
    assert found
    return found


def write(path: Path, facts: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))

"""Small run folders as `synth train mario` writes them, made by hand for tests: figures, texts, and no model."""

import json
from pathlib import Path
from typing import Any

from report_folders import MADE_BY, write_lines

from synth.statistics.intervals import interval

DATA = {"folder": "sums", "split": "train", "rows": 40, "weight": 1.0, "sha256": "ef", "task": "arithmetic"}
REWARDS, AUDIT = ("accuracy", "diversity"), ("length",)
ROWS = 40
OLD = 7  # the seed of a run of a release that told no ends of what tokens steer


def a_tuned_run(
    folder: Path, layout: str | None = "classic", seed: int = 0, rounds: int = 3, complete: bool = True,
    collapsed: str = "", **config: Any,
) -> Path:  # fmt: skip
    """A run whose rewards climb from round to round; its audit falls. With `filter` and `sft` there are no tokens."""
    folder.mkdir(parents=True)
    start = f"sft-{seed}"
    asked = {"start": start, "reward": REWARDS, "audit": AUDIT, "layout": layout, "seed": seed, **config}
    facts: dict[str, Any] = {
        "made_by": MADE_BY, "command": "synth train mario", "trainer": "mario", "model": start, "target": "rationale",
        "line_break": None, "data": [{**DATA, "sha256": f"of {seed}"}], "config": asked, "seed": seed, "versions": {},
        "complete": complete, "rewards": REWARDS, "audit": AUDIT,
    }  # fmt: skip
    told = {"best": rounds, "rounds": rounds, "collapsed": collapsed, "quality": [0.5] * rounds}
    facts |= {"blank_tokens": 0, "parameters": 100_544, "steps": 20, "mario": told} if complete else {}
    (folder / "synth-run.json").write_text(json.dumps(facts))
    teacher = folder / "rounds" / "000"
    teacher.mkdir(parents=True)
    (teacher / "metrics.json").write_text(json.dumps({"round": 0, "sampled": of_the_teacher()}))
    done = [a_round(folder, number, layout, seed) for number in range(1, rounds + 1)]
    write_lines(
        folder / "log.jsonl", [{"step": 20 * one["round"], "loss": one["trained"]["loss"], **one} for one in done]
    )
    return folder


def of_the_teacher() -> dict[str, Any]:
    """What is told of its rows, half of them saying the same; three quarters are right."""
    right = [float(at % 4 > 0) for at in range(ROWS)]
    rewards = {"accuracy": interval(right), "diversity": interval([0.5] * ROWS), "length": interval([1.0] * ROWS)}
    return {"texts": ROWS, "read": ROWS, "rewards": rewards, "words": 3.0, "different": 21 / 40, "empty": 0.0}


def a_round(folder: Path, number: int, layout: str | None, seed: int) -> dict[str, Any]:
    bare, sft = layout in ("filter", "sft"), layout == "sft"
    right = 20 + 4 * number + seed
    rewards = {
        "accuracy": interval([1.0] * right + [0.0] * (ROWS - right)), "diversity": interval([0.1 * number, 0.3] * 20),
        "length": interval([1 - 0.2 * number] * ROWS),
    }  # fmt: skip
    steers = {
        name: {
            "best": 0.5 + 0.1 * number,
            "random": 0.5,
            "worst": 0.4,
            "best_minus_worst": 0.1 + 0.1 * number,
            **({} if seed == OLD else {"low": 0.1 * number - 0.1, "high": 0.1 * number + 0.3}),
        }
        for name in (*REWARDS, *AUDIT)
    }
    found: dict[str, Any] = {
        "round": number,
        "sampled": {"texts": 0 if sft else ROWS + 5, "read": 0 if sft else ROWS, "rewards": {} if sft else rewards,
                    "none": {}, "words": None if sft else 10.0 + number, "tokens": 900,
                    "different": None if sft else 0.75, "empty": None if sft else 0.05, "left_out": {"no_answer": 5}},
        "pool": {"rows": 40 + (0 if sft else 40 * number), "teacher": 40, "spread": {"accuracy": 1.0}},
        "scores": {}, "bins": {} if bare else {"accuracy": {"bins": 2, "edges": [1, 0]}},
        "paid": REWARDS, "audit": AUDIT,
        "trained": {"steps": 20, "examples_seen": 160, "tokens_seen": 4000, "loss": 1 / number,
                    **({} if sft else {"kl": 0.02 * number, "entropy": 1.5})},
        "held": {"accuracy": interval([1.0] * right + [0.0] * (ROWS - right)), "by": {}},
        "steering": {} if bare else steers,
        "seconds": {"sampling and scoring": 3.0, "training": 5.0, "measuring": 2.0},
    }  # fmt: skip
    place = folder / "rounds" / f"{number:03}"
    place.mkdir(parents=True)
    (place / "metrics.json").write_text(json.dumps(found))
    return found

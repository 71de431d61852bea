"""Study folders like that of self-ask (Mathews et al.) and that of explained ListOps (Ballout et al.), made by hand.

To look at their pages: `python study_others.py OUT`, which makes OUT/self-ask and OUT/listops.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

from study_folders import AStudy, share, some_rows

SIZES = (("t5-small", 0.0), ("t5-base", 0.04), ("t5-large", 0.06))  # and what each adds to accuracy
KINDS = ("bridge_comparison", "comparison", "compositional", "inference")
# What both, the first alone, the second alone and none get right of 1,000 questions: a correlation of .38, and each
# answers 38% and 53% of the other's misses (section 5.1: self-ask Flan-T5 few-shot, direct T5 zero-shot).
COUNTS = (616, 158, 86, 140)
SELF_ASK = [True] * (COUNTS[0] + COUNTS[1]) + [False] * (COUNTS[2] + COUNTS[3])
DIRECT = [True] * COUNTS[0] + [False] * COUNTS[1] + [True] * COUNTS[2] + [False] * COUNTS[3]


MORE = [
    ("t5-small", "rationale", "zero", 0.41), ("t5-small", "rationale", "few", 0.70),
    ("t5-small", "answer", "few", 0.11), ("flan-t5-small", "rationale", "zero", 0.73),
    ("flan-t5-small", "answer", "zero", 0.66), ("flan-t5-small", "answer", "few", 0.47),
]  # fmt: skip


def prompts(right: Sequence[bool], long: int) -> list[str]:
    """Prompts of 40 to 46 words, and `long` words more if the question is not answered."""
    return [" ".join(["word"] * (40 + at % 7 + (0 if ok else long))) for at, ok in enumerate(right)]


def self_ask(folder: Path, others: bool = True) -> Path:
    """As studies/self-ask.toml has it: no axis of tasks, data of its own for each style, rows with typos beside them.

    Without `others` the best of each style alone.
    """
    study = AStudy(folder, "self-ask")
    best = {"rationale": ("flan-t5-small", "few", SELF_ASK, 2), "answer": ("t5-small", "zero", DIRECT, 12)}
    for target, (model, shots, right, long) in best.items():
        tuned(study, right, long, target=target, shots=shots, model=model)
    for model, target, shots, accuracy in MORE if others else ():
        random = Random(f"{model}/{target}/{shots}")
        tuned(study, [random.random() < accuracy for _ in SELF_ASK], 3, target=target, shots=shots, model=model)
    return study.write()


def tuned(study: AStudy, right: Sequence[bool], long: int, **axes: str) -> None:
    """A cell measured on rows as they are, and on the first hundred with a typo: every other one loops there."""
    rows = some_rows("2wiki", right, kinds=KINDS, prompts=prompts(right, long), explained=axes["target"] == "rationale")
    typos = [
        {**row, "id": f"{row['id']}/typo", "correct": row["correct"] and at % 2 > 0, "loop": at % 2 == 0,
         "meta": {**row["meta"], "source_id": row["id"]}} for at, row in enumerate(rows[:100])
    ]  # fmt: skip
    name = f"2wiki-{axes['target']}-{axes['shots']}"
    study.cell("tuning", {f"{name}/test": rows, f"{name}-typo/test": typos}, **axes)


def listops(folder: Path, seeds: int = 2, models: int = 3) -> Path:
    """As studies/explained-listops.toml has it: two blocks with the same axes, length none without a target, splits."""
    study = AStudy(folder, "explained-listops")
    for block, plus in (("equal-examples", 0.0), ("equal-compute", 0.02)):
        for model, bonus in SIZES[:models]:
            for length, value in (("none", 0.5), ("short", 0.6), ("medium", 0.75), ("long", 0.85)):
                for seed in range(seeds):
                    right = value + bonus + plus + 0.01 * seed
                    rows = {
                        f"{length}/{split}": some_rows("listops", share(right - less), explained=length != "none")
                        for split, less in (("test", 0.0), ("test_longer", 0.15), ("test_larger", 0.4))
                    }
                    run = {"data": [{"folder": length, "split": "train", "task": "listops"}]}
                    study.cell(block, rows, run=run, length=length, model=model, seed=seed)
    return study.write()


if __name__ == "__main__":
    self_ask(Path(sys.argv[1]) / "self-ask")
    listops(Path(sys.argv[1]) / "listops")

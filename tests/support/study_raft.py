"""A study folder with RAFT's eighteen tasks, made by hand, to look at a page of that size: `python study_raft.py OUT`.

The gains are made up: four far above 0, most a little below, as section 3 of the paper tells them.
"""

import sys
from pathlib import Path
from random import Random

from study_folders import AStudy, some_rows

GAINS = {  # task: accuracy without, gain
    "gsm8k": (0.14, 0.51), "multiarith": (0.30, 0.55), "asdiv": (0.36, 0.43), "svamp": (0.33, 0.45),
    "arc-challenge": (0.52, 0.12), "arc-easy": (0.70, 0.06), "commonsenseqa": (0.74, -0.03), "creak": (0.79, -0.04),
    "cr": (0.92, -0.01), "sst2": (0.95, -0.02), "trec": (0.95, -0.06), "agnews": (0.92, -0.05), "paws": (0.91, -0.08),
    "qqp": (0.87, -0.09), "commitmentbank": (0.83, 0.01), "anli": (0.55, 0.02), "wic": (0.70, -0.06),
    "winogrande": (0.72, -0.07),
}  # fmt: skip
BASE = "llama-2-7b"
LENGTHS = ("thorough", "detailed", "steps", "few words", "short")


def raft(folder: Path, seeds: int = 3, rows: int = 200) -> Path:
    study = AStudy(folder, "raft")
    for place, task in enumerate(GAINS):
        main(study, task, rows, seeds, place)
    for task in ("trec", "sst2", "anli", "arc-challenge", "winogrande"):
        without, gain = GAINS[task]
        for axis, values in (("length", LENGTHS), ("annotator", "ABC")):
            for place, value in enumerate(values):
                lines = drawn(task, without + gain + 0.01 * place, rows, 0.75, f"{task}/{value}")
                study.cell(axis, lines, task=task, target="rationale", model=BASE, **{axis: value})
    for task in ("wic", "qqp", "winogrande"):
        lines = drawn(task, GAINS[task][0], rows, 0.94, f"{task}/blank")
        study.cell("blank", lines, task=task, target="blank", model=BASE)
    for task in ("qqp", "cr", "gsm8k"):
        both(study, "mixture", task, rows, model=BASE, mixture="polarity")
        both(study, "mixture", task, rows, model=BASE, mixture="full")
        for rate in ("5e-7", "5e-6", "5e-5"):
            both(study, "search", task, rows, model=BASE, lr=rate)
    failed = {"state": "failed", "why": "out of memory"}
    study.cell("models", [], told=failed, task="qqp", target="rationale", model="llama-2-13b")
    left_out = {"state": "left out", "why": "over the budget"}
    study.cell("models", [], told=left_out, task="cr", target="rationale", model="qwen-7b")
    for task in ("gsm8k", "arc-challenge", "cr", "qqp", "paws", "anli"):
        both(study, "models", task, rows, model="llama-2-7b-chat")
        both(study, "models", task, rows, model="llama-3.1-8b")
    return study.write()


def main(study: AStudy, task: str, rows: int, seeds: int, place: int) -> None:
    without, gain = GAINS[task]
    characters = 160 + 220 * (1 - without) + 9 * (place % 4)
    hard = None if task == "wic" else study.difficulty(task, characters=characters, words=characters / 6)
    for seed in range(seeds):
        for target, accuracy, sure in (("answer", without, 0.95), ("rationale", without + gain, 0.75)):
            lines = drawn(task, accuracy, rows, sure, f"{task}/{target}/{seed}")
            study.cell("main", lines, told={"difficulty": hard}, task=task, target=target, model=BASE, seed=seed)
    for prompting, accuracy in (("direct", without * 0.7), ("rationale", without * 0.7 + gain / 3)):
        lines = drawn(task, accuracy, rows, 0.6, f"{task}/{prompting}")
        told = {"difficulty": hard}
        study.cell("prompting", lines, trained=False, told=told, task=task, prompting=prompting, model=BASE)


def both(study: AStudy, block: str, task: str, rows: int, **axes: str) -> None:
    for target, accuracy in (("answer", GAINS[task][0] + 0.02), ("rationale", sum(GAINS[task]))):
        lines = drawn(task, accuracy, rows, 0.8, f"{task}/{axes}/{target}")
        study.cell(block, lines, task=task, target=target, **axes)


def drawn(task: str, accuracy: float, rows: int, sure: float, salt: str) -> list[dict[str, object]]:
    random = Random(salt)
    lines = some_rows(task, [random.random() < accuracy for _ in range(rows)], sure)
    for line in lines:
        right = 0.9 if line["correct"] else 0.55
        line["confidence"] = round(min(1.0, max(0.1, random.gauss((sure + right) / 2, 0.12))), 1)
    return lines


if __name__ == "__main__":
    raft(Path(sys.argv[1]))

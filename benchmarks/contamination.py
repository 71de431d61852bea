"""How fast rows are compared with a benchmark, beside what it takes to cut the same rows into words.

    python benchmarks/contamination.py --rows 100000 --json

CPU seconds in one process, and bytes of peak memory. The benchmark has 100,000 made-up questions of 45 words. Rows are
ListOps expressions, whose words are mostly unknown to it, and made-up questions out of its own words, the worst case.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from synth.builders import listops
from synth.validating.contamination import Contamination, words

CHUNK = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast rows are compared with a benchmark.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = list(measure(given.rows, given.questions, Path(folder)))
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    for figure in figures:
        print("  ".join(f"{name} {value}" for name, value in figure.items()))


def measure(rows: int, questions: int, folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / "questions.jsonl"
    with path.open("wb") as file:
        for text in made_up(questions, seed=1):
            file.write(orjson.dumps({"question": text}) + b"\n")
    start = time.process_time()
    Contamination(str(path))
    yield {"what": "index", "questions": questions, "seconds": round(time.process_time() - start, 2)}
    expressions = [listops.record(listops.Config(), "train", 0, number).prompt for number in range(CHUNK)]
    for what, prompts in {"listops": expressions, "own words": list(made_up(CHUNK, seed=2))}.items():
        yield {"what": what, **compared(Contamination(str(path)), prompts, rows)}


def compared(contamination: Contamination, prompts: list[str], rows: int) -> dict[str, Any]:
    ids = [str(number) for number in range(len(prompts))]
    taken, limit = 0.0, 0.0
    for _ in range(rows // len(prompts)):
        start = time.process_time()
        contamination.add(ids, prompts)
        middle = time.process_time()
        for prompt in prompts:
            words(prompt)
        taken, limit = taken + middle - start, limit + time.process_time() - middle
    return {
        "rows": rows // len(prompts) * len(prompts),
        "seconds": round(taken, 2),
        "times cutting into words": round(taken / limit, 2),
        "rows hit": contamination.report()["rows_hit"],
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def made_up(count: int, seed: int) -> Iterator[str]:
    """Questions whose words are as unequally common as those of English (Zipf)."""
    draw = random.Random(seed)
    vocabulary = [f"w{number}" for number in range(20_000)]
    weights = [1 / (number + 3) for number in range(len(vocabulary))]
    for _ in range(count):
        yield " ".join(draw.choices(vocabulary, weights, k=45))


if __name__ == "__main__":
    main()

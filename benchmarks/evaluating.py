"""How fast a checkpoint writes in batches ordered by length, beside other batches of the same rows:

    python benchmarks/evaluating.py --rows 256 --json

A tiny Llama with random weights reads expressions of ListOps, 5 to 200 tokens long, and is made to stop when it has
written half as many tokens as it read, as a model does that writes a step for each operator. Four ways take turns:
batches ordered by length (what `synth eval` does), batches in the order of the data, the same padded to the longest
prompt of all, and one row at a time. Counted are the tokens that are read and written, without padding, a second;
figures are medians, and only ratios of one run carry over to other machines.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from synth.models.generate import Checkpoint, Decoding, batches
from synth.models.load import load

WAYS = {
    "by length": "ordered by length (synth eval)",
    "data order": "in the order of the data",
    "all padded": "in the order of the data, padded to the longest of all",
    "one by one": "one row at a time",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a checkpoint writes, by how its batches are made.")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--times", type=int, default=3, help="times that each is run; the median counts")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(given.rows, given.batch_size, given.times, Path(folder))
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def measure(rows: int, batch_size: int, times: int, folder: Path) -> list[dict[str, Any]]:
    """Tokens a second of each way, and how many times the order of the data that is."""
    prompts = [expression(Random(row), 4 ** Random(-row).uniform(1, 3.8)) for row in range(rows)]
    checkpoint = tiny(prompts, folder)
    ids = checkpoint.encode(prompts, chat=False)
    tokens = sum(len(each) + len(each) // 2 for each in ids)
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(times):
        for way, found in seconds.items():
            found.append(timed(checkpoint, ids, way, batch_size))
    rates = {way: tokens / statistics.median(found) for way, found in seconds.items()}
    return [{"way": way, "tokens_per_second": rate, "ratio": rate / rates["data order"]} for way, rate in rates.items()]


def timed(checkpoint: Checkpoint, ids: Sequence[list[int]], way: str, batch_size: int) -> float:
    decoding = Decoding(max_new_tokens=256, batch_size=1 if way == "one by one" else batch_size)
    lengths = [len(each) for each in ids]
    longest = max(lengths) if way == "all padded" else None
    with padded_to(checkpoint, longest):
        start = time.perf_counter()
        for batch in batches(lengths, decoding, by_length=way == "by length"):
            checkpoint.write([ids[row] for row in batch], [str(row) for row in batch], decoding)
        return time.perf_counter() - start


@contextmanager
def padded_to(checkpoint: Checkpoint, longest: int | None) -> Iterator[None]:
    """Every batch is padded to this length, None: to that of its longest row."""
    pad = checkpoint.tokenizer.pad
    if longest is not None:
        checkpoint.tokenizer.pad = lambda rows, **how: pad(rows, **how, padding="max_length", max_length=longest)
    yield
    checkpoint.tokenizer.pad = pad


def expression(random: Random, size: float) -> str:
    return f"[{random.choice(['MIN', 'MAX', 'SUM'])} {' '.join(str(random.randrange(10)) for _ in range(int(size)))} ]"


def tiny(prompts: list[str], folder: Path) -> Checkpoint:
    from synth.models import scratch
    from synth.record import Record
    from synth.training.trainer import find

    records = [Record(str(row), "listops", prompt, "", "", "", {}) for row, prompt in enumerate(prompts)]
    tokenizer = scratch.make_tokenizer(records, "tiny", decoder=True)
    find("llama").architecture.make(tokenizer, "tiny", 512).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    checkpoint = load(str(folder))
    checkpoint.model.generate = stopping(checkpoint)
    return checkpoint


def stopping(checkpoint: Checkpoint) -> Any:
    """`generate` that ends each row at half the length of its prompt."""
    write, end = checkpoint.model.generate, checkpoint.tokenizer.eos_token_id

    def generate(**given: Any) -> Any:
        left = given["attention_mask"].sum(dim=1) // 2

        def force(_: Any, scores: Any) -> Any:
            nonlocal left
            left = left - 1
            scores[:, end] = float("-inf")
            scores[left <= 0, end] = float("inf")
            return scores

        return write(**{**given, "logits_processor": [force]})

    return generate


def show(figures: list[dict[str, Any]]) -> None:
    print(f"{'batches':<56} tokens/s   to the order of the data")
    for figure in figures:
        print(f"{WAYS[figure['way']]:<56} {figure['tokens_per_second']:8,.0f}   {figure['ratio']:.2f}")


if __name__ == "__main__":
    main()

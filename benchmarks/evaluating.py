"""How fast a checkpoint writes many rows at once, beside transformers and beside one row at a time: `make bench`, or

    python benchmarks/evaluating.py --shapes "llama, tiny" --turns 3 --json

Models with random weights read rows of ListOps and write as many tokens as the completion of each row has; in one table
two rows in a hundred never stop, as those of a model that has learned little do, and run to the limit of 512. All ways
take turns; counted are the tokens that are written a CPU second of this process, with one thread. Asking row by row is
measured over a few rows. Only ratios of one turn carry over to other machines.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

from rich import box
from rich.console import Console
from rich.table import Table

from synth.models import load
from synth.models.generate import Checkpoint, Decoding, batches

MOST = 512  # tokens of an output
FEW = 12  # rows that are asked one by one
WAYS = ("generate, row by row", "synth, row by row", "generate, 64 rows", "synth eval")
SHAPES = ("llama, tiny", "llama, small", "t5, tiny")


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a checkpoint writes, by how many rows it writes at once.")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    load.quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        figures = [
            measure(shape, given.rows, given.turns, share, Path(folder))
            for shape in given.shapes
            for share in (0, 0.02)
        ]
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def measure(shape: str, rows: int, turns: int, endless: float, folder: Path) -> dict[str, Any]:
    """Tokens a CPU second of each way, and the median of the turns' ratios to asking row by row with `generate`."""
    import torch

    torch.set_num_threads(1)
    checkpoint, prompts, lengths = made(shape, rows, folder)
    random = Random(0)
    lengths = [MOST if random.random() < endless else length for length in lengths]
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(turns):
        for way, found in speeds.items():
            found.append(turn(checkpoint, prompts, lengths, way))
    ratios = {
        way: statistics.median(mine / its for mine, its in zip(found, speeds[WAYS[0]], strict=True))
        for way, found in speeds.items()
    }
    return {
        "shape": shape, "endless": endless,
        "tokens_per_cpu_s": {way: round(statistics.median(found)) for way, found in speeds.items()},
        "times_row_by_row": {way: round(ratio, 1) for way, ratio in ratios.items()},
    }  # fmt: skip


def made(shape: str, rows: int, folder: Path) -> tuple[Checkpoint, list[list[int]], list[int]]:
    """A new model, its prompts, and how many tokens each output is to have."""
    import subprocess
    import sys

    from synth.data.reading import read
    from synth.models import scratch
    from synth.training.trainer import Architecture, find

    out = folder / "data"
    trainer, size = cast(tuple[str, Any], shape.split(", "))
    if not out.exists():
        words = ["--explain", "medium", "--min-length", "5", "--max-length", "60", "--train", str(rows), "--quiet"]
        none = ["--validation", "0", "--test", "0", "--test-longer", "0", "--test-larger", "0", "--out", str(out)]
        subprocess.run([sys.executable, "-m", "synth", "build", "listops", *words, *none], check=True)
    records = list(read(out, "train"))
    architecture = cast(Architecture, find(trainer).architecture)
    tokenizer = scratch.make_tokenizer(records, size, decoder=not architecture.encoder_decoder)
    model = architecture.make(tokenizer, size, 1024).eval()
    encoded = [architecture.encode(tokenizer, record.prompt, record.completion) for record in records]
    checkpoint = Checkpoint(shape, tokenizer, model)
    never_ends(checkpoint)
    prompts = checkpoint.encode([record.prompt for record in records], chat=False)
    return checkpoint, prompts, [len(row.learned) for row in encoded]


def never_ends(checkpoint: Checkpoint) -> None:
    """The model never writes the end token: how long an output is, is asked for."""
    head = checkpoint.model.get_output_embeddings()

    def forbid(_: Any, __: Any, logits: Any) -> Any:
        logits[..., checkpoint.tokenizer.eos_token_id] = float("-inf")
        return logits

    head.register_forward_hook(forbid)


def turn(checkpoint: Checkpoint, prompts: Sequence[list[int]], lengths: Sequence[int], way: str) -> float:
    """Tokens a CPU second of one way over the rows, or over a few of them."""
    rows = list(range(len(prompts)))
    if way.endswith("row by row"):
        rows = rows[:: len(rows) // FEW]
    size = {"generate, 64 rows": 64, "synth eval": 256}.get(way, 1)
    write = of_transformers if way.startswith("generate") else ours
    decoding = Decoding(max_new_tokens=MOST, batch_size=size)
    start = time.process_time()
    found = 0
    for batch in batches([len(prompts[row]) for row in rows], decoding, most=checkpoint.batch_tokens):
        chosen = [rows[place] for place in batch]
        found += write(checkpoint, [prompts[row] for row in chosen], [lengths[row] for row in chosen])
    seconds = time.process_time() - start
    if found != sum(lengths[row] for row in rows):
        raise ValueError(f"{way} wrote {found} tokens, not as many as asked for")
    return found / seconds


def ours(checkpoint: Checkpoint, prompts: list[list[int]], lengths: list[int]) -> int:
    from synth.models import writing

    pad = checkpoint.tokenizer.pad_token_id
    starts = None if checkpoint.decoder else [[pad]] * len(prompts)
    written = writing.write(checkpoint.model, prompts, lengths, checkpoint.ends, pad, starts=starts)
    return sum(map(len, written))


def of_transformers(checkpoint: Checkpoint, prompts: list[list[int]], lengths: list[int]) -> int:
    """`generate`, with the end token forced at the length of each row."""
    import torch
    from transformers import GenerationConfig

    end, left = checkpoint.tokenizer.eos_token_id, torch.tensor(lengths)

    def force(_: Any, scores: Any) -> Any:
        nonlocal left
        left = left - 1
        scores[left <= 0, end] = float("inf")
        return scores

    side: Callable[..., Any] = checkpoint.tokenizer.pad
    padded = side({"input_ids": prompts}, return_tensors="pt")
    settings: Any = GenerationConfig
    config = settings(
        max_new_tokens=max(lengths), do_sample=False, eos_token_id=end, pad_token_id=checkpoint.tokenizer.pad_token_id,
        decoder_start_token_id=None if checkpoint.decoder else checkpoint.tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.inference_mode():
        written = checkpoint.model.generate(
            input_ids=padded["input_ids"], attention_mask=padded["attention_mask"], generation_config=config,
            logits_processor=[force],
        )  # fmt: skip
    written = written[:, padded["input_ids"].shape[1] :] if checkpoint.decoder else written[:, 1:]
    return sum(row.index(end) + 1 for row in written.tolist())


def show(figures: list[dict[str, Any]]) -> None:
    table = Table("tokens a CPU second, times row by row", "rows that never stop", *WAYS, box=box.SIMPLE_HEAD)
    for figure in figures:
        speeds, ratios = figure["tokens_per_cpu_s"], figure["times_row_by_row"]
        first = f"{speeds[WAYS[0]]:,} a second"
        table.add_row(figure["shape"], f"{figure['endless']:.0%}", first, *(f"{ratios[way]:.1f}" for way in WAYS[1:]))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()

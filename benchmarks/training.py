"""How fast training is, beside a Trainer with everything padded to the longest row: `make bench`, or

    python benchmarks/training.py --shapes "llama, tiny, listops" --turns 3 --json

Every shape is a model, new with random weights, and rows of very different or of like lengths. All ways train the same
model on the same rows, each from its first step; they take turns, so that whatever else the machine does meets all, and
a ratio is that of one turn; the median of the turns counts. Tokens are those of the rows, without padding; seconds are
CPU seconds of this process over the training loop alone, with one thread. Padding goes to the longest row of the data,
not to a length limit, which would be slower still. Only ratios carry over to other machines.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

from rich import box
from rich.console import Console
from rich.table import Table

from synth.data.reading import read
from synth.models import load, scratch
from synth.record import Record
from synth.training.encoding import IGNORED, Encoded
from synth.training.order import Order
from synth.training.trainer import Architecture, find

WARM = 2  # steps before the first turn, in which libraries are loaded
WORDS = {
    "listops": "listops --explain medium --min-length 5 --max-length 60 --test-longer 0 --test-larger 0",
    "sums": "arithmetic --digits 1-5 --test-beyond 0",
}


@dataclass(frozen=True)
class Shape:
    """What is trained on what."""

    trainer: str
    size: str
    data: str
    batch: int
    steps: int

    @property
    def name(self) -> str:
        return f"{self.trainer}, {self.size}, {self.data}"


SHAPES = (
    Shape("llama", "tiny", "sums", 8, 150),
    Shape("llama", "tiny", "listops", 16, 40),
    Shape("llama", "small", "listops", 32, 3),
    Shape("llama", "135M", "word problems", 4, 1),
    Shape("t5", "tiny", "listops", 16, 40),
    Shape("t5", "small", "listops", 32, 3),
)
WAYS = ("all padded", "batches padded", "synth train", "synth train --bf16")
HEADS = ("the Trainer, padded to the longest row", "to the longest of a batch", "synth train", "synth train --bf16")


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast training is, beside rows padded to the maximum.")
    parser.add_argument("--shapes", nargs="+", choices=[shape.name for shape in SHAPES], help="[default: all]")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    load.quiet_libraries()
    chosen = [shape for shape in SHAPES if shape.name in (given.shapes or [shape.name])]
    with tempfile.TemporaryDirectory() as folder:
        figures = [measure(shape, given.turns, Path(folder)) for shape in chosen]
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def measure(shape: Shape, turns: int, folder: Path) -> dict[str, Any]:
    """Tokens a CPU second of each way, and the median ratio to the first."""
    architecture = cast(Architecture, find(shape.trainer).architecture)
    tokenizer, rows, make = long_rows(shape) if shape.size == "135M" else made_rows(shape, architecture, folder)
    turn(shape, architecture, tokenizer, rows, make, folder, "synth train", WARM if shape.steps > WARM else 1)
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(turns):
        for way, found in speeds.items():
            found.append(turn(shape, architecture, tokenizer, rows, make, folder, way, shape.steps))
    first = speeds[WAYS[0]]
    ratios = {way: [mine / its for mine, its in zip(found, first, strict=True)] for way, found in speeds.items()}
    return {
        "shape": shape.name,
        "tokens_per_cpu_s": {way: round(statistics.median(found)) for way, found in speeds.items()},
        "times_the_first": {way: round(statistics.median(found), 2) for way, found in ratios.items()},
    }


def made_rows(shape: Shape, architecture: Architecture, folder: Path) -> tuple[Any, list[Encoded], Callable[[], Any]]:
    """Rows of a dataset that is built here: as many as rows of like length need to find each other, or four turns."""
    size: Any = shape.size
    out = folder / shape.name.replace(", ", "-")
    words = [*WORDS[shape.data].split(), "--train", str(max(4000, 4 * shape.batch * shape.steps))]
    none = ["--validation", "0", "--test", "0", "--quiet", "--out", str(out)]
    subprocess.run([sys.executable, "-m", "synth", "build", *words, *none], check=True)
    records: list[Record] = list(read(out, "train"))
    tokenizer = scratch.make_tokenizer(records, size, decoder=not architecture.encoder_decoder)
    rows = [architecture.encode(tokenizer, record.prompt, record.completion) for record in records]
    return tokenizer, rows, lambda: architecture.make(tokenizer, size, 512)


def long_rows(shape: Shape) -> tuple[Any, list[Encoded], Callable[[], Any]]:
    """A model of the shape of SmolLM2-135M (30 layers of 576, 49,152 tokens), and rows as long as word problems.

    Questions of 12 to 239 tokens, most 30 to 80, answers of 10 to 400, most 60 to 170, drawn from log-normal
    distributions; the tokens are random.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    random = Random(0)

    def row() -> Encoded:
        asked = min(239, max(12, round(random.lognormvariate(3.9, 0.4))))
        written = min(400, max(10, round(random.lognormvariate(4.6, 0.5))))
        ids = [random.randrange(2, 49_152) for _ in range(asked + written)]
        return Encoded(ids, [IGNORED] * asked + ids[asked:])

    kind: Any = LlamaConfig
    config = kind(
        vocab_size=49_152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, max_position_embeddings=2048, tie_word_embeddings=True, pad_token_id=0,
    )  # fmt: skip
    some = [Record("1", "sums", "1 + 1 = ", "", "2", "2", {})]
    rows = [row() for _ in range(1000)]
    return scratch.make_tokenizer(some, "tiny", decoder=True), rows, lambda: LlamaForCausalLM(config)


def turn(
    shape: Shape, architecture: Architecture, tokenizer: Any, rows: list[Encoded], make: Callable[[], Any],
    folder: Path, way: str, steps: int,
) -> float:  # fmt: skip
    """Tokens a CPU second of one run of so many steps."""
    import torch
    from transformers import PrinterCallback, set_seed

    from synth.training import loop
    from synth.training.loss import only_learned, token_loss

    torch.set_num_threads(1)
    set_seed(0)
    model, ours = make(), way.startswith("synth")
    sizes = [architecture.sizes(row) for row in rows]
    order = Order(
        [sum(size) for size in sizes], [size[::-1] for size in sizes], [len(rows)], [1.0], shape.batch, 0, ours
    )
    classes = architecture.classes()
    arguments = classes.arguments(
        output_dir=str(folder / "run"), max_steps=steps, per_device_train_batch_size=shape.batch, use_cpu=True,
        bf16=way.endswith("bf16"), train_sampling_strategy="sequential", remove_unused_columns=False,
        save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    usual = collator(tokenizer, model, rows, all_padded=way == "all padded")
    collates = only_learned(model, architecture.collate(tokenizer, model), architecture.shift) if ours else None
    with collates or nullcontext(usual) as collate:
        trainer = classes.trainer(
            model=model, args=arguments, train_dataset=loop.EpochRows(rows, order), data_collator=collate,
            compute_loss_func=token_loss(architecture.shift) if ours else None,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        if ours:
            trainer.floating_point_ops = lambda inputs: 0  # as in synth/training/fit.py
        gc.collect()
        gc.freeze()  # a loop begins with a full collection, which takes as long as many steps of a tiny model
        start = time.process_time()
        trainer.train()
        return order.seen(steps)[1] / (time.process_time() - start)


def collator(tokenizer: Any, model: Any, rows: list[Encoded], all_padded: bool) -> Callable[..., Any]:
    """transformers' own, which pads to the longest row of a batch, or also to the longest of the data."""
    from copy import copy

    from torch.nn.functional import pad as extend
    from transformers import DataCollatorForSeq2Seq

    padding = copy(tokenizer)
    padding.padding_side = "right"
    padded = DataCollatorForSeq2Seq(padding, model=model, label_pad_token_id=IGNORED)
    source = max(len(row.input_ids) for row in rows)
    target = max(len(row.labels) for row in rows)
    pad = tokenizer.pad_token_id
    fills = {
        "input_ids": (source, pad), "attention_mask": (source, 0), "decoder_input_ids": (target, pad),
        "labels": (target, IGNORED),
    }  # fmt: skip

    def collate(batch: list[Encoded]) -> dict[str, Any]:
        found = dict(padded([{"input_ids": row.input_ids, "labels": row.labels} for row in batch]))
        if not all_padded:
            return found
        return {
            name: extend(ids, (0, fills[name][0] - ids.shape[1]), value=fills[name][1]) for name, ids in found.items()
        }

    return collate


def show(figures: list[dict[str, Any]]) -> None:
    table = Table("tokens a CPU second: times those of the first", *HEADS, box=box.SIMPLE_HEAD)
    for figure in figures:
        speeds, ratios = figure["tokens_per_cpu_s"], figure["times_the_first"]
        table.add_row(figure["shape"], f"{speeds[WAYS[0]]:,} a second", *(f"{ratios[way]:.2f}" for way in WAYS[1:]))
    Console(width=150).print(table)


if __name__ == "__main__":
    main()

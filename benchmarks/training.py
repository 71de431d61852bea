"""How fast training is, beside Seq2SeqTrainer with everything padded to the longest row: `make bench`, or as JSON

    python benchmarks/training.py --steps 20 --json

All ways train the same tiny T5 on the same rows of ListOps, each from its first step, in turns, and the median of the
turns counts. Tokens are those of the rows, without padding; seconds are CPU seconds of this process over the training
loop alone. Padding goes to the longest row of the data, not to a length limit, which would be slower still. Only
ratios carry over to other machines.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from synth.data.reading import read
from synth.models import load, scratch
from synth.record import Record
from synth.training import encoding
from synth.training.order import Order
from synth.training.trainer import find

BATCH = 16
TURNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast training is, beside rows padded to the maximum.")
    parser.add_argument("--steps", type=int, default=20, help="steps of each turn")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    load.quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(rows_of(Path(folder), given.steps), given.steps, Path(folder))
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def rows_of(folder: Path, steps: int) -> list[Record]:
    """Rows of very different lengths, four times as many as a turn goes through."""
    words = ["--explain", "medium", "--min-length", "5", "--max-length", "60", "--train", str(4 * BATCH * steps)]
    none = ["--validation", "0", "--test", "0", "--test-longer", "0", "--test-larger", "0", "--quiet"]
    command = [sys.executable, "-m", "synth", "build", "listops", *words, *none, "--out", str(folder / "data")]
    subprocess.run(command, check=True)
    return list(read(folder / "data", "train"))


def measure(records: list[Record], steps: int, folder: Path) -> list[dict[str, Any]]:
    tokenizer = scratch.make_tokenizer(records, "tiny", decoder=False)
    rows = [encoding.encode_pair(tokenizer, record.prompt, record.completion) for record in records]
    ways = {
        "Seq2SeqTrainer, padded to the longest row": (False, False, False),
        "padded to the longest row of the batch": (True, False, False),
        "and rows of like length together (synth train)": (True, True, False),
        "and bf16 (synth train --bf16)": (True, True, True),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            speeds[name].append(turn(tokenizer, rows, steps, folder, *way))
    medians = {name: statistics.median(found) for name, found in speeds.items()}
    first = next(iter(medians.values()))
    return [
        {"what": name, "tokens_per_cpu_s": round(speed), "times_the_first": round(speed / first, 2)}
        for name, speed in medians.items()
    ]


def turn(
    tokenizer: Any, rows: list[encoding.Encoded], steps: int, folder: Path, dynamic: bool, grouped: bool, bf16: bool
) -> float:
    """Tokens a CPU second of one run of so many steps."""
    from transformers import PrinterCallback, Seq2SeqTrainer, Seq2SeqTrainingArguments, set_seed

    from synth.training import loop

    set_seed(0)
    model = find("t5").architecture.make(tokenizer, "tiny", 0)
    lengths = [(len(row.labels), len(row.input_ids)) for row in rows]
    order = Order([sum(each) for each in lengths], lengths, [len(rows)], [1.0], BATCH, 0, grouped)
    collate = encoding.batches(tokenizer, model)
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(folder / "run"), max_steps=steps, per_device_train_batch_size=BATCH, bf16=bf16, use_cpu=True,
        train_sampling_strategy="sequential", remove_unused_columns=False, save_strategy="no", logging_strategy="no",
        report_to="none", disable_tqdm=True, dataloader_pin_memory=False,
    )  # fmt: skip
    trainer = Seq2SeqTrainer(
        model=model, args=arguments, train_dataset=loop.EpochRows(rows, order),
        data_collator=collate if dynamic else padded(collate, rows, tokenizer.pad_token_id),
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    start = time.process_time()
    trainer.train()
    return order.seen(steps)[1] / (time.process_time() - start)


def padded(collate: Callable[..., dict[str, Any]], rows: list[encoding.Encoded], pad: int) -> Callable[..., Any]:
    """The same batches, padded as padding="max_length" does."""
    from torch.nn.functional import pad as extend

    source = max(len(row.input_ids) for row in rows)
    target = max(len(row.labels) for row in rows)
    fills = {
        "input_ids": (source, pad), "attention_mask": (source, 0),
        "decoder_input_ids": (target, pad), "labels": (target, encoding.IGNORED),
    }  # fmt: skip

    def widened(batch: list[encoding.Encoded]) -> dict[str, Any]:
        found = collate(batch)
        return {
            name: extend(found[name], (0, longest - found[name].shape[1]), value=fill)
            for name, (longest, fill) in fills.items()
        }

    return widened


def show(figures: list[dict[str, Any]]) -> None:
    table = Table("what", "tokens a CPU second", "times the first", box=box.SIMPLE_HEAD)
    for figure in figures:
        table.add_row(figure["what"], f"{figure['tokens_per_cpu_s']:,}", f"{figure['times_the_first']:.2f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

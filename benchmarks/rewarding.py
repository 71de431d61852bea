"""How fast rewards that need models score, beside the same one row at a time: `make bench`, or

    python benchmarks/rewarding.py --rows 512 --turns 3 --json

Random weights; texts as long as the rationales of MaRio's teacher (12 to 70 words). VERA's place takes an encoder of T5
with 2 layers and the table that its head needs; the two models of consistency are runs of `synth train --form` of
`--from-scratch` sizes that ended after a step, asked about yes and no. Both ways take turns; counted are CPU seconds of
this process, with one thread. One row at a time is measured over a few rows. Only ratios carry over to other machines.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from synth.data.folder import FolderWriter
from synth.data.writing import encode, split_writer
from synth.models import load, scratch
from synth.record import Record
from synth.rewarding import kept
from synth.rewarding.reward import Reward, find
from synth.training.folder import Job
from synth.training.trainer import find as find_trainer

FEW = 64  # rows that are scored one by one
WORDS = (
    "ice",
    "water",
    "stone",
    "wood",
    "fish",
    "cold",
    "light",
    "heavy",
    "floats",
    "sinks",
    "because",
    "than",
    "is",
    "the",
)
HEAD = 32_100  # rows of the table up to VERA's head


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast rewards that need models score.")
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    load.quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), rows(given.rows), given.turns)
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def rows(count: int) -> list[Record]:
    """Questions with rationales, each another."""
    random = Random(0)
    made = []
    for at in range(count):
        reason = " ".join(random.choices(WORDS, k=random.randint(12, 70))) + "."
        said = random.choice(("yes", "no"))
        prompt = f"Question: Is {' '.join(random.choices(WORDS, k=8))}?\nAnswer:"
        made.append(Record(str(at), "strategyqa", prompt, reason, said, f" {reason}\nSo the answer is {said}.", {}))
    return made


def measure(folder: Path, records: Sequence[Record], turns: int) -> list[dict[str, Any]]:
    """Rows a CPU second at once and one by one, and the median of the turns' ratios."""
    import torch

    torch.set_num_threads(1)
    data = dataset(folder / "data", records)
    names = {"plausibility, 2 layers of 256": f"plausibility:{encoder(folder / 'encoder', records)}"}
    for size in ("tiny", "small"):
        made = [str(run(folder / f"{form}-{size}", data, size, form)) for form in ("question+rationale", "question")]
        names[f"consistency, {size}"] = f"consistency:{','.join(made)}"
    return [timed(label, find(name), records, turns) for label, name in names.items()]


def dataset(folder: Path, records: Sequence[Record]) -> Path:
    with FolderWriter(folder) as writer:
        with split_writer(writer, "train", "jsonl", {}) as split:
            split.write(encode(records, "jsonl", {}))
        facts = {"rows": split.rows, "rejected": {}, "files": split.names()}
        writer.commit({"splits": {"train": facts}, "rejected": {}})
    return folder


def encoder(folder: Path, records: Sequence[Record]) -> Path:
    """A model of VERA's form."""
    import torch
    from transformers import T5Config, T5EncoderModel

    model = T5EncoderModel(T5Config(vocab_size=HEAD, d_model=256, d_kv=64, d_ff=1024, num_layers=2, num_heads=4))
    with torch.no_grad():
        model.shared.weight[HEAD - 3, 0] = 1.0
    model.save_pretrained(folder)
    scratch.make_tokenizer(records, "tiny", decoder=False).save_pretrained(folder)
    return folder


def run(folder: Path, data: Path, size: Any, form: Any) -> Path:
    trainer = find_trainer("t5")
    config = trainer.config(data=[str(data)], from_scratch=size, form=form, max_steps=1)
    return trainer.train(trainer, config, Job(folder, quiet=True))


def timed(label: str, reward: Reward, records: Sequence[Record], turns: int) -> dict[str, Any]:
    at_once, alone = [], []
    score(reward, records[:2])  # loads the models
    for turn in range(turns):
        few = [records[(turn * FEW + at) % len(records)] for at in range(FEW)]
        forget()
        alone.append(FEW / seconds(reward, [[record] for record in few]))
        forget()
        at_once.append(len(records) / seconds(reward, [records]))
    ratios = [many / one for many, one in zip(at_once, alone, strict=True)]
    return {
        "reward": label, "rows": len(records), "one by one": statistics.median(alone),
        "at once": statistics.median(at_once), "ratio": statistics.median(ratios),
    }  # fmt: skip


def score(reward: Reward, records: Sequence[Record]) -> None:
    columns: Mapping[str, Any] = {
        "prompts": [record.prompt for record in records], "answer": [record.answer for record in records],
        "task": [record.task for record in records],
    }  # fmt: skip
    reward([record.completion for record in records], **columns)


def forget() -> None:
    """What was remembered of questions is asked again; models stay."""
    for asked in kept.asked():
        getattr(asked, "known", {}).clear()


def seconds(reward: Reward, calls: Sequence[Sequence[Record]]) -> float:
    started = time.process_time()
    for records in calls:
        score(reward, records)
    return time.process_time() - started


def show(figures: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=box.SIMPLE)
    for name in ("", "rows", "one by one", "at once", "ratio"):
        table.add_column(name, justify="right" if name else "left")
    for each in figures:
        one, many = (f"{each[name]:,.0f} a CPU second" for name in ("one by one", "at once"))
        table.add_row(each["reward"], f"{each['rows']:,}", one, many, f"{each['ratio']:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()

"""What the tests of training share: small datasets, and runs in this process with small settings."""

import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

import synth
from synth.data.folder import FolderWriter
from synth.data.writing import encode, split_writer
from synth.record import Record
from synth.training.folder import Job
from synth.training.trainer import find

SUMS = [(2, 3), (4, 1), (7, 2), (6, 6), (9, 9), (8, 5), (3, 8), (1, 7)]
RECORDS = [
    Record(
        f"sums/{a}+{b}", "sums", f"What is {a} plus {b}?", f"Begin with {a}.\nCount on by {b}: {a + b}.", str(a + b),
        f"Begin with {a}.\nCount on by {b}: {a + b}.\nThe answer is {a + b}", {},
    )
    for a, b in SUMS
]  # fmt: skip


def dataset(folder: Path, splits: Mapping[str, Sequence[Record]]) -> Path:
    """Write a dataset folder with these rows."""
    with FolderWriter(folder) as writer:
        counts: dict[str, Any] = {}
        for split, records in splits.items():
            with split_writer(writer, split, "jsonl", {}) as rows:
                rows.write(encode(records, "jsonl", {}))
            counts[split] = {"rows": rows.rows, "rejected": {}, "files": rows.names()}
        writer.commit({"splits": counts, "rejected": {}})
    return folder


def of_one_digit(folder: Path) -> Path:
    """A dataset of all sums of one digit."""
    counts = {"train": 64, "validation": 8, "test": 9, "test_beyond": 0}
    synth.build("arithmetic", digits="1", **counts, out=folder, quiet=True)
    return folder


def trained(
    trainer: str, out: Path, data: Sequence[Path | str], job: Mapping[str, Any] | None = None, **settings: Any
) -> Path:
    """A run in this process, as `synth train TRAINER --from-scratch tiny` makes it."""
    recipe = find(trainer)
    start = {} if "model" in settings else {"from_scratch": "tiny"}
    config = recipe.config(data=[str(each) for each in data], **{**start, **settings})
    return recipe.train(recipe, config, Job(out, **{"quiet": True, **(job or {})}))


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process becomes larger than so many bytes, which stands for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def micro(folder: Path, family: str) -> Path:
    """A model of the family that is smaller than tiny, for runs whose model does not matter."""
    from synth.models import scratch

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(scratch.SIZES, "tiny", (32, 64, 1, 2))
        tokenizer = scratch.make_tokenizer(RECORDS, "tiny", family == "llama")
        find(family).architecture.make(tokenizer, "tiny", 64).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def facts(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((run / "synth-run.json").read_bytes())
    return found


def weights(run: Path) -> bytes:
    return (run / "model.safetensors").read_bytes()


def written(run: Path, prompts: Sequence[str], longest: int = 64) -> list[str]:
    """What a checkpoint writes, asked as anybody would ask it."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    reads = AutoConfig.from_pretrained(run).is_encoder_decoder
    model = (AutoModelForSeq2SeqLM if reads else AutoModelForCausalLM).from_pretrained(run)
    tokenizer = AutoTokenizer.from_pretrained(run)
    asked = tokenizer(list(prompts), return_tensors="pt", padding=True)
    found = model.generate(**asked, max_new_tokens=longest)
    found = found if reads else found[:, asked["input_ids"].shape[1] :]
    return [tokenizer.decode(ids, skip_special_tokens=True).removeprefix("\n") for ids in found]

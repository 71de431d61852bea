"""What the tests of `synth eval` share: rows, and tiny models that learned a few of them by heart and nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from synth.data.folder import FolderWriter
from synth.record import Record

STEPS, RATE = 150, 0.01


def write_dataset(folder: Path, splits: dict[str, list[Record]], **manifest: Any) -> Path:
    with FolderWriter(folder) as writer:
        for name, rows in splits.items():
            writer.path(f"{name}.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        facts = {n: {"rows": len(rows), "rejected": {}, "files": [f"{n}.jsonl"]} for n, rows in splits.items()}
        writer.commit({"splits": facts, "rejected": {}, **manifest})
    return folder


def listops(number: int) -> Record:
    """A row of its own for each number below 100, of two or three digits, so that prompts differ in length."""
    first, second = divmod(number, 10)
    digits = f"{first} {second} {second}" if number % 3 == 0 else f"{first} {second}"
    name, verb, said, value = [
        ("MAX", "compare", "largest", max(first, second)), ("MIN", "compare", "smallest", min(first, second)),
    ][number % 2]  # fmt: skip
    steps = f"{name}, {verb} [{digits}], {said} is {value}, answer is {value}"
    meta = {"root": name, "length": 2 + len(digits.split()), "values": 10, "number": number}
    return Record(f"listops/{number}", "listops", f"[{name} {digits} ]", steps, str(value), steps, meta)


def make(folder: Path, records: Sequence[Record], decoder: bool, steps: int = STEPS, longest: int = 256) -> Path:
    """A checkpoint as `synth train` leaves it, taught the completions of `records`."""
    import torch

    from synth.models import scratch

    torch.manual_seed(0)
    torch.set_num_threads(1)  # there is too little to share
    tokenizer = scratch.make_tokenizer(records, "tiny", decoder)
    model = _model(len(tokenizer), tokenizer, decoder, longest)
    batch = _batch(tokenizer, records, decoder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    for _ in range(steps):
        optimizer.zero_grad()
        model(**batch).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    run = {
        "trainer": "llama" if decoder else "t5",
        "model": "from-scratch tiny",
        "target": "rationale",
        "line_break": None,
    }
    (folder / "synth-run.json").write_text(json.dumps(run | {"steps": steps, "seed": 0, "complete": True}))
    return folder


def _model(words: int, tokenizer: Any, decoder: bool, longest: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    if decoder:
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=words, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                max_position_embeddings=longest, tie_word_embeddings=True, bos_token_id=None, **ends,
            )
        )  # fmt: skip
    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=words, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, dropout_rate=0.0,
            decoder_start_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.pad_token_id, **ends,
        )
    )  # fmt: skip


def _batch(tokenizer: Any, records: Sequence[Record], decoder: bool) -> dict[str, Any]:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    from synth.training.encoding import encode_joined, encode_pair

    encode = encode_joined if decoder else encode_pair
    rows = [
        encode(tokenizer, record.prompt, f"\n{record.completion}" if decoder else record.completion)
        for record in records
    ]
    ids = pad_sequence([torch.tensor(row.input_ids) for row in rows], True, tokenizer.pad_token_id)
    read = pad_sequence([torch.ones(len(row.input_ids)) for row in rows], True, 0)
    return {
        "input_ids": ids, "attention_mask": read,
        "labels": pad_sequence([torch.tensor(row.labels) for row in rows], True, -100),
    }  # fmt: skip

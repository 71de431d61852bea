"""One stage of a loop that vLLM writes, in a process of its own, whose end gives all memory of the GPU back:

    python -m synth.bootstrapping.vllm_stage FOLDER

FOLDER/job.json has the model, the settings, and each prompt as token ids; outputs go to the file that evaluations keep
them in (synth/evaluating/outputs.py), some hundred rows at once, and those that are there are not written again.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson

from synth.evaluating.job import Job
from synth.evaluating.outputs import Partial
from synth.models import load
from synth.models.generate import Checkpoint, Decoding, Output

JOB = "job.json"
AT_ONCE = 1024  # rows that are handed to vLLM together, and kept together


def reading(model: str) -> Checkpoint:
    """The tokenizer and the limits of a model without its weights."""
    from transformers import GenerationConfig

    try:
        ends: Any = GenerationConfig.from_pretrained(model)
    except OSError:
        ends = SimpleNamespace(eos_token_id=None)
    folder = Path(model)
    shell = SimpleNamespace(config=load.shape(folder), generation_config=ends)
    return Checkpoint(model, load.load_tokenizer(folder, decoder=True), shell)


def write(folder: Path) -> None:
    """Write all outputs of a job that are not there."""
    import vllm

    asked = orjson.loads((folder / JOB).read_bytes())
    decoding = Decoding(**asked["decoding"])
    job = Job(model=asked["model"], data=folder, out=folder, split=asked["name"], decoding=decoding)
    checkpoint, engine = reading(asked["model"]), vllm.LLM(model=asked["model"], seed=decoding.seed % 2**31)
    with Partial(job, asked["recipe"]) as partial:
        for some in _chunks([row for row in asked["rows"] if row["row"] not in partial]):
            settings = [vllm.SamplingParams(**sampling(row, decoding, checkpoint.ends)) for row in some]
            written = engine.generate([{"prompt_token_ids": row["ids"]} for row in some], settings, use_tqdm=False)
            outputs = [[_output(checkpoint, one) for one in each.outputs] for each in written]
            partial.add({row["row"]: each for row, each in zip(some, outputs, strict=True)})


def sampling(row: Mapping[str, Any], decoding: Decoding, ends: Sequence[int]) -> dict[str, Any]:
    """The settings of a prompt, in vLLM's words. A row draws from a seed of its own, whatever stands beside it."""
    seed = int.from_bytes(sha256(f"star/{decoding.seed}/{row['id']}".encode()).digest()[:4], "big") >> 1
    return {
        "n": decoding.samples, "temperature": decoding.temperature, "max_tokens": row["room"], "seed": seed,
        "stop_token_ids": list(ends), "skip_special_tokens": True,
    }  # fmt: skip


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    yield from (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE))


def _output(checkpoint: Checkpoint, written: Any) -> Output:
    """A completion of vLLM, its tokens decoded as those of every other engine are."""
    return replace(checkpoint.output(list(written.token_ids)), cut_off=written.finish_reason == "length")


if __name__ == "__main__":
    load.quiet_libraries()
    write(Path(sys.argv[1]))

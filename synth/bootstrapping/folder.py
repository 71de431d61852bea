"""The folder of a loop, and the dataset folders in it.

RUN/
├── config.json model.safetensors ...    the model of the best iteration
├── synth-run.json  README.md            what made it, every setting
├── log.jsonl                            a line for each iteration, with its seconds
├── shots/{plain,hinted}/                demonstrations, as rows
├── held/                                rows that are measured on
├── base/                                from scratch: the model that each iteration begins with
├── iterations/000/{eval/,metrics.json}  the base, measured
├── iterations/003/
│   ├── outputs.jsonl                    a line for each attempt: what was written, what became of it
│   ├── data/                            what was kept, a dataset folder
│   ├── shown/                           the same with demonstrations in front (--shots-in-training)
│   ├── run/                             the model that was trained on it, a run folder
│   ├── eval/                            the model measured
│   └── metrics.json                     the figures; written last
└── controls/NAME/{run/,eval/,metrics.json}
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import as_json, facts_if_whole, write_whole
from synth.data.folder import FolderWriter, finish_move
from synth.data.manifest import read_manifest
from synth.data.names import ATTEMPTS, CONTROLS, ITERATIONS, METRICS
from synth.data.writing import encode, split_writer
from synth.errors import FolderError
from synth.record import Record

BASE, HELD, SHOTS = "base", "held", "shots"
ATTEMPTED, PLAIN = "outputs.jsonl", "plain"
DATA, SHOWN, TRAINED, MEASURED = "data", "shown", "run", "eval"


def for_card(run: Path, best: int) -> dict[str, Any]:
    """What the model card says of a loop: accuracy on held-out rows of the base, the iterations and the controls."""
    done = iterations(run)
    named = [(str(number) if number else "base", one) for number, one in enumerate(done)]
    places = sorted((run / CONTROLS).glob(f"*/{METRICS}"))
    named += [(f"control: {place.parent.name}", facts_if_whole(place)) for place in places]
    rows = [
        {"name": name, "held": one["held"]["accuracy"], "kept": one.get("kept") or {},
         "steps": (one.get("trained") or {}).get("steps")}
        for name, one in named if one
    ]  # fmt: skip
    return {"best": best, "iterations": len(done) - 1, "rows": rows}


def of_iteration(run: Path, number: int) -> Path:
    return run / ITERATIONS / f"{number:03}"


def iterations(run: Path) -> list[dict[str, Any]]:
    """The figures of the iterations that are done, in their order; the first is that of the base."""
    found: list[dict[str, Any]] = []
    while figures := facts_if_whole(of_iteration(run, len(found)) / METRICS):
        found.append(figures)
    return found


def model_of(run: Path, number: int, base: Path) -> Path:
    """The model after an iteration; that of iteration 0 is the base."""
    return of_iteration(run, number) / TRAINED if number else base


def fingerprint(model: Path) -> str:
    """The sha256 over the weights of a model, 16 digits of it."""
    digest = sha256()
    for path in sorted([*model.glob("*.safetensors"), *model.glob("*.bin")]):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def write_rows(
    folder: Path, records: Sequence[Record], like: Mapping[str, Any], split: str, attempts: Iterable[Any] = (),
    **facts: Any,
) -> Path:  # fmt: skip
    """Rows as a dataset folder, unless it is there already. like: what its manifest says of how rows are read.
    attempts: lines of its attempts.jsonl; none, no such file."""
    try:
        finish_move(folder)
        if (there := read_manifest(folder)) is not None and there["splits"].get(split):
            return folder
        folder.mkdir(parents=True, exist_ok=True)
        with FolderWriter(folder) as writer:
            with split_writer(writer, split, "jsonl", {}) as rows:
                rows.write(encode(records, "jsonl", {}))
            if written := b"".join(orjson.dumps(line) + b"\n" for line in attempts):
                writer.path(ATTEMPTS).write_bytes(written)
            splits = {split: {"rows": rows.rows, "rejected": {}, "files": rows.names()}}
            writer.commit({**like, **facts, "format": "jsonl", "complete": True, "splits": splits, "rejected": {}})
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error
    return folder


def write_facts(path: Path, facts: Mapping[str, Any] | Iterable[bytes]) -> None:
    """Write figures or lines whole. Raises FolderError if the disk is full or may not be written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, as_json(facts) if isinstance(facts, Mapping) else facts)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write {path}") from error

"""What metrics.json says of an evaluation: whose it is, how it was made, and every figure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synth.base.files import file_facts
from synth.data.manifest import split_files
from synth.evaluating.job import Job, asked
from synth.evaluating.outputs import digest
from synth.evaluating.predictions import Figures
from synth.record import Record


def told(
    job: Job,
    manifest: Mapping[str, Any],
    run: Mapping[str, Any] | None,
    recipe: Mapping[str, Any],
    records: Sequence[Record],
    figures: Figures,
) -> dict[str, Any]:
    """`run` is synth-run.json of the model, `recipe` everything that decides what comes out."""
    hashes = [file_facts(path)["sha256"] for path in split_files(job.data, manifest, job.split)]
    tasks = sorted({record.task for record in records})
    main = ("trainer", "model", "target", "seed", "parameters", "steps", "examples_seen", "tokens_seen",
            "train_seconds", "cpu_seconds", "data", "complete")  # fmt: skip
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": job.command,
        "model": job.served or _name(job),
        **({"written": True} if job.is_written else {}),
        "run": None if run is None else {name: run[name] for name in main if name in run},
        "data": {
            "folder": job.data.resolve().name, "split": job.split, "rows": len(records), "task": ", ".join(tasks),
            "sha256": hashes[0] if len(hashes) == 1 else hashes,
        },
        **({"task": manifest["task"]} if "task" in manifest else {}),
        "target": None if run is None else run.get("target"),
        "prompting": job.prompting,
        **({} if job.confidence == "votes" else {"confidence": job.confidence}),
        "samples": job.decoding.samples,
        "temperature": None if job.is_written else job.decoding.temperature,
        **({"codes": job.codes or "best"} if (run or {}).get("codes") else {}),
        "settings": asdict(job.decoding),
        "asked": asked(job),
        "recipe": digest(recipe),
        **_figures(figures),
        "by": figures.by(),
        "complete": True,
    }  # fmt: skip


def _figures(figures: Figures) -> dict[str, Any]:
    """The figures over all rows; of rows with a confidence also how far it can be relied on."""
    kinds = figures.confidences()
    metrics, calibration, more = figures.metrics(), figures.calibration(), figures.reliability()
    if calibration is None or more is None:
        return {"metrics": metrics, "calibration": None, **({"confidences": kinds} if kinds else {})}
    calibration |= {name: more[name] for name in ("equal_mass", "squared_debiased")}
    return {
        "metrics": metrics | more["figures"], "calibration": calibration, "selective": more["selective"],
        **({"confidences": kinds} if kinds else {}),
    }  # fmt: skip


def _name(job: Job) -> str:
    if job.is_written:
        return job.data.resolve().name
    return job.model if job.is_url else Path(job.model).name

"""One evaluation, from its rows to its figures.

A local checkpoint writes in batches (synth/models/generate.py), a server is asked through the engine of `synth distill`
(synth/teachers/asker.py). Either way outputs go to the disk as they come (outputs.py); when all are there they are read
in the order of the data, judged, and written with the figures:

    EVAL/predictions.jsonl     a line for each row: what the model said, and what became of it
    EVAL/metrics.json          every metric with its 95% interval, over all rows and by what rows have; rewards too
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import as_json, facts_if_whole, read_facts, write_whole
from synth.base.terminal import Report, Say
from synth.data.manifest import no_split, open_manifest
from synth.data.names import ATTEMPTS, METRICS, OUTPUTS, PREDICTIONS, RUN
from synth.data.reading import read
from synth.errors import FolderError, SourceError, UsageError
from synth.evaluating.attempts import attempted
from synth.evaluating.confidence import Local, Sureness, Told
from synth.evaluating.facts import told
from synth.evaluating.job import Job, Result, decisive, difference
from synth.evaluating.local import AT_ONCE
from synth.evaluating.notes import counted, is_repeating
from synth.evaluating.outputs import Partial, digest
from synth.evaluating.predictions import Figures, Judge
from synth.evaluating.prompts import Asking, asking_for
from synth.evaluating.rewards import Scorer, measure, rewards_of
from synth.evaluating.writing import kept, write
from synth.models.codes import Codes, codes_of
from synth.models.generate import BATCH_TOKENS, Output
from synth.models.load import load
from synth.questions.reading import task_of
from synth.record import Record
from synth.shots.draw import Shots
from synth.shots.load import load_shots
from synth.validating.checker import settings_of


def carry_out(job: Job, say: Say, report: Report) -> Result:
    """Make an evaluation, or find that it was made already.

    Raises FolderError, SourceError and MissingExtraError, each one line, for what cannot be done as asked;
    StoppedError if it was interrupted, or if asking a server was given up.
    """
    manifest = open_manifest(job.data)
    records = _rows(job, manifest)
    run = _run(job)
    shots = _shots(job, manifest, records, say)
    codes = _codes(job, run)
    recipe = _recipe(job, manifest, run, shots)
    scorer = Scorer(rewards_of(job, run), manifest)
    if (done := _already(job, recipe)) is not None:
        if not scorer.lacks(done):
            return Result(job, done, already_there=True)
        return Result(job, measure(job, done, records, scorer))
    scorer.check()
    if job.overwrite:
        for name in (METRICS, PREDICTIONS, OUTPUTS):
            (job.out / name).unlink(missing_ok=True)
    asking = asking_for({} if job.plain and run is None else run, job.prompting, manifest, shots, codes)
    if run is not None and _learned_from(run, job, recipe["files"]):
        say(f"the model was trained on {job.data.resolve().name} {job.split}: it may know these rows by heart")
    with Partial(job, recipe) as partial, kept(partial, len(records)):
        faults = _outputs(job, asking, records, partial, say, report)
        alike = _alike(partial, len(records)) if job.decoding.samples > 1 else (0, 0)
        judge = replace(
            _judge(job, asking, manifest, run), sure=not (job.is_url and is_repeating(*alike)),
            sureness=_sureness(job, asking),
        )  # fmt: skip
        figures = _predictions(job, judge, records, partial, faults)
    facts = {} if shots is None else {"shots": shots.facts()}
    measured = {**told(job, manifest, run, recipe, records, figures), **facts, **counted(figures, alike, judge)}
    _write(job.out / METRICS, as_json(measured))
    (job.out / OUTPUTS).unlink(missing_ok=True)
    measured = measure(job, measured, records, scorer) if scorer.rewards else measured
    return Result(job, measured, faults=_named(records, faults))


def _outputs(
    job: Job, asking: Asking, records: Sequence[Record], partial: Partial, say: Say, report: Report
) -> dict[int, str]:
    """Have the outputs written that are not there yet; returns the rows that have none, and why."""
    if job.is_written:
        partial.add({row: outputs for row, (_, outputs) in enumerate(_attempted(job, open_manifest(job.data)))})
        return {}
    return write(job, asking, records, partial, say, report)


def _learned_from(run: Mapping[str, Any], job: Job, files: Mapping[str, Any]) -> bool:
    """Whether synth-run.json names the very file that is evaluated on, or a split of that name."""
    data = run.get("data")
    parts = [part for part in data if isinstance(part, dict)] if isinstance(data, list) else []
    same = (job.data.resolve().name, job.split)
    return any(
        (part.get("folder"), part.get("split")) == same or (part.get("sha256") or "") in files.values()
        for part in parts
    )


def _rows(job: Job, manifest: Mapping[str, Any]) -> list[Record]:
    if job.out.exists() and not job.out.is_dir():
        raise FolderError(f"{job.out} is a file: give --out a folder")
    if job.is_written:
        return [record for record, _ in _attempted(job, manifest)]
    if job.split not in manifest["splits"]:
        raise FolderError(f"{no_split(job.data, job.split, manifest['splits'])}; name one with --split")
    records = list(islice(read(job.data, job.split), job.limit))
    if not records:
        raise FolderError(f"the split {job.split} of {job.data} has no rows: give another --split")
    return records


def _attempted(job: Job, manifest: Mapping[str, Any]) -> list[tuple[Record, list[Output]]]:
    return attempted(job.data, manifest, job.split, job.limit, job.decoding.samples)


def _shots(job: Job, manifest: Mapping[str, Any], records: Sequence[Record], say: Say) -> Shots | None:
    """The demonstrations of the rows, looked through before anything is asked. Raises what `load_shots` does."""
    names = sorted({record.task for record in records})
    if job.shots.shots is not None and len(names) > 1:
        raise UsageError(f"--shots: the rows are of several tasks ({', '.join(names)}): evaluate each by itself")
    shots = load_shots(job.shots, names[0], task_of(manifest), rationales=job.prompting == "rationale")
    if shots is not None and (notice := shots.notice(records)):
        say(notice)
    return shots


def _codes(job: Job, run: Mapping[str, Any] | None) -> Codes | None:
    """The control tokens that the model is asked with. Raises what `codes_of` does, and UsageError for a server."""
    codes = codes_of(run, job.codes)
    if codes is not None and job.is_url and codes.how != "none":
        raise UsageError(
            f"{job.served} learned with control tokens, which a server cannot be given: give --model its folder, or "
            "--codes none"
        )
    return codes


def _run(job: Job) -> dict[str, Any] | None:
    """The facts that `synth train` wrote about the model; None for a model that it did not train."""
    folder = job.run or Path(job.served or job.model)
    facts = read_facts(folder / RUN, "what synth train writes", "train the model again, or give --run the folder of it")
    if facts is None and job.run is not None:
        raise SourceError(f"{job.run} is no run folder (it has no {RUN}): give --run what synth train --out wrote")
    if facts is not None and (form := (facts.get("config") or {}).get("form")):
        raise UsageError(
            f"{folder} was trained with --form {form} and writes labels alone: it is a part of the reward consistency, "
            "give it as consistency:IR2O,I2O"
        )
    if facts is not None and (facts.get("config") or {}).get("no_input"):
        raise UsageError(f"{folder} learned with --no-input and reads no questions: give it to synth difficulty --null")
    return facts


def _recipe(
    job: Job, manifest: Mapping[str, Any], run: Mapping[str, Any] | None, shots: Shots | None
) -> dict[str, Any]:
    """Everything that decides what comes out."""
    files = {name: manifest["files"].get(name, {}).get("sha256") for name in manifest["splits"][job.split]["files"]}
    attempts = {ATTEMPTS: manifest["files"].get(ATTEMPTS, {}).get("sha256")} if job.is_written else {}
    weights = sorted(Path(job.model).glob("*.safetensors")) if not job.is_url else []
    model = Path(job.model).resolve().name if weights else job.model
    return {
        "model": model, "served": job.served, "plain": job.plain, "prompting": job.prompting, "split": job.split,
        "limit": job.limit, "decoding": decisive(job.decoding), "batch_tokens": BATCH_TOKENS, "files": files | attempts,
        "weights": [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in weights],
        "run": run, "config": manifest.get("config"), **({"task": manifest["task"]} if "task" in manifest else {}),
        **({"stop": list(job.stop)} if job.stop else {}),
        **({} if shots is None else {"shots": shots.facts()}),
        **({} if job.codes is None else {"codes": job.codes}),
        **({} if job.confidence == "votes" else {"confidence": job.confidence}),
    }  # fmt: skip


def _already(job: Job, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figures of this very evaluation if it is done; None if it is to be made.

    Raises FolderError if the folder holds another one.
    """
    path = job.out / METRICS
    if job.overwrite or not path.is_file():
        return None
    done = facts_if_whole(path)
    if done.get("recipe") == digest(recipe):
        return done
    raise FolderError(
        f"{job.out} holds another evaluation ({difference(done.get('asked'), job)}): add --overwrite to replace it, or"
        " give another --out"
    )


def _judge(job: Job, asking: Asking, manifest: Mapping[str, Any], run: Mapping[str, Any] | None) -> Judge:
    known = settings_of(manifest)
    reasons = job.prompting == "rationale" and (run is None or run.get("target", "rationale") == "rationale")
    return Judge(asking, known, reasons, sampled=job.decoding.samples > 1, stops=job.stop)


def _sureness(job: Job, asking: Asking) -> Sureness | None:
    if job.confidence == "votes":
        return None
    return Told() if job.is_url else Local(load(job.model), asking)


def _alike(partial: Partial, rows: int) -> tuple[int, int]:
    """Rows of whose samples all say the same, and rows whose samples say anything."""
    texts = [{output.text for output in partial.outputs(row)} for row in range(rows) if row in partial]
    said = [each for each in texts if each != {""}]
    return sum(len(each) == 1 for each in said), len(said)


def _predictions(
    job: Job, judge: Judge, records: Sequence[Record], partial: Partial, faults: Mapping[int, str]
) -> Figures:
    """Judge all rows in the order of the data, write predictions.jsonl, and count."""
    figures = Figures()

    def lines() -> Iterator[bytes]:
        for start in range(0, len(records), AT_ONCE):
            rows = range(start, min(start + AT_ONCE, len(records)))
            outputs: list[Sequence[Output]] = [() if row in faults else partial.outputs(row) for row in rows]
            for line in judge.predictions([records[row] for row in rows], outputs, [faults.get(row) for row in rows]):
                figures.add(line)
                yield orjson.dumps(line) + b"\n"

    _write(job.out / PREDICTIONS, lines())
    return figures


def _write(path: Path, content: bytes | Iterator[bytes]) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write {path}") from error


def _named(records: Sequence[Record], faults: Mapping[int, str]) -> dict[str, list[str]]:
    """The ids of the rows that have each fault."""
    named: dict[str, list[str]] = {}
    for row, fault in sorted(faults.items()):
        named.setdefault(fault, []).append(records[row].id)
    return named

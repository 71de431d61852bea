"""Writes a dataset in the form that another library reads: `synth export`.

    out/
    ├── train.jsonl  test.jsonl  ...     a file a split (.parquet with --format parquet); a folder a configuration
    ├── README.md                        names the splits, so that `datasets.load_dataset("out")` reads them all
    ├── dataset_info.json                the same for LLaMA-Factory, whose `dataset_dir` the folder can be
    └── synth-export.json                from what it was made, counts, sha256 of each file

With --out FILE.jsonl one split goes to one file, and nothing is put beside it. What is new is written beside its place
and then renamed into it: a run that was stopped leaves what was there.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import Any, get_args

import orjson

from synth.base.config import command, verb
from synth.base.files import as_json, facts_if_whole, file_facts, finish_replacing, replace_folder
from synth.data import frontmatter, manifest, reading
from synth.data.names import CARD, EXPORT, MANIFEST
from synth.errors import FolderError, UsageError
from synth.exporting.forms import INFO, KNOWN_TO_LLAMA_FACTORY, Asked, Labelled, Plain, dataset_info, row
from synth.exporting.options import Export
from synth.exporting.pairs import pairs
from synth.exporting.questions import questions
from synth.rewarding.reward import find

SUFFIXES = {".jsonl": "jsonl", ".parquet": "parquet"}
BATCH = 4096  # rows of a Parquet row group


@dataclass
class Exported:
    """What an export wrote."""

    out: Path
    rows: dict[str, dict[str, int]] = field(default_factory=dict)  # by configuration and split
    left_out: Counter[str] = field(default_factory=Counter)  # rows by reason


def run(asked: Export) -> Exported:
    """Write every split of a dataset folder, or of each that lies in it.

    Raises UsageError for options that do not go together, FolderError for what cannot be read, written or replaced.
    """
    datasets = manifest.members(asked.folder)
    find(asked.reward)  # a name that nobody knows is said before anything is written
    _check_single(asked, datasets)
    finish_replacing(asked.out)
    _check_out(asked)
    out, done = asked.out, Exported(asked.out)
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
        partial.mkdir(parents=True)
        for name, dataset in datasets.items():
            inside = "" if set(datasets) == {"default"} else name
            done.rows[name] = dict(_write_splits(asked, dataset, partial / inside, done))
        if not any(count for counts in done.rows.values() for count in counts.values()):
            raise FolderError(_nothing(asked, done))
        if _is_single(asked):
            next(partial.iterdir()).replace(out)
        else:
            _write_facts(asked, datasets, partial, done)
            replace_folder(partial, out)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {out}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return done


def _is_single(asked: Export) -> bool:
    """Whether one file is asked for."""
    return asked.out.suffix in SUFFIXES


def _check_single(asked: Export, datasets: dict[str, Path]) -> None:
    """One file takes one split of one dataset."""
    if not _is_single(asked):
        return
    if len(datasets) > 1:
        names = ", ".join(str(asked.folder / name) for name in datasets)
        raise UsageError(f"{asked.folder} holds several datasets: give --out a folder, or export one of {names}")
    (dataset,) = datasets.values()
    splits = manifest.open_manifest(dataset)["splits"]
    if asked.split is None and len(splits) != 1:
        raise UsageError(f"--out {asked.out} takes one split: add --split {'|'.join(splits)}, or give a folder")


def _check_out(asked: Export) -> None:
    """Nothing is replaced but an export, and that only when asked for."""
    out = asked.out
    if _is_single(asked):
        if out.is_dir() or (out.parent / MANIFEST).exists():
            raise FolderError(f"{out} cannot be written: it is a folder, or lies among the files of a dataset")
        if out.exists() and not asked.overwrite:
            raise FolderError(f"{out} is there already: add --overwrite to replace it")
        return
    if out.exists() and not out.is_dir():
        raise FolderError(f"{out} is a file: give --out a folder, or a name that ends in {' or '.join(SUFFIXES)}")
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} if out.is_dir() else set()
    foreign = sorted(files - _ours(out))
    if foreign:
        raise FolderError(f"{out} holds {foreign[0]!r}, which is no part of an export: give --out a new folder")
    if files and not asked.overwrite:
        raise FolderError(f"{out} holds an export already: add --overwrite to replace it")


def _ours(out: Path) -> set[str]:
    """The files that an export in this folder wrote."""
    written = facts_if_whole(out / EXPORT).get("files")
    return {EXPORT, *written} if isinstance(written, dict) else set()


def _write_splits(asked: Export, dataset: Path, into: Path, done: Exported) -> Iterator[tuple[str, int]]:
    """Write each split as a file; a split that gives no row gives no file."""
    into.mkdir(exist_ok=True)
    splits = manifest.open_manifest(dataset)["splits"]
    if asked.split is not None and asked.split not in splits:
        raise UsageError(manifest.no_split(dataset, asked.split, splits))
    format = SUFFIXES.get(asked.out.suffix, asked.files)
    for split in [asked.split] if asked.split else splits:
        path = into / f"{split}.{format}"
        rows = _rows(asked, dataset, split, done)
        count = _write_jsonl(path, rows) if format == "jsonl" else _write_parquet(path, rows)
        if not count:
            path.unlink(missing_ok=True)
        yield split, count


def _rows(asked: Export, dataset: Path, split: str, done: Exported) -> Iterator[dict[str, Any]]:
    if asked.to in get_args(Labelled):
        return pairs(dataset, split, asked.to, asked.pairs, done.left_out, asked.workers)
    if asked.to in get_args(Asked):
        return questions(asked, dataset, split, done.left_out)
    form: Plain = asked.to  # type: ignore[assignment]  # what is left of the forms
    return (row(record, form, asked.system) for record in reading.read(dataset, split, typed=True))


def _write_jsonl(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    with path.open("wb") as file:
        for line in rows:
            file.write(orjson.dumps(line) + b"\n")
            count += 1
    return count


def _write_parquet(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = list(islice(rows, BATCH))
    if not first:
        return 0
    count, schema = 0, pa.RecordBatch.from_pylist(first).schema  # all rows of a form have the same shape
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for batch in chain([first], iter(lambda: list(islice(rows, BATCH)), [])):
            file.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            count += len(batch)
    return count


def _nothing(asked: Export, done: Exported) -> str:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in done.left_out.items())
    return f"{asked.folder} gives no row of {asked.to}" + (f": {reasons}" if reasons else "")


def _write_facts(asked: Export, datasets: dict[str, Path], partial: Path, done: Exported) -> None:
    """Write the three files that describe the others."""
    info: dict[str, Any] = {}
    configs: dict[str, dict[str, list[str]]] = {}
    for name, counts in done.rows.items():
        inside = "" if set(datasets) == {"default"} else f"{name}/"
        if not any(counts.values()):
            (partial / name).rmdir()
            continue
        for split in (split for split, count in counts.items() if count):
            file = f"{inside}{split}.{asked.files}"
            configs.setdefault(name, {})[split] = [file]
            title = "_".join(filter(None, (asked.folder.resolve().name, inside.rstrip("/"), split)))
            if asked.to in KNOWN_TO_LLAMA_FACTORY:
                info[title] = {"file_name": file, **dataset_info(asked.to, asked.system)}
    if info:
        (partial / INFO).write_bytes(as_json(info))
    (partial / CARD).write_text(frontmatter.with_configs("", frontmatter.config_lines(configs)), encoding="utf-8")
    files = sorted(path for path in partial.rglob("*") if path.is_file())
    facts = {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": command("synth export", asked),
        "source": {name: file_facts(manifest.place(path, MANIFEST)) for name, path in datasets.items()},
        "rows": done.rows,
        "left_out": dict(done.left_out),
        "files": {path.relative_to(partial).as_posix(): file_facts(path) for path in files},
    }
    (partial / EXPORT).write_bytes(as_json(facts))


export = verb("export", Export, run)

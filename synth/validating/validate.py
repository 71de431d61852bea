"""Holds a dataset folder to its expectations: `synth validate`.

Rows are read by all processors, which leave a few facts of each in files; Great Expectations suites are run on frames
of these facts (scan.py). What every dataset must satisfy stands in validators/dataset.py, what a
kind of dataset must satisfy in the file of its name. The result is a table, and validation.json in the folder:

    rows        every row, or each of those an expectation applies to
    severity    a `critical` expectation that fails makes the run fail, a `warning` does not
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from synth.base.config import command, verb
from synth.base.files import write_whole
from synth.base.terminal import progress
from synth.data import mirror
from synth.data.folder import finish_move
from synth.data.manifest import members, open_manifest
from synth.data.names import DOCS, VALIDATION
from synth.data.scored import lines_of, scored
from synth.errors import FolderError
from synth.validating import near
from synth.validating.docs import remove_docs, write_docs
from synth.validating.drop import write_without
from synth.validating.expected import kinds, suites
from synth.validating.facts import Spec
from synth.validating.frames import Rows, files_frame, splits_frame, verdicts_frame
from synth.validating.options import Validate
from synth.validating.scan import Progress, Scan, hashes
from synth.validating.shards import Work, folder_of_run
from synth.validating.suites import Outcome, Runner, load_gx
from synth.validating.texts import Texts, near_outcomes
from synth.workers.local import cores_for
from synth.workers.places import workers_on


@dataclass(frozen=True)
class Result:
    """What came out for one dataset."""

    folder: Path
    outcomes: list[Outcome] = field(repr=False)
    report: dict[str, Any] = field(repr=False)  # what stands in validation.json
    docs: Path | None = None  # the page that leads to the others, if they were asked for
    cleaned: str | None = None  # what was written without some rows, if that was asked for

    @property
    def success(self) -> bool:
        return bool(self.report["success"])


def run(asked: Validate) -> list[Result]:
    """Hold a dataset, or each of those in a folder, to its expectations, and write validation.json into it.

    Returns one result a dataset; `success` says whether nothing critical failed. Raises FolderError for a
    folder that cannot be read, UsageError for options and suites that cannot be, MissingExtraError if Great
    Expectations is not installed.
    """
    with progress(asked.quiet) as report:
        return carry_out(asked, report)


def carry_out(asked: Validate, report: Progress = lambda *_: None) -> list[Result]:
    """Hold datasets to their expectations, as `run` does; `report` is told how far it is."""
    load_gx()
    datasets = members(asked.folder)
    outs = {name: _out(asked, name, len(datasets) > 1) for name in datasets}
    results = [_validate(folder, asked, report) for folder in datasets.values()]
    return [replace(result, cleaned=_cleaned(result.folder, outs[name], asked))
            for name, result in zip(datasets, results, strict=True)]  # fmt: skip


def _out(asked: Validate, name: str, several: bool) -> Path | None:
    """Where the rows of a dataset go that stay."""
    return asked.out / name if asked.out is not None and several else asked.out


def _cleaned(folder: Path, out: Path | None, asked: Validate) -> str | None:
    """Write a dataset without rows that are to go, if that is asked for."""
    if out is None:
        return None
    manifest = open_manifest(folder)
    own = Spec(manifest, kinds(manifest, folder)).own
    typed = command("synth validate", asked)
    try:
        return write_without(folder, out, own, asked.dropped(), asked.against, asked.ngram, typed)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {out}") from error


def _validate(folder: Path, asked: Validate, report: Progress) -> Result:
    finish_move(folder)
    manifest = open_manifest(folder)
    expected = suites(manifest, folder, asked.suite)
    rows, texts = Rows(expected), Texts(asked.tokenizer, asked.limit, asked.against, asked.ngram)
    declared = sum(facts["rows"] for facts in manifest["splits"].values())
    share = 1.0 if asked.sample is None else asked.sample / max(declared, 1)
    spec = Spec(manifest, kinds(manifest, folder), rows.columns, rows.extra, asked.steps, share, texts.wanted)
    where = workers_on(asked.on, _workers(folder, manifest, asked), asked.workers, folder, by_files=True)
    try:
        with folder_of_run(folder) as place, where as (executor, workers):
            scan = Scan(Work(folder, place, spec, texts, asked.suite), rows, report)
            scan.run(executor, workers)
            data = hashes(folder, manifest, executor, workers)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot validate {folder}") from error
    for split, said in scored(folder, manifest, lines_of(folder, manifest)).items():
        scan.splits[split].verdicts.update((line.judge, line.verdict) for line in said)
    outcomes = [
        *rows.finish(),
        *_once(expected, "splits", splits_frame(scan.splits, manifest)),
        *_once(expected, "verdicts", verdicts_frame(scan.splits)),
        *_once(expected, "files", files_frame(manifest, data)),
        *texts.outcomes(),
    ]
    alike = scan.questions.found() if near.compares(spec.builder) else None
    outcomes += near_outcomes(alike) if alike is not None else []
    if not asked.steps:
        outcomes = [outcome for outcome in outcomes if outcome.name != "steps"]
    docs = folder / DOCS / "index.html" if asked.docs else None
    result = Result(folder, outcomes, _report(folder, asked, scan, outcomes, data, texts, alike), docs)
    if asked.docs:
        write_docs(folder / DOCS, folder.resolve().name, outcomes)
    else:
        remove_docs(folder / DOCS)
    _write(folder, result.report)
    return result


def _once(suites: Mapping[str, list[Any]], on: str, frame: Any) -> list[Outcome]:
    """The outcomes of the expectations on a frame there is only one of."""
    if not len(frame):
        return []
    chosen = {name: [one for one in suite if (one.meta or {}).get("on") == on] for name, suite in suites.items()}
    runner = Runner(chosen)
    runner.run(frame)
    for outcome in runner.outcomes:
        shown = (outcome.expectation.meta or {}).get("shows")
        if shown:
            outcome.observed = float(frame[shown].max())
    return runner.outcomes


def _workers(folder: Path, manifest: Mapping[str, Any], asked: Validate) -> int:
    if asked.workers is not None:
        return asked.workers
    size = sum(int(facts.get("bytes", 0)) for facts in manifest["files"].values())
    return cores_for(size)


def _report(
    folder: Path,
    asked: Validate,
    scan: Scan,
    outcomes: list[Outcome],
    data: dict[str, Any],
    texts: Texts,
    alike: near.Found | None,
) -> dict[str, Any]:
    packages = ("great-expectations", "pandas", "pyarrow", "orjson", "rationale-synth")
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": command("synth validate", asked),
        "success": all(outcome.success or outcome.severity == "warning" for outcome in outcomes),
        "data": data,
        "rows": {split.name: split.rows for split in scan.splits.values()},
        "expectations": [_expectation(outcome) for outcome in outcomes],
        "steps": asked.steps,
        "sample": asked.sample,
        "tokenizer": texts.tokenizer_report(),
        "contamination": texts.contamination_reports(),
        "near_duplicates": None if alike is None else alike.report(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def _expectation(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "title": outcome.title,
        "suite": outcome.suite,
        "rows": outcome.rows,
        "failures": outcome.failures,
        "examples": outcome.examples,
        "observed": outcome.said(),
        "success": outcome.success,
        "severity": outcome.severity,
    }


def _write(folder: Path, report: Mapping[str, Any]) -> None:
    path = folder / VALIDATION
    try:
        write_whole(path, orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
        mirror.put_beside(folder)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write {path}") from error


validate = verb("validate", Validate, run)

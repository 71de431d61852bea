"""Questions and answers alone: a folder of their own, or further splits of a dataset of the same task.

A dataset whose rationales a teacher wrote, or that were taken in, is evaluated on questions that nobody has to explain.
Its rows, its attempts and what it was made by stay as they are; synth.json names the splits in `answers_only`.
"""

import platform
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from typing import IO, Any

import orjson

from synth.answers import mathematics, reply
from synth.attempts.rows import answer_alone
from synth.base.config import command
from synth.base.terminal import Report
from synth.data.already import refuse_foreign_files
from synth.data.carried import ANSWERS, carry, rejects_after
from synth.data.folder import FolderWriter, finish_move
from synth.data.manifest import read_manifest
from synth.data.names import ATTEMPTS
from synth.data.reading import read
from synth.data.survey import PROVENANCE, meta_of
from synth.data.writing import encode, split_writer
from synth.errors import FolderError
from synth.importing.options import Import
from synth.importing.run import FAULTS, Outcome, facts_of, in_several, revision_of, sources_of, splits_of
from synth.importing.settle import fault_of
from synth.importing.source import Source
from synth.questions.choosing import question_key
from synth.questions.find import find_task
from synth.questions.prompts import question_of
from synth.questions.reading import asked_of
from synth.questions.task import Task
from synth.record import Rejected

Manifest = Mapping[str, Any]


def add(asked: Import, report: Report) -> Outcome:
    """Write the splits. Raises SourceError for what cannot be read, FolderError for a folder of something else."""
    task = find_task(asked.task)
    if task.kind == "math":
        mathematics.require()
    finish_move(asked.out)
    old = read_manifest(asked.out)
    if old is None:
        refuse_foreign_files(asked.out)
    elif _is_there(asked, task, old):
        rows = {split: old["splits"][split]["rows"] for split in splits_of(asked)}
        return Outcome(asked.out, rows, already_there=True)
    sources = sources_of(asked, task)
    for source in sources.values():
        source.look()
    try:
        with FolderWriter(asked.out) as writer:
            return _write(asked, task, writer, old, sources, report)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {asked.out}") from error


def _is_there(asked: Import, task: Task, old: Manifest) -> bool:
    """Whether a folder has these very splits already. Raises FolderError if they do not fit into it."""
    if "distilled" not in old or old.get("task") != asked_of(task):
        raise FolderError(
            f"{asked.out} is no dataset of the task {task.name} as it is now, so no split fits into it: give --out a "
            "new folder, or the task that it was made with"
        )
    had, facts = old.get(ANSWERS) or {}, _facts(asked, task)
    held = {split: {name: had[split].get(name) for name in facts} for split in had}
    same = [split for split in splits_of(asked) if split in old["splits"] and held.get(split) == facts]
    other = [split for split in splits_of(asked) if split in old["splits"] and split not in same]
    if taught := [split for split in other if split not in had]:
        raise FolderError(f"{asked.out} has rationales in its split {taught[0]!r}: give another --split, or --out")
    if other and not asked.overwrite:
        raise FolderError(f"{asked.out} has another split {other[0]!r}: add --overwrite to replace it")
    return len(same) == len(splits_of(asked))


def _facts(asked: Import, task: Task) -> dict[str, Any]:
    """What decides the rows of the splits."""
    named = {"question": asked.question, "answer": asked.answer}
    return {"source": facts_of(asked, task), "limit": asked.limit, **named}


def _write(
    asked: Import, task: Task, writer: FolderWriter, old: Manifest | None, sources: dict[str, Source], report: Report
) -> Outcome:
    manifest = dict(old) if old is not None else _new(asked, task)
    splits = {name: facts for name, facts in manifest["splits"].items() if name not in sources}
    carry(writer, writer.folder, _files_beside(manifest, splits))
    outcome = Outcome(asked.out, in_several=_in_several(asked, task, splits, sources))
    with rejects_after(asked.out, writer) as rejected:
        for split, source in sources.items():
            splits[split] = _split(_Place(asked, task, writer, manifest, split), source, rejected, outcome, report)
    told = {**_facts(asked, task), "command": command("synth import", asked), **revision_of(sources)}
    manifest[ANSWERS] = {**(manifest.get(ANSWERS) or {}), **dict.fromkeys(sources, told)}
    rejected_of = sum((Counter(facts["rejected"]) for facts in splits.values()), Counter[str]())
    writer.commit({**manifest, "splits": splits, "rejected": dict(rejected_of)})
    return outcome


def _in_several(asked: Import, task: Task, kept: Iterable[str], sources: Mapping[str, Source]) -> tuple[str, ...]:
    """Lines on questions that stand in more than one split, those that the folder has already among them."""
    there = {split: {question_key(question_of(task, record)) for record in read(asked.out, split)} for split in kept}
    return in_several({**there, **{split: source.counts.keys() for split, source in sources.items()}})


@dataclass(frozen=True)
class _Place:
    """Where the rows of a split go."""

    asked: Import
    task: Task
    writer: FolderWriter
    manifest: Manifest
    split: str


def _split(at: _Place, source: Source, rejected: IO[bytes], outcome: Outcome, report: Report) -> dict[str, Any]:
    """Write one split; what synth.json says of it."""
    meta = meta_of(at.manifest)
    form, left = str(at.manifest.get("format") or "jsonl"), Counter[str]()
    with split_writer(at.writer, at.split, form, meta, PROVENANCE) as out:
        for number, met in enumerate(islice(source.met(), at.asked.limit), start=1):
            if fault := fault_of(met, at.task):
                row_id = f"{at.task.name}/{at.split}/{met.question.id}"
                drop = Rejected(row_id, fault, FAULTS[fault], met.question.text, met.question.gold or "")
                rejected.write(orjson.dumps(drop) + b"\n")
                left[fault] += 1
            else:
                out.write(encode([answer_alone(at.task, met.question, at.split, meta)], form, meta, PROVENANCE))
            report(at.split, number, len(source.counts))
    outcome.rows[at.split] = out.rows
    outcome.rejected += left
    outcome.repeated += source.repeated
    outcome.no_questions += source.no_questions
    outcome.questions += out.rows + left.total()
    return {"rows": out.rows, "rejected": dict(left), "files": out.names()}


def _files_beside(manifest: Manifest, splits: Manifest) -> list[str]:
    """The files of a folder that stay: those of its other splits, and what lies beside the rows."""
    kept = [name for facts in splits.values() for name in facts["files"]]
    return [*kept, *([ATTEMPTS] if ATTEMPTS in manifest.get("files", {}) else [])]


def _new(asked: Import, task: Task) -> dict[str, Any]:
    """The manifest of a folder that has no rationales."""
    packages = ("rationale-synth", "orjson", "pyarrow")
    return {
        "command": command("synth import", asked),
        "distilled": {"task": task.name, "source": facts_of(asked, task), "limit": asked.limit},
        "imported": {"splits": list(splits_of(asked)), "no_rationale": True},
        "task": asked_of(task),
        "extractor": reply.VERSION,
        "format": asked.format,
        "plan": {"keep": "all", "max_attempts": 1, "rationalize": False, "length": "steps"},
        "complete": True,
        "questions": 0,
        "splits": {},
        "rejected": {},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }

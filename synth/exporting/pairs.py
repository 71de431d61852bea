"""Pairs of a right and a wrong completion of the same prompt, for preference training: {prompt, chosen, rejected}.

Of distilled rows the wrong one is what the teacher itself said in an attempt whose answer was wrong (attempts.jsonl);
of built rows it is made by program, from the mistakes that the checker of the dataset knows (wrong.py). Both
completions are in the same closing form.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import jsonlines
import orjson

from synth import registry
from synth.data import reading
from synth.data.manifest import open_manifest
from synth.data.names import ATTEMPTS
from synth.errors import FolderError, UsageError
from synth.exporting.wrong import rewritten, wrong_completion
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import find, settings_of
from synth.workers.local import cores, ordered, pool

Pair = dict[str, str]
CHUNK = 2000  # rows that a process works on at a time: about a second
NO_WRONG_ATTEMPT = "no_wrong_attempt"  # the teacher said nothing wrong with reasons about this question
NO_MISTAKE = "no_mistake_found"  # no mistake by program that the step checker objects to
NO_RATIONALE = "no_rationale"


def pairs(
    folder: Path, split: str, most: int | None, left_out: Counter[str], workers: int | None = None
) -> Iterator[Pair]:
    """The pairs of a split, at most `most` of each row; rows that give none are counted in `left_out`.

    workers: processes for mistakes by program, which take their time; None for all cores if there are many rows.
    Raises UsageError for a dataset whose checker knows no mistakes.
    """
    manifest = open_manifest(folder)
    if "distilled" in manifest:
        return _distilled(folder, split, task_of(manifest), most, left_out)
    kind = str(manifest.get("builder"))
    if kind not in (known := _spoiled()):
        raise UsageError(
            f"{folder} gives no pairs: --to dpo takes folders of synth distill and built ones whose checker has"
            f" `mistakes`, which are {', '.join(known)}"
        )
    chunks = -(-manifest["splits"][split]["rows"] // CHUNK)
    workers = min(workers or cores(), max(1, chunks))
    return _built(reading.read(folder, split), kind, settings_of(manifest), left_out, workers)


def _spoiled() -> list[str]:
    """The datasets whose checkers know mistakes."""
    checkers = {name: find(name) for name in registry.names("validators")}
    return [name for name, checker in checkers.items() if checker is not None and checker.mistakes is not None]


def _built(
    records: Iterator[Record], kind: str, settings: Mapping[str, Any], left_out: Counter[str], workers: int
) -> Iterator[Pair]:
    work = partial(_pairs_of, kind=kind, settings=settings)
    with pool(workers) as executor:
        for made, missing in ordered(executor, work, iter(lambda: list(islice(records, CHUNK)), []), workers):
            yield from made
            left_out.update(missing)


def _pairs_of(records: list[Record], kind: str, settings: Mapping[str, Any]) -> tuple[list[Pair], Counter[str]]:
    """The pairs of some rows, and why others give none."""
    checker, made, missing = find(kind), [], Counter[str]()
    for record in records:
        wrong = wrong_completion(record, checker, settings) if record.rationale and checker is not None else None
        if wrong is None:
            missing[NO_MISTAKE if record.rationale else NO_RATIONALE] += 1
        else:
            made.append({"prompt": record.prompt, "chosen": record.completion, "rejected": wrong})
    return made, missing


def _distilled(folder: Path, split: str, task: Task | None, most: int | None, left_out: Counter[str]) -> Iterator[Pair]:
    path = folder / ATTEMPTS
    if not path.is_file():
        raise FolderError(
            f"{folder} has no {ATTEMPTS}, which holds the wrong attempts: export the folder that synth distill wrote"
        )
    questions = _by_question(path)
    question, wrong = "", list[Mapping[str, Any]]()
    for record in reading.read(folder, split):
        wanted = f"{record.task}/{record.meta['source_id']}"
        while question != wanted:  # rows are in the order of the attempts, and some questions have no row
            question, wrong = next(questions, ("", []))
            if not question:
                raise FolderError(f"{path} has no attempts at {wanted}: distil again with --overwrite")
        if not wrong:
            left_out[NO_WRONG_ATTEMPT] += 1
        for attempt in islice(wrong, most):
            yield {"prompt": record.prompt, "chosen": record.completion, "rejected": _wrong(record, attempt, task)}


def _wrong(record: Record, attempt: Mapping[str, Any], task: Task | None) -> str:
    """A wrong attempt in the form of the row's completion."""
    if task is None or not record.completion.endswith(closed := task.closed(record.answer)):
        return rewritten(record, attempt["rationale"], attempt["answer"])
    before, _, between = record.completion.removesuffix(closed).partition(record.rationale)
    return f"{before}{attempt['rationale']}{between}{task.closed(attempt['answer'])}"


def _by_question(path: Path) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Each question with its wrong attempts that give reasons, each of these once."""
    with path.open("rb") as file, jsonlines.Reader(file, loads=orjson.loads) as lines:
        try:
            for question, attempts in groupby(lines.iter(type=dict), key=lambda attempt: str(attempt["id"])):
                distinct = {
                    " ".join(attempt["rationale"].split()).casefold(): attempt
                    for attempt in attempts
                    if attempt["outcome"] == "wrong" and attempt["rationale"] and not attempt["hinted"]
                }
                yield question, list(distinct.values())
        except (jsonlines.InvalidLineError, KeyError) as error:
            raise FolderError(f"{path} cannot be read: {error}") from error

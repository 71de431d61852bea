"""Rows that need a wrong completion beside the right one of the same prompt: pairs, labelled rows, labelled steps.

Of distilled rows the wrong one is what the teacher itself said in an attempt whose answer was wrong (attempts.jsonl);
of built rows it is made by program, from the mistakes that the checker of the dataset knows (wrong.py). Both
completions are in the same closing form.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
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
from synth.exporting.forms import Form
from synth.exporting.labels import OF_STEPS, labelled
from synth.exporting.wrong import rewritten, with_mistake
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import find, settings_of
from synth.workers.local import cores, ordered, pool

Row = dict[str, Any]
CHUNK = 2000  # rows that a process works on at a time: about a second
NO_WRONG_ATTEMPT = "no_wrong_attempt"  # the teacher said nothing wrong with reasons about this question
NO_MISTAKE = "no_mistake_found"  # no mistake by program that the step checker objects to
NO_RATIONALE = "no_rationale"


def pairs(
    folder: Path, split: str, form: Form, most: int | None, left_out: Counter[str], workers: int | None = None
) -> Iterator[Row]:
    """The rows of a split in one of the forms of LABELLED, from at most `most` wrong completions of each row; rows that
    have none are counted in `left_out`.

    workers: processes for mistakes by program, which take their time; None for all cores if there are many rows.
    Raises UsageError for a dataset that has no wrong completions, or not in this form.
    """
    manifest = open_manifest(folder)
    kind = "a teacher" if "distilled" in manifest else str(manifest.get("builder"))
    if "distilled" in manifest and form not in OF_STEPS:
        return _distilled(folder, split, task_of(manifest), form, most, left_out)
    if kind not in (known := _spoiled()):
        takes = "built folders" if form in OF_STEPS else "folders of synth distill and built ones"
        raise UsageError(
            f"{folder} is of {kind}, of which nothing wrong is known: --to {form} takes {takes} whose checker has"
            f" `mistakes`, which are {', '.join(known)}"
        )
    chunks = -(-manifest["splits"][split]["rows"] // CHUNK)
    workers = min(workers or cores(), max(1, chunks))
    return _built(
        reading.read(folder, split, typed=True),
        partial(_of_chunk, kind, form, settings_of(manifest)),
        left_out,
        workers,
    )


def _spoiled() -> list[str]:
    """The datasets whose checkers know mistakes."""
    checkers = {name: find(name) for name in registry.names("validators")}
    return [name for name, checker in checkers.items() if checker is not None and checker.mistakes is not None]


def _built(
    records: Iterator[Record], work: "partial[tuple[list[Row], Counter[str]]]", left_out: Counter[str], workers: int
) -> Iterator[Row]:
    with pool(workers) as executor:
        for made, missing in ordered(executor, work, iter(lambda: list(islice(records, CHUNK)), []), workers):
            yield from made
            left_out.update(missing)


def _of_chunk(
    kind: str, form: Form, settings: Mapping[str, Any], records: list[Record]
) -> tuple[list[Row], Counter[str]]:
    """What some rows give, and why others give nothing wrong."""
    checker, made, missing = find(kind), list[Row](), Counter[str]()
    for record in records:
        wrong = with_mistake(record, checker, settings) if record.rationale and checker is not None else None
        if wrong is None:
            missing[NO_MISTAKE if record.rationale else NO_RATIONALE] += 1
        made += labelled(form, record, [] if wrong is None else [wrong], checker)
    return made, missing


def _distilled(
    folder: Path, split: str, task: Task | None, form: Form, most: int | None, left_out: Counter[str]
) -> Iterator[Row]:
    path = folder / ATTEMPTS
    if not path.is_file():
        raise FolderError(
            f"{folder} has no {ATTEMPTS}, which holds the wrong attempts: export the folder that synth distill wrote"
        )
    questions = _by_question(path)
    question, wrong = "", list[Mapping[str, Any]]()
    for record in reading.read(folder, split, typed=True):
        if not record.rationale:  # a question with its answer alone, which no teacher was asked
            left_out[NO_RATIONALE] += 1
            yield from labelled(form, record, [], None)
            continue
        wanted = f"{record.task}/{record.meta.get('source_id')}"
        again = question == wanted  # another rationale of the same question
        while question != wanted:  # rows are in the order of the attempts, and some questions have no row
            question, wrong = next(questions, ("", []))
            if not question:
                raise FolderError(
                    f"{path} has no attempts at {wanted} behind those at the row before: export the folder as it was "
                    "written, with its rows and attempts in one order"
                )
        if not wrong:
            left_out[NO_WRONG_ATTEMPT] += 1
        said = [_wrong(record, attempt, task) for attempt in islice(wrong, most)]
        yield from labelled(form, record, [] if again and form == "kto" else said, None)


def _wrong(record: Record, attempt: Mapping[str, Any], task: Task | None) -> Record:
    """A wrong attempt in the form of the row's completion."""
    rationale, answer = attempt["rationale"], attempt["answer"]
    if task is None or not record.completion.endswith(closed := task.closed(record.answer)):
        return rewritten(record, rationale, answer)
    before, _, between = record.completion.removesuffix(closed).partition(record.rationale)
    completion = f"{before}{rationale}{between}{task.closed(answer)}"
    return replace(record, rationale=rationale, answer=answer, completion=completion)


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

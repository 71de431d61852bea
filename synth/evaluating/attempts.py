"""Measures what was written already: `synth eval --model attempts`, the attempts of a distillation or an import.

A folder of `synth distill` or `synth import` keeps all that was written to each question, right or not, in
attempts.jsonl. Each question is a row, its attempts are the outputs: the first of them, or the first so many of
`--samples`. Attempts that were told the answer are none. An answer that stood in a column of its own is closed with, in
the closing form of the task.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from synth.answers.finish import end_of
from synth.data.carried import ANSWERS
from synth.data.manifest import no_split
from synth.data.names import ATTEMPTS
from synth.errors import FolderError
from synth.models.generate import Output
from synth.questions.reading import task_of
from synth.record import Record
from synth.validating.checker import Checker, reader_of

Attempt = Mapping[str, Any]  # a line of attempts.jsonl
Asked = tuple[Record, list[Output]]


def attempted(folder: Path, manifest: Mapping[str, Any], split: str, limit: int | None, samples: int) -> list[Asked]:
    """Each question of a split as a row without completion, and the first attempts at it.

    Raises FolderError for a folder without the split, or without attempts.
    """
    if split not in manifest["splits"]:
        raise FolderError(no_split(folder, split, manifest["splits"]))
    task = task_of(manifest)
    path = folder / ATTEMPTS
    if task is None or not path.is_file():
        raise FolderError(f"{folder} has no {ATTEMPTS}: only what synth distill and synth import wrote has attempts")
    reader = reader_of(task.name, task)
    alone = manifest.get(ANSWERS) or {}
    if split in alone:
        raise FolderError(
            f"the split {split} of {folder} has questions and answers alone: no attempts at them are there"
        )
    several = len(set(manifest["splits"]) - set(alone)) > 1
    mark = f"{task.name}/{split}/" if several else ""
    found = []
    for name, attempts in groupby(_lines(path), key=lambda attempt: str(attempt["id"])):
        of_question = [attempt for attempt in attempts if not attempt.get("hinted")]
        if of_question and name.startswith(mark) and of_question[0].get("gold") is not None:
            found.append(_asked(task.name, name, of_question[:samples], reader))
        if len(found) == limit:
            break
    if not found:
        raise FolderError(f"{path} has no attempts at questions of the split {split} whose answers are known")
    return found


def _lines(path: Path) -> Iterator[Attempt]:
    """Raises FolderError for a line that is no attempt."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                found = orjson.loads(line)
                if not isinstance(found, dict) or not all(name in found for name in ("id", "prompt", "text")):
                    raise FolderError(f"{path} line {number} is no attempt: it lacks id, prompt or text")
                yield found
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} line {number} is no JSON: {error}") from error
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def _asked(task: str, name: str, attempts: Sequence[Attempt], reader: Checker) -> Asked:
    first = attempts[0]
    record = Record(name, task, str(first["prompt"]), "", str(first["gold"]), "", {})
    return record, [_output(record, attempt, reader) for attempt in attempts]


def _output(record: Record, attempt: Attempt, reader: Checker) -> Output:
    text, answer = str(attempt["text"] or ""), attempt.get("answer")
    end = end_of(attempt.get("finish_reason"))
    said = reader.read_output(record, text).answer
    if answer is not None and not reader.agree(said, str(answer), reader.options_of(record)):
        text = f"{text}\n{reader.closing.replace('{answer}', str(answer))}".lstrip()
    return Output(text, int(attempt.get("completion_tokens") or 0), end == "cut", end == "filtered")

"""What one evaluation got wrong and another right, as rows for a judge of errors.

A row's completion is what the model wrote, its answer the right one. Of several outputs a row it is the first that
gives the answer of the majority. A question without any answer is no error of reasons, and is counted alone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import read_facts
from synth.data.names import EVALUATIONS, METRICS, PREDICTIONS, RUN
from synth.errors import FolderError, UsageError
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import Checker, reader_of

SHARED = 0.5  # of the questions of the smaller side: two different test sets are not compared
TELLS = ("id", "prompt", "gold", "output", "correct")  # of a line, that are relied on


@dataclass(frozen=True)
class Errors:
    """What a judge of errors is given, and what was left out of it."""

    folder: Path  # of the evaluation with the errors
    records: list[Record]
    answers: list[str]  # that the model gave, one a record
    split: str
    shared: int  # questions that both answered
    silent: int  # wrong ones that have no answer at all
    facts: dict[str, Any]  # of metrics.json
    digests: list[str]  # sha256 of both files of predictions


def errors_of(given: Path, against: Path) -> Errors:
    """The errors of one evaluation that the other one has right.

    There may be none. Raises FolderError for folders that are no evaluations, or cannot be read; UsageError for two
    that share few questions, or if the first has no rationales.
    """
    folder, other = _pair(given, against)
    facts = _metrics(folder)
    none = UsageError(f"{folder} has no rationales: give the evaluation with rationales first, --against without")
    if facts.get("target") == "answer" or facts.get("prompting") == "direct":
        raise none
    name, task = str((facts.get("data") or {}).get("task") or ""), task_of({**facts, "distilled": {"task": ""}})
    lines, right = list(_lines(folder)), list(_lines(other))
    key = _shared(lines, right)
    if key is None:
        raise UsageError(f"{folder} and {other} are not of the same questions: give evaluations of one split")
    known = {line[key]: line["correct"] for line in right}
    both = [line for line in lines if line[key] in known]
    wrong = [line for line in both if not line["correct"] and known[line[key]]]
    told = [line for line in wrong if line.get("answer") is not None]
    records = [_record(line, name, task) for line in told]
    if records and not any(record.rationale.strip() for record in records):
        raise none
    return Errors(
        folder, records, [str(line["answer"]) for line in told], str((facts.get("data") or {}).get("split") or "test"),
        len(both), len(wrong) - len(told), facts, [digest_of(folder), digest_of(other)],
    )  # fmt: skip


def digest_of(folder: Path) -> str:
    """The sha256 of the predictions of an evaluation."""
    return hashlib.sha256((folder / PREDICTIONS).read_bytes()).hexdigest()


def _pair(given: Path, against: Path) -> tuple[Path, Path]:
    """Two evaluation folders. Of runs those of one name; raises UsageError if that does not say which."""
    if given.resolve() == against.resolve():
        raise UsageError(f"--against {against} is the evaluation itself: give that of the model without rationales")
    first, second = _evaluations(given), _evaluations(against)
    if len(first) == len(second) == 1:
        return next(iter(first.values())), next(iter(second.values()))
    names = [name for name in first if name in second] if len(first) > 1 < len(second) else list(first | second)
    if len(first) > 1 < len(second) and len(names) == 1:
        return first[names[0]], second[names[0]]
    many, place = (first, given) if len(first) > 1 else (second, against)
    raise UsageError(f"{place} has several evaluations: give one of {', '.join(map(str, many.values()))}")


def _evaluations(folder: Path) -> dict[str, Path]:
    """The evaluation that a folder is, or those of a run, by name. Raises FolderError for a folder with none."""
    if (folder / METRICS).is_file():
        return {"": folder}
    found = {path.parent.name: path.parent for path in sorted(folder.glob(f"{EVALUATIONS}/*/{METRICS}"))}
    if found:
        return found
    what = "a run without evaluations: run synth eval first" if (folder / RUN).is_file() else "no evaluation"
    raise FolderError(f"{folder} is {what}; give a folder that synth eval wrote (it has {METRICS}), or a run with one")


def _metrics(folder: Path) -> dict[str, Any]:
    return read_facts(folder / METRICS, "what synth writes", "run synth eval again", lambda facts: True) or {}


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The predictions of an evaluation. Raises FolderError with the line that cannot be read."""
    path = folder / PREDICTIONS
    try:
        with path.open("rb") as file:
            for number, text in enumerate(file, start=1):
                yield _line(text, f"{path} line {number}")
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def _line(text: bytes, where: str) -> dict[str, Any]:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{where} cannot be read ({error}): run synth eval again") from error
    if not isinstance(line, dict) or any(name not in line for name in TELLS):
        raise FolderError(f"{where} is no prediction: it has {', '.join(TELLS)}; run synth eval again")
    return line


def _shared(lines: list[dict[str, Any]], others: list[dict[str, Any]]) -> str | None:
    """By what the same question is known on both sides: its id, else its prompt."""
    for key in ("id", "prompt"):
        known = {line[key] for line in others}
        if sum(line[key] in known for line in lines) >= max(1, SHARED * min(len(lines), len(others))):
            return key
    return None


def _record(line: Mapping[str, Any], name: str, task: Task | None) -> Record:
    meta = line.get("meta") if isinstance(line.get("meta"), dict) else {}
    record = Record(str(line["id"]), name, str(line["prompt"]), "", str(line["gold"]), "", dict(meta or {}))
    reader = reader_of(name, task)
    said = _output(record, line, reader)
    rationale = reader.read_output(record, said).rationale
    return Record(record.id, name, record.prompt, rationale, record.answer, said, record.meta)


def _output(record: Record, line: Mapping[str, Any], reader: Checker) -> str:
    """The output that gives the answer which counted: of several the first of the majority."""
    outputs = [str(text) for text in line.get("outputs") or [] if isinstance(text, str)] or [str(line["output"])]
    given = line.get("answer")
    return next(
        (text for text in outputs if reader.as_stored(reader.read_output(record, text).answer) == given), outputs[0]
    )

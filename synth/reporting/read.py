"""What `synth report` reads: run folders of `synth train` and evaluation folders of `synth eval`.

    RUN/synth-run.json  RUN/log.jsonl  RUN/eval/NAME/...     a run, with the evaluations inside it
    EVAL/metrics.json   EVAL/predictions.jsonl               an evaluation
    RUN/iterations/000/metrics.json                          a run of STaR, see loops.py
    RUN/rounds/001/metrics.json                              a run of MaRio, see rounds.py
    STUDY/study.json                                         a study, see study.py

What is missing or half-written is left out and named in `notes`. Which folder is what, collect.py finds out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import read_facts
from synth.data.names import EVALUATIONS, LOG, METRICS, PREDICTIONS, RUN
from synth.errors import FolderError
from synth.reporting.loops import Loop
from synth.reporting.probes import Probe

KEPT = 40  # rows of each kind that examples are chosen from


@dataclass
class Run:
    """A model that was trained, and how."""

    name: str
    folder: Path
    facts: dict[str, Any]  # synth-run.json
    log: list[dict[str, Any]]


@dataclass
class Rows:
    """The predictions of an evaluation, as much of them as is needed; all lists are of the same length."""

    ids: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)  # the row that a changed row was made from, else the row itself
    prompts: list[str] = field(default_factory=list)
    read: list[int | None] = field(default_factory=list)  # tokens of the prompt; evaluations of before have none
    correct: list[bool] = field(default_factory=list)
    loops: list[bool] = field(default_factory=list)
    confidence: list[float | None] = field(default_factory=list)
    right: list[dict[str, Any]] = field(default_factory=list)  # some whole rows, for examples
    wrong: list[dict[str, Any]] = field(default_factory=list)
    has_rationales: bool = False  # whether any row's gold has one


@dataclass
class Evaluation:
    """A model measured on a split."""

    name: str
    folder: Path
    facts: dict[str, Any]  # metrics.json
    run: dict[str, Any]  # synth-run.json of the run it is of, or what metrics.json has of it; {} if it has none
    run_name: str
    rows: Rows

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.facts.get("data") or {})

    def metric(self, name: str) -> dict[str, Any] | None:
        """`{"value", "low", "high", "n"}`, or None if it was not measured."""
        figure = (self.facts.get("metrics") or {}).get(name)
        return figure if isinstance(figure, dict) and isinstance(figure.get("value"), int | float) else None


@dataclass
class Found:
    """All runs and evaluations that a report is made of."""

    runs: list[Run] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)  # those of the runs that are runs of STaR
    rounds: list[Loop] = field(default_factory=list)  # those that are runs of rounds, of MaRio
    probes: list[Probe] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out and why, for the reader of the page


def read_run(folder: Path, name: str, notes: list[str]) -> Run:
    """A run folder; what is half-written in it is named in `notes`.

    Raises FolderError if synth-run.json cannot be read.
    """
    facts = _object(folder / RUN)
    log, broken = [], 0
    for line in _lines(folder / LOG):
        if isinstance(line, dict) and isinstance(line.get("step"), int):
            log.append(line)
        else:
            broken += 1
    if not log:
        notes.append(f"{name}: {LOG} has no steps in it, so there are no learning curves of this run")
    elif broken:
        notes.append(f"{name}: {broken} unreadable line{'s' * (broken > 1)} of {LOG} left out")
    if not facts.get("complete"):
        notes.append(f"{name}: training did not get to its end; what is shown is as far as it came")
    return Run(name, folder, facts, sorted(log, key=lambda line: line["step"]))


def add_evaluation(folder: Path, name: str, run: Run | None, found: Found) -> None:
    """Read an evaluation folder into `found`, or note there why it is left out.

    Raises FolderError if metrics.json cannot be read.
    """
    if not (folder / METRICS).is_file():
        found.notes.append(f"{name}: the evaluation did not get to its end (no {METRICS}); it is left out")
        return
    facts = _object(folder / METRICS)
    if not facts.get("complete"):
        found.notes.append(f"{name}: the evaluation is incomplete; its figures are of the rows that were measured")
    rows, broken = _read_rows(folder / PREDICTIONS)
    if broken:
        found.notes.append(f"{name}: {broken} unreadable line{'s' * (broken > 1)} of {PREDICTIONS} left out")
    if not rows.ids:
        found.notes.append(
            f"{name}: {PREDICTIONS} has no rows, so there are no examples and nothing to compare row by row"
        )
    theirs = run.facts if run else _run_around(folder) or facts.get("run") or {}
    owner = run.name if run else name
    found.evaluations.append(Evaluation(name, folder, facts, dict(theirs), owner, rows))


def _run_around(folder: Path) -> dict[str, Any] | None:
    """The facts of the run whose folder the evaluation lies in."""
    around = folder.parent.parent / RUN
    if folder.parent.name != EVALUATIONS or not around.is_file():
        return None
    try:
        return _object(around)
    except FolderError:  # metrics.json has the main facts, too
        return None


def _read_rows(path: Path) -> tuple[Rows, int]:
    """The rows, and how many lines cannot be read: the last one may be half-written."""
    rows, broken = Rows(), 0
    for line in _lines(path):
        if not isinstance(line, dict) or not isinstance(line.get("correct"), bool) or "id" not in line:
            broken += 1
            continue
        sure = line.get("confidence")
        rows.ids.append(str(line["id"]))
        meta = line.get("meta")
        rows.sources.append(str((meta if isinstance(meta, dict) else {}).get("source_id") or line["id"]))
        rows.loops.append(bool(line.get("loop")))
        rows.prompts.append(str(line.get("prompt", "")))
        tokens = line.get("prompt_tokens")
        rows.read.append(tokens if isinstance(tokens, int) else None)
        rows.correct.append(line["correct"])
        rows.confidence.append(float(sure) if isinstance(sure, int | float) else None)
        rows.has_rationales |= line.get("f1_1") is not None
        kept = rows.right if line["correct"] else rows.wrong
        if len(kept) < KEPT:
            kept.append(line)
    return rows, broken


def _lines(path: Path) -> Iterator[Any]:
    """The JSON values of a file; None for a line that is not JSON."""
    try:
        with path.open("rb") as file:
            for line in file:
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError:
                    yield None
    except FileNotFoundError:
        return
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def _object(path: Path) -> dict[str, Any]:
    return read_facts(path, "what synth writes", "run the command that wrote it again", _has_parts) or {}


def _has_parts(facts: dict[str, Any]) -> bool:
    """Whether the parts that are relied on have the types they should have, if the file has them."""
    tables = all(isinstance(facts.get(name) or {}, dict) for name in ("metrics", "by", "run", "calibration", "config"))
    data = facts.get("data") or {}
    listed = isinstance(data, list) and all(isinstance(part, dict) for part in data)
    columns = (facts.get("by") or {}).values() if tables else ()
    return tables and (isinstance(data, dict) or listed) and all(isinstance(column, dict) for column in columns)

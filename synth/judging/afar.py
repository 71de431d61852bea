"""Rows that are worked out on a machine of a cluster, a file of a dataset at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.data.reading import read_file
from synth.data.verdict import Asking, Noted, Scoring, Verdict, find
from synth.data.verdicts import Line, line_of


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one row."""

    id: str
    task: str
    verdict: Verdict
    line: Line  # of a file of verdicts


def look(judge_name: str, folder: Path, known: Mapping[str, Any], item: tuple[str, str]) -> list[Told]:
    """The verdicts on all rows of a file; item: its split and name. known: what the checker has to know of the folder.

    Raises FolderError for a row that cannot be read.
    """
    judge, (split, name) = find(judge_name), item
    if isinstance(judge.by, Asking | Scoring | Noted):
        raise TypeError(f"{judge.name} does not work rows out")
    told = []
    for record in read_file(folder, name):
        verdict = judge.by(record, **known)
        line = line_of(split, record, replace(verdict, judge=judge.name), None, None)
        told.append(Told(record.id, record.task, verdict, line))
    return told

"""What a folder of `synth study` holds: the cells of its matrix, read from study.json.

    STUDY/study.json    {"study", "file", "cells": [{"block", "axes": {"task", "target", "seed", ...}, "data", "run",
                         "evaluations", "difficulty", "quality", "state", "why"}]}

Paths are relative to the folder. A cell of a model that was not trained has no run. What the runs and evaluations hold
is read by collect.py; what is missing of a cell is told in the report.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.names import STUDY
from synth.reporting.read import Evaluation

OPTIONAL = "optional"  # of a block that nobody asked for
STATES = ("done", "failed", "left out", "planned", OPTIONAL)


@dataclass
class Cell:
    """One condition of a study: what it is along each axis, and what was made for it."""

    block: str
    axes: dict[str, str]  # values as text
    data: str | None
    run: str | None
    evaluated: list[str]  # evaluation folders
    difficulty: str | None
    quality: str | None  # of its data
    state: str
    why: str | None
    evaluations: list[Evaluation] = field(default_factory=list)  # those that can be read

    def words(self) -> str:
        """Its name for a reader: block and axes."""
        return ", ".join([self.block, *(f"{name} {value}" for name, value in self.axes.items())])


@dataclass
class Study:
    """The cells of a study, in its own order."""

    name: str
    folder: Path
    facts: dict[str, Any]
    cells: list[Cell]
    evaluations: list[Evaluation] = field(default_factory=list)  # each once, of all cells

    def axes(self) -> dict[str, list[str]]:
        """The values of each axis, in the order in which they come first."""
        found: dict[str, list[str]] = {}
        for cell in self.cells:
            for name, value in cell.axes.items():
                values = found.setdefault(name, [])
                if value not in values:
                    values.append(value)
        return found


def read_cells(folder: Path, name: str) -> Study:
    """The study of a folder, without what its runs and evaluations hold.

    Raises FolderError for a study.json that cannot be read.
    """
    way_out = "run synth study again, which makes it anew"
    facts = read_facts(folder / STUDY, "the cells of a study", way_out, _has_cells) or {"cells": []}
    return Study(str(facts.get("study") or name), folder, facts, [_cell(told) for told in facts["cells"]])


def _has_cells(facts: dict[str, Any]) -> bool:
    cells = facts.get("cells")
    return isinstance(cells, list) and all(isinstance(cell, dict) and _is_cell(cell) for cell in cells)


def _is_cell(cell: dict[str, Any]) -> bool:
    axes, evaluations = cell.get("axes", {}), cell.get("evaluations") or []
    paths = [cell.get(name) for name in ("data", "run", "difficulty", "quality")]
    listed = isinstance(evaluations, list) and all(isinstance(path, str) for path in evaluations)
    return isinstance(axes, dict) and listed and all(path is None or isinstance(path, str) for path in paths)


def _cell(told: dict[str, Any]) -> Cell:
    axes = {str(name): _text(value) for name, value in told.get("axes", {}).items() if value is not None}
    state = told.get("state")
    return Cell(
        str(told.get("block") or "main"), axes, told.get("data"), told.get("run"), told.get("evaluations") or [],
        told.get("difficulty"), told.get("quality"), state if state in STATES else "planned", told.get("why"),
    )  # fmt: skip


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)

"""The probes of runs (`synth probe`) as a report shows them: tables of their figures, and the pictures they drew.

    RUN/probes/attention-sums-test/probe.json     kind, run, data, figures with their intervals
    RUN/probes/attention-sums-test/maps-light.png, maps-dark.png, ...

A report knows no kind of probe but that of attention, whose parts are laid out in a table of their own; of all others
the figures are taken as they come: a row for each group of figures, a column for each figure.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.names import PROBE, PROBES
from synth.errors import FolderError

PICTURED = 8  # probes whose pictures are on the page, about 2 MB each; those of all lie beside it
PAPERS = ("light", "dark")
KEPT = ("kind", "run", "command", "data", "target", "attention", "counts", "left_out", "figures", "steps", "drawn")
TITLES = {
    "answer": "How likely the answer is after each part of a rationale",
    "faithful": "Does the answer follow the rationale",
    "attention": "What the model looks at while it writes",
}
CAPTIONS = {  # of probes that do not say it themselves, by the beginning of the picture's name
    "curve": "Probability of the gold answer over a rationale, mean over rows with 95% interval",
    "row": "One row, its tokens coloured by how likely the gold answer is behind them",
    "outcomes": "What the answer is after each change of the rationale",
    "early": "How often the answer behind part of a rationale is that behind all of it",
}
ATTENTION = {
    "cross": "What is written looks at the prompt",
    "self": "What is written looks at what stands before it",
    "encoder": "The prompt looks at itself",
}
Figure = Mapping[str, Any]  # {"value", "low", "high", "n"}


@dataclass
class Probe:
    """A probe, and its pictures by their names: name -> paper -> PNG."""

    name: str
    facts: dict[str, Any]
    pictures: dict[str, dict[str, bytes]] = field(default_factory=dict)


def read_probes(run: Path, name: str, notes: list[str]) -> list[Probe]:
    """The probes of a run; what cannot be read is named in `notes`."""
    found = []
    for path in sorted(run.glob(f"{PROBES}/*/")):
        try:
            found += read_probe(path, f"{name}/{path.name}", notes)
        except FolderError as error:
            notes.append(f"{name}/{path.name}: {str(error).replace(f'{path}/', '')}; the probe is left out")
    return found


def read_probe(folder: Path, name: str, notes: list[str]) -> list[Probe]:
    """The probe of a folder, if it came to its end. Raises FolderError for a probe.json that cannot be read."""
    facts = read_facts(folder / PROBE, "what synth probe writes", "run the command that wrote it again", _holds)
    if facts is None:
        notes.append(f"{name}: the probe did not get to its end (no {PROBE}); it is left out")
        return []
    pictures: dict[str, dict[str, bytes]] = {}
    for path in sorted(folder.glob("*.png")):
        picture, _, paper = path.stem.rpartition("-")
        if paper in PAPERS:
            pictures.setdefault(picture, {})[paper] = path.read_bytes()
    return [Probe(name, facts, {of: both for of, both in pictures.items() if len(both) == len(PAPERS)})]


def _holds(facts: dict[str, Any]) -> bool:
    return isinstance(facts.get("kind"), str) and all(isinstance(facts.get(name), dict) for name in ("figures", "data"))


def told(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """What report.json says of the probes: nothing that depends on where the folders lie."""
    return [
        {
            "name": probe.name, "title": TITLES.get(probe.facts["kind"], probe.facts["kind"]),
            **{name: probe.facts.get(name) for name in KEPT},
            "tables": tables(probe.facts),
            "pictures": [
                {"name": f"probe-{number}-{of}", "caption": _caption(probe, of)} for of in _ordered(probe.pictures)
            ],
            "pictured": number <= PICTURED,
        }
        for number, probe in enumerate(probes, start=1)
    ]  # fmt: skip


def _ordered(names: Mapping[str, Any]) -> list[str]:
    """Pictures of all rows before those of single ones; row-2 before row-10."""
    known = ["curve", "outcomes", "early", "shares", "steps", "maps", "heads", "encoder"]
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), len(name), name))


def _caption(probe: Probe, name: str) -> str:
    said = (probe.facts.get("captions") or {}).get(name)
    return str(said or next((text for start, text in CAPTIONS.items() if name.startswith(start)), name))


def files_of(probes: Sequence[Probe]) -> dict[str, bytes]:
    """The pictures as files beside the page."""
    return {
        f"probe-{number}-{name}-{paper}.png": png
        for number, probe in enumerate(probes, start=1)
        for name, both in probe.pictures.items()
        for paper, png in both.items()
    }


def embedded(files: Mapping[str, bytes]) -> dict[str, str]:
    """The pictures as a page holds them without other files."""
    shown = {name: png for name, png in files.items() if int(name.split("-")[1]) <= PICTURED}
    return {name: f"data:image/png;base64,{base64.b64encode(png).decode()}" for name, png in shown.items()}


def tables(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{"title", "columns", "rows": [{"name", "cells"}]}`; a cell is a figure, a number, or None."""
    if facts["kind"] == "attention":
        return [_parts(kind, groups) for kind, groups in facts["figures"].items() if groups.get("all")]
    rows = {str(name): flat(of) for name, of in facts["figures"].items() if isinstance(of, Mapping)}
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, cells in rows.items():
        if cells:
            alike.setdefault(tuple(cells), []).append(name)
    return [
        {"title": "", "columns": [words(column) for column in columns],
         "rows": [{"name": words(name), "cells": list(rows[name].values())} for name in names]}
        for columns, names in alike.items()
    ]  # fmt: skip


def words(name: str) -> str:
    return name.replace("_", " ")


def flat(of: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The figures and counts in a group, those of groups within it too; of a curve its ends and its middle."""
    found: dict[str, Any] = {}
    for name, value in of.items():
        if is_figure(value) or (isinstance(value, int) and not isinstance(value, bool)):
            found[f"{before}{name}"] = value
        elif isinstance(value, Mapping):
            found |= flat(value, f"{name}: ")
        elif isinstance(value, list) and value and all(is_figure(point) for point in value):
            places = {"at first": 0, "half-way": len(value) // 2, "at last": -1}
            found |= {f"{before}{name} {said}": value[at] for said, at in places.items()}
    return found


def is_figure(value: Any) -> bool:
    ends = ("value", "low", "high")
    return isinstance(value, Mapping) and all(isinstance(value.get(end), int | float) for end in ends)


def _parts(kind: str, groups: Mapping[str, Mapping[str, Figure]]) -> dict[str, Any]:
    """A row for each part: its share over all rows, right and wrong ones, and what uniform attention gives it."""
    rows = [
        {"name": part, "cells": [*(of.get(part) for of in groups.values()), {"value": figure["uniform"]}]}
        for part, figure in groups["all"].items()
    ]
    return {"title": ATTENTION.get(kind, kind), "columns": [*groups, "uniform attention"], "rows": rows}

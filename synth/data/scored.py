"""What judges said in a file beside the rows of a dataset, such as `verdicts.jsonl` of its folder."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from synth.data.names import VERDICTS
from synth.data.reading import read
from synth.data.verdicts import Line, Place, hash_of, label, latest, read_verdicts
from synth.errors import FolderError
from synth.record import Record

Scored = dict[str, list[Line]]  # split -> what judges said of its rows


def lines_of(folder: Path, manifest: Mapping[str, Any]) -> list[Line]:
    """The last lines of each row and judge in the file of verdicts of a folder; none if there is no such file, or if
    one of that name holds something else."""
    path = folder / VERDICTS
    if not path.is_file() or VERDICTS in manifest.get("files", {}):  # a split may have that name
        return []
    try:
        return list(latest(read_verdicts(path)).values())
    except FolderError:
        return []


def scored(folder: Path, manifest: Mapping[str, Any], lines: Iterable[Line]) -> Scored:
    """What was said of the rows as they are now, without what stands in the rows themselves."""
    said: dict[Place, list[Line]] = defaultdict(list)
    for line in lines:
        said[line.place].append(line)
    found: Scored = {split: [] for split in manifest["splits"]} if said else {}
    for split, lines_there in found.items():
        for record in read(folder, split):
            known = _in_row(record)
            for line in said.get((split, str(record.id), hash_of(record)), ()):
                if line.label not in known:
                    lines_there.append(line)
    return found


def _in_row(record: Record) -> set[str]:
    """Judges, with their models, whose verdicts are in the row."""
    written = record.provenance.get("verdicts") if isinstance(record.provenance, Mapping) else None
    given = written if isinstance(written, list) else []
    return {label(str(one.get("judge")), one.get("model")) for one in given if isinstance(one, dict)}

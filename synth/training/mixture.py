"""The datasets of a training run and how often each is gone through: `--data A:2 --data B`.

After the mixtures of tasks of Zhu et al. 2025 (RAFT). A weight says how often an epoch goes through a dataset: with A:2
each row of A comes twice in an epoch, with A:0.5 half of them, another half in another epoch. Mixtures that have a name
are in presets.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import file_facts
from synth.data.manifest import open_manifest, split_files
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.record import Record
from synth.training.presets import folders_of, preset_of
from synth.training.stored import Joined, stored


@dataclass(frozen=True)
class Part:
    """One dataset of the mixture."""

    folder: Path  # or what rows are called that lie in none
    split: str
    weight: float
    records: Sequence[Record]
    sha256: str
    codes: Mapping[str, int] = field(default_factory=dict)  # control tokens of its rows: bins of each reward
    mixture: str = ""  # the preset that named it

    def facts(self) -> dict[str, Any]:
        """What synth-run.json keeps of it: of the path the last part only, so that no paths of this machine get out."""
        tasks = sorted({record.task for record in self.records})
        return {
            "folder": self.folder.resolve().name, "split": self.split, "rows": len(self.records),
            "weight": self.weight, "sha256": self.sha256, "task": "+".join(tasks),
            **({"mixture": self.mixture} if self.mixture else {}),
        }  # fmt: skip


def of_rows(name: str, records: Sequence[Record], weight: float = 1.0) -> Part:
    """Rows that lie in no folder, such as those that a model has written itself, as a part of a mixture."""
    digest = sha256(b"".join(orjson.dumps(record) + b"\n" for record in records)).hexdigest()
    return Part(Path(name), "train", weight, list(records), digest)


def records_of(parts: Iterable[Part]) -> Sequence[Record]:
    return Joined([part.records for part in parts])


def load(data: Sequence[str], split: str, limit: int | None = None) -> list[Part]:
    """The datasets of `--data`, at most `limit` rows of each.

    Raises UsageError for no folder, a weight that is none or a folder given twice, FolderError if a folder or its
    split is not there or empty.
    """
    if not data:
        raise UsageError("--data: give a dataset folder")
    given_twice(data)
    return [_part(*one, split, limit) for one in expanded(data)]


def expanded(data: Sequence[str]) -> list[tuple[Path, float, str]]:
    """Folder, weight and preset ("" of a folder that was given by itself) of each dataset of `--data`."""
    found = []
    for given in data:
        preset, place = preset_of(given)
        folder, weight = weighted(place)
        found += [(each, weight, preset) for each in (folders_of(preset, folder) if preset else [folder])]
    return found


def without_path(given: str) -> str:
    """One of `--data` with no more of its path than the last part."""
    preset, place = preset_of(given)
    folder, weight = weighted(place)
    return f"{preset}:{folder.resolve().name}:{weight:g}" if preset else f"{folder.resolve().name}:{weight:g}"


def given_twice(data: Sequence[str]) -> None:
    """Raises UsageError if two of `--data` name one folder."""
    seen: set[Path] = set()
    for folder, _, _ in expanded(data):
        if folder.resolve() in seen:
            raise UsageError(f"--data {folder} is given twice: --data {folder}:2 goes through its rows twice an epoch")
        seen.add(folder.resolve())


def load_where_there(data: Sequence[str], split: str, limit: int | None = None) -> list[Part]:
    """The same for a split that a dataset may lack or have empty, such as that for validation."""
    return [_part(*one, split, limit) for one in expanded(data) if _rows(one[0], split)]


def weighted(given: str) -> tuple[Path, float]:
    """Folder and weight out of `FOLDER` or `FOLDER:WEIGHT`.

    Raises UsageError for a weight that is none.
    """
    folder, colon, text = given.rpartition(":")
    if not colon or Path(given).exists():
        return Path(given), 1.0
    try:
        weight = float(text)
    except ValueError as error:
        if Path(folder).is_dir():
            raise UsageError(f"--data {given}: {text!r} is no weight: give a number, such as {folder}:2") from error
        return Path(given), 1.0  # the colon is part of the name
    if not 0 < weight < 1000:
        raise UsageError(f"--data {given}: a weight is above 0 and below 1000, such as {folder}:2")
    return Path(folder), weight


def _rows(folder: Path, split: str) -> int:
    splits = open_manifest(folder)["splits"]
    return int(splits[split]["rows"]) if split in splits else 0


def _part(folder: Path, weight: float, preset: str, split: str, limit: int | None) -> Part:
    records = stored(islice(read(folder, split), limit), Record)
    if not records:
        raise FolderError(f"{folder} has no rows in its split {split!r}: give another --split or another folder")
    manifest = open_manifest(folder)
    codes = manifest.get("codes") or {}
    return Part(folder, split, weight, records, fingerprint(split_files(folder, manifest, split)), codes, preset)


def bins_of(parts: Sequence[Part]) -> dict[str, int]:
    """The bins of each reward that rows have control tokens of."""
    bins: dict[str, int] = {}
    for part in parts:
        bins |= {name: max(count, bins.get(name, 0)) for name, count in part.codes.items()}
    return bins


def check_codes(parts: Sequence[Part]) -> None:
    """Raises UsageError if no row has a control token."""
    if not bins_of(parts):
        names = ", ".join(part.folder.name for part in parts)
        raise UsageError(f"--codes: the rows of {names} have no control tokens (synth train mario writes such rows)")


def fingerprint(files: Iterable[Path]) -> str:
    """The sha256 of a split: that of its file, or over those of its files in order."""
    digests = [str(file_facts(path)["sha256"]) for path in files]
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()

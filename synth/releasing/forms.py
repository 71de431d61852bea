"""What a release consists of: the files of its splits, by the names they have on the Hub."""

import re
from dataclasses import dataclass
from pathlib import Path

from synth.errors import FolderError

# Named as they were built, or as they are made for a release: with their number.
SHARD = re.compile(r"(?P<split>[\w.]+)-\d{5}(-of-\d{5})?\.parquet")


@dataclass(frozen=True)
class Shard:
    """A file of a release."""

    name: str  # <split>-0000i.parquet or <split>-0000i-of-0000N.parquet
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Split:
    """The shards of a split."""

    rows: int
    memory: int  # bytes of its columns in Arrow, what `dataset_info` calls num_bytes
    shards: list[Shard]


def fewer(folder: Path, split: str, rows: int, said: int) -> FolderError:
    """The error of a split that has other rows than its manifest says."""
    return FolderError(f"{folder} has {rows:,} rows in {split}, its synth.json says {said:,}: build it again")

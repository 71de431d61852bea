"""A row of a source and where it stands, which the user is told when something is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Entry(NamedTuple):
    row: Mapping[str, Any]
    number: str  # the row's number in its file, or its key
    where: str
    path: Path = Path()
    revision: str = ""  # the commit on the Hub that it was read of

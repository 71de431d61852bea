"""The folders that version 0.1.0 wrote, and what was written down about them."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

GOLDEN = Path(__file__).parents[1] / "golden"
RECORDED: dict[str, Any] = orjson.loads((GOLDEN / "recorded.json").read_bytes())


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def same_pyarrow() -> bool:
    """Whether Parquet files are to have the bytes that were written down."""
    import pyarrow

    return bool(pyarrow.__version__ == RECORDED["versions"]["pyarrow"])

"""What the tests of an import share: sources that they write."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rows = list[dict[str, Any]]


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Write rows as JSON lines, or as MaRio's one object, into a file; its name."""

    def write(name: str, rows: Rows, whole: bool = False) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        path.write_text(json.dumps({str(i): row for i, row in enumerate(rows)}) if whole else lines, encoding="utf-8")
        return name

    return write

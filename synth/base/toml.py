"""TOML files of users."""

import sys
from pathlib import Path
from typing import Any

from synth.errors import UsageError


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The content of a file in TOML; `what` it is, for the message: a task, a study.

    Raises UsageError for what cannot be read, with one line.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError as error:
            raise UsageError(f"{path}: {what} in TOML needs Python 3.11 or newer, or: pip install tomli") from error
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error

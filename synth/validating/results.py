"""What `synth validate` found, read from validation.json for the card and for `synth push`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.base.files import file_facts, read_facts
from synth.data.names import REJECTED, VALIDATION


def read_validation(folder: Path) -> dict[str, Any] | None:
    """The results, or None for a folder that was not validated.

    Raises FolderError if they cannot be read.
    """
    return read_facts(folder / VALIDATION, "what synth validate writes", "run synth validate again", _has_parts)


def _has_parts(facts: Mapping[str, Any]) -> bool:
    """Whether the parts are there, and `data` says of files how large they were, and their hashes."""
    wanted, data = ("success", "data", "expectations", "contamination"), facts.get("data")
    return (
        all(name in facts for name in wanted)
        and isinstance(data, dict)
        and all(isinstance(file, dict) and {"bytes", "sha256"} <= file.keys() for file in data.values())
    )


def changed_since(folder: Path, manifest: Mapping[str, Any], validation: Mapping[str, Any]) -> list[str]:
    """Data files that are not as they were when they were validated, or were not there."""
    then = validation["data"]
    data = [name for split in manifest["splits"].values() for name in split["files"]]
    data += [REJECTED] if (folder / REJECTED).exists() else []
    return [name for name in dict.fromkeys([*data, *then]) if name not in then or not _same(folder / name, then[name])]


def _same(path: Path, facts: Mapping[str, Any]) -> bool:
    return path.is_file() and path.stat().st_size == facts["bytes"] and file_facts(path)["sha256"] == facts["sha256"]
